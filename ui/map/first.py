"""What the page begins with, stored: the map of the bundled set, so that it is there before a model has loaded."""

from simcse_core.meaning.projection import MapResult, Recipe
from ui.map.computing import Grouping
from ui.map.source import MapSource


def stored_map(source: MapSource, recipe: Recipe) -> MapResult | None:
    """The stored map of some texts by a recipe; None where there is none."""
    return None


def stored_grouping(source: MapSource) -> Grouping | None:
    """The stored groups of some texts; None where there are none."""
    return None
