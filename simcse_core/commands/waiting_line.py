"""Where a run stands in the queue, as a line on stderr."""

import time
from types import TracebackType
from typing import TYPE_CHECKING

from simcse_core.commands.progress_line import SECONDS_BETWEEN, SHORT, duration
from simcse_core.commands.status_line import StatusLine

if TYPE_CHECKING:
    from simcse_core.runs.schedule import Place


class WaitingLine:
    """One line that is rewritten on a terminal, a line every ten seconds elsewhere; nothing for a short wait."""

    def __init__(self) -> None:
        self.out = StatusLine()
        self.next = time.monotonic() + SHORT

    def __enter__(self) -> "WaitingLine":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def show(self, place: "Place") -> None:
        """The place, when it is time for it."""
        now = time.monotonic()
        if now >= self.next:
            self.next = now + (0.2 if self.out.rewrites else SECONDS_BETWEEN)
            self.out.write(describe(place))

    def end(self) -> None:
        """Something else is printed from now on."""
        self.out.end()
        self.out.width = 0


def describe(place: "Place") -> str:
    """A place in words.

    Example:
        >>> from simcse_core.runs.schedule import Place
        >>> describe(Place(3, 130.0))
        'waiting: number 3 in the queue, starts in about 2 min'
    """
    words = "waiting: next in the queue" if place.position == 1 else f"waiting: number {place.position} in the queue"
    return (
        words if place.seconds is None or place.seconds < 1 else f"{words}, starts in about {duration(place.seconds)}"
    )
