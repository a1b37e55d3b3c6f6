"""Projections in a process of their own: UMAP needs long to import and compile, and the app must not stutter."""

from concurrent.futures import BrokenExecutor, Future
from typing import Any

import numpy as np
import streamlit as st
from joblib.externals.loky import get_reusable_executor
from numpy.typing import NDArray

IDLE_SECONDS = 1_800
"""The worker ends after so long without work and frees its memory; the next projection starts it again."""

Projected = tuple[NDArray[np.float32], float]
"""Points (N, 2) and their trustworthiness."""


def project(method: str, vectors: NDArray[np.float32], options: dict[str, Any], seed: int) -> Projected:
    """Runs in the worker."""
    from simcse_core.meaning.projection import projections, trustworthiness

    points = projections[method].function(vectors, seed=seed, **options)
    return points, trustworthiness(vectors, points, seed=seed)


def _warm_up() -> None:
    """Runs once in a new worker: import UMAP and let it compile itself. It also counts as the worker's normal memory;
    without it the executor would take UMAP for a leak and replace the worker after its first map.
    """
    from simcse_core.meaning.projection import projections

    projections["umap"].function(np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32))


def projection(
    content: str, method: str, vectors: NDArray[np.float32], options: tuple[tuple[str, Any], ...], seed: int
) -> "Future[Projected]":
    """A projection on its way; the same one is computed once for all sessions, and again if its worker died.

    Args:
        content: a key for the vectors; big arrays are never hashed here, because only a sample of them would count.
        options: of the method, as pairs of name and value.
    """
    future = _submitted(content, method, vectors, options, seed)
    if future.done() and isinstance(future.exception(), BrokenExecutor):
        _submitted.clear(content, method, vectors, options, seed)
        future = _submitted(content, method, vectors, options, seed)
    return future


@st.cache_resource(max_entries=32, show_spinner=False)
def _submitted(
    content: str, method: str, _vectors: NDArray[np.float32], options: tuple[tuple[str, Any], ...], seed: int
) -> "Future[Projected]":
    executor = get_reusable_executor(max_workers=1, timeout=IDLE_SECONDS, initializer=_warm_up)
    return executor.submit(project, method, _vectors, dict(options), seed)
