"""The lines of a race's charts: one for each run, and the mean of its seeds."""

from collections.abc import Sequence
from itertools import groupby
from statistics import fmean

from simcse_core.runs.race import Outcome
from ui.frame.translation import _
from ui.shared import colors
from ui.shared.curves import Line, Point


def x_name(axis: str) -> str:
    """What stands at an axis of `figures.AXES`."""
    return _("sentences seen") if axis == "texts" else _("seconds of training")


def names(race: Sequence[Outcome]) -> list[str]:
    """The name of each run: its loss, and its seed where there are several."""
    several = len({outcome.seed for outcome in race}) > 1
    return [
        _("{loss}, seed {seed}").format(loss=outcome.loss, seed=outcome.seed) if several else outcome.loss
        for outcome in race
    ]


def with_means(race: Sequence[Outcome], points: Sequence[Sequence[Point]]) -> list[Line]:
    """A line for each run; with several seeds thin ones, and their mean as soon as two have finished."""
    lines = all_seeds(race, points)
    for loss, positions in by_loss(race):
        done = [points[position] for position in positions if race[position].finished]
        if len(positions) > 1 and len(done) > 1:
            mean = [(fmean(x), fmean(y)) for x, y in (zip(*of_seeds, strict=True) for of_seeds in zip(*done))]  # noqa: B905
            lines.append(_line(loss, _("{loss}, mean of {n} seeds").format(loss=loss, n=len(done)), mean))
    return lines


def all_seeds(race: Sequence[Outcome], points: Sequence[Sequence[Point]]) -> list[Line]:
    """A line for each run; thin where there are several seeds."""
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


def by_loss(race: Sequence[Outcome]) -> list[tuple[str, list[int]]]:
    """Positions of each loss's runs."""
    order = sorted(range(len(race)), key=lambda position: race[position].loss)
    return [(loss, list(positions)) for loss, positions in groupby(order, key=lambda position: race[position].loss)]
