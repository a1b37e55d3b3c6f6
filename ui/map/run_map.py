"""The map that travels with a run: everybody who looks at its data sees the same points."""

import contextlib

import streamlit as st

from simcse_core.errors import UserError
from simcse_core.meaning.projection import Recipe
from simcse_core.meaning.projection.store import MapResult
from simcse_core.runs import run_map, store
from simcse_core.runs.run_map import RunMap
from ui.frame import users
from ui.frame.translation import _
from ui.map import recipes
from ui.map.source import MapSource, MapTexts

_SEEN = "map-run-recipe"


def begin(texts: MapTexts) -> None:
    """Choose the recipe of a run's map when its data are looked at first."""
    if not texts.run or st.session_state.get(_SEEN) == texts.run:
        return
    st.session_state[_SEEN] = texts.run
    kept = _of(texts.run)
    if kept is not None and kept.texts_sha256 == _digest(texts.key, texts.texts):
        recipes.put(kept.made_by)


def stored_map(source: MapSource, recipe: Recipe) -> MapResult | None:
    """The map that lies with the run whose data and model these are; None where there is no such."""
    if not _is_of_run(source):
        return None
    kept = _of(source.texts.run)
    if kept is None or kept.made_by != recipe or kept.texts_sha256 != _digest(source.texts.key, source.texts.texts):
        return None
    return kept.result()


def offer(source: MapSource, recipe: Recipe, result: MapResult | None) -> None:
    """A button with which its owner keeps this map with the run, in the place of the one that is there."""
    if not _is_of_run(source) or result is None or result.quality is None:
        return
    run = store.get(source.texts.run)
    if not run.is_of(users.current()):
        return
    kept = stored_map(source, recipe)
    if kept is not None:
        st.caption(_("This map is stored with the run: everybody who opens its data sees these points."))
        return
    if st.button(_("Store this map with the run"), icon=":material/bookmark:", key="map-keep"):
        run_map.write(run, RunMap.of(recipe, source.texts.texts, result), users.current())
        _of.clear()
        st.rerun()


def keep_first(source: MapSource, recipe: Recipe, result: MapResult | None) -> None:
    """The first map that an owner sees stays with the run."""
    if not _is_of_run(source) or result is None or result.quality is None or _of(source.texts.run) is not None:
        return
    with contextlib.suppress(UserError):  # somebody else's, or a full disk: the map is only not kept
        run_map.write(store.get(source.texts.run), RunMap.of(recipe, source.texts.texts, result), users.current())
        _of.clear()


def _is_of_run(source: MapSource) -> bool:
    settings = source.settings
    return bool(source.texts.run) and settings is not None and settings.model == source.texts.run


@st.cache_resource(max_entries=20, ttl=10.0, show_spinner=False)  # read-only
def _of(run_id: str) -> RunMap | None:
    try:
        return run_map.read(store.get(run_id))
    except UserError:
        return None


@st.cache_data(max_entries=20, show_spinner=False)
def _digest(key: str, _texts: tuple[str, ...]) -> str:
    return run_map.digest_of(_texts)
