"""The queue: runs wait in SQLite until the supervisor gives them to a backend, and go on when the app ends.

At most `SIMCSE_WORKERS` runs are at work at once, one for each user. Among the users who wait, the one who has not
been served for the longest time is next.
"""

import contextlib
import os
import sqlite3
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
from simcse_core.runs import database, files, locks, store
from simcse_core.runs.backends import environment
from simcse_core.runs.config import RunConfig
from simcse_core.runs.entries import change, end, entries, fingerprint, has_state, insert, transact, waits
from simcse_core.runs.pulse import Listener
from simcse_core.runs.run import Run
from simcse_core.runs.schedule import Place, places

__all__ = ["Place", "cancel", "ensure_supervisor", "keep_watch", "places", "resume", "start_supervisor", "submit"]

WATCH_SECONDS = 5.0
"""Between two looks at the supervisor where nobody has a page open."""

_supervisors: list["subprocess.Popen[bytes]"] = []
"""Supervisors that this process has started."""
_listener = Listener()


def submit(
    configs: Sequence[RunConfig],
    *,
    user: str = "cli",
    folder: Path | None = None,
    expected: float | None = None,
    threads: int | None = None,
) -> list[Run]:
    """Queue runs and see to it that somebody carries them out. They go on when this process ends.

    A configuration that waits, runs or is finished already is not run again: its run becomes this user's too.

    Args:
        configs: what the runs do; described (`config.describe`), so that the same files with other content differ.
        user: who waits for them.
        folder: of the only run; None makes one under `SIMCSE_HOME`. In a folder of its own a run is never shared.
        expected: seconds of training of each run, if that is known.
        threads: of the processor that each may use; None leaves some for the app.

    Raises:
        OptionError: they would take longer than a run may.
        RunError: too many runs wait already, of this user or of all; or nothing can be written.
    """
    made: list[Run] = []
    for config in configs:
        check_seconds(config.settings.seconds)
    check_seconds(expected)

    def work(connection: sqlite3.Connection) -> list[Run]:
        given: list[Run] = []
        for config in configs:
            run = None if folder else _same(connection, config)
            if run is None:
                _check_room(connection, user)
                run = store.create(config, folder, owner=user)
                made.append(run)
                insert(connection, run, user, config, expected, threads)
            given.append(run)
        for run in given:
            if run not in made:
                run.join(user)
        return given

    try:
        runs = transact(work)
    except BaseException:
        for run in made:
            store.discard(run)
        raise
    ensure_supervisor()
    return runs


def cancel(run: Run, user: str | None) -> None:
    """Take a run out of the queue at once, or stop a running one within two seconds.

    A run that others wait for too only stops being this user's.

    Raises:
        RunError: it is somebody else's.
    """
    run.check_owner(user)
    if user is not None and not run.status.state.is_over and run.leave(user):
        owner = run.about.owners[0]
        transact(lambda connection: change(connection, run, owner=owner))
        return

    def take_out(connection: sqlite3.Connection) -> bool:
        if waits := has_state(connection, run, "waiting"):
            run.set_status(State.CANCELLED)  # before its row: should this process be killed in between, nobody runs it
            end(connection, run, "waiting")
        return waits

    if not transact(take_out) and not run.status.state.is_over:
        run.ask_to_cancel()  # queued: it was given away, and its process is starting
        if not transact(lambda connection: has_state(connection, run, "given")) and run.status.state != "running":
            run.set_status(State.CANCELLED)
        ensure_supervisor()


def resume(run: Run, user: str | None, *, threads: int | None = None) -> None:
    """Queue a run again that has stopped before its end. It goes on from its checkpoint, if there is one.

    Raises:
        RunError: it is somebody else's, or it is finished or not over.
    """
    run.check_owner(user)
    config = run.config
    store.open_run(run.folder)
    owner = user or (run.about.owners or ("cli",))[0]

    def work(connection: sqlite3.Connection) -> None:
        if has_state(connection, run, "waiting"):
            return  # somebody else was faster
        if has_state(connection, run, "given"):  # its process is ending; the supervisor starts it again
            if run.status.state.is_over:
                run.forget_cancel()
                run.set_status(State.QUEUED)
            return
        _check_room(connection, owner)
        run.forget_cancel()
        run.set_status(State.QUEUED)
        connection.execute("DELETE FROM runs WHERE folder = ?", (str(run.folder),))
        insert(connection, run, owner, config, None, threads)

    transact(work)
    ensure_supervisor()


def ensure_supervisor(*, soon: bool = False) -> None:
    """Start a supervisor when there is something to do and nobody does it, or who should does nothing.

    Args:
        soon: there will be something to do; a worker gets ready, which spares the first run its imports.

    Raises:
        RunError: nothing can be written, or locked; or a supervisor that has stopped working cannot be ended.
    """
    _supervisors[:] = [process for process in _supervisors if process.poll() is None]  # lets those that ended go
    is_silent = _listener.is_silent()
    if (_supervisors and not is_silent) or not (soon or os.path.exists(database.path()) or _has_runs()):
        return
    if soon or waits():
        if is_silent:
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


def _has_runs() -> bool:
    return os.path.isdir(home() / "runs")


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
    _supervisors.append(supervisor)


def _same(connection: sqlite3.Connection, config: RunConfig) -> Run | None:
    """A run under `SIMCSE_HOME` that waits, is at work or is finished and does the same."""
    rows = connection.execute(
        "SELECT folder, state FROM runs WHERE fingerprint = ? ORDER BY number", (fingerprint(config),)
    )
    for folder, state in rows.fetchall():
        run = Run(Path(folder))
        if run.folder.parent != home() / "runs" or not files.is_file(run.folder / "config.json"):
            continue
        found = run.status.state
        if found == "finished" and os.path.isdir(run.model):
            return run
        if not found.is_over and state in ("waiting", "given"):
            return run
    return None


def _check_room(connection: sqlite3.Connection, user: str) -> None:
    waiting = entries(connection, "waiting")
    most = limits().max_queued_runs
    if len(waiting) >= most:
        raise RunError(
            "The queue is full: at most {most} runs may wait (SIMCSE_MAX_QUEUED_RUNS). Try again later.", most=most
        )
    most = limits().max_queued_runs_per_user
    if sum(entry.owner == user for entry in waiting) >= most:
        raise RunError(
            "At most {most} of your runs may wait (SIMCSE_MAX_QUEUED_RUNS_PER_USER). Choose fewer losses or seeds, or "
            "wait until some are done.",
            most=most,
        )
