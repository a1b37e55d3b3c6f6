"""How far work in a process of its own is, and how it is told to stop. It needs no screen: the process imports it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[int, int], None]


class Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Somebody does not want the result any more."""


@dataclass(frozen=True)
class Note:
    """A file in which the process writes how far it is, and beside which it is told to stop."""

    path: Path

    def reporter(self) -> Progress:
        """Takes (done, to do).

        Raises:
            Stopped: when it is called after `stop`.
        """
        started = time.monotonic()

        def report(done: int, total: int) -> None:
            if self._stop.exists():
                raise Stopped
            self.path.write_text(f"{done} {total} {time.monotonic() - started:.3f}")

        return report

    def read(self) -> tuple[int, int, float]:
        """Done, to do, and the seconds that it took; zeros before the process has begun."""
        try:
            done, total, seconds = self.path.read_text().split()
            return int(done), int(total), float(seconds)
        except (OSError, ValueError):  # it is not there yet, or half written
            return 0, 0, 0.0

    def stop(self) -> None:
        """Ask the process to stop at its next report."""
        self._stop.touch()

    @property
    def _stop(self) -> Path:
        return self.path.with_suffix(".stop")
