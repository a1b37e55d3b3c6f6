"""The nearest neighbours of every embedding in the original space, block by block."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import ShapeError
from simcse_core.meaning.similarity import ROUNDING

CELLS_AT_ONCE = 25_000_000
"""Cosines that are in memory together: 100 MB."""
ROWS_AT_ONCE = 512
_DECIMALS = 6
_SPARE = 8
"""Candidates beyond those wanted, among which the exact cosines choose."""


@dataclass(frozen=True, eq=False)
class Neighbours:
    """For each of M embeddings its k nearest among N, the nearest first; of equally near ones the lower row first."""

    rows: NDArray[np.int32]
    """(M, k)."""
    cosines: NDArray[np.float32]
    """(M, k)."""


def nearest_neighbours(
    embeddings: Embeddings, count: int, *, of: Embeddings | None = None, on_progress: Progress | None = None
) -> Neighbours:
    """The rows of the highest cosine, for every row or for other embeddings.

    Args:
        embeddings: (N, D) unit rows.
        count: k; all others where N is smaller.
        of: (M, D) unit rows whose neighbours are wanted; None is `embeddings`, and no row is its own neighbour then.
        on_progress: receives (embeddings done, M).

    Raises:
        ShapeError: the two differ in width.
    """
    queries = embeddings if of is None else of
    if queries.shape[1] != embeddings.shape[1]:
        raise ShapeError(
            "The embeddings must have the same width: got {a} and {b}.", a=queries.shape[1], b=embeddings.shape[1]
        )
    most = min(count, len(embeddings) - (of is None))
    if most < 1:
        empty = np.empty((len(queries), 0))
        return Neighbours(empty.astype(np.int32), empty.astype(np.float32))
    step = max(1, min(ROWS_AT_ONCE, CELLS_AT_ONCE // len(embeddings)))
    rows = np.empty((len(queries), most), dtype=np.int32)
    cosines = np.empty((len(queries), most), dtype=np.float32)
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        rows[part], cosines[part] = _nearest(queries[part], embeddings, most, start if of is None else None)
        if on_progress is not None:
            on_progress(min(start + step, len(queries)), len(queries))
    return Neighbours(rows, cosines)


def _nearest(
    queries: Embeddings, embeddings: Embeddings, most: int, start: int | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(m, k) rows and cosines; queries that begin at row `start` are no neighbours of themselves."""
    products = queries @ embeddings.T  # (m, N) float32
    if start is not None:
        products[np.arange(len(queries)), start + np.arange(len(queries))] = -np.inf
    wanted = min(most + _SPARE, products.shape[1])
    if wanted < products.shape[1]:
        candidates = np.argpartition(products, products.shape[1] - wanted, axis=1)[:, -wanted:]
    else:
        candidates = np.broadcast_to(np.arange(wanted), products.shape)
    candidates = np.sort(candidates, axis=1)
    exact = np.einsum("md,mkd->mk", queries.astype(np.float64), embeddings[candidates].astype(np.float64))
    exact = np.clip(exact.round(_DECIMALS), -1.0, 1.0)
    if start is not None:
        exact[np.isneginf(np.take_along_axis(products, candidates, axis=1))] = -np.inf
    order = np.argsort(-exact, axis=1, kind="stable")[:, :most]
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(exact, order, axis=1)


def are_all_equal(embeddings: Embeddings) -> bool:
    """Whether nothing but rounding differs."""
    return not len(embeddings) or float(np.ptp(embeddings, axis=0).max(initial=0.0)) <= ROUNDING
