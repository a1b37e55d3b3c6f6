"""The colour and the shape of each text, as one byte that is a place in a table."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ui.frame.translation import _
from ui.map.plot.model import Classes, Numbers
from ui.shared.colors import PUOR, PUOR_ON_DARK

MOST_CLASSES = 8
OTHER = "#999999"
NONE = "#B4B1BC"
CLASS_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#F0E442", OTHER)
"""Okabe and Ito's, grey at the end: it is that of "other" too."""
PLAIN = "#0072B2"
CIVIDIS = (
    "#00224E", "#123570", "#3B496C", "#575D6D", "#707173", "#8A8678", "#A59C74", "#C3B369", "#E1CC55", "#FEE838",
)  # fmt: skip
"""Even steps of lightness for every eye (Nuñez, Anderton and Renslow 2018)."""
NO_NUMBER = 255


@dataclass(frozen=True)
class Entry:
    """A line of the legend."""

    name: str
    color: str
    shape: int
    """0 disc, 1 diamond, 2 square, 3 plus, 4 cross, 5 triangle, 6 star, 7 hexagon, 8 a small disc."""
    count: int


@dataclass(frozen=True, eq=False)
class Colored:
    """What is drawn of a colour."""

    codes: NDArray[np.uint8]
    """(N,) places in the entries or, without entries, in `table`."""
    title: str
    entries: tuple[Entry, ...] = ()
    table: tuple[str, ...] = ()
    """256 colours; the last one for no number."""
    ticks: tuple[tuple[float, str], ...] = ()
    """Places from 0 to 1 along the bar, and what stands there."""
    low: float = 0.0
    high: float = 1.0
    digits: int = 2
    none: int = 0
    """How many have no number."""


def colored(color: Classes | Numbers | None, count: int, *, dark: bool = False) -> Colored:
    """The codes of N texts with what they mean; all the same without a colour.

    Args:
        color: of the texts.
        count: N.
        dark: on a dark page.
    """
    if color is None:
        return Colored(np.zeros(count, dtype=np.uint8), "", (Entry("", PLAIN, 0, count),))
    return _classes(color) if isinstance(color, Classes) else _numbers(color, dark=dark)


def _classes(classes: Classes) -> Colored:
    values = np.asarray(classes.values)
    counts = np.bincount(values[values >= 0], minlength=len(classes.names))
    names, places = list(classes.names), np.arange(len(classes.names))
    if len(names) > MOST_CLASSES:
        largest = np.sort(np.argsort(-counts, kind="stable")[: MOST_CLASSES - 1])
        places = np.full(len(names), MOST_CLASSES - 1)
        places[largest] = np.arange(len(largest))
        rest = len(names) - len(largest)
        names = [names[place] for place in largest] + [_("{n} other").format(n=rest)]
        counts = np.bincount(places, weights=counts, minlength=len(names)).astype(int)
    entries = [
        Entry(name, CLASS_COLORS[place], place, int(size))
        for place, (name, size) in enumerate(zip(names, counts, strict=True))
    ]
    codes = np.append(places, len(entries))[np.where(values < 0, len(classes.names), values)]
    if without := int((values < 0).sum()):
        entries.append(Entry(classes.none or _("none"), NONE, 8, without))
    return Colored(codes.astype(np.uint8), classes.title, tuple(entries))


def _numbers(numbers: Numbers, *, dark: bool) -> Colored:
    width = numbers.high - numbers.low
    shares = (np.asarray(numbers.values, dtype=np.float64) - numbers.low) / (width if width > 0 else 1.0)
    codes = np.where(np.isnan(shares), NO_NUMBER, np.rint(np.nan_to_num(shares).clip(0, 1) * (NO_NUMBER - 1)))
    stops: Sequence[str] = (PUOR_ON_DARK if dark else PUOR) if numbers.kind == "cosine" else CIVIDIS
    digits = _digits(width)
    ticks = tuple((place, _written(numbers.low + place * width, digits)) for place in (0.0, 0.5, 1.0))
    table = (*_between(stops), NONE)
    return Colored(
        codes.astype(np.uint8),
        numbers.title,
        (),
        table,
        ticks,
        numbers.low,
        numbers.high,
        digits,
        int(np.isnan(shares).sum()),
    )


def _between(stops: Sequence[str]) -> list[str]:
    """255 colours at equal distances along the stops."""
    channels = np.array([[int(color[start : start + 2], 16) for start in (1, 3, 5)] for color in stops])
    places = np.linspace(0, len(stops) - 1, NO_NUMBER)
    mixed = [np.interp(places, np.arange(len(stops)), channel).round().astype(int) for channel in channels.T]
    return [f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in zip(*mixed, strict=True)]


def _digits(width: float) -> int:
    """As many as tell the ends of a scale apart."""
    return 0 if width >= 20 else 1 if width >= 5 else 2 if width >= 0.05 else 4


def _written(value: float, digits: int) -> str:
    return f"{value + 0.0:,.{digits}f}".replace("-", "−")
