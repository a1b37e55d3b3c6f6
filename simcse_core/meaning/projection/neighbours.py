"""Nearest neighbours in the original space, exactly, by cosine, in bounded memory."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.similarity import ROUNDING, exact_cosines

CELLS_AT_ONCE = 16_000_000
"""Of a block of cosines: 64 MB, and once more while they are ranked."""
ROWS_AT_ONCE = 512
_SPARE = 8
"""Candidates beyond those wanted, among which exact cosines choose: float32 alone would rank rounding."""
_DECIMALS = 6
_REMEMBERED = 4


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of each query, the closest first; of equally close ones the lower row first."""

    rows: NDArray[np.int32]
    """(M, k)."""
    cosines: NDArray[np.float32]
    """(M, k), descending."""

    def closest(self, count: int) -> "Neighbours":
        """Fewer of them."""
        return Neighbours(self.rows[:, :count], self.cosines[:, :count])


def neighbours_among(embeddings: Embeddings, count: int, *, on_block: Callable[[], None] | None = None) -> Neighbours:
    """The nearest other rows of each row. What was found last is remembered: a map and its quality ask for the same.

    Args:
        embeddings: (N, D) unit rows.
        count: at most N - 1 of them are found.
        on_block: called again and again meanwhile; what it raises ends the search.
    """
    count = max(0, min(count, len(embeddings) - 1))
    key = hashlib.blake2b(np.ascontiguousarray(embeddings).reshape(-1).data, digest_size=16).digest()
    with _lock:
        remembered = _memory.get(key)
    if remembered is None or remembered.rows.shape[1] < count:
        remembered = neighbours_of(embeddings, embeddings, count, without_itself=True, on_block=on_block)
        with _lock:
            _memory[key] = remembered
            while len(_memory) > _REMEMBERED:
                _memory.popitem(last=False)
    return remembered.closest(count)


_memory: OrderedDict[bytes, Neighbours] = OrderedDict()
"""By the embeddings' content; the oldest is forgotten first."""
_lock = threading.Lock()


def neighbours_of(
    queries: Embeddings,
    embeddings: Embeddings,
    count: int,
    *,
    without_itself: bool = False,
    on_block: Callable[[], None] | None = None,
) -> Neighbours:
    """The nearest rows of each query.

    Args:
        queries: (M, D) unit rows.
        embeddings: (N, D) unit rows.
        count: all where N is smaller.
        without_itself: the queries are the rows themselves, and row i is no neighbour of query i.
        on_block: called before each block of queries.
    """
    count = max(0, min(count, len(embeddings) - without_itself))
    at_once = max(1, min(ROWS_AT_ONCE, CELLS_AT_ONCE // max(len(embeddings), 1)))
    rows, cosines = np.empty((len(queries), count), np.int32), np.empty((len(queries), count), np.float32)
    for start in range(0, len(queries) if count else 0, at_once):
        if on_block is not None:
            on_block()
        part = slice(start, start + at_once)
        rows[part], cosines[part] = _nearest(queries[part], embeddings, count, start if without_itself else None)
    return Neighbours(rows, cosines)


def _nearest(
    queries: Embeddings, embeddings: Embeddings, count: int, start: int | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(B, count) rows and cosines; queries that begin at row `start` are no neighbours of themselves."""
    block = queries @ embeddings.T  # (B, N)
    if start is not None:
        block[np.arange(len(queries)), np.arange(start, start + len(queries))] = -np.inf
    wanted = min(count + _SPARE, block.shape[1])
    if wanted < block.shape[1]:
        candidates = _candidates(block, wanted)
    else:
        candidates = np.broadcast_to(np.arange(wanted), block.shape)
    exact = np.einsum("bd,bcd->bc", queries.astype(np.float64), embeddings[candidates].astype(np.float64))
    exact = np.clip(exact.round(_DECIMALS), -1.0, 1.0)
    exact[np.isneginf(np.take_along_axis(block, candidates, axis=1))] = -np.inf
    order = np.argsort(-exact, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(candidates, order, axis=1), np.take_along_axis(exact, order, axis=1)


def _candidates(block: NDArray[np.float32], wanted: int) -> NDArray[np.int64]:
    """(B, wanted) of each row the places of its largest values, in their order; of equal ones the first places."""
    candidates = np.argpartition(block, block.shape[1] - wanted, axis=1)[:, -wanted:]
    least = np.take_along_axis(block, candidates, axis=1).min(axis=1)
    crowded = (block >= (least - ROUNDING)[:, None]).sum(axis=1) > wanted
    for row in np.flatnonzero(crowded):  # more are equal than wanted, as copies of a text are
        clear = np.flatnonzero(block[row] > least[row] + ROUNDING)
        equal = np.flatnonzero(np.abs(block[row] - least[row]) <= ROUNDING)
        candidates[row] = np.concatenate([clear, equal])[:wanted]
    return np.sort(candidates, axis=1)


def nearest(embeddings: Embeddings, index: int, count: int) -> list[tuple[int, float]]:
    """The nearest neighbours of one embedding in the original space, closest first.

    Args:
        embeddings: (N, D) unit rows.
        index: whose neighbours; never among them.
        count: at most this many.

    Returns:
        Pairs of position and cosine.
    """
    cosines = embeddings @ embeddings[index]
    order = [
        int(position)
        for position in np.argsort(-exact_cosines(embeddings, embeddings[index, None])[:, 0], kind="stable")
        if position != index
    ]
    return [(position, float(cosines[position])) for position in order[:count]]
