"""The small figures of the questions, as elements of SVG, drawn from numbers that were computed."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np

from simcse_core.data import bundled
from simcse_core.data.kinds import Labelled
from ui.shared import defaults
from ui.shared.colors import PUOR
from ui.shared.stored import first_look
from ui.start import sentences
from ui.start.arrows import angle
from ui.start.stored import BINS, MODEL, questions

WIDTH, HEIGHT = 120, 66
_PURPLE, _ORANGE = PUOR[8], PUOR[2]
_BATCH = 8

Element = tuple[str, dict[str, str | float], str]
"""Name, attributes and text of an element of SVG."""


def cosine_is_an_angle(language: str) -> list[Element]:
    """The arrows of the first two sentences of the page."""
    look = first_look(defaults.model(language))
    first, second = (int(number) - 1 for number in sentences.FIRST.split("-"))
    turn = math.radians(angle(look.similarity[first][second]))
    x, y, radius = 16, 56, 62
    tip = (x + radius * math.cos(turn), y - radius * math.sin(turn))
    return [
        _line([(x, y), (x + radius, y)], width=2.5),
        _line([(x, y), tip], width=2.5, color=_PURPLE),
        _line([tip, (tip[0], y)], width=1, dash="2 2"),
        _line([(x + 20 * math.cos(turn * k / 12), y - 20 * math.sin(turn * k / 12)) for k in range(13)], width=1),
        _text(f"{math.degrees(turn):.0f}°", x + radius + 18, (y + tip[1]) / 2 + 3),
    ]


def everything_is_close(language: str) -> list[Element]:
    """The cosines of unrelated sentences: by the model as it comes, and where all of them are close."""
    stored = questions()
    start, bottom = BINS * 3 // 8, HEIGHT - 12  # from a cosine of -0.25 on
    step = WIDTH / (BINS - start)
    pieces: list[Element] = []
    for counts, color, opacity in ((stored.as_it_comes, "currentColor", 0.45), (stored.crowded, _PURPLE, 1.0)):
        tall = 46 / max(counts)
        pieces += [
            _rect(step * (place - start), bottom - count * tall, step * 0.85, count * tall, color, opacity)
            for place, count in enumerate(counts)
            if count and place >= start
        ]
    ticks = [
        _text(name, step * ((value + 1) * BINS / 2 - start), HEIGHT - 2) for value, name in ((0, "0"), (0.9, "0.9"))
    ]
    return [*pieces, _line([(0, bottom), (WIDTH, bottom)]), *ticks]


def layers_and_poolings(language: str) -> list[Element]:
    """The rank correlation of each layer and pooling with people's scores; the best is ringed."""
    values = np.array(questions().spearman, dtype=float)  # (layers, poolings)
    low, high, best = np.nanmin(values), np.nanmax(values), int(np.nanargmax(values))
    side, pieces = 13.0, list[Element]()
    left = (WIDTH - side * len(values)) / 2
    for place, value in enumerate(values.ravel()):
        layer, pooling = divmod(place, values.shape[1])
        share = 0.0 if math.isnan(value) else (value - low) / (high - low)
        x, y = left + side * layer, 7 + side * pooling
        pieces.append(_rect(x, y, side - 1.5, side - 1.5, _PURPLE, 0.12 + 0.88 * share))
        if place == best:
            pieces += [_ring(x, y, side - 1.5, "#FFFFFF", 3.5), _ring(x, y, side - 1.5, "#000000", 1.5)]
    return pieces


def padding_leaks(language: str) -> list[Element]:
    """How far a text stays itself while padding is added, with a mask and without."""
    stored = questions()

    def places(values: Sequence[float]) -> list[tuple[float, float]]:
        step = 84 / (len(values) - 1)
        return [(4 + step * number, 8 + 50 * (1 - value)) for number, value in enumerate(values)]

    masked, unmasked = places(stored.masked), places(stored.unmasked)
    return [
        _line(masked, width=2.5, color=_PURPLE),
        _line(unmasked, width=2.5, color=_ORANGE, dash="5 2"),
        _text(f"{stored.masked[-1]:.2f}", 104, masked[-1][1] + 3),
        _text(f"{stored.unmasked[-1]:.2f}", 104, unmasked[-1][1] + 3),
    ]


