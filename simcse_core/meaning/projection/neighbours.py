"""Nearest neighbours in the original space, exactly, by cosine, in bounded memory."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.similarity import exact_cosines

CELLS_AT_ONCE = 16_000_000
"""Of a block of cosines: 64 MB, and once more while they are ranked."""
_REMEMBERED = 4


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of each query, the closest first."""

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
        count: at most N.
        without_itself: the queries are the rows themselves, and row i is no neighbour of query i.
        on_block: called before each block of queries.
    """
    at_once = max(1, CELLS_AT_ONCE // max(len(embeddings), 1))
    rows, cosines = np.empty((len(queries), count), np.int32), np.empty((len(queries), count), np.float32)
    for start in range(0, len(queries) if count else 0, at_once):
        if on_block is not None:
            on_block()
        block = queries[start : start + at_once] @ embeddings.T  # (B, N)
        if without_itself:
            block[np.arange(len(block)), np.arange(start, start + len(block))] = -np.inf
        last = block.shape[1] - count
        nearest = np.argpartition(block, last, axis=1)[:, last:] if last else np.argsort(block, axis=1)
        values = np.take_along_axis(block, nearest, axis=1)
        order = np.argsort(-values, axis=1, kind="stable")
        rows[start : start + at_once] = np.take_along_axis(nearest, order, axis=1)
        cosines[start : start + at_once] = np.take_along_axis(values, order, axis=1)
    return Neighbours(rows, cosines)


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
