"""Several runs beside each other: their curves in one chart, their results, and the settings in which they differ."""

import math
from collections.abc import Sequence

import streamlit as st

from simcse_core.learning.records import Finished, State
from simcse_core.runs import race
from simcse_core.runs.bundle_contents import without_paths
from simcse_core.runs.config import RunConfig
from simcse_core.runs.race import Outcome
from simcse_core.runs.run import Run
from simcse_core.runs.summary import Summary, differences
from ui.frame import operators
from ui.frame.errors import plain, user_errors
from ui.frame.translation import _, enumeration
from ui.runs import actions
from ui.runs.overview import state_name, summary
from ui.shared import colors, curves
from ui.shared.curves import Chart, Line
from ui.shared.names import metric_names, metric_title
from ui.shared.races import figures
from ui.shared.races.tracks import Track, track
from ui.shared.races.words import failure, in_words


def whole(runs: Sequence[Run]) -> list[tuple[str, Run]]:
    """The runs that can be shown, each with what it is called in charts and tables."""
    summaries = [(run, summary(run)) for run in runs]
    sound = [(run, seen) for run, seen in summaries if not seen.damaged]
    if len(sound) == 1 and len(runs) == 1:
        return [(sound[0][1].title, sound[0][0])]
    return [(f"{number} · {_called(seen, summaries)}", run) for number, (run, seen) in enumerate(sound, 1)]


def _called(seen: Summary, summaries: Sequence[tuple[Run, Summary]]) -> str:
    """The name of a run as short as it tells it apart: its data where they differ, its seed where names are alike."""
    has_one_file = len({other.file for _run, other in summaries}) == 1
    names = [other.title.removesuffix(f" · {other.file}") if has_one_file else other.title for _run, other in summaries]
    name = seen.title.removesuffix(f" · {seen.file}") if has_one_file else seen.title
    return name if names.count(name) == 1 else f"{name} · " + _("seed {seed}").format(seed=seen.seed)


def figure(runs: Sequence[tuple[str, Run]], axis: str) -> None:
    """The curves of one run or of several, which go on while they train.

    Args:
        runs: as `whole` gives them.
        axis: one of `figures.AXES`.
    """
    busy = not all(run.status.state.is_over for _name, run in runs)
    st.fragment(_curves, run_every=2.0 if busy else None)(runs, axis)


def finding(runs: Sequence[tuple[str, Run]]) -> tuple[str, str]:
    """What is to be seen, in a sentence, and where it comes from; "" where nothing was measured."""
    results = [(name, seen) for name, run in runs if (seen := summary(run)).after is not None and seen.metric]
    if not results:
        return _("Nothing was measured on held-out data yet."), ""
    if len(runs) == 1:
        return _one_in_words(*results[0]), _("One training; another seed can move it by a few hundredths.")
    if len({_held_out(run.config) for _name, run in runs}) > 1 or len({seen.metric for _name, seen in results}) > 1:
        return (
            _("These runs were measured on different held-out data: higher numbers need not mean a better model."),
            "",
        )
    best = max(results, key=lambda result: result[1].after or -math.inf)[1]
    assert best.after is not None
    assert best.metric is not None
    value = f"{best.after:.3f}"
    ahead = [plain(name) for name, seen in results if f"{seen.after:.3f}" == value]
    sentence = _("The highest {metric} so far is {value}: {runs}.").format(
        metric=metric_title(best.metric), value=value, runs=enumeration(ahead)
    )
    return sentence, _("One training each: another seed can move it by a few hundredths. A race tells lead from noise.")


def _one_in_words(name: str, seen: Summary) -> str:
    assert seen.after is not None
    assert seen.metric is not None
    said = {"run": plain(name), "metric": metric_title(seen.metric), "after": seen.after, "before": seen.before or 0.0}
    if seen.before is None:
        return _("{run}: {metric} {after:.3f} on held-out data.").format(**said)
    if not seen.state.is_over:
        return _("{run}: {metric} {after:.3f} on held-out data so far; {before:.3f} without this training.").format(
            **said
        )
    return _("{run}: {metric} {after:.3f} on held-out data; {before:.3f} without this training.").format(**said)


def below(runs: Sequence[Run]) -> None:
    """All that tells several runs apart, in tables. Damaged ones are named and left out."""
    sound = whole(runs)
    if damaged := [seen.title for run in runs if (seen := summary(run)).damaged]:
        st.warning(_("Damaged, so not compared: {runs}.").format(runs=plain(", ".join(damaged))))
    if not sound:
        return
    names = [name for name, _run in sound]
    outcomes = [race.outcome(run) for _name, run in sound]
    _results(names, [summary(run) for _name, run in sound], outcomes)
    _differences(names, [without_paths(run.config) for _name, run in sound])
    _notes(names, outcomes)


