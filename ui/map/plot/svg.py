"""A map as SVG, for drawing programs, slides and papers."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import InputError
from simcse_core.plain import one_line, shortened
from ui.map.plot import packing
from ui.map.plot.model import Plot
from ui.map.plot.palette import NONE, Colored, colored
from ui.map.plot.scene import LONGEST_NAME, shown
from ui.map.plot.svg_pieces import ACCENT, INK, PAPER, broken, element, line, mark, ring, width_of, words

MOST_POINTS = 20_000
WIDTH, HEIGHT = 1000, 760
_HEAD, _FOOT, _MARGIN = 46, 64, 34
_FONT = "system-ui, 'Segoe UI', 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
_TEXT = 14
_YAW, _PITCH = -0.6, 0.45
"""From where a cube is seen, as in frontend/camera.js."""
_UNSURE_BELOW = 1 / 3

Points = NDArray[np.float64]


def to_svg(plot: Plot, *, title: str) -> str:
    """One picture of the layout that is shown, with legend and names; each point has its text as a tooltip.

    Args:
        plot: what it shows.
        title: above it.

    Raises:
        InputError: more than `MOST_POINTS` texts.
    """
    if plot.count > MOST_POINTS:
        raise InputError(
            "An SVG of {given:,} points would be too large for drawing programs: the limit is {most:,}. Save a picture "
            "or the page instead.",
            given=plot.count,
            most=MOST_POINTS,
        )
    drawing = _Drawing(plot, _places(plot), colored(plot.color, plot.count))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="{_FONT}" font-size="{_TEXT}" fill="{INK}">',
        element("title", title),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        element("text", shortened(one_line(title), 90), x=_MARGIN, y=30, font_size=20, font_weight=600),
        *drawing.points(),
        *drawing.trails(),
        *drawing.neighbours(),
        *drawing.placed(),
        *drawing.names(),
        *drawing.legend(),
        "</svg>",
    ]
    return "\n".join(parts)


@dataclass
class _Drawing:
    plot: Plot
    places: Points
    """(N, 2) in the picture."""
    colors: Colored
    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)
    """Left, top, right, bottom of words: others keep away from them."""

    @property
    def radius(self) -> float:
        return min(5.5, max(1.3, 0.42 * (WIDTH * HEIGHT / max(self.plot.count, 1)) ** 0.31))

    def points(self) -> Iterator[str]:
        plot = self.plot
        rows = np.random.default_rng(0).permutation(plot.count)  # else the last class would lie over all others
        if plot.left_out is not None:
            rows = rows[~plot.left_out[rows]]
        unsure = np.zeros(plot.count, dtype=bool) if plot.unsure is None else plot.unsure < _UNSURE_BELOW
        yield f'<g stroke="{INK}" stroke-opacity="0.4" stroke-width="0.6">'
        for row in rows:
            color, shape = self._look(row)
            hollow = {"fill": "none", "stroke": color, "stroke_opacity": 0.8, "stroke_width": 1.2}
            style: dict[str, object] = dict(hollow) if unsure[row] else {"fill": color}
            if plot.selection is not None and not plot.selection[row]:
                style["opacity"] = 0.2
            x, y = self.places[row]
            yield mark(shape, self.radius, x, y, shown(plot.texts[row]), **style)
        yield "</g>"
        for row in [] if plot.found is None else np.flatnonzero(plot.found):
            x, y = self.places[row]
            yield ring(x, y, self.radius + 2.6, 1.6)

    def _look(self, row: int) -> tuple[str, int]:
        code = self.colors.codes[row]
        if self.colors.entries:
            return self.colors.entries[code].color, self.colors.entries[code].shape
        return self.colors.table[code], 0

    def trails(self) -> Iterator[str]:
        if not self.plot.trails:
            return
        ways = [_places(self.plot, place) for place in range(len(self.plot.layouts))]
        for row in self.plot.trails:
            yield line([tuple(way[row]) for way in ways], stroke=ACCENT, stroke_opacity=0.7, stroke_width=1.5)

    def neighbours(self) -> Iterator[str]:
        if self.plot.chosen is None:
            return
        x, y = self.places[self.plot.chosen]
        for row, cosine in self.plot.neighbours:
            left, top = self.places[row]
            yield line([(x, y), (left, top)], stroke=INK, stroke_opacity=0.7)
            yield ring(left, top, self.radius + 2, 1.3)
            yield from self._words([f"{cosine:.2f}".replace("-", "−")], left + self.radius + 14, top, size=12)
        yield ring(x, y, self.radius + 4, 2.6)
        text = shortened(shown(self.plot.texts[self.plot.chosen]), 60)
        yield from self._words([text], x, y - self.radius - 14, weight=600, is_needed=True)

    def placed(self) -> Iterator[str]:
        layout = self.plot.layouts[self.plot.place]
        for each in self.plot.placed:
            point = each.points.get(layout.name)
            if point is None or not np.isfinite(point).all():
                continue
            x, y = _places(self.plot, extra=np.asarray(point, dtype=np.float64)[None])[0]
            yield mark(1, 8, x, y, fill=ACCENT, stroke=PAPER)
            text = shortened(shown(each.text), 60)
            yield from self._words([text], x, y - 18, weight=600, color=ACCENT, is_needed=True)

    def names(self) -> Iterator[str]:
        """The largest first, at the median of their points, where they have room."""
        if self.plot.groups is None:
            return
        members = [np.flatnonzero(self.plot.groups == number) for number in range(len(self.plot.group_names))]
        for number in sorted(range(len(members)), key=lambda number: -len(members[number])):
            if self.plot.group_names[number] and len(members[number]) >= 3:
                x, y = np.median(self.places[members[number]], axis=0)
                name = shortened(one_line(self.plot.group_names[number]), LONGEST_NAME)
                yield from self._words(broken(name), x, y, weight=650)

    def _words(
        self,
        lines: Sequence[str],
        x: float,
        y: float,
        *,
        size: float = _TEXT,
        weight: int = 500,
        color: str = INK,
        is_needed: bool = False,
    ) -> Iterator[str]:
        """Lines around a place, unless other words are there already."""
        wide, high = max(map(width_of, lines)) * size + 8, len(lines) * 1.2 * size + 6
        x = min(max(x, wide / 2), WIDTH - wide / 2)
        box = (x - wide / 2, y - high / 2, x + wide / 2, y + high / 2)
        if not is_needed and any(_overlap(box, other) for other in self.boxes):
            return
        self.boxes.append(box)
        for number, each in enumerate(lines):
            top = y + (number - (len(lines) - 1) / 2) * 1.2 * size + 0.35 * size
            yield words(each, x, top, font_size=size, font_weight=weight, fill=color)

    def legend(self) -> Iterator[str]:
        x, y = float(_MARGIN), float(HEIGHT - _FOOT + 22)
        if self.colors.title:
            title = shortened(one_line(self.colors.title), 40)
            yield element("text", title, x=x, y=y, font_weight=600)
            x += (width_of(title) + 1.2) * _TEXT
        for entry in self.colors.entries:
            if not entry.name:
                continue
            label = f"{shortened(one_line(entry.name), 40)} {entry.count:,}"
            if x + (width_of(label) + 2) * _TEXT > WIDTH - _MARGIN:
                x, y = float(_MARGIN), y + 1.6 * _TEXT
            yield mark(entry.shape, 5.6, x + 6, y - 5, fill=entry.color)
            yield element("text", label, x=x + 17, y=y)
            x += (width_of(label) + 2.6) * _TEXT
        if self.colors.table:
            yield from self._ramp(x, y)

    def _ramp(self, x: float, y: float) -> Iterator[str]:
        table = self.colors.table
        stops = [element("stop", offset=f"{at / 16}", stop_color=table[at * 254 // 16]) for at in range(17)]
        yield f'<defs><linearGradient id="ramp">{"".join(stops)}</linearGradient></defs>'
        yield element("rect", x=x, y=y - 11, width=220, height=11, fill="url(#ramp)")
        for at, text in self.colors.ticks:
            yield element("text", text, x=x + 220 * at, y=y + 17, text_anchor="middle", font_size=12)
        if self.colors.none:
            yield mark(8, 8, x + 260, y - 5, fill=NONE)
            yield element("text", f"– {self.colors.none:,}", x=x + 272, y=y)


def _overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _places(plot: Plot, place: int | None = None, extra: Points | None = None) -> Points:
    """(N, 2) pixels of a layout's points, or of others in its coordinates."""
    number = plot.place if place is None else place
    frame = packing.frames(plot)[number]
    dimensions = plot.layouts[number].points.shape[1]
    units = _flat(frame.units(plot.layouts[number].points))
    low, high = (np.zeros(2), np.zeros(2)) if not len(units) else (units.min(0), units.max(0))
    if plot.steps:
        low, high = np.zeros(2), np.ones(2)
    wide, tall = WIDTH - 2 * _MARGIN, HEIGHT - _HEAD - _FOOT - 2 * _MARGIN
    scale = min(size / max(span, 1e-3) for size, span in zip((wide, tall), high - low, strict=True))
    drawn = units if extra is None else _flat(frame.units(extra[:, :dimensions]))
    moved = (drawn - (low + high) / 2) * scale
    return np.stack([WIDTH / 2 + moved[:, 0], (_HEAD + HEIGHT - _FOOT) / 2 - moved[:, 1]], axis=1)


def _flat(units: Points) -> Points:
    """(N, 2) as it is, (N, 3) as a cube is seen."""
    if units.shape[1] == 2:
        return units
    cos_yaw, sin_yaw, cos_pitch, sin_pitch = math.cos(_YAW), math.sin(_YAW), math.cos(_PITCH), math.sin(_PITCH)
    right, up = [cos_yaw, 0, -sin_yaw], [-sin_yaw * sin_pitch, cos_pitch, -cos_yaw * sin_pitch]
    return (units - 0.5) @ np.array([right, up]).T + 0.5
