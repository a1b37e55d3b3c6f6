"""The method and its options, chosen in the row of controls as for the large map."""

from simcse_core.meaning.projection import Recipe, projections
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.map import recipes
from ui.map.source import MapSource


def recipe(source: MapSource, places: Stage) -> Recipe:
    """What the page's large map is made by; it can be changed here too.

    Args:
        source: what is on the page.
        places: of the page.
    """
    is_labelled = source.texts.labels is not None
    title = projections[recipes.chosen_method(is_labelled).name].title
    with places.controls.popover(plain(title), icon=":material/tune:", key="map-honesty-settings"):
        return recipes.settings(is_labelled=is_labelled)
