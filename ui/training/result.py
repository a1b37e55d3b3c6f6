"""The result of a race: a verdict that names no winner inside the noise, beside the baselines."""

import math
from collections.abc import Mapping, Sequence

import streamlit as st

from simcse_core.learning.measuring import main_metric_among
from simcse_core.learning.race import Contestant, Line
from simcse_core.learning.records import Note
from simcse_core.meaning.intervals import FEWEST_SEEDS, Interval
from simcse_core.meaning.items import Items
from simcse_core.runs.race import Outcome, contestants
from ui.frame.errors import plain
from ui.frame.projector import chart
from ui.frame.translation import _, joined, language
from ui.shared import background, charts, colors
from ui.shared.names import line_name, metric_explanation, metric_names, metric_title
from ui.shared.races.lines import names
from ui.shared.ranges import in_table
from ui.training.verdict_words import in_full, in_one_sentence
from ui.training.verdicts import Result, compute

FEW_ITEMS = 1_000
"""Held-out items of all runs together that are compared within a moment."""


def result(race: Sequence[Outcome], beside: Mapping[str, Items]) -> Result | None:
    """The comparison of a race; computed once for each set of finished runs, for all sessions.

    With many held-out items they take seconds, so they are computed in another process.

    Args:
        race: finished or not.
        beside: the baselines, as far as they are known.

    Returns:
        None while it is being computed.
    """
    finished = tuple(outcome.run for outcome in race if outcome.finished)
    are_runs = all(finished)  # recorded runs have no ids, so the language tells their races apart
    of_runs = contestants(race)
    content = repr((finished, sorted(beside), "" if are_runs else language()))
    if sum(of_run.after.count for of_run in of_runs) <= FEW_ITEMS:
        return _result(content, of_runs, beside)
    future = background.submit("results", content, compute, of_runs, dict(beside))
    return future.result() if future.done() else None


@st.cache_data(max_entries=60, show_spinner=False)
def _result(content: str, _contestants: list[Contestant], _beside: Mapping[str, Items]) -> Result:
    return compute(_contestants, _beside)


@st.fragment(run_every=0.5)
def _until_computed(race: Sequence[Outcome], beside: Mapping[str, Items]) -> None:
    """A placeholder for the result; it reruns the page when the result is there."""
    if result(race, beside) is not None:
        st.rerun()
    st.caption(":material/hourglass_top: " + _("Comparing the losses item by item …"))


def show(race: Sequence[Outcome], beside: Mapping[str, Items]) -> None:
    """Each loss beside the baselines, with intervals, and a verdict; nothing before a run has been measured.

    Args:
        race: finished or not.
        beside: the baselines, as far as they are known.
    """
    if not contestants(race):
        return
    st.header(_("Result"), anchor=False)
    comparison = result(race, beside)
    if comparison is None:
        _until_computed(race, beside)
        return
    lines = comparison.lines
    if comparison.verdict is not None:
        st.markdown(in_full(comparison.verdict))
    _unfinished(race)
    shown = [name for name in metric_names() if all(name in line.metrics for line in lines)]
    main = main_metric_among(shown) or shown[0]
    _intervals(lines, main)
    st.table([_row(line, shown, main, lines) for line in lines], hide_index=True)
    best_of_many = any(
        isinstance(record, Note) and record.code == "best_of_many" for outcome in race for record in outcome.records
    )
    st.caption(_small_print(shown, main, lines, best_of_many=best_of_many))


def ahead(race: Sequence[Outcome], beside: Mapping[str, Items]) -> str:
    """The finished loss to show first."""
    comparison = result(race, beside)
    if comparison is not None and comparison.verdict is not None:
        return comparison.verdict.ahead
    return next(outcome.loss for outcome in race if outcome.finished)


def in_short(race: Sequence[Outcome], beside: Mapping[str, Items]) -> str:
    """The verdict in a sentence or two; empty while there is none."""
    comparison = result(race, beside)
    return "" if comparison is None or comparison.verdict is None else in_one_sentence(comparison.verdict)


def finding(race: Sequence[Outcome], beside: Mapping[str, Items]) -> str:
    """What a race shows so far, in a sentence or two that claim no more than the result holds."""
    if short := in_short(race, beside):
        return short
    if contestants(race):
        return _("The losses are compared once all of them have finished one seed.")
    if not all(outcome.state.is_over for outcome in race):
        return _("No result yet: a loss counts once its training is over.")
    if any(outcome.finished for outcome in race):
        return _("Nothing was held out, so there is nothing to compare the losses by.")
    return _("No training of this race has finished, so there is no result.")


