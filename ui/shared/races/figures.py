"""The curves of a race: metrics on held-out data, alignment and uniformity, speed, and each loss on its own scale."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from statistics import fmean

import streamlit as st

from simcse_core.learning.baselines import AS_IT_COMES
from simcse_core.learning.measuring import main_metric_among
from simcse_core.meaning.intervals import value_of
from simcse_core.meaning.items import Items
from simcse_core.runs.race import Outcome
from ui.frame.errors import plain
from ui.frame.translation import N_, _, language
from ui.shared import colors, curves
from ui.shared.curves import Chart, Line, Point
from ui.shared.names import line_name, metric_title
from ui.shared.races.tracks import Moment, Track, track

AXES = {"texts": N_("equal sentences"), "seconds": N_("equal seconds")}
"""The x-axes: losses are compared at equally many sentences, or at equal time."""
RANKING = "mean_average_precision"
"""Of labelled texts: it can be measured on the way, and may rise while classifiers become worse."""
LOSSES_IN_A_ROW = 3
PACE_PLACES = 10
"""Single steps are uneven; averaged over more of them the pace can be read."""

Place = Callable[[Moment], Point | None]


def show(race: Sequence[Outcome], beside: Mapping[str, Items] | None = None, *, key: str) -> None:
    """All curves with their numbers; the charts keep zoom and hidden lines between updates.

    Args:
        race: as it stands now.
        beside: the baselines, as far as they are known: the model as it comes is a line in the first chart.
        key: of the charts.
    """
    tracks = [track(outcome) for outcome in race]
    axis = _choose_axis(key)
    metric = metric_of(tracks)
    if metric is None and any(one.last for one in tracks):
        st.caption(
            _("Nothing is measured on held-out data in this race; alignment and uniformity show what training does.")
        )
    else:  # before the first measurement the empty chart keeps the place
        curves.show(held_out_chart(race, tracks, metric, axis, beside or {}), key=f"{key}-dev")
    if metric == RANKING:
        st.caption(
            _("Measured while training goes on. What decides is the accuracy of a classifier once training has ended.")
        )
    path, pace = st.columns(2)
    with path:
        curves.show(_path(race, tracks), key=f"{key}-path")
        st.caption(
            _(
                "Alignment: how far apart matches are. Uniformity: how evenly all texts are spread. Lower is better "
                "for both: a good path leads down and to the left."
            )
        )
    with pace:
        curves.show(_pace(race, tracks, axis), key=f"{key}-pace")
    _losses(race, tracks, axis, key=key)
    _numbers(race, tracks, metric, key=key)


def metric_of(tracks: Sequence[Track]) -> str | None:
    """The metric that decides; None while nothing has been measured."""
    return next(
        (metric for one in tracks for moment in one.moments if (metric := main_metric_among(moment.metrics))), None
    )


def _choose_axis(key: str) -> str:
    return (
        st.segmented_control(
            _("Compared at"),
            list(AXES),
            format_func=lambda name: _(AXES[name]),
            default="texts",
            required=True,
            key=f"{key}-axis-{language()}",
        )
        or "texts"
    )


def _x_name(axis: str) -> str:
    return _("sentences seen") if axis == "texts" else _("seconds of training")


def held_out_chart(
    race: Sequence[Outcome], tracks: Sequence[Track], metric: str | None, axis: str, beside: Mapping[str, Items]
) -> Chart:
    def place(moment: Moment) -> Point | None:
        return _defined(getattr(moment, axis), moment.metrics.get(metric or "", math.nan))

    lines = _lines(race, tracks, place)
    last = ", ".join(f"{line.name} {line.points[-1][1]:.3f}" for line in lines if line.points and not line.thin)
    called = metric_title(metric) if metric else _("result")
    return Chart(
        title=_("{metric}, held-out data").format(metric=called),
        x_name=_x_name(axis),
        lines=[*lines, *_as_it_comes(lines, metric, beside)],
        alt=_("Lines: {metric} on the held-out data while training goes on. So far: {last}").format(
            metric=called, last=last or "–"
        ),
        height=300,
        x_last=_last_text(tracks) if axis == "texts" else None,
    )


def _as_it_comes(lines: Sequence[Line], metric: str | None, beside: Mapping[str, Items]) -> list[Line]:
    """A level line where the model was as it came, as far as the others go."""
    items = beside.get(AS_IT_COMES)
    last = max((x for line in lines for x, _y in line.points), default=0.0)
    if items is None or metric not in items.metrics or not last:
        return []
    value, name = value_of(items, metric), line_name(AS_IT_COMES)
    return [Line(name, name, [(0.0, value), (last, value)], colors.AS_IT_COMES, dash="1 3", symbol="circle")]


def _path(race: Sequence[Outcome], tracks: Sequence[Track]) -> Chart:
    def place(moment: Moment) -> Point | None:
        return _defined(moment.alignment, moment.uniformity)

    return Chart(
        title=_("uniformity (lower is better)"),
        x_name=_("alignment (lower is better)"),
        lines=_lines(race, tracks, place),
        alt=_("Paths: alignment to the right, uniformity upwards, from the start to the latest measurement."),
        height=240,
        from_zero=False,
        legend=False,
    )


def _pace(race: Sequence[Outcome], tracks: Sequence[Track], axis: str) -> Chart:
    x_index = 0 if axis == "texts" else 1
    return Chart(
        title=_("texts per second"),
        x_name=_x_name(axis),
        lines=_all_seeds(
            race, [[(place[x_index], place[3]) for place in one.steps.means(PACE_PLACES)] for one in tracks]
        ),
        alt=_("Lines: how many texts a second each training reads."),
        height=240,
        y_from_zero=True,
        legend=False,
    )


def _losses(race: Sequence[Outcome], tracks: Sequence[Track], axis: str, *, key: str) -> None:
    """Each loss has a chart and a scale of its own."""
    names = list(dict.fromkeys(outcome.loss for outcome in race))
    opened = st.expander(
        _("The losses, each on its own scale"), icon=":material/show_chart:", key=f"{key}-losses", on_change="rerun"
    )
    if not opened.open:
        return
    with opened:
        st.caption(_("A low value of one loss says nothing about another loss: they measure different things."))
        x_index = 0 if axis == "texts" else 1
        columns = st.columns(min(len(names), LOSSES_IN_A_ROW))
        for number, name in enumerate(names):
            of_loss = [(outcome, one) for outcome, one in zip(race, tracks, strict=True) if outcome.loss == name]
            points = [[(place[x_index], place[2]) for place in one.steps.means()] for _outcome, one in of_loss]
            chart = Chart(
                title=name,
                x_name=_x_name(axis),
                lines=_all_seeds([outcome for outcome, _one in of_loss], points),
                alt=_("Line: the value of the loss {loss} while training goes on.").format(loss=name),
                height=200,
                legend=False,
            )
            with columns[number % len(columns)]:
                curves.show(chart, key=f"{key}-loss-{name}")


def _numbers(race: Sequence[Outcome], tracks: Sequence[Track], metric: str | None, *, key: str) -> None:
    """All that was measured, as a table."""
    opened = st.expander(_("The numbers"), icon=":material/table:", key=f"{key}-numbers", on_change="rerun")
    if opened.open:
        rows = [(outcome, moment) for outcome, one in zip(race, tracks, strict=True) for moment in one.moments]
        table = {
            _("loss"): [outcome.loss for outcome, _moment in rows],
            _("seed"): [outcome.seed for outcome, _moment in rows],
            _("epoch"): [moment.epoch for _outcome, moment in rows],
            _("sentences seen"): [moment.texts for _outcome, moment in rows],
            _("seconds of training"): [round(moment.seconds, 1) for _outcome, moment in rows],
        }
        if metric is not None:
            table[metric_title(metric)] = [
                _three_digits(moment.metrics.get(metric, math.nan)) for _outcome, moment in rows
            ]
        table[_("alignment")] = [_three_digits(moment.alignment) for _outcome, moment in rows]
        table[_("uniformity")] = [_three_digits(moment.uniformity) for _outcome, moment in rows]
        with opened:
            st.dataframe(table, hide_index=True, key=f"{key}-numbers-table")
            if any(one.last for one in tracks):
                st.caption(plain(_last_steps(race, tracks)))


def _last_steps(race: Sequence[Outcome], tracks: Sequence[Track]) -> str:
    return " · ".join(
        _("{name}: loss {loss}, {rate:,.0f} texts/s").format(
            name=name, loss=_three_digits(one.last.loss), rate=one.last.texts_per_second
        )
        for name, one in zip(names(race), tracks, strict=True)
        if one.last
    )


def names(race: Sequence[Outcome]) -> list[str]:
    """The name of each run: its loss, and its seed where there are several."""
    several = len({outcome.seed for outcome in race}) > 1
    return [
        _("{loss}, seed {seed}").format(loss=outcome.loss, seed=outcome.seed) if several else outcome.loss
        for outcome in race
    ]


def _lines(race: Sequence[Outcome], tracks: Sequence[Track], place: Place) -> list[Line]:
    """A line for each loss; with several seeds thin ones, and their mean as soon as two have finished."""
    points = [[point for moment in one.moments if (point := place(moment)) is not None] for one in tracks]
    lines = _all_seeds(race, points)
    for loss, positions in _by_loss(race):
        done = [points[position] for position in positions if race[position].finished]
        if len(positions) > 1 and len(done) > 1:
            mean = [(fmean(x), fmean(y)) for x, y in (zip(*of_seeds, strict=True) for of_seeds in zip(*done))]  # noqa: B905
            lines.append(_line(loss, _("{loss}, mean of {n} seeds").format(loss=loss, n=len(done)), mean))
    return lines


def _all_seeds(race: Sequence[Outcome], points: Sequence[Sequence[Point]]) -> list[Line]:
    several = len({outcome.seed for outcome in race}) > 1
    return [
        _line(outcome.loss, name, of_seed, thin=several)
        for outcome, name, of_seed in zip(race, names(race), points, strict=True)
    ]


def _line(loss: str, name: str, points: Sequence[Point], *, thin: bool = False) -> Line:
    return Line(
        name,
        loss,
        points,
        colors.of_loss(loss),
        dash=colors.dash_of_loss(loss),
        symbol=colors.symbol_of_loss(loss),
        thin=thin,
    )


def _by_loss(race: Sequence[Outcome]) -> list[tuple[str, list[int]]]:
    """Positions of each loss's runs."""
    order = sorted(range(len(race)), key=lambda position: race[position].loss)
    return [(loss, list(positions)) for loss, positions in groupby(order, key=lambda position: race[position].loss)]


def _last_text(tracks: Sequence[Track]) -> float | None:
    """How many texts the longest training will have seen, about; a round number, so that the axis stays where it is."""
    ends = [one.texts * one.last.steps / one.last.step for one in tracks if one.last]
    if not ends or all(one.finished for one in tracks):
        return None
    unit = 10 ** max(math.floor(math.log10(max(max(ends), 1))) - 1, 0)
    return float(math.ceil(max(ends) / unit) * unit)


def _defined(x: float, y: float) -> Point | None:
    return None if math.isnan(x) or math.isnan(y) else (x, y)


def _three_digits(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"
