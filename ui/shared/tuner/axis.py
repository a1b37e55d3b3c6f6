"""The axis of a threshold: which part of the scale the scores cover, and how finely it is set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from plotly.colors import sample_colorscale

from ui.frame.translation import _
from ui.shared.colors import cosine_scale

TENTHS = 10
MOST_TICKS = 8


@dataclass(frozen=True)
class Axis:
    """Between which scores the threshold is moved."""

    low: float
    high: float
    name: str
    step: float = 0.001
    """The least by which the threshold moves; an arrow key moves it by ten."""
    digits: int = 3
    """Of a threshold, behind the point."""
    stops: tuple[tuple[float, str], ...] = ()
    """Colours along the axis: place from 0 to 1, and "#rrggbb" or "rgb(…)"; none where scores have no colour."""

    @property
    def ticks(self) -> list[float]:
        """Round numbers on the axis."""
        step = _round_step((self.high - self.low) / MOST_TICKS)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [round(multiple * step, 10) for multiple in range(first, last + 1)]


def of_cosines(lowest: float, highest: float) -> Axis:
    """The part of the cosine scale in tenths that holds these, coloured as everywhere.

    Args:
        lowest, highest: of the scores, in [-1, 1].
    """
    low = max(math.floor(lowest * TENTHS + 1e-6) / TENTHS, -1.0)
    high = min(max(math.ceil(highest * TENTHS - 1e-6) / TENTHS, low + 0.2), 1.0)
    low = min(low, high - 0.2)
    places = [place / 10 for place in range(11)]
    colors = sample_colorscale(cosine_scale(), [(low + place * (high - low) + 1) / 2 for place in places])
    return Axis(low, high, _("cosine similarity"), stops=tuple(zip(places, colors, strict=True)))


def of_numbers(scores: Sequence[float], name: str) -> Axis:
    """An axis from 0, or the lowest score below it, to the highest: BM25's scores have no fixed scale."""
    low, high = min(0.0, *scores, 0.0), max([*scores, 0.0])
    step = _round_step((high - low or 1.0) / 1_000)
    return Axis(low, high if high > low else low + 1, name, step, max(0, math.ceil(-math.log10(step) - 1e-9)))


def of_probabilities() -> Axis:
    """From 0 to 1."""
    return Axis(0.0, 1.0, _("probability"))


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least this."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= least * (1 - 1e-9))
