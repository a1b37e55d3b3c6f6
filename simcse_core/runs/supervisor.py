"""The one process that hands waiting runs to the backend and looks after those at work.

It may be killed at any moment: what it knows is on disk, the runs at work go on, and the next supervisor takes them
over. Its clock is the one that only goes forward, so that setting the date changes nothing.
"""

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from filelock import Timeout

from simcse_core.errors import RunError, UserError
from simcse_core.home import home
from simcse_core.learning.records import Evaluation, Note, State, Step
from simcse_core.runs import entries, locks
from simcse_core.runs.backends import WORKER, Backend, LocalProcesses
from simcse_core.runs.bundles import sweep
from simcse_core.runs.entries import Entry
from simcse_core.runs.files import explained, is_file
from simcse_core.runs.pulse import Pulse
from simcse_core.runs.run import Run
from simcse_core.runs.schedule import claim
from simcse_core.runs.store import sweep_data

LOOK_SECONDS = 0.1
"""Between two looks at the queue and at the runs."""
CANCEL_SECONDS = 1.2
"""A run that does not stop by itself is ended after this long."""
SILENT_SECONDS = 60.0
"""A process whose heart has not beaten for so long is stuck; it is ended and the run goes on in another one."""
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

    backend: Backend = field(default_factory=LocalProcesses)
    watched: dict[Path, Watched] = field(default_factory=dict)
    problem: str = ""
    """What went wrong last."""

    def work(self) -> None:
        """Until nothing has waited or run for a while."""
        pulse = Pulse()
        self._try(entries.take_in_lost_runs)
        self._try(sweep)
        self._try(sweep_data)
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
        at_work = entries.given()
        for entry in at_work:
            try:
                self._see_to(entry)
            except Exception as problem:  # noqa: BLE001 - one run's trouble is its own: somebody may have edited it
                self._say(problem)
                self._give_up(entry, problem)
        started = self._start_next()
        self.backend.prepare()
        return bool(at_work) or started

    def _give_up(self, entry: Entry, problem: Exception) -> None:
        """A run that the supervisor cannot see to must not stop the others."""
        entries.ended(entry.run, None)
        with contextlib.suppress(Exception):
            entry.run.set_status(State.FAILED, f"{type(problem).__name__}: {problem}")

    def _start_next(self) -> bool:
        started = False
        while (entry := claim()) is not None:
            if is_file(entry.run.folder / "config.json"):
                self._start(entry)
            else:  # somebody removed the folder by hand, or may read it and this user may not
                entries.ended(entry.run, None)
            started = True
        return started

    def _start(self, entry: Entry) -> None:
        options = [] if entry.threads is None else ["--threads", str(entry.threads)]
        try:
            job = self.backend.submit([*WORKER, *options, str(entry.run.folder)])
        except OSError as error:
            entries.ended(entry.run, None)
            with contextlib.suppress(RunError):
                entry.run.set_status(State.FAILED, explained(error, entry.run.folder))
            return
        entries.set_job(entry.run, job)
        self.watched[entry.run.folder] = Watched(time.monotonic())

    def _see_to(self, entry: Entry) -> None:
        """A run that the backend has: is it still at work, and does somebody want it to stop?"""
        run = entry.run
        if entry.job is None:
            self._adopt(entry)
        elif self.backend.status(entry.job) == "running":
            self._watch(run, entry.job)
        else:
            self._settle(entry)

    def _adopt(self, entry: Entry) -> None:
        """The supervisor before was killed between starting the process and writing down its name, or just before."""
        status = entry.run.status
        if status.state == "running":
            entries.set_job(entry.run, LocalProcesses.job(status.pid, status.born))
        else:
            self._start(entry)  # should the other one be starting still, the run's own lock lets only one go on

    def _watch(self, run: Run, job: str) -> None:
        now = time.monotonic()
        watched = self.watched.setdefault(run.folder, Watched(now))
        if (heartbeat := run.heartbeat) != watched.heartbeat:
            watched.heartbeat, watched.beat_at = heartbeat, now
        if watched.cancel_at is None and run.cancel_asked:
            watched.cancel_at = now
        overdue = watched.cancel_at is not None and now - watched.cancel_at > CANCEL_SECONDS
        stuck = heartbeat != "" and now - watched.beat_at > SILENT_SECONDS
        if overdue or stuck:
            self.backend.cancel(job)

    def _settle(self, entry: Entry) -> None:
        """The process of a run has ended: is the run over?"""
        run = entry.run
        if run.status.state == "running":  # by another process, which was there first
            self._adopt(entry)
            return
        watched = self.watched.pop(run.folder, None)
        if not run.status.state.is_over:
            if not run.cancel_asked:
                self._start_again(entry)
                return
            run.set_status(State.CANCELLED)
        entries.ended(run, None if watched is None or entry.deaths else time.monotonic() - watched.since)

    def _start_again(self, entry: Entry) -> None:
        """It was killed, or the machine was: the run goes on from its checkpoint."""
        run = entry.run
        if not is_file(run.folder / "config.json"):
            entries.ended(run, None)
            return
        reached = max(
            (record.step for record in run.records() if isinstance(record, Step | Evaluation | Note)), default=-1
        )
        deaths = 1 if reached > entry.reached else entry.deaths + 1
        if deaths >= MOST_DEATHS:
            problem = RunError(
                "Its process has ended {deaths} times without a word; perhaps the memory is too small. See log.txt.",
                deaths=deaths,
            )
            run.set_status(State.FAILED, problem)
            entries.ended(run, None)
            return
        entries.died(run, deaths, max(reached, entry.reached))
        self._start(entry)


def main() -> None:
    """Look after the runs, unless somebody does already."""
    try:
        while True:
            # Long enough for a supervisor that is about to end.
            with locks.lock(home() / "supervisor.lock", seconds=5):
                Supervisor().work()
            if not entries.waits():  # nothing came while the lock was let go
                return
    except Timeout:
        return  # another one does it
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
