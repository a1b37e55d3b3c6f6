"""Pieces of an SVG: marks, words, rings. Texts are escaped here, and nowhere else."""

import math
from collections.abc import Sequence

from simcse_core.plain import markup

INK, PAPER, ACCENT = "#131119", "#FFFFFF", "#5E3C99"


def element(name: str, text: str | None = None, /, **attributes: object) -> str:
    """An element with a text in it, if any; an underscore in the name of an attribute stands for a hyphen."""
    written = "".join(f' {key.replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{written}/>" if text is None else f"<{name}{written}>{markup(text)}</{name}>"


def mark(shape: int, radius: float, x: float, y: float, tooltip: str | None = None, /, **style: object) -> str:
    """A shape of `palette.Entry` around a place."""
    drawn = element("path", d=_outline(shape, radius), transform=f"translate({x:.1f} {y:.1f})", **style)
    return drawn if tooltip is None else f"{drawn[:-2]}>{element('title', tooltip)}</path>"


def ring(x: float, y: float, radius: float, width: float) -> str:
    return element("circle", cx=x, cy=y, r=radius, fill="none", stroke=INK, stroke_width=width)


def line(points: Sequence[tuple[float, float]], **style: object) -> str:
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), fill="none", **style)


def words(text: str, x: float, y: float, **style: object) -> str:
    """With a rim of the paper's colour, so that they are read over points."""
    rim = {"stroke": PAPER, "stroke_width": 4, "stroke_linejoin": "round", "paint_order": "stroke"}
    return element("text", text, x=x, y=y, text_anchor="middle", **rim, **style)


def _value(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else markup(str(value)).replace('"', "&quot;")


def width_of(text: str) -> float:
    """About how wide a text is, in letters' heights."""
    return sum(1.0 if letter >= "\u2e80" else 0.54 for letter in text)


def broken(name: str) -> list[str]:
    """In two lines when it is long."""
    words = name.split()
    if width_of(name) < 12 or len(words) < 2:
        return [name]
    middle = min(range(1, len(words)), key=lambda cut: abs(width_of(" ".join(words[:cut])) - width_of(name) / 2))
    return [" ".join(words[:middle]), " ".join(words[middle:])]


def _outline(shape: int, radius: float) -> str:
    """The `d` of a shape of `palette.Entry`."""
    turns = {1: (4, 1.2, 0.0), 2: (4, 1.22, 0.25), 5: (3, 1.3, -0.5), 7: (6, 1.08, 0.0)}
    if shape in turns:
        corners, size, turn = turns[shape]
        return _polygon([(size * radius, 2 * math.pi * corner / corners + math.pi * turn) for corner in range(corners)])
    if shape == 6:
        tips = [((0.6 if corner % 2 else 1.35) * radius, (corner / 5 - 0.5) * math.pi) for corner in range(10)]
        return _polygon(tips)
    if shape in (3, 4):
        near, far = 0.42, 1.15
        arms = [(far, -near), (far, near), (near, near)]
        corners_of_cross = [
            (radius * math.hypot(x, y), math.atan2(y, x) + quarter * math.pi / 2 + (math.pi / 4 if shape == 4 else 0))
            for quarter in range(4)
            for x, y in arms
        ]
        return _polygon(corners_of_cross)
    size = radius * (0.62 if shape == 8 else 1.0)
    return f"M{-size:.2f} 0a{size:.2f} {size:.2f} 0 1 0 {2 * size:.2f} 0a{size:.2f} {size:.2f} 0 1 0 {-2 * size:.2f} 0Z"


def _polygon(corners: Sequence[tuple[float, float]]) -> str:
    """Corners by their distance and angle."""
    return "M" + "L".join(f"{size * math.cos(angle):.2f} {size * math.sin(angle):.2f}" for size, angle in corners) + "Z"
