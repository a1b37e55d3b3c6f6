"""The queue: runs wait on disk, and one worker process at a time carries them out, oldest first."""

import os
import subprocess
import sys
import time
from pathlib import Path

from filelock import FileLock, Timeout

from simcse_core.errors import RunError
from simcse_core.home import home
from simcse_core.limits import limits
from simcse_core.runs.config import RunConfig
from simcse_core.runs.store import Run, all_runs, create

CANCEL_SECONDS = 2.0
"""A run that does not stop by itself is ended after this long."""

_workers: list["subprocess.Popen[bytes]"] = []
"""Worker processes that this process has started."""


def submit(configs: list[RunConfig]) -> list[Run]:
    """Queue runs and see to it that a worker carries them out. They go on when this process ends.

    Raises:
        RunError: too many runs wait already.
    """
    most = limits().max_queued_runs
    if len(queued()) + len(configs) > most:
        raise RunError(
            "The queue is full: at most {most} runs may wait (SIMCSE_MAX_QUEUED_RUNS). Try again later.", most=most
        )
    runs = [create(config) for config in configs]
    _start_worker()  # also when one is there: it may be about to go, and a second one ends by itself
    return runs


def queued() -> list[Run]:
    """The runs that wait, the next one first."""
    return [run for run in all_runs() if run.status.state == "queued"]


def ensure_worker() -> None:
    """Start a worker if runs wait and none that this process has started is at work."""
    _workers[:] = [worker for worker in _workers if worker.poll() is None]  # lets those that ended go
    if not _workers and queued():
        _start_worker()


def _start_worker() -> None:
    if queued():
        with (home() / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, "-m", "simcse_core.runs.queue"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # it outlives the app
                creationflags=getattr(subprocess, "DETACHED_PROCESS", 0),  # the same on Windows
            )
        _workers.append(worker)


def work() -> None:
    """Carry out the waiting runs one after the other, until none waits."""
    lock = FileLock(home() / "worker.lock")
    try:
        # Long enough for a worker that has just found the queue empty to go.
        with lock.acquire(timeout=5):
            while waiting := queued():
                if any(run.status.state == "running" for run in all_runs()):
                    time.sleep(1)  # a run whose worker was killed goes on by itself; one at a time all the same
                else:
                    _carry_out(waiting[0])
    except Timeout:
        return  # another worker is busy and will take the run


def _carry_out(run: Run) -> None:
    threads = str(max(1, (os.cpu_count() or 1) // 2))  # the app has to stay quick meanwhile
    environment = {
        **_environment(),
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "TOKENIZERS_PARALLELISM": "false",
    }
    with run.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "simcse_core.runs.execute", str(run.folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
        )
    asked: float | None = None
    while process.poll() is None:
        time.sleep(0.2)
        if asked is None and run.cancel_asked:
            asked = time.monotonic()
        if asked is not None and time.monotonic() - asked > CANCEL_SECONDS:
            process.kill()
            process.wait()
    status = run.status
    if asked is not None and status.state not in ("finished", "cancelled"):
        run.set_status("cancelled")
    elif status.state in ("queued", "running", "interrupted"):
        run.set_status("failed", "Its process has ended without a word; see log.txt.")


def _environment() -> dict[str, str]:
    """This environment, in which the package is found from whatever folder a notebook runs in."""
    package = str(Path(__file__).parent.parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))}


if __name__ == "__main__":
    os.nice(10) if hasattr(os, "nice") else None
    work()
