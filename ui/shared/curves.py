"""Line charts that are updated in place: node, zoom and hidden lines stay while new points arrive.

Streamlit's own charts cannot: Plotly is mounted anew whenever its data change, and ECharts is told to forget what it
showed. This one is a component of ours (frontend/curves/) that draws SVG.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

from ui.frame.components import component
from ui.frame.translation import _

_SCRIPT = Path(__file__).parent / "frontend" / "curves" / "curves.js"

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One line of a chart."""

    name: str
    group: str
    """Lines of one group share one entry in the legend and are hidden together."""
    points: Sequence[Point]
    color: str
    dash: str = ""
    """As SVG's `stroke-dasharray`; empty is a line without gaps."""
    symbol: str = "circle"
    """One of the shapes of the scripts; "none" marks no points."""
    thin: bool = False
    """One of several seeds, beside their mean."""
    range: Point | None = None
    """From where to where the last point may lie."""


@dataclass(frozen=True)
class Chart:
    """What a chart shows."""

    title: str
    x_name: str
    lines: Sequence[Line]
    alt: str
    """Describes the chart for screen readers."""
    height: int = 280
    """Pixels; a quarter more on a projector."""
    from_zero: bool = True
    """Whether the x axis begins at 0."""
    y_from_zero: bool = False
    """Whether the y axis begins at 0; else it shows what there is, as large as possible."""
    x_last: float | None = None
    """Where the x axis ends; None follows the data."""
    legend: bool = True
    words: dict[str, str] = field(default_factory=dict)


def show(chart: Chart, *, key: str, height: Literal["content", "stretch"] = "content") -> None:
    """Draw a chart, or bring the one that is there up to date.

    Args:
        chart: what it shows.
        key: of the chart; the same one keeps its zoom.
        height: "stretch" for all the height that its place has, whatever the chart says.
    """
    points = [
        {**asdict(line), "points": [[x, y] for x, y in line.points if x == x and y == y]}  # NaN is no place
        for line in chart.lines
    ]
    words = {
        "in": _("Zoom in"),
        "out": _("Zoom out"),
        "all": _("Show all"),
        "empty": _("Nothing measured yet"),
        **chart.words,
    }
    data = {**asdict(chart), "lines": points, "words": words, "stretch": height == "stretch"}
    component("simcse_curves", _SCRIPT)(key=key, data=data, height=height)
