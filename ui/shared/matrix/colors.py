"""The cosine scale as one colour for each of the bytes that the browser gets."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ui.shared.colors import LIGHT_FROM, PUOR, PUOR_ON_DARK, luminance

NEUTRAL, NEUTRAL_ON_DARK = "#CCCBD0", "#4B4A4F"
"""Cells under the threshold, and cells without a number."""
NO_NUMBER = 255
NARROW = 0.05
"""A scale of no more has legend numbers of four digits: two would be equal."""


@dataclass(frozen=True)
class CosineColors:
    """PuOr from `low` to `high`; cells under the threshold are a neutral grey.

    The project's scale goes from -1 to 1, with 0 nearly the page's own ground, white or dark. A page that stretches it
    says so.
    """

    low: float = -1.0
    high: float = 1.0
    threshold: float | None = None
    sequential: bool = False
    """From white to purple only, for a range in which 0 is nothing special."""
    white: str = ""
    """What the legend says at the middle of the scale, where that is not 0: "unrelated"."""

    def __post_init__(self) -> None:
        if not -1 <= self.low < self.high <= 1:
            raise ValueError(f"low and high must be in [-1, 1] and in this order, got {self.low} and {self.high}")

    @property
    def middle(self) -> float:
        """The cosine that is white, but for a sequential scale."""
        return (self.low + self.high) / 2

    def stops(self, *, dark: bool = False) -> list[str]:
        """Colours at equal distances from `low` to `high`.

        Args:
            dark: on a dark page.
        """
        stops = PUOR_ON_DARK if dark else PUOR
        return stops[len(stops) // 2 :] if self.sequential else stops

    def for_browser(self) -> dict[str, object]:
        """What the frontend needs: 256 colours for a light page and for a dark one, and what the colour bar says."""
        ticks = [{"at": (tick - self.low) / (self.high - self.low), "text": self.name(tick)} for tick in self.ticks]
        table, on_dark = list(_table(self)), list(_table(self, dark=True))
        return {"table": table, "on_dark": on_dark, "low": self.low, "high": self.high, "ticks": ticks}

    @property
    def ticks(self) -> list[float]:
        """Cosines along the bar, three beside a word and else five, and the threshold for those it would run into."""
        width = self.high - self.low
        values = [float(value) for value in np.linspace(self.low, self.high, 3 if self.white else 5)]
        values[len(values) // 2] = self.middle
        if self.threshold is not None and self.low <= self.threshold <= self.high:
            apart = [value for value in values if abs(value - self.threshold) > width / 8]
            values = sorted([self.threshold, *apart])
        return values

    def name(self, tick: float) -> str:
        """What the legend says at a cosine."""
        return f"{self.number(tick)} {self.white}".rstrip() if tick == self.middle else self.number(tick)

    def number(self, cosine: float) -> str:
        """A cosine with as many digits as the scale needs."""
        digits = 2 if self.high - self.low > NARROW else 4
        return f"{cosine:.{digits}f}".rstrip("0").rstrip(".")


def takes_light_ink(cosines: NDArray[np.float32], colors: CosineColors, *, dark: bool = False) -> NDArray[np.bool_]:
    """Which cells have a colour on which a light number is read better, on a light or a dark page."""
    places = np.nan_to_num(np.rint((cosines + 1) * 127), nan=NO_NUMBER).clip(0, NO_NUMBER).astype(np.uint8)
    return np.asarray(_luminance(colors, dark=dark)[places] < LIGHT_FROM)


@lru_cache(maxsize=64)
def _luminance(colors: CosineColors, *, dark: bool) -> NDArray[np.float64]:
    """(256,) relative luminance of each colour."""
    return np.array([luminance(color) for color in _table(colors, dark=dark)])


@lru_cache(maxsize=64)
def _table(colors: CosineColors, *, dark: bool = False) -> tuple[str, ...]:
    """256 colours "#rrggbb"; byte b stands for the cosine b / 127 - 1, the last one for no number."""
    stops = np.array([[int(color[start : start + 2], 16) for start in (1, 3, 5)] for color in colors.stops(dark=dark)])
    neutral = NEUTRAL_ON_DARK if dark else NEUTRAL
    cosines = np.arange(NO_NUMBER) / 127 - 1
    places = (cosines - colors.low) / (colors.high - colors.low)
    channels = [np.interp(places, np.linspace(0, 1, len(stops)), channel).round().astype(int) for channel in stops.T]
    table = [f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in zip(*channels, strict=True)]
    if colors.threshold is not None:
        # The nearest byte of a cosine just above the threshold may lie just under it.
        table = [
            color if cosine >= colors.threshold - 0.5 / 127 else neutral
            for color, cosine in zip(table, cosines, strict=True)
        ]
    return (*table, neutral)
