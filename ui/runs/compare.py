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
from ui.frame.translation import _, language
from ui.runs import actions
from ui.runs.overview import state_name, summary
from ui.shared import colors, curves
from ui.shared.curves import Chart, Line
from ui.shared.names import metric_names, metric_title
from ui.shared.races import figures
from ui.shared.races.tracks import Track, track
from ui.shared.races.words import failure, in_words


def show(runs: Sequence[Run]) -> None:
    """All that tells the runs apart. Damaged ones are named and left out."""
    summaries = [summary(run) for run in runs]
    damaged = [seen.title for seen in summaries if seen.damaged]
    whole = [(run, seen) for run, seen in zip(runs, summaries, strict=True) if not seen.damaged]
    names = [f"{number} · {seen.title}" for number, (_run, seen) in enumerate(whole, 1)]
    st.header(_("{n} runs compared").format(n=len(whole)), anchor=False)
    if damaged:
        st.warning(_("Damaged, so not compared: {runs}.").format(runs=plain(", ".join(damaged))))
    configs = [without_paths(run.config) for run, _seen in whole]
    if len({_held_out(config) for config in configs}) > 1:
        st.warning(
            _("These runs were measured on different held-out data: higher numbers need not mean a better model."),
            icon=":material/rule:",
        )
    if whole:
        busy = not all(seen.state.is_over for _run, seen in whole)
        st.fragment(_live, run_every=2.0 if busy else None)(names, [run for run, _seen in whole])
        _differences(names, configs)
        _notes(names, [race.outcome(run) for run, _seen in whole])
    mine = [run for run in runs if run.is_of(operators.acting()) and not run.status.state.is_busy]
    if mine:
        actions.delete_button(mine)


@user_errors()
def _live(names: Sequence[str], runs: Sequence[Run]) -> None:
    """What changes while some of them go on."""
    outcomes = [race.outcome(run) for run in runs]
    _curves(names, outcomes)
    _results(names, [summary(run) for run in runs], outcomes)


def _held_out(config: RunConfig) -> tuple[object, ...]:
    """What was held out: the same for runs whose numbers can be compared."""
    if config.dev is not None:
        return config.dev, config.dev_sha256
    seed = config.settings.seed if config.data_seed is None else config.data_seed
    return config.data_sha256, seed, config.dev_share, config.folds, config.fold


def _curves(names: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """A chart for each metric that decides: one, unless the held-out data are of different kinds."""
    tracks = [track(outcome) for outcome in outcomes]
    metrics = [figures.metric_of([one]) for one in tracks]
    if not any(metrics):
        st.caption(_("None of them was measured on held-out data."))
        return
    axis = st.segmented_control(
        _("Compared at"),
        list(figures.AXES),
        format_func=lambda name: _(figures.AXES[name]),
        default="texts",
        required=True,
        key=f"runs-axis-{language()}",
    )
    for metric in dict.fromkeys(metric for metric in metrics if metric):
        lines = [
            _line(place, name, outcome.loss, one, metric, axis or "texts")
            for place, (name, outcome, one, metric_of_run) in enumerate(
                zip(names, outcomes, tracks, metrics, strict=True)
            )
            if metric_of_run == metric
        ]
        last = ", ".join(f"{line.name} {line.points[-1][1]:.3f}" for line in lines if line.points)
        curves.show(
            Chart(
                title=_("{metric}, held-out data").format(metric=metric_title(metric)),
                x_name=_("sentences seen") if axis == "texts" else _("seconds of training"),
                lines=lines,
                alt=_("Lines: {metric} on the held-out data while training goes on. So far: {last}").format(
                    metric=metric_title(metric), last=last or "–"
                ),
                height=300,
            ),
            key=f"runs-{metric}",
        )


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
