"""What a race shows besides its result: alignment and uniformity, throughput, the values of the losses, all numbers."""

import math
from collections.abc import Sequence
from statistics import fmean

import streamlit as st

from simcse_core.runs.race import Outcome
from ui.frame.errors import plain
from ui.frame.translation import N_, _, enumeration, joined
from ui.shared import curves
from ui.shared.curves import Chart, Point
from ui.shared.names import metric_title
from ui.shared.races.lines import all_seeds, by_loss, names, with_means, x_name
from ui.shared.races.tracks import Track, track

DIRECTIONS = {
    (True, True): N_("{losses}: down and to the left, so matches came closer and texts spread more evenly."),
    (True, False): N_("{losses}: up and to the left, so matches came closer, but texts spread less evenly."),
    (False, True): N_("{losses}: down and to the right, so texts spread more evenly, but matches moved apart."),
    (False, False): N_("{losses}: up and to the right, so matches moved apart and texts spread less evenly."),
}
"""By whether alignment and uniformity fell."""
LOSSES_IN_A_ROW = 3
PACE_PLACES = 10
"""Single steps are uneven; averaged over more of them the pace can be read."""


def path(race: Sequence[Outcome], *, key: str) -> None:
    """The way of each loss through alignment and uniformity, and where it led."""
    tracks = [track(outcome) for outcome in race]
    curves.show(_path(race, tracks), key=f"{key}-path")
    st.caption(
        joined(
            _("Alignment: how far apart matches are. Uniformity: how evenly all texts are spread."),
            _("Lower is better for both."),
            *_directions(race, tracks),
        )
    )


def fold(race: Sequence[Outcome], axis: str, metric: str | None, *, key: str) -> None:
    """What is seldom asked for: throughput, the values of the losses, all numbers."""
    tracks = [track(outcome) for outcome in race]
    _losses_and_pace(race, tracks, axis, key=key)
    _numbers(race, tracks, metric, key=key)


def _path(race: Sequence[Outcome], tracks: Sequence[Track]) -> Chart:
    ways = [_way(one) for one in tracks]
    return Chart(
        title=_("uniformity (lower is better)"),
        x_name=_("alignment (lower is better)"),
        lines=with_means(race, ways),
        alt=_("Paths: alignment to the right, uniformity upwards, from the start to the latest measurement."),
        height=260,
        from_zero=False,
    )


def _way(one: Track) -> list[Point]:
    places = [(moment.alignment, moment.uniformity) for moment in one.moments]
    return [place for place in places if not any(map(math.isnan, place))]


def _directions(race: Sequence[Outcome], tracks: Sequence[Track]) -> list[str]:
    """Where the paths lead, the losses that lead to the same side together."""
    led: dict[tuple[bool, bool], list[str]] = {}
    for loss, positions in by_loss(race):
        ways = [way for position in positions if len(way := _way(tracks[position])) > 1]
        if ways:
            aligned, uniform = (fmean(way[-1][axis] - way[0][axis] for way in ways) for axis in (0, 1))
            led.setdefault((aligned < 0, uniform < 0), []).append(loss)
    return [_(DIRECTIONS[side]).format(losses=enumeration(losses)) for side, losses in led.items()]


def _losses_and_pace(race: Sequence[Outcome], tracks: Sequence[Track], axis: str, *, key: str) -> None:
    """Texts per second, and each loss in a chart and on a scale of its own."""
    names = list(dict.fromkeys(outcome.loss for outcome in race))
    opened = st.expander(
        _("Throughput, and the losses each on its own scale"),
        icon=":material/show_chart:",
        key=f"{key}-losses",
        on_change="rerun",
    )
    if not opened.open:
        return
    with opened:
        st.caption(_("A low value of one loss says nothing about another loss: they measure different things."))
        columns = st.columns(LOSSES_IN_A_ROW)
        with columns[0]:
            curves.show(_pace(race, tracks, axis), key=f"{key}-pace")
        for number, name in enumerate(names, 1):
            of_loss = [(outcome, one) for outcome, one in zip(race, tracks, strict=True) if outcome.loss == name]
            chart = _single(name, [outcome for outcome, _one in of_loss], [one for _outcome, one in of_loss], axis)
            with columns[number % len(columns)]:
                curves.show(chart, key=f"{key}-loss-{name}")


def _pace(race: Sequence[Outcome], tracks: Sequence[Track], axis: str) -> Chart:
    x_index = 0 if axis == "texts" else 1
    return Chart(
        title=_("texts per second"),
        x_name=x_name(axis),
        lines=all_seeds(
            race, [[(place[x_index], place[3]) for place in one.steps.means(PACE_PLACES)] for one in tracks]
        ),
        alt=_("Lines: how many texts a second each training reads."),
        height=200,
        y_from_zero=True,
        legend=False,
    )


def _single(name: str, race: Sequence[Outcome], tracks: Sequence[Track], axis: str) -> Chart:
    """The values of one loss."""
    x_index = 0 if axis == "texts" else 1
    return Chart(
        title=name,
        x_name=x_name(axis),
        lines=all_seeds(race, [[(place[x_index], place[2]) for place in one.steps.means()] for one in tracks]),
        alt=_("Line: the value of the loss {loss} while training goes on.").format(loss=name),
        height=200,
        legend=False,
    )


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


def _three_digits(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3f}"
