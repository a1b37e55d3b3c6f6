"""Maps for pages: computed once for all sessions, by processes that do not make the app stutter."""

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from streamlit.runtime.scriptrunner import get_script_run_ctx

from simcse_core.errors import UserError
from simcse_core.meaning import projection
from simcse_core.meaning.projection import Points, Recipe, project_together, projections, store
from simcse_core.meaning.projection.job import Job
from simcse_core.meaning.projection.jobs import MapJobs
from simcse_core.meaning.projection.projecting import check
from simcse_core.meaning.projection.store import MapResult
from simcse_core.meaning.projection.task import Task

__all__ = ["Job", "MapResult", "jobs", "place", "request", "warm"]

AT_ONCE_UP_TO = 20_000
"""Texts of which a method that is instant takes well under a second, so that nobody waits for another process."""
CHECKED_UP_TO = 5_000
"""Texts that are looked at before their job is queued; the process looks at more."""

Matrix = NDArray[np.float32]


@cache
def jobs() -> MapJobs:
    """The queue of this server."""
    return MapJobs()


def warm() -> None:
    """Start what computes maps, so that nobody has to wait for what it compiles: once, with the server."""
    jobs().warm()


def request(
    content: str,
    embeddings: Matrix,
    recipe: Recipe,
    *,
    labels: Sequence[str] | None = None,
    together: Sequence[Matrix] = (),
) -> Job:
    """A map in progress. The same one is computed once for all sessions, and served at once when it was there before.

    A page calls it in each of its runs and in the fragment that looks for progress. PCA's points are there at once.
    Nothing is raised: a job that cannot be done has failed, with the reason in `error`. A failed job stays failed until
    it is cancelled and asked for again.

    Args:
        content: a key for the embeddings and `together`. Large arrays are hashed only when nobody has asked for this
            key before.
        embeddings: (N, D) unit rows.
        recipe: what to make.
        labels: N, where there are some.
        together: further embeddings of the same texts, to be mapped in one frame: `Job.results` then has several maps.
    """
    entry = projections[recipe.method]
    used_labels = tuple(labels) if labels is not None and entry.needs_labels else None
    key, who = ("map", content, recipe, len(together), used_labels), _session()
    if (job := jobs().find(key, who)) is not None:
        return job
    everything = (embeddings, *together)
    try:
        if len(embeddings) <= CHECKED_UP_TO:
            check(everything, recipe, used_labels)
        stored_as = store.key_of(everything, recipe, used_labels)
        if (stored := store.read(stored_as)) is not None:
            return jobs().finished(key, stored, who)
        task = Task(everything, recipe, used_labels)
        results: tuple[MapResult, ...] = ()
        if entry.is_instant and len(embeddings) <= AT_ONCE_UP_TO:
            results = tuple(
                MapResult(made.points, made.notes) for made in project_together(everything, recipe, labels=used_labels)
            )
            task = Task(everything, recipe, used_labels, points=tuple(result.points for result in results))
    except UserError as error:
        return jobs().failed(key, error, who)
    return jobs().submit(key, task, who=who, stored_as=stored_as, results=results)


def place(content: str, embeddings: Matrix, recipe: Recipe, points: Points, new: Matrix) -> Job:
    """New embeddings placed on a map that is there; `Job.result.points` are theirs.

    Args:
        content: a key for the embeddings; points and new embeddings need none.
        embeddings: (N, D) unit rows of the map's texts.
        recipe: of the map.
        points: (N, dimensions) of the map, as it is shown.
        new: (M, D) unit rows.
    """
    digest = hashlib.blake2b(np.ascontiguousarray(points).reshape(-1).data)
    digest.update(np.ascontiguousarray(new).reshape(-1).data)
    key, who = ("place", content, recipe, digest.digest()), _session()
    if (job := jobs().find(key, who)) is not None:
        return job
    entry = projections[recipe.method]
    if entry.placing is not None and not entry.is_instant:
        return jobs().submit(key, Task((embeddings,), recipe, points=(points,), new=new), who=who)
    try:
        return jobs().finished(key, [MapResult(projection.place(embeddings, recipe, points, new), ())], who)
    except UserError as error:
        return jobs().failed(key, error, who)


def _session() -> str:
    """Who asks: the session whose page is running; "" outside of one."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else context.session_id
