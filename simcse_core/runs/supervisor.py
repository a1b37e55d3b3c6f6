"""The one process that hands waiting runs to the backend and looks after those at work.

It may be killed at any moment: what it knows is on disk, the runs at work go on, and the next supervisor takes them
over. Its clock is the one that only goes forward, so that setting the date changes nothing.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from filelock import Timeout

from simcse_core.errors import RunError, UserError
from simcse_core.home import home
from simcse_core.learning.records import Evaluation, Note, State, Step
from simcse_core.runs import backends, entries, index, locks, schedule
from simcse_core.runs.backends import WORKER, Backend
from simcse_core.runs.bundles import sweep
from simcse_core.runs.entries import QueueEntry
from simcse_core.runs.files import explained
from simcse_core.runs.index import Snapshot
from simcse_core.runs.pulse import Pulse
from simcse_core.runs.run import Run
from simcse_core.runs.store import sweep_data, sweep_models

LOOK_SECONDS = 0.1
"""Between two looks at the queue and at the runs."""
CANCEL_SECONDS = 1.2
"""A run that does not stop by itself is ended after this long."""
SILENT_SECONDS = 60.0
"""A process whose heart has not beaten for so long is stuck; it is ended and the run goes on in another one."""
AGAIN_SECONDS = 60.0
"""After this long it tries again what it could not write."""
IDLE_SECONDS = 300.0
"""Without work the supervisor ends, and its spare worker with it."""
MOST_DEATHS = 8
"""A run whose process has ended so often without getting farther is given up."""

T = TypeVar("T")


@dataclass
class Watched:
    """What the supervisor remembers of a run at work; a new supervisor begins anew."""

    since: float
    heartbeat: str = ""
    beat_at: float = 0.0
    cancel_at: float | None = None


@dataclass
class Supervisor:
    """Looks at the queue again and again."""

    backend: Backend = field(default_factory=lambda: backends.backend())
    watched: dict[Run, Watched] = field(default_factory=dict)
    unusable: set[Run] = field(default_factory=set)
    """Runs whose trouble could not even be written down; they are tried again after a while."""
    tried_at: float = field(default_factory=lambda: time.monotonic())
    problem: str = ""
    """What went wrong last."""

    def work(self) -> None:
        """Until nothing has waited or run for a while."""
        pulse = Pulse()
        for tidy in (take_over_from_an_earlier_version, sweep, sweep_data, sweep_models):
            self._try(tidy)
        busy_at = time.monotonic()
        while time.monotonic() - busy_at < IDLE_SECONDS:
            pulse.beat()
            if self._look():
                busy_at = time.monotonic()
            time.sleep(LOOK_SECONDS)

    def _look(self) -> bool:
        """A look that survives a full disk or a queue that another program holds: both may be over in a moment."""
        looked = self._try(self.look)
        if looked is None:
            time.sleep(1)
        return looked is not False

    def _try(self, work: Callable[[], T]) -> T | None:
        """Do something, or say why it cannot be done: a supervisor that dies of it would be started again and again."""
        try:
            return work()
        except Exception as problem:  # noqa: BLE001 - the runs that wait come first, whatever somebody's files hold
            self._say(problem)
            return None

    def _say(self, problem: Exception) -> None:
        """Into the log, once."""
        if str(problem) != self.problem:
            print(f"{type(problem).__name__}: {problem}", file=sys.stderr, flush=True)
        self.problem = str(problem)

    def look(self) -> bool:
        """See to the runs at work, then start what is next.

        Returns:
            Whether there was anything to see to.
        """
        if time.monotonic() - self.tried_at > AGAIN_SECONDS:
            self.unusable, self.tried_at = set(), time.monotonic()
        at_work = [one for one in index.look() if one.is_claimed and one.run not in self.unusable]
        for one in at_work:
            self._guarded(self._see_to, one)
        started = self._start_next()
        self.backend.prepare()
        return bool(at_work) or started

    def _guarded(self, work: Callable[[Run, QueueEntry], None], one: Snapshot) -> None:
        """One run's trouble is its own: somebody may have edited its files, and the others have to go on."""
        try:
            work(one.run, one.entry)
        except Exception as problem:  # noqa: BLE001
            self._say(problem)
            self._fail(one.run, problem if isinstance(problem, UserError) else f"{type(problem).__name__}: {problem}")

    def _fail(self, run: Run, problem: UserError | str) -> None:
        """Give a run up, as far as that can be written down."""
        try:
            run.set_status(State.FAILED, problem)  # first: else it would wait again
        except Exception:  # noqa: BLE001 - whatever its folder holds, the others have to go on
            self.unusable.add(run)
        try:
            self._end(run, entries.read(run))
        except Exception:  # noqa: BLE001
            self.unusable.add(run)

    def _end(self, run: Run, entry: QueueEntry, took: float | None = None) -> None:
        entries.write(run, entry.model_copy(update={"job": None, "took": took}))
        index.touch()

    def _start_next(self) -> bool:
        started = False
        while schedule.is_next(self.unusable):
            with schedule.locked():
                if (one := schedule.next_run(self.unusable)) is None:
                    break
                schedule.serve(one.owner)  # first: when the disk is full the run goes on waiting
                self._guarded(self._start, one)
            started = True
        return started

    def _start(self, run: Run, entry: QueueEntry) -> None:
        """Hand a run to the backend.

        A supervisor that is killed before the job is written down does it again, or the next one does. The run's own
        lock lets only one job go on, and its status names that one.
        """
        try:
            job = self.backend.submit([*WORKER, str(run.folder)])
        except OSError as error:
            self._fail(run, explained(error, run.folder))
            return
        try:
            entries.write(run, entry.model_copy(update={"job": job}))
        except Exception:
            self.backend.cancel(job)  # nobody would know of it
            raise
        self.watched[run] = Watched(time.monotonic())
        index.touch()

    def _see_to(self, run: Run, entry: QueueEntry) -> None:
        """A run whose turn has come: is it still at work, and does somebody want it to stop?"""
        jobs = [job for job in (run.recorded.job, entry.job) if job is not None]
        if job := next((job for job in jobs if self.backend.status(job) == "running"), None):
            self._watch(run, job)
        else:
            self._settle(run, entry)

    def _watch(self, run: Run, job: str) -> None:
        now = time.monotonic()
        watched = self.watched.setdefault(run, Watched(now))
        if (heartbeat := run.heartbeat) != watched.heartbeat:
            watched.heartbeat, watched.beat_at = heartbeat, now
        if watched.cancel_at is None and run.cancel_asked:
            watched.cancel_at = now
        overdue = watched.cancel_at is not None and now - watched.cancel_at > CANCEL_SECONDS
        stuck = heartbeat != "" and now - watched.beat_at > SILENT_SECONDS
        if overdue or stuck:
            self.backend.cancel(job)

    def _settle(self, run: Run, entry: QueueEntry) -> None:
        """The process of a run has ended: is the run over?"""
        if not run.recorded.state.is_over:
            if not run.cancel_asked:
                self._start_again(run, entry)
                return
            run.set_status(State.CANCELLED)
        watched = self.watched.pop(run, None)
        self._end(run, entry, None if watched is None or entry.deaths else time.monotonic() - watched.since)

    def _start_again(self, run: Run, entry: QueueEntry) -> None:
        """It was killed, or the machine was: the run goes on from its checkpoint."""
        reached = max(
            (record.step for record in run.records() if isinstance(record, Step | Evaluation | Note)), default=-1
        )
        deaths = 1 if reached > entry.reached else entry.deaths + 1
        if deaths >= MOST_DEATHS:
            problem = RunError(
                "Its process has ended {deaths} times without an error message; perhaps the memory is too small. "
                "See log.txt.",
                deaths=deaths,
            )
            self._fail(run, problem)
        else:
            self._start(run, entry.model_copy(update={"deaths": deaths, "reached": max(reached, entry.reached)}))


def take_over_from_an_earlier_version() -> None:
    """Go on with the runs that were at work when the queue was still a database; those that wait say so themselves."""
    database = home() / "queue.sqlite"
    if not os.path.isfile(database):
        return
    with schedule.locked():
        for one in index.look(0):
            if one.recorded.state == State.RUNNING and not entries.is_there(one.run):
                with contextlib.suppress(UserError):  # it is somebody else's
                    entries.write(one.run, QueueEntry())
        for path in home().glob("queue.sqlite*"):
            path.unlink()


def main() -> None:
    """Look after the runs, unless somebody does already."""
    try:
        while True:
            # Long enough for a supervisor that is about to end.
            with locks.lock(home() / "supervisor.lock", seconds=5):
                Supervisor().work()
            if not schedule.waits(age=0):  # nothing came while the lock was let go
                return
    except Timeout:
        return  # another one does it
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
