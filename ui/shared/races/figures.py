"""The curves of a race: a metric on held-out data while training goes on, beside what one had before."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Literal

import streamlit as st

from simcse_core.learning.baselines import AS_IT_COMES, TFIDF
from simcse_core.learning.measuring import main_metric_among
from simcse_core.learning.race import SAME, START
from simcse_core.meaning.intervals import Interval, value_of
from simcse_core.meaning.items import Items
from simcse_core.runs.race import Outcome
from ui.frame.translation import N_, _, language
from ui.shared import colors, curves
from ui.shared.curves import Chart, Line, Point
from ui.shared.names import line_name, metric_names, metric_title
from ui.shared.races import further
from ui.shared.races.lines import with_means, x_name
from ui.shared.races.tracks import Track, track

AXES = {"texts": N_("equal sentences"), "seconds": N_("equal seconds")}
"""The x-axes: losses are compared at equally many sentences, or at equal time."""
EQUAL = {
    "texts": N_("At each point all losses have seen the same number of sentences."),
    "seconds": N_("At each point all losses have trained for the same time."),
}
RANKING = "mean_average_precision"
"""Of labelled texts: it can be measured on the way, and may rise while classifiers become worse."""
NOT_DECIDING = N_(
    "Measured while training goes on. What decides is the accuracy of a classifier once training has ended."
)
LEVELS = {AS_IT_COMES: "7 5", START: "2 4", TFIDF: "1 7"}
"""The dashes of what one had before."""


@dataclass(frozen=True)
class View:
    """What the chart of a race shows."""

    axis: str
    """One of `AXES`."""
    metric: str | None
    """None before anything has been measured."""
    ranges: Mapping[str, Interval] = field(default_factory=dict)
    """By loss, where its gain over the best of what one had before puts it at the end, as far as that is known."""


def show(race: Sequence[Outcome], beside: Mapping[str, Items] | None = None, *, key: str) -> None:
    """All curves with their numbers, one under the other; the charts keep zoom and hidden lines between updates.

    Args:
        race: as it stands now.
        beside: the baselines, as far as they are known: they are level lines in the first chart.
        key: of the charts.
    """
    tracks = [track(outcome) for outcome in race]
    view = View(choose_axis(key), metric_of(tracks))
    held_out(race, beside or {}, view, key=key)
    if view.metric == RANKING:
        st.caption(_(NOT_DECIDING))
    further.path(race, key=key)
    further.fold(race, view.axis, view.metric, key=key)


def held_out(
    race: Sequence[Outcome],
    beside: Mapping[str, Items],
    view: View,
    *,
    key: str,
    height: Literal["content", "stretch"] = "content",
) -> None:
    """The curves of a metric on held-out data, with what one had before as level lines.

    Args:
        race: as it stands now.
        beside: the baselines, as far as they are known.
        view: axis and metric.
        key: of the chart.
        height: "stretch" takes all that its place has.
    """
    tracks = [track(outcome) for outcome in race]
    if view.metric is None and any(one.last for one in tracks):
        st.caption(
            _("Nothing is measured on held-out data in this race; alignment and uniformity show what training does.")
        )
    else:  # before the first measurement the empty chart keeps the place
        curves.show(held_out_chart(race, tracks, view, beside), key=f"{key}-dev", height=height)


def metrics_of(race: Sequence[Outcome]) -> list[str]:
    """Metrics that can be drawn: those of the way, and those that finished runs were measured by; the one that decides
    first."""
    measured = {name for outcome in race for moment in track(outcome).moments for name in moment.metrics}
    measured |= {name for outcome in race if outcome.items is not None for name in outcome.items.after.metrics}
    shown = [name for name in metric_names() if name in measured]
    first = main_metric_among(shown)
    return sorted(shown, key=lambda name: name != first)


def metric_of(tracks: Sequence[Track]) -> str | None:
    """The metric that decides; None while nothing has been measured."""
    return next(
        (metric for one in tracks for moment in one.moments if (metric := main_metric_among(moment.metrics))), None
    )


def choose_axis(
    key: str, *, default: str = "texts", label: Literal["visible", "hidden", "collapsed"] = "visible"
) -> str:
    """Asks at what the losses are compared."""
    return (
        st.segmented_control(
            _("Compared at"),
            list(AXES),
            format_func=lambda name: _(AXES[name]),
            default=default,
            required=True,
            key=f"{key}-axis-{language()}",
            label_visibility=label,
        )
        or default
    )


def held_out_chart(race: Sequence[Outcome], tracks: Sequence[Track], view: View, beside: Mapping[str, Items]) -> Chart:
    """The curves of a metric; where it is measured before and after alone, a straight line from one to the other."""
    metric = view.metric or ""
    points = [_points(outcome, one, view) for outcome, one in zip(race, tracks, strict=True)]
    lines = with_means(race, points)
    lines = [
        replace(line, range=(found.low, found.high)) if (found := _range(line, race, view)) is not None else line
        for line in lines
    ]
    last = ", ".join(f"{line.name} {line.points[-1][1]:.3f}" for line in lines if line.points and not line.thin)
    called = metric_title(metric) if metric else _("result")
    return Chart(
        title=_("{metric}, held-out data").format(metric=called),
        x_name=x_name(view.axis),
        lines=[*lines, *_levels(lines, points, metric, beside)],
        alt=_("Lines: {metric} on the held-out data while training goes on. So far: {last}").format(
            metric=called, last=last or "–"
        ),
        height=300,
        x_last=_last_text(tracks) if view.axis == "texts" else None,
    )


def _points(outcome: Outcome, one: Track, view: View) -> list[Point]:
    metric, moments = view.metric or "", one.moments
    if any(metric in moment.metrics for moment in moments):
        places = [(getattr(moment, view.axis), moment.metrics.get(metric, math.nan)) for moment in moments]
    elif one.finished and one.last and (items := outcome.items) is not None and metric in items.after.metrics:
        end = float(one.texts) if view.axis == "texts" else one.last.seconds
        places = [(0.0, value_of(items.before, metric)), (end, value_of(items.after, metric))]
    else:
        places = []
    return [place for place in places if not math.isnan(place[1])]


def _range(line: Line, race: Sequence[Outcome], view: View) -> Interval | None:
    """The range at the end of a loss's line, once all its runs have finished."""
    found = view.ranges.get(line.group)
    is_over = all(outcome.finished for outcome in race if outcome.loss == line.group)
    return None if line.thin or found is None or math.isnan(found.low) or not is_over else found


