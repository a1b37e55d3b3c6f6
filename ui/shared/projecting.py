"""Maps for pages: computed once for all sessions, by processes that do not make the app stutter."""

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import UserError
from simcse_core.meaning import projection
from simcse_core.meaning.projection import Points, Recipe, measure_quality, project_together, store
from simcse_core.meaning.projection.store import MapResult

Matrix = NDArray[np.float32]
State = Literal["queued", "running", "finished", "failed", "cancelled"]
REMEMBERED = 64


class Job:
    """A map, or a place on one, that is computed or soon will be. All sessions that ask for it have the same."""

    def __init__(self) -> None:
        self.state: State = "queued"
        self.results: tuple[MapResult, ...] = ()
        """One for each embedding; they are there before their quality is, while the state is still "running"."""
        self.error: UserError | None = None
        """Why it failed."""
        self.progress: float | None = None
        """From 0 to 1, where the method tells."""
        self.ahead = 0
        """Jobs before it in the queue."""
        self.seconds_left: float | None = None
        """Expected, where something is known to expect it from."""

    @property
    def result(self) -> MapResult | None:
        """The only, or the first, map; for a place on a map its points are those of the new embeddings."""
        return self.results[0] if self.results else None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("finished", "failed", "cancelled")

    def cancel(self) -> None:
        """This session no longer wants it; it ends unless another one does. Asking again starts it again."""
        if not self.is_over:
            self.state = "cancelled"


_jobs: OrderedDict[object, Job] = OrderedDict()
_lock = threading.Lock()


def request(
    content: str,
    embeddings: Matrix,
    recipe: Recipe,
    *,
    labels: Sequence[str] | None = None,
    together: Sequence[Matrix] = (),
) -> Job:
    """A map in progress. The same one is computed once for all sessions, and served at once when it was there before.

    A page calls it in each of its runs and in the fragment that looks for progress.

    Args:
        content: a key for embeddings, labels and `together`: all that the map depends on besides the recipe.
        embeddings: (N, D) unit rows.
        recipe: what to make.
        labels: N, where there are some.
        together: further embeddings of the same texts, to be mapped in one frame: `Job.results` then has several maps.
    """
    key = ("map", content, recipe, len(together))
    with _lock:
        job = _jobs.get(key)
        if job is not None and job.state != "cancelled":
            return job
        job = _jobs[key] = Job()
        while len(_jobs) > REMEMBERED:
            _jobs.popitem(last=False)
    stored_as = store.key_of([embeddings, *together], recipe, labels)
    if (results := store.read(stored_as)) is not None:
        job.results, job.state = results, "finished"
        return job

    def work() -> None:
        job.state = "running"
        everything = [embeddings, *together]
        maps = project_together(everything, recipe, labels=labels, on_progress=progress)
        job.results = tuple(MapResult(one.points, one.notes) for one in maps)
        job.results = tuple(
            MapResult(one.points, one.notes, measure_quality(rows, one.points))
            for one, rows in zip(job.results, everything, strict=True)
        )
        store.write(stored_as, job.results)

    def progress(done: int, total: int) -> None:
        job.progress = done / max(total, 1)

    _start(job, work)
    return job


def place(content: str, embeddings: Matrix, recipe: Recipe, points: Points, new: Matrix) -> Job:
    """New embeddings placed on a map that is there; `Job.result.points` are theirs.

    Args:
        content: a key for the embeddings, the points and the new embeddings.
        embeddings: (N, D) unit rows of the map's texts.
        recipe: of the map.
        points: (N, dimensions) of the map, as it is shown.
        new: (M, D) unit rows.
    """
    with _lock:
        key = ("place", content, recipe)
        job = _jobs.get(key)
        if job is not None and job.state != "cancelled":
            return job
        job = _jobs[key] = Job()

    def work() -> None:
        job.results = (MapResult(projection.place(embeddings, recipe, points, new), ()),)

    _start(job, work)
    return job


def warm() -> None:
    """Start what computes maps, so that nobody has to wait for it."""


def _start(job: Job, work: "object") -> None:
    def run() -> None:
        try:
            work()  # type: ignore[operator]
            job.state = "finished"
        except UserError as error:
            job.error, job.state = error, "failed"

    threading.Thread(target=run, daemon=True).start()
    end = time.monotonic() + 0.3  # what is instant is there at once
    while not job.results and not job.is_over and time.monotonic() < end:
        time.sleep(0.01)
