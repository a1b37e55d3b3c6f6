"""A map as SVG."""

from ui.map.plot.model import Plot

MOST_POINTS = 20_000


def to_svg(plot: Plot, *, title: str) -> str:
    """One picture that drawing programs open.

    Args:
        plot: what it shows; at most `MOST_POINTS` texts.
        title: above it.
    """
    raise NotImplementedError
