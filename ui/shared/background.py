"""Work in processes of its own, so that the app does not stutter: maps, and whatever else takes more than a moment."""

import contextlib
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import Any, TypeVar

import numpy as np
import psutil
import streamlit as st
from joblib.externals.loky import ProcessPoolExecutor, get_reusable_executor
from numpy.typing import NDArray

from simcse_core.meaning.projection import Project, projections

IDLE_SECONDS = 1_800
"""The worker ends after so long without work and frees its memory; the next projection starts it again."""
POLITE_IDLE_SECONDS = 300
"""The same for a polite worker, which starts faster."""

LOOK_SECONDS = 2.0
"""Between two looks of a worker at whether the app is still there."""

T = TypeVar("T")

Projected = tuple[NDArray[np.float32], float]
"""Points (N, 2) and their trustworthiness."""


def project(method: Project, embeddings: NDArray[np.float32], seed: int) -> Projected:
    """Runs in the worker."""
    from simcse_core.meaning.projection import trustworthiness

    points = method(embeddings, seed=seed)
    return points, trustworthiness(embeddings, points, seed=seed)


def _warm_up() -> None:
    """Runs once in a new worker: import UMAP and let it compile itself. It also counts as the worker's normal memory;
    without it the executor would take UMAP for a leak and replace the worker after its first map.
    """
    _end_with_the_app()
    projections["umap"].function(np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32))


def projection(content: str, method: str, embeddings: NDArray[np.float32], seed: int) -> "Future[Projected]":
    """A projection in progress; the same one is computed once for all sessions, and again if its worker died.

    Args:
        content: a key for the embeddings; big arrays are never hashed here, because only a sample of them would count.
        method: name of the projection.
    """
    future = _submitted(content, method, embeddings, seed)
    if future.done() and isinstance(future.exception(), BrokenExecutor):
        _submitted.clear(content, method, embeddings, seed)
        future = _submitted(content, method, embeddings, seed)
    return future


@st.cache_resource(max_entries=32, show_spinner=False)
def _submitted(content: str, method: str, _embeddings: NDArray[np.float32], seed: int) -> "Future[Projected]":
    executor = get_reusable_executor(max_workers=1, timeout=IDLE_SECONDS, initializer=_warm_up)
    return executor.submit(project, projections[method].function, _embeddings, seed)


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
    """A killed app takes its workers with it; else each would keep its memory for half an hour."""
    app = psutil.Process().parent()

    def watch() -> None:
        while app is not None and app.is_running() and app.status() != psutil.STATUS_ZOMBIE:
            time.sleep(LOOK_SECONDS)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()
