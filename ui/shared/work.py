"""Work in a process of its own, as the page shows it: how far it is, how long it takes, a button that stops it."""

import hashlib
import tempfile
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar

import streamlit as st

from simcse_core.errors import UserError
from ui.frame.translation import _
from ui.shared import background
from ui.shared.work_note import Note, Stopped

_STOPPED = "work-stopped"

T = TypeVar("T")


def result(worker: str, key: str, title: str, work: Callable[..., T | UserError], *arguments: object) -> T | None:
    """What a process has computed; None while it is at work, or where somebody has stopped it: the page says so.

    Args:
        worker: name of the process, as for `background.submit`.
        key: all that the result depends on, by which it is computed once for all sessions.
        title: of the work, for the screen.
        work: a function of a module that needs no screen; its last argument is a `Note`.
        arguments: before the note.

    Raises:
        UserError: what the work returns as such.
    """
    content = hashlib.sha256(f"{work.__name__} {key}".encode("utf-8", "surrogatepass")).hexdigest()
    if is_stopped(content, title):
        return None
    future, note = _submitted(worker, content, work, arguments)
    if not future.done():
        _watch(future, note, title, content)
        return None
    computed = future.result()
    if isinstance(computed, UserError):
        raise computed
    return computed


def is_stopped(content: str, title: str) -> bool:
    """Whether this session has stopped a work; then there is a button that goes on with it."""
    if content not in _stopped():
        return False
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(_("Stopped: {work}.").format(work=title))
        st.button(_("Go on"), key=f"go-on-{content[:12]}", on_click=_stopped().discard, args=(content,))
    return True


def stop(content: str) -> None:
    """This session does not want a work any more."""
    _stopped().add(content)


def _submitted(
    worker: str, content: str, work: Callable[..., T | UserError], arguments: tuple[object, ...]
) -> "tuple[Future[T | UserError], Note]":
    """Somebody else may have stopped the same work; who still wants it begins anew."""
    while True:
        attempt = _attempts().get(content, 0)
        note = Note(_folder() / f"{content[:32]}-{attempt}")
        future = background.submit(worker, f"{content} {attempt}", work, *arguments, note)
        if not (future.done() and not future.cancelled() and isinstance(future.exception(), Stopped)):
            return future, note
        _attempts()[content] = attempt + 1


@st.fragment(run_every=0.5)
def _watch(future: "Future[Any]", note: Note, title: str, content: str) -> None:
    """How far the work is; draws the page anew when it is done."""
    if future.done():
        st.rerun()
    done, total, seconds = note.read()
    with st.container(key=f"at-work-{content[:12]}"):
        if done:
            left = seconds * (total - done) / done
            text = _("{work}: {done:,} of {total:,}, about {seconds:.0f} s left").format(
                work=title, done=done, total=total, seconds=left
            )
            st.progress(done / total, text)
        else:
            st.progress(0.0, _("{work} …").format(work=title))

        if st.button(_("Cancel"), key=f"stop-{content[:12]}", icon=":material/close:"):
            stop(content)
            if not future.cancel():
                note.stop()
            st.rerun()


def _stopped() -> set[str]:
    """What this session does not want any more."""
    stopped: set[str] = st.session_state.setdefault(_STOPPED, set())
    return stopped


@st.cache_resource(show_spinner=False)
def _attempts() -> dict[str, int]:
    """How often a work was stopped, by its content."""
    return {}


@st.cache_resource(show_spinner=False)
def _folder() -> Path:
    """Of the notes of this app; they have a few bytes each."""
    return Path(tempfile.mkdtemp(prefix="simcse-work-"))
