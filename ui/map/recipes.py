"""The method that makes the map, with its options, as one chooses it; all of it stands in the address."""

from dataclasses import dataclass

import streamlit as st

from simcse_core.meaning.projection import Projection, Recipe, projections
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.translation import _, joined, language
from ui.shared import option_widgets

METHOD, DIMENSIONS, SEED, SHOWN = "map-method", "map-dimensions", "map-seed", "map-shown"
PCA = "pca"
DEFAULT = "umap"
SEEDS = 10


@dataclass(frozen=True)
class Choice:
    """What is drawn."""

    recipe: Recipe
    is_pca_shown: bool
    """Whether one has switched back to PCA, whatever the recipe is."""

    @property
    def pca(self) -> Recipe:
        """The map that is there at once."""
        return Recipe.of(PCA, dimensions=self.recipe.dimensions)


def switch(is_labelled: bool) -> bool:
    """PCA or the chosen method: whether PCA is to be shown."""
    method = chosen_method(is_labelled)
    if method.name == PCA:
        return True
    titles = {PCA: projections[PCA].title, method.name: method.title}
    key, keep = address.widget(SHOWN, ["method", PCA], "method", language=f"{language()}-{method.name}")
    shown = st.segmented_control(
        _("Method"),
        [PCA, "method"],
        format_func=lambda name: plain(titles[PCA] if name == PCA else method.title),
        required=True,
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    return shown == PCA


def settings(*, is_labelled: bool) -> Recipe:
    """Method, dimensions, options and seed. What few texts make of an option is said beside the map.

    Args:
        is_labelled: whether methods that learn from labels are offered.
    """
    methods = [method.name for method in _methods(is_labelled)]
    key, keep = address.widget(METHOD, methods, DEFAULT, language=language())
    name = st.selectbox(
        _("Method"), methods, format_func=lambda one: plain(projections[one].title), key=key, on_change=keep
    )
    method = projections[name]
    st.caption(joined(_(method.summary), _(method.while_waiting)))
    dimensions = _dimensions(method)
    options = {
        field.name: option_widgets.slider(field, f"map-{name}-{field.name}", disabled=False) for field in method.fields
    }
    seed = 0
    if not method.is_instant:
        key, keep = address.widget(SEED, range(SEEDS), 0)
        seed = st.select_slider(
            _("Seed"),
            range(SEEDS),
            key=key,
            on_change=keep,
            help=_("Random seed. What changes with the seed is no property of the texts."),
        )
    return Recipe.of(name, dimensions=dimensions, seed=seed, options=options)


def chosen_method(is_labelled: bool) -> Projection:
    """The method of the settings, before they are drawn."""
    names = [method.name for method in _methods(is_labelled)]
    return projections[address.remembered(METHOD, names, DEFAULT)]


def put(recipe: Recipe) -> None:
    """Choose a recipe for the user, as a run brings one along."""
    address.put(METHOD, recipe.method)
    address.put(DIMENSIONS, recipe.dimensions)
    if recipe.seed in range(SEEDS):
        address.put(SEED, recipe.seed)
    for name, value in recipe.options:
        address.put(f"map-{recipe.method}-{name}", f"{value:g}")


def _methods(is_labelled: bool) -> list[Projection]:
    return [method for method in projections.entries() if is_labelled or not method.needs_labels]


def _dimensions(method: Projection) -> int:
    key, keep = address.widget(DIMENSIONS, list(method.dimensions), 2, language=language())
    chosen: int | None = st.segmented_control(
        _("Dimensions of the map"),
        list(method.dimensions),
        format_func=lambda count: _("2-D") if count == 2 else _("3-D"),
        required=True,
        key=key,
        on_change=keep,
    )
    return chosen or 2
