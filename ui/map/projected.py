"""The layouts of the map: PCA at once, the chosen method when the worker has it, and what is said meanwhile."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.errors import InputError, UserError
from simcse_core.meaning.projection import Note, Recipe, project, projections
from simcse_core.meaning.projection.store import MapResult
from ui.frame.errors import plain
from ui.frame.translation import _, explain, joined
from ui.map import first, run_map
from ui.map.recipes import PCA, Choice
from ui.map.source import MapSource
from ui.shared import projecting
from ui.shared.names import duration

_CANCELLED = "map-cancelled"


@dataclass(frozen=True, eq=False)
class Layouts:
    """What can be drawn now."""

    pca: NDArray[np.float32]
    """(N, 2 or 3)."""
    method: NDArray[np.float32] | None
    """(N, 2 or 3) of the chosen method; None while it is computed, and where PCA is the chosen one."""
    result: MapResult | None
    """Of the layout that is wanted, with its notes and its quality; None while it is computed."""
    job: "projecting.Job | None" = None
    """At work on it."""
    problem: UserError | None = None
    """Why it cannot be computed."""
    is_cancelled: bool = False


def layouts(source: MapSource, choice: Choice, labels: Sequence[str] | None) -> Layouts:
    """The layouts, as far as they are there.

    Args:
        source: N texts with embeddings.
        choice: what is to be drawn.
        labels: of the texts, for a method that learns from them.
    """
    wanted = choice.pca if choice.is_pca_shown else choice.recipe
    pca = _pca(source.content, choice.pca, source.embeddings)
    kept = first.stored_map(source, wanted) or run_map.stored_map(source, wanted)
    if kept is not None:
        return Layouts(pca, None if wanted.method == PCA else kept.points, kept)
    if (problem := too_few(source, wanted)) is not None:
        return Layouts(pca, None, None, problem=problem)
    if _key(source, wanted) in _cancelled():
        return Layouts(pca, None, None, is_cancelled=True)
    job = request(source, wanted, labels)
    at_work = None if job.is_over else job
    if job.result is None:
        return Layouts(pca, None, None, job=at_work, problem=job.error)
    return Layouts(pca, None if wanted.method == PCA else job.result.points, job.result, job=at_work)


def request(source: MapSource, recipe: Recipe, labels: Sequence[str] | None) -> "projecting.Job":
    """The map of some texts, computed once for all sessions."""
    if labels is None or not projections[recipe.method].needs_labels:
        return projecting.request(source.content, source.embeddings, recipe)
    content = hashlib.sha256(repr((source.content, labels)).encode("utf-8", "surrogatepass")).hexdigest()
    return projecting.request(content, source.embeddings, recipe, labels=labels)


@st.cache_resource(max_entries=12, show_spinner=False)
def _pca(content: str, recipe: Recipe, _embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    return project(_embeddings, recipe).points


def too_few(source: MapSource, recipe: Recipe) -> InputError | None:
    """Why the texts are too few for a method."""
    method = projections[recipe.method]
    if len(source) >= method.fewest:
        return None
    return InputError(
        "{method} needs at least {least} texts to mean anything; there are {given}. PCA is shown.",
        method=method.title,
        least=method.fewest,
        given=len(source),
    )


def wait(layouts: Layouts, source: MapSource, choice: Choice) -> None:
    """What is said while a map is computed, or when it is not: how far it is, how long it takes, a button."""
    recipe = choice.pca if choice.is_pca_shown else choice.recipe
    if layouts.problem is not None:
        st.warning(plain(explain(layouts.problem)), icon=":material/info:")
    elif layouts.is_cancelled:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(_("Stopped: {work}.").format(work=_title(recipe)))
            st.button(_("Go on"), key="map-go-on", on_click=_cancelled().discard, args=(_key(source, recipe),))
    elif layouts.job is not None:
        _watch(layouts.job, _title(recipe), _key(source, recipe), is_there=layouts.result is not None)


@st.fragment(run_every=0.6)
def _watch(job: "projecting.Job", title: str, key: str, *, is_there: bool) -> None:
    """How far a map is; draws the page anew when it is there."""
    if job.is_over or (job.result is not None and not is_there):
        st.rerun()
    if is_there:
        st.caption(_("Measuring how far this map can be trusted …"))
        return
    with st.container(key="map-waiting", horizontal=True, vertical_alignment="center", gap="small"):
        st.progress(job.progress or 0.0, in_words(job, title))
        if st.button(_("Cancel"), key="map-cancel", icon=":material/close:"):
            _cancelled().add(key)
            job.cancel()
            st.rerun()


def in_words(job: "projecting.Job", title: str) -> str:
    """How far a map is: its place in the line, or how much is done."""
    if job.state == "queued" and job.ahead:
        return _("{work}: {n} maps ahead of it in the queue").format(work=title, n=job.ahead)
    said = title if not job.progress else f"{title} {job.progress:.0%}"
    if job.seconds_left is None:
        return _("{work} …").format(work=said)
    return _("{work}, about {time} left").format(work=said, time=duration(job.seconds_left))


def notes_in_words(notes: Sequence[Note]) -> str:
    """What a result has to say, in the language of the page."""
    return joined(*(_(note.template).format(**dict(note.values)) for note in notes))


def _title(recipe: Recipe) -> str:
    return plain(_("{method} is being computed").format(method=projections[recipe.method].title))


def _key(source: MapSource, recipe: Recipe) -> str:
    return repr((source.content, recipe))


def _cancelled() -> set[str]:
    """What this session does not wait for any more."""
    cancelled: set[str] = st.session_state.setdefault(_CANCELLED, set())
    return cancelled
