"""This side of the process that makes maps: starts it, tells it what to do, hears what happens."""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-m", "simcse_core.meaning.projection.worker")
_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "NUMBA_THREADING_LAYER": "workqueue",  # the others do not survive that the worker forks
}

Event = dict[str, Any]


class MapProcess:
    """A worker that is running.

    Args:
        on_event: called by a thread of its own with each event, in their order.
        on_end: called by it when the process has ended, for whatever reason.
        command: of the worker.
    """

    def __init__(
        self, on_event: Callable[[Event], None], on_end: Callable[[], None], command: Sequence[str] = COMMAND
    ) -> None:
        self._on_event, self._on_end = on_event, on_end
        self._process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**_environment(), **_ONE_THREAD},
        )
        self._sending = threading.Lock()
        threading.Thread(target=self._listen, daemon=True, name="map-worker").start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def make(self, job: str, folder: Path) -> None:
        """Begin a job whose task stands in a folder."""
        self._send(do="make", job=job, folder=str(folder))

    def cancel(self, job: str) -> None:
        """End a job. A worker without children does not hear it before its job is over."""
        self._send(do="cancel", job=job)

    def kill(self) -> None:
        """End it at once, with all its jobs."""
        self._process.kill()

    def close(self) -> None:
        """Let it end: it notices that nobody talks to it any more."""
        with self._sending, contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def wait(self, seconds: float) -> None:
        """Until it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not.
        """
        self._process.wait(seconds)

    def _send(self, **command: str) -> None:
        line = json.dumps(command) + "\n"
        # Where it has ended meanwhile, `on_end` says so.
        with self._sending, contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            self._process.stdin.write(line.encode("ascii"))
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as lines:
                for line in lines:
                    try:
                        event = json.loads(line)
                    except ValueError:  # cut off by its end
                        continue
                    self._on_event(event)
        finally:  # whoever waits for a job is told its end, whatever has happened here
            self._process.kill()
            self._process.wait()
            self.close()
            self._on_end()


def _environment() -> dict[str, str]:
    """This environment, in which the package is found from whatever folder the app runs in."""
    package = str(Path(__file__).parent.parent.parent.parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))}
