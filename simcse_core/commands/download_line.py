"""How far a download is, as a line on stderr."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simcse_core.commands.status_line import StatusLine


@contextmanager
def download_line(name: str) -> Iterator[Callable[[int, int], None]]:
    """Show a download on stderr: one line that is rewritten on a terminal, a line every five seconds elsewhere.

    Nothing is shown when nothing is downloaded.

    Args:
        name: of what is downloaded.

    Yields:
        What to call with (bytes done, bytes in all).

    Raises:
        KeyboardInterrupt: as it came, with a message that says how to go on.
    """
    line = _Line(name)
    try:
        yield line.show
    except KeyboardInterrupt:
        if line.is_complete:
            raise
        raise KeyboardInterrupt(
            f"{name} is not complete yet. Run the same command again: it goes on from here."
        ) from None
    finally:
        line.end()


class _Line:
    def __init__(self, name: str) -> None:
        self.name = name
        self.out = StatusLine()
        self.started: tuple[float, int] | None = None
        """When the first bytes were reported, and how many there were: a resumed download does not start at 0."""
        self.is_complete = True
        self.shown = -math.inf

    def show(self, done: int, total: int) -> None:
        now = time.monotonic()
        self.started = self.started or (now, done)
        self.is_complete = done >= total
        if now - self.shown < (0.2 if self.out.rewrites else 5) and done < total:
            return
        self.shown = now
        self.out.write(describe(self.name, done, total, done - self.started[1], now - self.started[0]))

    def end(self) -> None:
        self.out.end()


def describe(name: str, done: int, total: int, arrived: int, seconds: float) -> str:
    """How far a download is, how fast it was so far, and how long it takes at that pace.

    Args:
        name: of what is downloaded.
        done: bytes that are there.
        total: bytes in all.
        arrived: bytes that have come in these `seconds`.
        seconds: since the download started or went on.

    Example:
        >>> describe("mpnet", 40_000_000, 100_000_000, 20_000_000, 10.0)
        'mpnet  40/100 MB  2.0 MB/s  30 s left'
    """
    parts = [name, f"{done / 1e6:.0f}/{total / 1e6:.0f} MB"]
    if arrived > 0 and seconds > 0:
        parts.append(f"{arrived / seconds / 1e6:.1f} MB/s")
        if done < total:
            left = (total - done) * seconds / arrived
            parts.append(f"{left:.0f} s left" if left < 100 else f"{left / 60:.0f} min left")
    return "  ".join(parts)
