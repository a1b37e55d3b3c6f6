"""One colour meaning everywhere: the cosine scale, and a fixed colour for each category and each loss."""

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

COSINE_SCALE: list[list[object]] = [[step / (len(PUOR) - 1), color] for step, color in enumerate(PUOR)]

OKABE_ITO = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#999999", "#F0E442"]
"""Okabe and Ito's palette; grey stands for their black, which a dark page would swallow."""

SYMBOLS = ["circle", "diamond", "square", "cross", "x", "triangle-up", "star", "hexagon"]
"""Shapes beside the colours, for eyes and projectors that do not tell colours apart."""

FROZEN = "#8A8796"
TFIDF = "#B5B2BE"


def of_category(position: int) -> str:
    """The colour of the n-th category; colours repeat after eight, with another symbol."""
    return OKABE_ITO[position % len(OKABE_ITO)]


def symbol_of_category(position: int) -> str:
    return SYMBOLS[(position + position // len(OKABE_ITO)) % len(SYMBOLS)]


def of_loss(name: str) -> str:
    """The colour of a loss, the same on every page: its place in the registry. What nobody trained is grey."""
    if name in ("frozen", "tfidf"):
        return FROZEN if name == "frozen" else TFIDF
    from simcse_core.learning.losses import losses

    if name not in losses.names():
        raise OptionError("Unknown loss {given!r}. Choose one of: {choices}.", given=name, choices=losses.names())
    return of_category(losses.names().index(name))
