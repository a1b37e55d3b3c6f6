"""The closest embeddings to a query, exactly, block by block: the result depends neither on blocks nor on threads.

A product of float32 is fast and off by some 1e-7, by an amount that depends on the shape of the blocks. So it only says
who may be among the closest; those few are multiplied again in float64 and rounded to six decimals. Equal scores are
in the order of their rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import ShapeError

Mask = NDArray[np.bool_]
"""(N,) which rows count."""

BLOCK = 100_000
"""Rows at once: threads that wait for each other after each block cost more than its memory."""
QUERIES_AT_ONCE = 64
DECIMALS = 6
"""Of a score. Cosines that differ by less are equal (`meaning.similarity.ROUNDING`)."""
LENGTHS_DIFFER = 1e-3
MARGIN = 5e-6
"""A product in float32 is off by at most some 1e-6; rounding to six decimals moves by half of that again."""


@dataclass(frozen=True)
class Ranking:
    """Rows with their scores, the best first; of equal scores the lower row first."""

    rows: NDArray[np.int64]
    scores: NDArray[np.float64]

    @classmethod
    def of(cls, rows: NDArray[np.int64], scores: NDArray[np.float64], most: int) -> "Ranking":
        """The best of rows in any order."""
        order = np.lexsort((rows, -scores))[:most]
        return cls(rows[order], scores[order])

    @classmethod
    def empty(cls) -> "Ranking":
        """No rows."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0))

    def __len__(self) -> int:
        return len(self.rows)

    def above(self, threshold: float) -> "Ranking":
        """The rows whose score reaches a threshold."""
        reached = self.scores >= threshold
        return Ranking(self.rows[reached], self.scores[reached])

    def merged(self, other: "Ranking", most: int) -> "Ranking":
        """The best of both."""
        return Ranking.of(np.concatenate([self.rows, other.rows]), np.concatenate([self.scores, other.scores]), most)


def in_blocks(embeddings: Embeddings) -> tuple[Embeddings, ...]:
    """(N, D) as views of at most `BLOCK` rows."""
    return tuple(embeddings[start : start + BLOCK] for start in range(0, len(embeddings), BLOCK))


def check_unit_rows(embeddings: Embeddings) -> None:
    """See that embeddings have a length of 1 each, so that their products are cosines; none has no dimensions.

    Raises:
        ShapeError: they do not.
    """
    if not embeddings.shape[1]:
        return
    lengths = np.sqrt(np.einsum("nd,nd->n", embeddings, embeddings))
    wrong = np.flatnonzero(~(np.abs(lengths - 1) <= LENGTHS_DIFFER))
    if len(wrong):
        raise ShapeError(
            "Embedding {row} has a length of {length:.4g}: they have to be unit rows, of length 1.",
            row=int(wrong[0]),
            length=float(lengths[wrong[0]]),
        )


def nearest(
    queries: Embeddings,
    blocks: Sequence[Embeddings],
    most: int,
    *,
    threshold: float | None = None,
    mask: Mask | None = None,
) -> list[Ranking]:
    """For each query the rows of the highest cosine.

    Args:
        queries: (Q, D) unit rows.
        blocks: (N, D) unit rows in parts, which may lie on the disk.
        most: rows for each query, at least 1.
        threshold: least cosine.
        mask: which rows count; None is all.

    Returns:
        Q rankings; a score is the cosine in six decimals.

    Raises:
        ShapeError: queries and blocks differ in width.
    """
    for block in blocks[:1]:
        if block.shape[1] != queries.shape[1]:
            raise ShapeError(
                "The embeddings of the queries have {given} dimensions, those of the index {wanted}.",
                given=queries.shape[1],
                wanted=block.shape[1],
            )
    found: list[Ranking] = []
    for start in range(0, len(queries), QUERIES_AT_ONCE):
        found += _nearest(queries[start : start + QUERIES_AT_ONCE], blocks, most, threshold, mask)
    return found


def _nearest(
    queries: Embeddings, blocks: Sequence[Embeddings], most: int, threshold: float | None, mask: Mask | None
) -> list[Ranking]:
    exact = queries.astype(np.float64)
    best = [Ranking.empty()] * len(queries)
    lowest = -np.inf if threshold is None else threshold
    for start, rows, block in _counting(blocks, mask):
        products = queries @ block.T  # (Q, n) float32
        for number, ranking in enumerate(best):
            floor = max(lowest, ranking.scores[-1] if len(ranking) == most else -np.inf)
            candidates = _candidates(products[number], floor, most)
            if len(candidates):
                scores = cosines(block[candidates], exact[number])
                reached = scores >= lowest
                places = candidates[reached] if rows is None else rows[candidates[reached]]
                best[number] = ranking.merged(Ranking(start + places, scores[reached]), most)
    return best


def cosines(rows: Embeddings, query: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) cosines of unit rows (n, D) with one (D,) or with n others (n, D), as they are ranked."""
    exact = np.einsum("nd,nd->n" if query.ndim == 2 else "nd,d->n", rows.astype(np.float64), query)
    return np.clip(np.round(exact, DECIMALS), -1.0, 1.0) + 0.0  # no -0.0


def _candidates(products: NDArray[np.float32], floor: float, most: int) -> NDArray[np.int64]:
    """Who of a block may be among the best `most`, given that these reach at least `floor`."""
    candidates = np.flatnonzero(products >= np.float32(floor - MARGIN))
    if len(candidates) > max(4 * most, BLOCK // 100):
        reached = products[candidates]
        last = np.partition(reached, len(reached) - most)[len(reached) - most]
        candidates = candidates[reached >= last - np.float32(MARGIN)]
    return candidates


def _counting(
    blocks: Sequence[Embeddings], mask: Mask | None
) -> Iterator[tuple[int, NDArray[np.int64] | None, Embeddings]]:
    """The rows of each block that count: where the block starts, their places in it (None is all), and they."""
    start = 0
    for block in blocks:
        if mask is None:
            yield start, None, block
        elif len(places := np.flatnonzero(mask[start : start + len(block)])):
            yield start, places, block[places]
        start += len(block)