def _levels(
    lines: Sequence[Line], points: Sequence[Sequence[Point]], metric: str, beside: Mapping[str, Items]
) -> list[Line]:
    """Level lines, as far as the others go, where one was before: the model as it comes, the start of the training
    where that is something else, and TF-IDF where it is better than both."""
    last = max((x for line in lines for x, _y in line.points), default=0.0)
    if not last:
        return []
    values = {name: value_of(items, metric) for name, items in beside.items() if metric in items.metrics}
    starts = [of_run[0][1] for of_run in points if of_run and of_run[0][0] == 0]
    if starts and not _is_near(values.get(AS_IT_COMES), fmean(starts)):
        values[START] = fmean(starts)
    models = [values[code] for code in (AS_IT_COMES, START) if code in values]
    if TFIDF in values and models and values[TFIDF] <= max(models):
        del values[TFIDF]
    return [
        Line(name, name, [(0.0, value), (last, value)], colors.BEFORE[code], dash=LEVELS[code], symbol="none")
        for code, name in ((code, line_name(code)) for code in LEVELS)
        if (value := values.get(code)) is not None and not math.isnan(value)
    ]


def _last_text(tracks: Sequence[Track]) -> float | None:
    """How many texts the longest training will have seen, about; a round number, so that the axis stays where it is."""
    ends = [one.texts * one.last.steps / one.last.step for one in tracks if one.last]
    if not ends or all(one.finished for one in tracks):
        return None
    unit = 10 ** max(math.floor(math.log10(max(max(ends), 1))) - 1, 0)
    return float(math.ceil(max(ends) / unit) * unit)


def _is_near(value: float | None, other: float) -> bool:
    return value is not None and abs(value - other) < SAME
