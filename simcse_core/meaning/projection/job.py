"""A job of the queue of maps, and what those who asked for it see of it."""

import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from simcse_core.errors import UserError
from simcse_core.meaning.projection.store import MapResult
from simcse_core.meaning.projection.task import Kind, Task

if TYPE_CHECKING:
    from simcse_core.meaning.projection.jobs import MapJobs

State = Literal["queued", "running", "finished", "failed", "cancelled"]

FORGOTTEN_SECONDS = 60.0
"""Nobody wants a job any more when nobody has looked at it for so long."""
LONG_FROM = 2_000
"""Texts from which on a map takes more than some seconds."""


@dataclass(eq=False)
class Work:
    """A job as the queue knows it; one for all who asked for it."""

    number: str
    """Its name between the queue and its process."""
    key: Hashable
    kind: Kind = "map"
    task: Task | None = None
    """None when it is over, so that its arrays are freed."""
    method: str = ""
    texts: int = 0
    stored_as: str = ""
    state: State = "queued"
    results: tuple[MapResult, ...] = ()
    error: UserError | None = None
    progress: float | None = None
    since: float = 0.0
    """When it started, on a clock that only grows."""
    looked_at: dict[str, float] = field(default_factory=dict)
    """Who wants it, and when they last looked."""
    folder: "TemporaryDirectory[str] | None" = None
    """Where its process finds its task and leaves its results."""

    @property
    def is_over(self) -> bool:
        return self.state in ("finished", "failed", "cancelled")

    @property
    def is_long(self) -> bool:
        """Whether it may not take all workers."""
        return self.kind == "map" and self.texts > LONG_FROM

    @property
    def is_wanted(self) -> bool:
        return any(time.monotonic() - last < FORGOTTEN_SECONDS for last in list(self.looked_at.values()))

    @property
    def seconds(self) -> float:
        """Since it started."""
        return time.monotonic() - self.since

    def end(self, state: State) -> None:
        self.state, self.task = state, None


class Job:
    """A map, or a place on one, that is computed or soon will be, as one of those who asked for it sees it."""

    def __init__(self, jobs: "MapJobs", work: Work, who: str) -> None:
        self._jobs, self._work, self._who = jobs, work, who
        self._has_left = False

    @property
    def state(self) -> State:
        """Where it is. Who looks at it wants it: nobody's job is left out when its turn comes."""
        if self._has_left and not self._work.is_over:
            return "cancelled"
        if not self._has_left:
            self._work.looked_at[self._who] = time.monotonic()
        return self._work.state

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("finished", "failed", "cancelled")

    @property
    def results(self) -> tuple[MapResult, ...]:
        """One for each of the embeddings; there before their quality is measured, while the job is still running."""
        return self._work.results

    @property
    def result(self) -> MapResult | None:
        """The only, or the first, map; of a place on a map the points are those of the new embeddings."""
        return self._work.results[0] if self._work.results else None

    @property
    def error(self) -> UserError | None:
        """Why it failed."""
        return self._work.error

    @property
    def progress(self) -> float | None:
        """From 0 to 1, where the method tells."""
        return self._work.progress

    @property
    def ahead(self) -> int:
        """Jobs before it in the queue."""
        return self._jobs.ahead(self._work)

    @property
    def seconds_left(self) -> float | None:
        """Expected; None while there is nothing to expect it from."""
        return self._jobs.seconds_left(self._work)

    @property
    def is_warming_up(self) -> bool:
        """Whether it waits for what makes maps to get ready, which is once after the app's start."""
        return not self.is_over and not self._jobs.is_ready

    def cancel(self) -> None:
        """Whoever asked no longer wants it: it ends, unless somebody else waits for it. Asking again starts it again,
        also where it had failed.
        """
        self._has_left = True
        self._jobs.leave(self._work, self._who)
