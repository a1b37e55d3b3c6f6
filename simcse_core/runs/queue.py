"""The queue: runs wait in their folders until the supervisor gives them to a backend, and go on when the app ends.

At most `SIMCSE_WORKERS` runs are at work at once, one for each user. Among the users who wait, the one who has not
been served for the longest time is next.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from filelock import Timeout

from simcse_core.errors import RunError, UserError
from simcse_core.home import home
from simcse_core.learning.records import State
from simcse_core.learning.settings import check_seconds
from simcse_core.limits import limits
from simcse_core.runs import entries, files, index, locks, outside, pulse, store
from simcse_core.runs.backends import environment
from simcse_core.runs.config import RunConfig
from simcse_core.runs.entries import QueueEntry
from simcse_core.runs.index import Snapshot
from simcse_core.runs.pulse import Listener
from simcse_core.runs.run import Run
from simcse_core.runs.schedule import Load, Place, load, locked, places, waits

__all__ = [
    "Load",
    "Place",
    "cancel",
    "ensure_supervisor",
    "keep_watch",
    "load",
    "places",
    "resume",
    "start_supervisor",
    "submit",
]

WATCH_SECONDS = 5.0
"""Between two looks at the supervisor where nobody has a page open."""

supervisors: list["subprocess.Popen[bytes]"] = []
"""Supervisors that this process has started."""
_listener = Listener()


def submit(
    configs: Sequence[RunConfig], *, user: str = "cli", folder: Path | None = None, expected: float | None = None
) -> list[Run]:
    """Queue runs and see to it that somebody carries them out. They go on when this process ends.

    A configuration that waits, runs or is finished already is not run again: its run becomes this user's too.

    Args:
        configs: what the runs do; described (`config.describe`), so that the same files with other content differ.
        user: who waits for them.
        folder: of the only run; None makes one under `SIMCSE_HOME`. In a folder of its own a run is never shared.
        expected: seconds of training of each run, if that is known.

    Raises:
        OptionError: they would take longer than a run may.
        RunError: too many runs wait already, of this user or of all; or nothing can be written.
    """
    for config in configs:
        check_seconds(config.settings.seconds)
    check_seconds(expected)
    with locked():
        submission = _Submission(index.look(0), user, expected)
        try:
            runs = [submission.add(config, folder) for config in configs]
            for run in runs:
                if run not in submission.made:
                    run.join(user)
        except BaseException:
            for run in submission.made:
                store.discard(run)
            raise
    ensure_supervisor()
    return runs


class _Submission:
    """What one user submits, beside the runs that are there. The queue is locked."""

    def __init__(self, runs: Sequence[Snapshot], user: str, expected: float | None) -> None:
        self.made: list[Run] = []
        self._user, self._expected = user, expected
        self._waiting = [one.owner for one in runs if one.is_waiting]
        self._last = _last_number(runs)
        self._there: dict[bytes, list[Snapshot]] = {}
        for one in runs:
            self._there.setdefault(one.fingerprint, []).append(one)
        self._new: dict[bytes, Run] = {}

    def add(self, config: RunConfig, folder: Path | None) -> Run:
        """The run that does this: a new one, or one that is there."""
        fingerprint = index.fingerprint_of(config)
        if folder is None and (same := self._same(fingerprint)) is not None:
            return same
        _check_room(self._waiting, self._user)
        self._last += 1
        entry = QueueEntry(number=self._last, expected=self._expected)
        if folder is not None:
            outside.remember(folder.resolve())  # first: a run that nobody can find must not wait
        run = store.create(config, folder, owner=self._user, entry=entry)
        self.made.append(run)
        self._waiting.append(self._user)
        self._new[fingerprint] = run
        return run

    def _same(self, fingerprint: bytes) -> Run | None:
        there = (one.run for one in self._there.get(fingerprint, ()) if _can_be_shared(one))
        return self._new.get(fingerprint) or next(there, None)


def expected_seconds(run: Run) -> float | None:
    """Seconds of training, as measured before it was queued; None where nobody did."""
    return entries.read(run).expected


def cancel(run: Run, user: str | None) -> None:
    """Take a run out of the queue at once, or stop a running one within two seconds.

    A run that others wait for too only stops being this user's.

    Raises:
        RunError: it is somebody else's.
    """
    with locked():
        run.check_owner(user)
        state = run.status.state
        if state.is_over or (user is not None and run.leave(user)):
            return
        if state == State.RUNNING or index.snapshot(run).is_claimed:
            run.ask_to_cancel()  # its process finds out, or the supervisor before it starts another one
        else:
            run.set_status(State.CANCELLED)
    ensure_supervisor()


def resume(run: Run, user: str | None) -> None:
    """Queue a run again that has stopped before its end. It goes on from its checkpoint, if there is one.

    Raises:
        RunError: it is somebody else's, or it is finished or not over.
    """
    with locked():
        run.check_owner(user)
        store.open_run(run.folder)
        _ = run.config  # it can be read
        one = index.snapshot(run)
        if one.is_claimed:  # its process is ending; the supervisor starts it again
            if one.recorded.state.is_over:
                run.forget_cancel()
                run.set_status(State.QUEUED)
        else:
            runs = index.look(0)
            _check_room([waiting.owner for waiting in runs if waiting.is_waiting], user or one.owner)
            outside.remember(run.folder)
            run.forget_cancel()
            entries.write(run, QueueEntry(number=_last_number(runs) + 1, expected=one.entry.expected))
            run.set_status(State.QUEUED)  # last: with it the run waits
    ensure_supervisor()


def ensure_supervisor(*, soon: bool = False) -> None:
    """Start a supervisor when there is something to do and nobody does it, or who should does nothing.

    Args:
        soon: there will be something to do; a worker gets ready, which spares the first run its imports.

    Raises:
        RunError: nothing can be written, or locked; or a supervisor that has stopped working cannot be ended.
    """
    supervisors[:] = [process for process in supervisors if process.poll() is None]  # lets those that ended go
    is_useless = _listener.is_silent() or pulse.is_of_an_earlier_version()
    if supervisors and not is_useless:
        return
    if soon or waits():
        if is_useless:
            _listener.end()
        try:
            with locks.lock(home() / "supervisor.lock", seconds=0):
                pass
        except Timeout:
            return  # one is there, started by another process
        start_supervisor()


def keep_watch() -> None:
    """Look after the supervisor for as long as this process lives, also while nobody has a page open."""
    place = home()

    def watch() -> None:
        while home() == place:
            with contextlib.suppress(UserError, OSError):  # the pages say it
                ensure_supervisor()
            time.sleep(WATCH_SECONDS)

    threading.Thread(target=watch, name="watch-supervisor", daemon=True).start()


def start_supervisor() -> None:
    """Start the process that hands runs to the backend; one that is too many ends by itself."""
    try:
        home().mkdir(parents=True, exist_ok=True)
        with (home() / "supervisor.log").open("ab") as log:
            supervisor = subprocess.Popen(
                [sys.executable, "-m", "simcse_core.runs.supervisor"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment(),
                start_new_session=True,  # it outlives the app
                creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),  # the same on Windows
            )
    except OSError as error:
        raise files.explained(error, home()) from error
    supervisors.append(supervisor)


def _can_be_shared(one: Snapshot) -> bool:
    """Whether others who want the same get this run: it is to be carried out, or its result is there."""
    if one.is_outside or one.about.imported or not one.fingerprint:  # nobody is to get somebody's import for a result
        return False
    if one.recorded.state == State.FINISHED:
        return os.path.isdir(one.run.model)
    return one.is_waiting or (one.is_claimed and not one.recorded.state.is_over)


def _last_number(runs: Sequence[Snapshot]) -> int:
    """Of the runs that have one and wait; a number is good for nothing else."""
    return max((one.entry.number for one in runs if one.is_waiting), default=0)


def _check_room(waiting: Sequence[str], user: str) -> None:
    """Refuse another run when there are too many.

    Args:
        waiting: owners of the runs that wait.
        user: whose run it would be.
    """
    most = limits().max_queued_runs
    if len(waiting) >= most:
        raise RunError(
            "The queue is full: at most {most} runs may wait (SIMCSE_MAX_QUEUED_RUNS). Try again later.", most=most
        )
    most = limits().max_queued_runs_per_user
    if waiting.count(user) >= most:
        raise RunError(
            "At most {most} of your runs may wait (SIMCSE_MAX_QUEUED_RUNS_PER_USER). Choose fewer losses or seeds, or "
            "wait until some are done.",
            most=most,
        )
