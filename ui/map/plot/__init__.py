"""A map of up to 100,000 texts, to look into, to choose and to select from: in the app, as a page, as SVG."""

from ui.map.plot.model import Classes, Layout, Numbers, Placed, Plot, Touched
from ui.map.plot.standalone import to_html
from ui.map.plot.svg import to_svg
from ui.map.plot.view import plot

__all__ = ["Classes", "Layout", "Numbers", "Placed", "Plot", "Touched", "plot", "to_html", "to_svg"]
