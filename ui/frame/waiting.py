"""Progress of long work on a page: how much is done, and about how long it still takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from ui.frame.translation import _

BAR_AFTER_SECONDS = 0.7
"""Work that is over sooner needs no bar."""


@contextmanager
def progress_bar(work: str) -> Iterator[Callable[[int, int], None]]:
    """Gives a function that receives (done, to do); the bar goes when the work is over.

    Drawing it also lets the page stop the work: when somebody changes something meanwhile, the run ends here.
    """
    bar = st.empty()
    started = time.monotonic()

    def report(done: int, total: int) -> None:
        seconds = time.monotonic() - started
        if seconds < BAR_AFTER_SECONDS or done >= total:
            bar.empty()
            return
        left = seconds * (total - done) / max(done, 1)
        text = _("{work}: {done:,} of {total:,}, about {seconds:.0f} s left").format(
            work=work, done=done, total=total, seconds=left
        )
        bar.progress(done / total, text)

    yield report
    bar.empty()
