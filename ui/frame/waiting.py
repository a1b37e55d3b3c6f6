"""Progress of long work on a page: how much is done, and about how long it still takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from ui.frame.translation import _

SHOWN_AFTER = 0.7
"""Seconds; what is over sooner needs no bar."""


@contextmanager
def shown(what: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that receives (done, to do); the bar goes when the work is over.

    Drawing it also lets the page stop the work: when somebody changes something meanwhile, the run ends here.
    """
    place = st.empty()
    started = time.monotonic()

    def report(done: int, total: int) -> None:
        seconds = time.monotonic() - started
        if seconds < SHOWN_AFTER or done >= total:
            place.empty()
            return
        left = seconds * (total - done) / max(done, 1)
        text = _("{what}: {done:,} of {total:,}, about {seconds:.0f} s left").format(
            what=what, done=done, total=total, seconds=left
        )
        place.progress(done / total, text)

    yield report
    place.empty()