def act(runs: Sequence[Run]) -> None:
    """What can be done with several runs."""
    st.header(_("{n} runs compared").format(n=len(whole(runs))), anchor=False)
    mine = [run for run in runs if run.is_of(operators.acting()) and not run.status.state.is_busy]
    if mine:
        actions.delete_button(mine)


def _held_out(config: RunConfig) -> tuple[object, ...]:
    """What was held out: the same for runs whose numbers can be compared."""
    if config.dev is not None:
        return config.dev, config.dev_sha256
    seed = config.settings.seed if config.data_seed is None else config.data_seed
    return config.data_sha256, seed, config.dev_share, config.folds, config.fold


@user_errors()
def _curves(runs: Sequence[tuple[str, Run]], axis: str) -> None:
    """A chart for each metric that decides: one, unless the held-out data are of different kinds."""
    outcomes = [race.outcome(run) for _name, run in runs]
    tracks = [track(outcome) for outcome in outcomes]
    metrics = [figures.metric_of([one]) for one in tracks]
    if not any(metrics):
        st.info(_("None of them was measured on held-out data."), icon=":material/rule:")
        return
    for metric in dict.fromkeys(metric for metric in metrics if metric):
        lines = [
            _line(place, name, outcome.loss, one, metric, axis)
            for place, ((name, _run), outcome, one, metric_of_run) in enumerate(
                zip(runs, outcomes, tracks, metrics, strict=True)
            )
            if metric_of_run == metric
        ]
        last = ", ".join(f"{line.name} {line.points[-1][1]:.3f}" for line in lines if line.points)
        title = _("{metric}, held-out data").format(metric=metric_title(metric))
        st.markdown(f"**{title}**")
        chart = Chart(
            title=title,
            x_name=_("sentences seen") if axis == "texts" else _("seconds of training"),
            lines=lines,
            alt=_("Lines: {metric} on the held-out data while training goes on. So far: {last}").format(
                metric=metric_title(metric), last=last or "–"
            ),
            height=300,
        )
        is_alone = len({metric for metric in metrics if metric}) == 1
        curves.show(chart, key=f"runs-{metric}", height="stretch" if is_alone else "content")


def _line(place: int, name: str, loss: str, one: Track, metric: str, axis: str) -> Line:
    """The colour is the loss's, as on every page; runs of one loss differ in shape and dash."""
    measured = [(getattr(moment, axis), moment.metrics.get(metric, math.nan)) for moment in one.moments]
    points = [(x, value) for x, value in measured if not math.isnan(value)]
    return Line(
        name,
        name,
        points,
        colors.of_loss(loss),
        dash=colors.DASHES[place % len(colors.DASHES)],
        symbol=colors.SYMBOLS[place % len(colors.SYMBOLS)],
    )


def _results(names: Sequence[str], summaries: Sequence[Summary], outcomes: Sequence[Outcome]) -> None:
    after = [(outcome.finished or Finished()).dev_after or {} for outcome in outcomes]
    shown = [name for name in metric_names() if any(not math.isnan(metrics.get(name, math.nan)) for metrics in after)]
    table = {_("run"): [plain(name) for name in names], _("state"): [state_name(seen) for seen in summaries]}
    for name in shown:
        table[metric_title(name)] = [_digits(metrics.get(name, math.nan)) for metrics in after]
    table[_("gain")] = ["" if seen.gain is None else f"{seen.gain:+.3f}" for seen in summaries]
    table[_("seconds")] = ["" if seen.seconds is None else f"{seen.seconds:.0f}" for seen in summaries]
    st.subheader(_("Results"), anchor=False)
    st.table(table, hide_index=True)
    st.caption(
        _(
            "Measured after training. Gain: above the best baseline, in the first metric that a run has. Other "
            "seeds can move such numbers by a few hundredths; a race on the page Training tells lead from noise."
        )
    )


def _differences(names: Sequence[str], configs: Sequence[RunConfig]) -> None:
    differing = differences(configs)
    st.subheader(_("Settings that differ"), anchor=False)
    if not differing:
        st.caption(_("None: they are the same training."))
        return
    table = {_("setting"): [plain(name) for name in differing]}
    for place, name in enumerate(names):
        table[plain(name)] = [plain(values[place]) for values in differing.values()]
    st.table(table, hide_index=True)


def _notes(names: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """The notes of the trainings, and why one failed."""
    said = []
    for name, outcome in zip(names, outcomes, strict=True):
        if outcome.state == State.FAILED and outcome.template:
            said.append((name, failure(outcome)))
        said += [(name, words) for note in track(outcome).notes if (words := in_words(note))]
    if said:
        st.subheader(_("Notes"), anchor=False)
        for name, words in said:
            st.markdown(f"**{plain(name)}** · {plain(words)}")


def _digits(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"