def ranges(race: Sequence[Outcome], beside: Mapping[str, Items], metric: str | None) -> dict[str, Interval]:
    """By loss, the 95 % range of its gain, set upon the best of what one had before: a range that holds that level
    holds no gain. Nothing while it is not known."""
    comparison = result(race, beside) if metric is not None and contestants(race) else None
    if comparison is None or metric is None:
        return {}
    lines = [line for line in comparison.lines if metric in line.metrics]
    before = max((line.metrics[metric].value for line in lines if not line.is_loss), default=math.nan)
    return {
        line.name: Interval(line.metrics[metric].value, before + line.gain[metric].low, before + line.gain[metric].high)
        for line in lines
        if metric in line.gain and not math.isnan(before + line.gain[metric].low)
    }


def judged_by(race: Sequence[Outcome], beside: Mapping[str, Items]) -> str | None:
    """The metric that the finding is about."""
    comparison = result(race, beside) if contestants(race) else None
    return None if comparison is None or comparison.verdict is None else comparison.verdict.metric


def _unfinished(race: Sequence[Outcome]) -> None:
    """Which losses are in the result in part or not at all."""
    missing = list(dict.fromkeys(outcome.loss for outcome in race if not outcome.finished))
    if missing:
        st.caption(
            _("Not finished, so counted in part or not at all: {losses}.").format(losses=plain(", ".join(missing)))
        )
    diverged = [
        name
        for name, outcome in zip(names(race), race, strict=True)
        if outcome.finished and outcome.finished.is_diverged
    ]
    if diverged:
        st.warning(
            _("Diverged: {losses}. The learning rate was too high; choose a smaller one.").format(
                losses=plain(", ".join(diverged))
            )
        )


def _row(line: Line, shown: Sequence[str], main: str, lines: Sequence[Line]) -> dict[str, str]:
    row = {_("loss"): plain(line_name(line.name))}
    row |= {metric_title(name): in_table(line.metrics.get(name), "{:.3f}") for name in shown}
    if any(other.over_seeds for other in lines):
        row[_("over seeds")] = in_table(line.over_seeds.get(main), "{:.3f}")
    row[_("gain")] = in_table(line.gain.get(main), "{:+.3f}")
    row[_("seconds")] = "" if line.seconds is None else _seconds(line.seconds)
    return row


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}"


def _small_print(shown: Sequence[str], main: str, lines: Sequence[Line], *, best_of_many: bool) -> str:
    """What the numbers of the table mean, and their limits.

    Args:
        best_of_many: whether weights were chosen by the held-out data; a note of the training says so then.
    """
    seeds = min((line.seeds - line.diverged for line in lines if line.seeds > line.diverged), default=1)
    before = [line for line in lines if not line.is_loss and main in line.metrics]
    best = max(before, key=lambda line: line.metrics[main].value)
    sentences = [
        _("Measured on held-out data."),
        *(metric_explanation(name) for name in shown),
        _(
            "In brackets the 95 % range over such items. Gain: {metric} above {baseline}, compared item by item; the "
            "ranges of all gains together hold in 95 % of cases."
        ).format(metric=metric_title(main), baseline=line_name(best.name)),
    ]
    if seeds < FEWEST_SEEDS:
        sentences.append(
            _("One seed: another one can move the result.")
            if seeds == 1
            else _("Values are means of two seeds, too few to say how much another seed moves the result.")
        )
    else:
        sentences.append(
            _("Values are means of {seeds} seeds. Lead and gain take into account how much the seeds differ.").format(
                seeds=seeds
            )
        )
    if not best_of_many:
        sentences.append(_("Every loss is judged after its last step, so that none gains from a lucky moment."))
    return joined(*sentences)


def _intervals(lines: Sequence[Line], metric: str) -> None:
    chart(
        charts.intervals(
            [line_name(line.name) for line in lines],
            [line.metrics[metric] for line in lines],
            [colors.of_loss(line.name) for line in lines],
            metric_title(metric),
        ),
        key="intervals",
        alt=_("Points with their ranges, the same numbers as in the table below."),
    )
