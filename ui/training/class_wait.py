"""What everybody waits for when a whole class starts the same race."""

import time
from threading import Lock

import streamlit as st

from simcse_core.errors import UserError
from simcse_core.runs import queue
from ui.frame.translation import _, joined
from ui.shared.names import duration

CLASS = 30
"""People in a class, where no more than one is here."""
HERE_SECONDS = 900.0
"""So long somebody counts as here after a look at the page."""


class _Visitors:
    """When each user looked at the page last."""

    def __init__(self) -> None:
        self._last: dict[str, float] = {}
        self._lock = Lock()

    def count_with(self, user: str) -> int:
        with self._lock:
            now = time.monotonic()
            self._last = {one: at for one, at in self._last.items() if now - at < HERE_SECONDS} | {user: now}
            return len(self._last)


@st.cache_resource(show_spinner=False)
def _visitors() -> _Visitors:
    return _Visitors()


def show(runs: int, seconds: float, user: str) -> None:
    """When the last of a class has its result, and how busy the workers are.

    Args:
        runs: of one race.
        seconds: of training of each run, as measured.
        user: who looks.
    """
    try:
        load = queue.load()
    except UserError:  # the queue is locked: the estimate stands without it
        return
    here = _visitors().count_with(user)
    people = here if here > 1 else CLASS
    last = load.seconds + people * runs * (seconds + load.starting) / load.workers
    said = [in_words(people, here=here > 1, workers=load.workers, seconds=last)]
    if load.runs:
        said.append(_("Runs in the queue now: {n}, about {time}.").format(n=load.runs, time=duration(load.seconds)))
    st.caption(joined(*said))


def in_words(people: int, *, here: bool, workers: int, seconds: float) -> str:
    """The wait of the last one.

    Args:
        people: who start the race.
        here: whether so many are on the page now.
        workers: that carry runs out at the same time.
        seconds: until the last result.
    """
    if here:
        template = _("{people} people are here and share {workers}: if all start this, the last waits about {time}.")
    else:
        template = _("{people} of you with {workers}: the last waits about {time}.")
    shared = _("one worker") if workers == 1 else _("{n} workers").format(n=workers)
    return template.format(people=people, workers=shared, time=duration(seconds))
