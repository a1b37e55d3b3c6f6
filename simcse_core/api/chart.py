"""A chart of values with their ranges as SVG, which notebooks show and browsers open; no library draws it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from simcse_core import durable
from simcse_core.meaning.intervals import Interval
from simcse_core.plain import printable

ROW = 28
TOP = 34
BOTTOM = 30
NAMES = 210
WIDTH = 720
RIGHT = 90
LOSS, BASELINE = "#0072b2", "#767676"
"""Of the Okabe-Ito colours, and a grey that can be read on white."""


@dataclass(frozen=True)
class Row:
    """One line of the chart."""

    name: str
    value: Interval
    is_baseline: bool = False


@dataclass(frozen=True)
class Chart:
    """A dot for each value and a bar for its range; a notebook shows it by itself."""

    title: str
    rows: Sequence[Row]

    def _repr_html_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"<Chart {self.title!r}: {len(self.rows)} rows; a notebook shows it, save('chart.svg') writes it>"

    def save(self, file: Path | str) -> None:
        """Write it as an SVG file."""
        durable.write(Path(file), self.svg().encode())

    def svg(self) -> str:
        """The chart as SVG; what is undefined has no dot. Its texts say all of its numbers."""
        low, high = self._span()
        height = TOP + ROW * len(self.rows) + BOTTOM
        parts = [_text(8, 18, self.title, weight=600), *_axis(low, high, height)]
        for number, row in enumerate(self.rows):
            parts += _row(row, TOP + ROW * number + ROW / 2, low, high)
        said = "; ".join(f"{row.name} {row.value.value:.3f}" for row in self.rows if not math.isnan(row.value.value))
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" '
            f'role="img" aria-label="{_plain(f"{self.title}: {said}")}" font-family="sans-serif" font-size="13">'
            f'<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>'
        )

    def _span(self) -> tuple[float, float]:
        """What the axis shows: all ranges, with a little room."""
        of_rows = [(row.value.low, row.value.value, row.value.high) for row in self.rows]
        there = [number for numbers in of_rows for number in numbers if not math.isnan(number)] or [0.0, 1.0]
        room = 0.05 * ((max(there) - min(there)) or 1.0)
        return min(there) - room, max(there) + room


def _row(row: Row, y: float, low: float, high: float) -> list[str]:
    color = BASELINE if row.is_baseline else LOSS
    parts = [_text(8, y + 4, row.name)]
    if math.isnan(row.value.value):
        return [*parts, _text(NAMES, y + 4, "undefined")]
    if not math.isnan(row.value.low):
        left, right = _x(row.value.low, low, high), _x(row.value.high, low, high)
        parts.append(f'<path d="M{left:.1f} {y}H{right:.1f}" stroke="{color}" stroke-width="3"/>')
    parts.append(f'<circle cx="{_x(row.value.value, low, high):.1f}" cy="{y}" r="5" fill="{color}"/>')
    return [*parts, _text(WIDTH - RIGHT + 16, y + 4, f"{row.value.value:.3f}")]


def _axis(low: float, high: float, height: int) -> list[str]:
    """Three numbers below, with lines."""
    marks = [low + share * (high - low) for share in (0.05, 0.5, 0.95)]
    lines = [
        f'<path d="M{_x(mark, low, high):.1f} {TOP}V{height - BOTTOM}" stroke="#dddddd" stroke-width="1"/>'
        for mark in marks
    ]
    return [*lines, *(_text(_x(mark, low, high) - 16, height - 10, f"{mark:.3f}") for mark in marks)]


def _x(value: float, low: float, high: float) -> float:
    return NAMES + (value - low) / (high - low) * (WIDTH - NAMES - RIGHT)


def _text(x: float, y: float, text: str, *, weight: int = 400) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-weight="{weight}" fill="#222222">{_plain(text)}</text>'


def _plain(text: str) -> str:
    return escape(printable(text), quote=True)
