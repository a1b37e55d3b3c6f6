"""Work in processes of its own, so that the app does not stutter: whatever takes more than a moment, but for maps."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import Any, TypeVar

import psutil
import streamlit as st
from joblib.externals.loky import ProcessPoolExecutor

POLITE_IDLE_SECONDS = 300
"""A worker ends after so long without work and frees its memory; the next work starts it again."""

LOOK_SECONDS = 2.0
"""Between two looks of a worker at whether the app is still there."""

T = TypeVar("T")


def submit(worker: str, content: str, work: Callable[..., T], *arguments: object) -> "Future[T]":
    """Work in a process of low priority with one thread; the same work is done once for all sessions.

    Args:
        worker: name of the process that does it. It does its work in the order in which it was submitted.
        content: a key for all that the result depends on. The arguments themselves are not looked at.
        work: a function of a module that needs no screen, so that the process finds and imports it.
        arguments: which can be sent to a process.

    Returns:
        What `work` returns or raises. If it was cancelled, or its process has died, asking again starts it again.
    """
    future: Future[T] = _submitted_work(worker, content, work, arguments)
    if future.done() and (future.cancelled() or isinstance(future.exception(), BrokenExecutor)):
        if not future.cancelled():
            _polite.clear(worker)
        _submitted_work.clear(worker, content, work, arguments)
        future = _submitted_work(worker, content, work, arguments)
    return future


@st.cache_resource(max_entries=200, show_spinner=False)
def _submitted_work(
    worker: str, content: str, _work: Callable[..., Any], _arguments: tuple[object, ...]
) -> "Future[Any]":
    future: Future[Any] = _polite(worker).submit(_work, *_arguments)
    return future


@st.cache_resource(show_spinner=False)
def _polite(worker: str) -> Any:
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    return ProcessPoolExecutor(max_workers=1, timeout=POLITE_IDLE_SECONDS, initializer=_be_polite, env=one_thread)


def _be_polite() -> None:
    """Runs once in a new worker."""
    _end_with_the_app()
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)


def _end_with_the_app() -> None:
    """A killed app takes its workers with it; else each would keep its memory for minutes."""
    app = psutil.Process().parent()

    def watch() -> None:
        while app is not None and app.is_running() and app.status() != psutil.STATUS_ZOMBIE:
            time.sleep(LOOK_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
