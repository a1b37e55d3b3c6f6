"""A typed sentence on the map, where the method would have put it."""

import streamlit as st

from simcse_core.meaning.projection import projections
from ui.frame.errors import plain
from ui.frame.translation import _, explain, joined
from ui.map import listed, searching
from ui.map.plot import Placed
from ui.map.projected import Layouts
from ui.map.recipes import PCA, Choice
from ui.map.searching import PLACE, Query
from ui.map.source import MapSource
from ui.shared import cache, projecting


def placed(query: Query, source: MapSource, choice: Choice, layouts: Layouts) -> tuple[Placed, ...]:
    """The typed sentence with its points, as far as they are there; none where nothing is to be placed."""
    if query.mode != PLACE or not query.text:
        return ()
    row = searching.embedded(query, source)
    if row is None:
        return ()
    points = {}
    for name, recipe, map_points in (
        (PCA, choice.pca, layouts.pca),
        (choice.recipe.method, choice.recipe, layouts.method),
    ):
        if map_points is not None:
            job = projecting.place(source.content, source.embeddings, recipe, map_points, row[None])
            if job.result is not None:
                points[name] = tuple(map(float, job.result.points[0]))
            elif job.error is not None:
                st.caption(plain(explain(job.error)))
            else:
                _watch(job)
    return (Placed(query.text, points),)


@st.fragment(run_every=0.6)
def _watch(job: "projecting.Job") -> None:
    """Draws the page anew when the sentence has its place."""
    if job.is_over or job.result is not None:
        st.rerun()


def say(query: Query, source: MapSource, choice: Choice, drawn: tuple[Placed, ...], shown: str) -> None:
    """How a sentence gets its place, and what is nearest to it in the original space.

    Args:
        query: what is typed.
        source: what is mapped.
        choice: the method.
        drawn: the sentence, as far as it has its place.
        shown: the layout that is seen.
    """
    if query.mode != PLACE:
        return
    if source.settings is None:
        st.caption(_("These embeddings came without their model, so no other sentence can be placed among them."))
        return
    if not query.text:
        return
    if not cache.is_loaded(source.settings.model):
        cache.until_loaded(source.settings.model)
        return
    row = searching.embedded(query, source)
    if row is None:
        return
    cosines = source.embeddings @ row
    nearest = int(cosines.argmax())
    is_there = any(shown in one.points for one in drawn)
    st.caption(
        joined(
            _("The diamond is your sentence.") if is_there else _("Your sentence is being placed …"),
            _("Nearest in the original space: “{text}” ({cosine:.2f}).").format(
                text=listed.short(source.texts.texts[nearest]), cosine=cosines[nearest]
            ),
            _(projections[choice.recipe.method].places_by) if is_there and shown != PCA else "",
        )
    )
