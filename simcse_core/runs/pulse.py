"""The supervisor's pulse: a file that it touches each second, so that others notice when it lives but does nothing.

A process that was stopped (SIGSTOP) or hangs on a disk still holds its lock, and everything would wait for it.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from simcse_core.errors import RunError
from simcse_core.home import home
from simcse_core.runs import files
from simcse_core.runs.alive import born, is_alive

BEAT_SECONDS = 1.0
SILENT_SECONDS = 30.0
"""Nothing that a supervisor does takes so long."""
LONGEST_LOOK = 5.0
"""What counts of the time between two looks: who was asleep as well has not listened."""
END_SECONDS = 5.0
FORM = "\nqueue in the folders of the runs"
"""Ends the file of a supervisor of this version."""


def path() -> Path:
    """Where the file is: in it the process's id and birth, and its time of change is the pulse."""
    return home() / "supervisor.pulse"


def is_of_an_earlier_version() -> bool:
    """Whether a supervisor is there that looks for runs in a database and does not see those that wait now."""
    return is_alive(*_process()) and not _content().endswith(FORM)


class Pulse:
    """Of this process, which is the supervisor."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._beat_at = clock, -BEAT_SECONDS
        with contextlib.suppress(OSError):
            path().write_text(f"{os.getpid()}:{born(os.getpid())}{FORM}", encoding="utf-8")

    def beat(self) -> None:
        """Show that it goes on. It takes no room on the disk."""
        if self._clock() - self._beat_at >= BEAT_SECONDS:
            self._beat_at = self._clock()
            with contextlib.suppress(OSError):
                os.utime(path())


@dataclass
class Listener:
    """Listens to the supervisor's pulse. Any number of threads may ask."""

    clock: Callable[[], float] = time.monotonic
    _place: Path | None = None
    _beat: int = 0
    _silent: float = 0.0
    _looked: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_silent(self) -> bool:
        """Whether a supervisor that is there has done nothing for too long."""
        with self._lock:
            now, place = self.clock(), path()
            if place == self._place and now - self._looked < BEAT_SECONDS:
                return self._silent >= SILENT_SECONDS and is_alive(*_process())
            beat = _touched(place)
            if beat != self._beat or place != self._place or not is_alive(*_process()):  # who is gone is not silent
                self._silent = 0.0
            else:
                self._silent += min(now - self._looked, LONGEST_LOOK)
            self._place, self._beat, self._looked = place, beat, now
            return self._silent >= SILENT_SECONDS and is_alive(*_process())

    def end(self) -> None:
        """End the silent supervisor, so that another one can take its place. No other process is touched.

        Raises:
            RunError: it cannot be ended.
        """
        pid, birth = _process()
        if pid == os.getpid():  # a file that somebody wrote
            return
        if is_alive(pid, birth):
            with contextlib.suppress(psutil.Error):
                psutil.Process(pid).kill()
        until = self.clock() + END_SECONDS
        while is_alive(pid, birth):
            if self.clock() > until:
                raise RunError(
                    "The process {pid}, which starts the runs that wait, has stopped working and cannot be ended. End "
                    "it yourself: kill -9 {pid}",
                    pid=pid,
                )
            time.sleep(0.05)
        with self._lock:
            self._silent = 0.0


def _touched(place: Path) -> int:
    try:
        return place.stat().st_mtime_ns
    except OSError:
        return 0


def _process() -> tuple[int | None, float | None]:
    """Id and birth of the supervisor that has written the file last."""
    try:
        pid, _colon, birth = _content().removesuffix(FORM).partition(":")
        return int(pid), float(birth)
    except ValueError:
        return None, None


def _content() -> str:
    try:
        return files.read_bytes(path()).decode()
    except (OSError, ValueError):
        return ""
