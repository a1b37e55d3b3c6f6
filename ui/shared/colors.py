"""One colour meaning everywhere: the cosine scale, and a fixed colour for each category and each loss."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from simcse_core.errors import OptionError

PUOR = [
    "#7F3B08",
    "#B35806",
    "#E08214",
    "#FDB863",
    "#FEE0B6",
    "#F7F7F7",
    "#D8DAEB",
    "#B2ABD2",
    "#8073AC",
    "#542788",
    "#2D004B",
]
"""ColorBrewer's PuOr, orange at -1, purple at 1: safe for colour-blind eyes."""

PUOR_ON_DARK = [
    "#FFB66D",
    "#DF954E",
    "#B17843",
    "#815E3E",
    "#544437",
    "#2E2D33",
    "#4A435D",
    "#6B5B91",
    "#8E75C5",
    "#B195EF",
    "#D1BCFF",
]
"""The same hues on a dark page: 0 is nearly its ground, -1 and 1 are lightest. Equal steps of lightness in OKLab."""
DARK_INK, LIGHT_INK = "#000000", "#FFFFFF"
"""Of letters on colours: one of the two has a contrast of at least 4.5 on any colour."""
LIGHT_FROM = 0.179
"""The relative luminance from which on a colour takes dark letters."""


def is_dark_page() -> bool:
    """Whether the page of this session has the dark theme."""
    return get_script_run_ctx(suppress_warning=True) is not None and st.context.theme.type == "dark"


def cosine_stops() -> list[str]:
    """PuOr for the theme of the page, from -1 (orange) over 0 (the page's own ground, nearly) to 1 (purple)."""
    return PUOR_ON_DARK if is_dark_page() else PUOR


def cosine_scale() -> list[list[object]]:
    """`cosine_stops` as Plotly takes it."""
    stops = cosine_stops()
    return [[step / (len(stops) - 1), color] for step, color in enumerate(stops)]


def luminance(color: str) -> float:
    """W3C's relative luminance of "#rrggbb", from 0 to 1."""
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """W3C's contrast of two colours "#rrggbb", from 1 to 21."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#999999", "#F0E442"]
"""Okabe and Ito's palette; grey replaces their black, which would be invisible on a dark page."""

SYMBOLS = ["circle", "diamond", "square", "cross", "x", "triangle-up", "star", "hexagon"]
"""Shapes beside the colours, for eyes and projectors that do not tell colours apart."""

DASHES = ["", "8 3", "4 2", "12 3 3 3", "6 4", "3 2", "14 4", "9 2 2 2 2 2"]
"""Of lines, as SVG's `stroke-dasharray`; beside the colours for the same reason."""

AS_IT_COMES = "#6F6C7B"
START = "#9A97A5"
TFIDF = "#B5B2BE"
BEFORE = {"as_it_comes": AS_IT_COMES, "start": START, "tfidf": TFIDF}
"""The baselines; grey, because nobody trained them."""
PRETRAINING = "#8073AC"
""" "mlm" is no loss on embeddings, and has none of their colours."""


def of_category(position: int) -> str:
    """The colour of the n-th category; colours repeat after eight, with another symbol."""
    return OKABE_ITO[position % len(OKABE_ITO)]


def symbol_of_category(position: int) -> str:
    return SYMBOLS[(position + position // len(OKABE_ITO)) % len(SYMBOLS)]


def of_loss(name: str) -> str:
    """The colour of a loss, the same on every page: its place in the registry. What nobody trained is grey.

    Raises:
        OptionError: there is no such loss, and no such pre-training.
    """
    if name in BEFORE:
        return BEFORE[name]
    position = _position(name)
    return PRETRAINING if position < 0 else of_category(position)


def symbol_of_loss(name: str) -> str:
    """Its shape on every page; errors as for `of_loss`."""
    return SYMBOLS[-1] if _position(name) < 0 else symbol_of_category(_position(name))


def dash_of_loss(name: str) -> str:
    """How its lines are drawn on every page; errors as for `of_loss`."""
    return DASHES[_position(name) % len(DASHES)]


def _position(name: str) -> int:
    """In the registry; -1, -2, … for pre-training."""
    from simcse_core.learning.losses import losses
    from simcse_core.learning.pretraining import pretraining

    if name in pretraining.names():
        return -1 - pretraining.names().index(name)
    if name not in losses.names():
        raise OptionError("Unknown loss {given!r}. Choose one of: {choices}.", given=name, choices=losses.names())
    return losses.names().index(name)
