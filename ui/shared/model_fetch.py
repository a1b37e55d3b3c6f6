"""A model of the hub that is not on this machine yet: what it is, and a button that fetches it."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import streamlit as st

from simcse_core.encoding.catalogue import ModelCard, is_here
from simcse_core.errors import UserError
from ui.frame.errors import plain
from ui.frame.translation import _, explain


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Somebody stopped the download; what has arrived stays for the next attempt."""


@dataclass
class Fetch:
    """A download in progress, the same one for all sessions."""

    started: float = field(default_factory=time.monotonic)
    done: int = 0
    total: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)
    result: "Future[object] | None" = None

    def progress(self, done: int, total: int) -> None:
        """Receives bytes from the download."""
        self.done, self.total = done, total
        if self.stopped.is_set():
            raise Cancelled

    @property
    def over(self) -> bool:
        """Done, failed or stopped."""
        return self.result is not None and self.result.done()

    def in_words(self) -> str:
        """Megabytes, and seconds left once they can be told."""
        if not self.total:
            return _("waiting")
        seconds = time.monotonic() - self.started
        text = _("{done:,.0f} of {total:,.0f} MB").format(done=self.done / 1e6, total=self.total / 1e6)
        if self.done and seconds > 2:
            left = seconds * (self.total - self.done) / self.done
            text += _(", about {seconds:.0f} s left").format(seconds=left)
        return text


@st.cache_resource(show_spinner=False)
def _fetches() -> dict[str, Fetch]:
    return {}


@st.cache_resource(show_spinner=False)
def _starting() -> "threading.Lock":
    return threading.Lock()


@st.cache_resource(show_spinner=False)
def _downloader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="model-fetch")


def offer(card: ModelCard) -> None:
    """Say that a model has to be fetched first; a button does it, with progress and a way to stop."""
    fetch = _fetches().get(card.name)
    if fetch is not None and not fetch.over:
        _running(card)
        return
    st.info(
        _("{model} is not on this machine: {megabytes} MB from the Hugging Face hub, licence {licence}.").format(
            model=plain(card.title), megabytes=card.megabytes, licence=plain(card.licence)
        ),
        icon=":material/cloud_download:",
    )
    st.button(_("Fetch it"), icon=":material/download:", on_click=_start, args=(card.name,), key=f"fetch-{card.name}")
    error = fetch.result.exception() if fetch is not None and fetch.result is not None else None
    if isinstance(error, UserError):
        st.error(_("It could not be fetched."), icon=":material/error:")
        with st.expander(_("What can be done")):
            st.markdown(plain(explain(error)))
    elif error is not None and not isinstance(error, Cancelled):
        raise error


def _start(name: str) -> None:
    from simcse_core.encoding.hub_models import fetch

    with _starting():
        earlier = _fetches().get(name)
        if earlier is not None and not earlier.over:  # somebody else was faster
            return
        running = _fetches()[name] = Fetch()
        running.result = _downloader().submit(fetch, name, running.progress)


@st.fragment(run_every=1.0)
def _running(card: ModelCard) -> None:
    fetch = _fetches()[card.name]
    if fetch.over or is_here(card.name):
        st.rerun()
    share = fetch.done / fetch.total if fetch.total else 0.0
    st.progress(
        min(share, 1.0), plain(_("Fetching {model}: {progress}").format(model=card.title, progress=fetch.in_words()))
    )
    if st.button(_("Stop"), icon=":material/close:", key=f"stop-{card.name}"):
        fetch.stopped.set()