def sigmoid_alone(language: str) -> list[Element]:
    """The sigmoid of every cosine from -1 to 1: it comes near neither 0 nor 1."""
    low, high = 56, 8

    def place(cosine: float) -> tuple[float, float]:
        return 36 + 24 * (cosine + 1), low - (low - high) * _sigmoid(cosine)

    return [
        *(_line([(18, y), (102, y)], dash="2 2") for y in (low, high)),
        _text("0", 10, low + 3),
        _text("1", 10, high + 3),
        _line([place(cosine) for cosine in np.linspace(-1, 1, 21)], width=2.5, color=_PURPLE),
        _text(f"{_sigmoid(-1):.2f}", 30, place(-1)[1] + 11),
        _text(f"{_sigmoid(1):.2f}", 92, place(1)[1] - 4),
    ]


def temperature(language: str) -> list[Element]:
    """What a softmax makes of the same cosines at two temperatures."""
    cosines = np.array(first_look(MODEL).similarity[0][1:])
    pieces: list[Element] = []
    for left, divisor in ((6, 1.0), (66, 0.05)):
        weights = np.exp((cosines - cosines.max()) / divisor)
        shares = weights / weights.sum()
        pieces += [
            _rect(left + 7 * place, 52 - 46 * share, 5.5, max(46 * share, 0.8), _PURPLE)
            for place, share in enumerate(shares)
        ]
        pieces += [_line([(left - 2, 52), (left + 50, 52)]), _text(f"{divisor:g}", left + 24, 64)]
    return pieces


def false_negatives(language: str) -> list[Element]:
    """A batch of labelled texts: which of its negatives (every cell off the diagonal) are of the same class."""
    labels, side = _batch(language), 7.5
    left = (WIDTH - side * len(labels)) / 2
    pieces: list[Element] = []
    for row, label in enumerate(labels):
        for column, other in enumerate(labels):
            color, opacity = (_ORANGE, 1.0) if label == other else ("currentColor", 0.15)
            if row == column:
                color, opacity = _PURPLE, 1.0
            pieces.append(_rect(left + side * column, 3 + side * row, side - 1, side - 1, color, opacity))
    return pieces


def map_is_no_ruler(language: str) -> list[Element]:
    """The same texts on two maps; one pair of them is joined on both."""
    stored = questions()
    pieces: list[Element] = []
    for left, points in zip((4, 64), stored.maps, strict=True):
        places = [(left + 52 * x, 6 + 52 * y) for x, y in points]
        pieces += [_element("circle", cx=x, cy=y, r=1.3, fill="currentColor", fill_opacity=0.45) for x, y in places]
        ends = [places[point] for point in stored.pair]
        pieces.append(_line(ends, width=1.5, color=_PURPLE))
        pieces += [_element("circle", cx=x, cy=y, r=3, fill=_PURPLE) for x, y in ends]
    return pieces


@cache
def _batch(language: str) -> list[str]:
    """The labels of the first bundled texts."""
    name = f"{defaults.DATA['en']}-{bundled.ending(language)}"
    data = bundled.load(name if name in bundled.names() else f"{defaults.DATA['en']}-en")
    assert isinstance(data, Labelled)
    return list(data.label[:_BATCH])


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def _element(name: str, text: str = "", **attributes: str | float) -> Element:
    written = {
        key.replace("_", "-"): value if isinstance(value, str) else round(float(value), 2)
        for key, value in attributes.items()
    }
    return name, written, text


def _line(
    points: Sequence[tuple[float, float]], *, width: float = 1, color: str = "currentColor", dash: str = ""
) -> Element:
    written = " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
    return _element(
        "polyline", points=written, fill="none", stroke=color, stroke_width=width, stroke_dasharray=dash or "none"
    )


def _rect(x: float, y: float, width: float, height: float, color: str, opacity: float = 1) -> Element:
    return _element("rect", x=x, y=y, width=width, height=height, fill=color, fill_opacity=opacity)


def _ring(x: float, y: float, side: float, color: str, width: float) -> Element:
    return _element("rect", x=x, y=y, width=side, height=side, fill="none", stroke=color, stroke_width=width)


def _text(text: str, x: float, y: float) -> Element:
    return _element("text", text, x=x, y=y, text_anchor="middle", font_size=9, fill="currentColor")
