"""How far long work on texts is, as a line on stderr."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from simcse_core.commands.status_line import StatusLine

SHORT = 3.0
"""Seconds. Nothing is shown for work that ends sooner."""

SECONDS_BETWEEN = 10.0


@contextmanager
def progress_line(verb: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show on stderr how far work is: one line that is rewritten on a terminal, a line every ten seconds elsewhere.

    Args:
        verb: what happens to the texts.

    Yields:
        What to call with (texts done, texts in all or None when that is not known).
    """
    line = _Line(verb)
    try:
        yield line.show
    finally:
        line.end()


class _Line:
    def __init__(self, verb: str) -> None:
        self.verb = verb
        self.out = StatusLine()
        self.started = time.monotonic()
        self.next = self.started + SHORT
        self.latest: tuple[int, int | None] = (0, None)

    def show(self, done: int, total: int | None) -> None:
        self.latest = (done, total)
        now = time.monotonic()
        if now >= self.next:
            self.next = now + (0.2 if self.out.rewrites else SECONDS_BETWEEN)
            self.write(now)

    def end(self) -> None:
        if self.out.width:  # something has been shown: it shall not end in the middle
            self.write(time.monotonic())
            self.out.end()

    def write(self, now: float) -> None:
        self.out.write(describe(self.verb, *self.latest, now - self.started))


def describe(verb: str, done: int, total: int | None, seconds: float) -> str:
    """How many texts are done, how many that were in a second, and how long the rest takes at that pace.

    Args:
        verb: what happens to the texts.
        done: texts so far.
        total: texts in all; None when that is not known.
        seconds: since the work started.

    Example:
        >>> describe("encoding", 12_000, 100_000, 24.0)
        'encoding  12,000/100,000 texts  500 texts/s  3 min left'
    """
    of_all = "" if total is None else f"/{total:,}"
    parts = [verb, f"{done:,}{of_all} texts"]
    if done > 0 and seconds > 0:
        parts.append(f"{done / seconds:,.0f} texts/s")
        if total is not None and done < total:
            parts.append(f"{duration((total - done) * seconds / done)} left")
    return "  ".join(parts)


def duration(seconds: float) -> str:
    """About how long, for a line on a terminal."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6_000 else f"{seconds / 3_600:.1f} h"
