"""Who carries out a run: the supervisor hands a command line to a backend and asks it for its jobs by name.

Nothing else looks for the processes of runs, so another backend may have them on another machine.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

import psutil

from simcse_core.home import home
from simcse_core.limits import limits
from simcse_core.runs.alive import born, is_alive

WORKER = (sys.executable, "-m", "simcse_core.runs.worker")
"""The command line of a run, without its arguments."""
SPARE_SECONDS = 8.0
"""For so long after a run has started no spare worker is started beside it."""
TROUBLE_SECONDS = 30.0
"""After a spare that did not live, before the next one."""


JobStatus = Literal["running", "ended"]


class Backend(Protocol):
    """A place where command lines run: processes here, Slurm, Ray jobs, another machine with the same disk.

    Pages and the supervisor ask for the status of jobs several times a second; where an answer takes long, a backend
    has to remember it for a while.
    """

    def submit(self, command: Sequence[str]) -> str:
        """Start a command line.

        Returns:
            The job's name, from which any later process can ask for it.
        """

    def status(self, job: str) -> JobStatus:
        """Whether it waits or is at work there, or is over, however it ended; what is no name of a job is over."""

    def cancel(self, job: str) -> None:
        """End it at once. One that is over already stays as it is."""

    def this_job(self) -> str:
        """The name of the job to which the calling process belongs."""

    def prepare(self) -> None:
        """Called again and again between the other calls: time to get ready for the next run. May do nothing."""


class LocalProcesses:
    """Processes of this machine, at a lower priority than the app.

    Importing torch takes seconds, so a spare worker waits with its imports done while runs are expected.
    """

    def __init__(self) -> None:
        self._started: dict[int, subprocess.Popen[bytes]] = {}
        self._started_at = self._no_spare_before = 0.0
        self._spare: subprocess.Popen[bytes] | None = None

    def submit(self, command: Sequence[str]) -> str:
        process = self._take_spare(command) or self._start(command)
        self._started[process.pid] = process
        self._started_at = time.monotonic()
        return _job(process.pid)

    def status(self, job: str) -> JobStatus:
        self._reap()
        return "running" if is_alive(*_parts(job)) else "ended"

    def cancel(self, job: str) -> None:
        pid, birth = _parts(job)
        if pid is not None and is_alive(pid, birth):
            with contextlib.suppress(psutil.Error):  # it ended by itself
                psutil.Process(pid).kill()
            if pid in self._started:
                self._started[pid].wait()
        self._reap()

    def this_job(self) -> str:
        return _job(os.getpid())

    def prepare(self) -> None:
        """See to it that a spare worker is there, but not while another one needs the processor for its imports."""
        now = time.monotonic()
        if self._spare is not None and self._spare.poll() is not None:  # it ended by itself; something is wrong
            self._spare, self._no_spare_before = None, now + TROUBLE_SECONDS
        busy = self._started and now - self._started_at < SPARE_SECONDS
        if not busy and self._spare is None and now >= self._no_spare_before:
            self._spare = self._start([*WORKER, "--spare"], stdin=subprocess.PIPE)

    def _take_spare(self, command: Sequence[str]) -> "subprocess.Popen[bytes] | None":
        spare, self._spare = self._spare, None
        if spare is None or tuple(command[: len(WORKER)]) != WORKER:
            return None
        assert spare.stdin is not None
        try:
            spare.stdin.write(b"\0".join(map(os.fsencode, command[len(WORKER) :])) + b"\n")
            spare.stdin.close()
        except OSError:  # somebody killed it
            spare.wait()
            return None
        return spare

    def _start(self, command: Sequence[str], stdin: int = subprocess.DEVNULL) -> "subprocess.Popen[bytes]":
        home().mkdir(parents=True, exist_ok=True)
        with (home() / "worker.log").open("ab") as log:  # until it knows its run and writes to that one's log
            return subprocess.Popen(
                list(command),
                stdin=stdin,
                stdout=log,
                stderr=log,
                env={**environment(), **_bounded_threads()},
                start_new_session=True,  # it outlives the supervisor
                creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),
            )

    def _reap(self) -> None:
        self._started = {pid: process for pid, process in self._started.items() if process.poll() is None}


_LOCAL = LocalProcesses()


def backend() -> Backend:
    """The backend of the runs of this home: the one place to change for another one."""
    return _LOCAL


def worker_threads() -> int:
    """Threads of the processor for one run, so that the app stays quick."""
    return max(1, (os.cpu_count() or 1) // (limits().workers + 1))


def environment() -> dict[str, str]:
    """This environment, in which the package is found from whatever folder a notebook runs in."""
    package = str(Path(__file__).parent.parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))}


def _bounded_threads() -> dict[str, str]:
    threads = str(worker_threads())
    return {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "TOKENIZERS_PARALLELISM": "false"}


def _job(pid: int) -> str:
    """The name of a process: its id may be another's one day, its birth is its own."""
    return f"{pid}:{born(pid)}"


def _parts(job: str) -> tuple[int | None, float | None]:
    pid, _colon, birth = job.partition(":")
    with contextlib.suppress(ValueError):  # another backend's, or of a process that ended at once
        if 0 < int(pid) < 2**31:
            return int(pid), float(birth)
    return None, None
