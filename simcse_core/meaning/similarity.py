"""Cosine similarity, and summaries of a matrix of cosines."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import ShapeError

Matrix = NDArray[np.float32]
Number = TypeVar("Number", np.float32, np.float64)

ROUNDING = 1e-6
"""Cosines that differ by no more are equal. Unit rows of float32 have a length of 1 within some 1e-7, and so the cosine
of a vector with itself is 1 within some 1e-7: whatever ranks cosines would rank that noise. Products of float32 add as
much again, so what is ranked is multiplied in float64."""
_DECIMALS = 6


def cosine_similarity(a: ArrayLike, b: ArrayLike | None = None) -> Matrix:
    """The cosine of every row of `a` with every row of `b`.

    Args:
        a: (N, D) embeddings of any length.
        b: (M, D); None compares `a` with itself.

    Returns:
        (N, M) float32 in [-1, 1]; a zero vector has cosine 0 with everything.

    Raises:
        ShapeError: not two matrices of the same width.

    Example:
        >>> cosine_similarity([[1, 0], [3, 4]]).round(2).tolist()
        [[1.0, 0.6000000238418579], [0.6000000238418579, 1.0]]
    """
    left = _unit_rows(a, np.float32)
    right = left if b is None else _unit_rows(b, np.float32)
    if left.shape[1] != right.shape[1]:
        raise ShapeError("The embeddings must have the same width: got {a} and {b}.", a=left.shape[1], b=right.shape[1])
    return np.clip(left @ right.T, -1.0, 1.0)


def pair_cosines(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """The cosine of each row of `a` with the same row of `b`, for whatever ranks them: equal ones are exactly equal.

    Args:
        a, b: (N, D) unit rows.

    Returns:
        (N,), as `without_rounding` gives them.
    """
    return without_rounding(np.einsum("nd,nd->n", np.asarray(a, np.float64), np.asarray(b, np.float64)))


def exact_cosines(a: ArrayLike, b: ArrayLike) -> NDArray[np.float64]:
    """As `cosine_similarity`, (N, M), in float64 and as `without_rounding` gives them: for whatever ranks cosines."""
    left, right = (_unit_rows(embeddings, np.float64) for embeddings in (a, b))
    return without_rounding(left @ right.T)


def without_rounding(cosines: ArrayLike) -> NDArray[np.float64]:
    """Cosines, with those that only rounding keeps apart made equal.

    Args:
        cosines: of any shape.

    Returns:
        The same shape, in six decimals; one and the same number where all lie within `ROUNDING`.
    """
    values = np.asarray(cosines, dtype=np.float64)
    if values.size and np.ptp(values) <= ROUNDING:
        return np.full_like(values, values.flat[0])
    # Counted from the middle one: where many are equal they lie in the middle of a step, not on both sides of its edge.
    middle = np.partition(values, values.size // 2, axis=None)[values.size // 2] if values.size else 0.0
    return ((values - middle).round(_DECIMALS) + np.round(middle, _DECIMALS)).round(_DECIMALS)


def are_all_equal(embeddings: ArrayLike) -> bool:
    """Whether nothing but rounding differs between rows (N, D); so it is for one row, and for none."""
    rows = np.asarray(embeddings)
    return not len(rows) or float(np.ptp(rows, axis=0).max(initial=0.0)) <= ROUNDING


def _unit_rows(embeddings: ArrayLike, dtype: type[Number]) -> NDArray[Number]:
    matrix = np.asarray(embeddings, dtype=dtype)
    if matrix.ndim != 2:
        raise ShapeError("The embeddings must be a matrix (N, D): got shape {shape}.", shape=matrix.shape)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, norms, out=np.zeros_like(matrix), where=norms > 0)


@dataclass(frozen=True)
class Pair:
    """Two different rows of a similarity matrix."""

    first: int
    second: int
    similarity: float


def top_pairs(similarity: Matrix, most: int, *, farthest: bool = False, within: bool = True) -> list[Pair]:
    """The closest pairs, the closest first.

    Args:
        similarity: (N, N) of one set, or (N, M) of two.
        most: how many pairs.
        farthest: the farthest instead, the farthest first.
        within: one set with itself, so each pair counts once and nothing is paired with itself.
    """
    sign = -1.0 if farthest else 1.0
    best: list[tuple[float, int, int]] = []
    for start in range(0, len(similarity), 512):  # 5,000 x 5,000 never needs a second matrix
        block = similarity[start : start + 512]
        values = np.where(_above_diagonal(block, start), sign * block, -np.inf) if within else sign * block
        flat = values.ravel()
        # All that are as close as the last one that counts: which of equals stays is decided by their place.
        if most == 1:
            least = flat.max(initial=-np.inf)
        else:
            least = np.partition(flat, -most)[-most] if most < len(flat) else -np.inf
        positions = np.flatnonzero((flat >= least) & (flat > -np.inf))
        positions = positions[np.argsort(-flat[positions], kind="stable")][:most]
        best += [
            (float(flat[position]), int(position // block.shape[1]) + start, int(position % block.shape[1]))
            for position in positions
        ]
        best = sorted(best, key=lambda pair: (-pair[0], pair[1], pair[2]))[:most]
    return [Pair(first, second, sign * value) for value, first, second in best]


@dataclass(frozen=True)
class Summary:
    """The extremes and the mean of an (N, N) matrix of at least two rows."""

    closest: Pair
    farthest: Pair
    mean: float
    """Of different rows."""


def summarise(similarity: Matrix) -> Summary:
    """The closest and the farthest pair, and the mean.

    Args:
        similarity: (N, N) with N at least 2, symmetric.
    """
    (closest,), (farthest,) = top_pairs(similarity, 1), top_pairs(similarity, 1, farthest=True)
    return Summary(closest, farthest, mean_off_diagonal(similarity))


def _above_diagonal(block: Matrix, start: int) -> NDArray[np.bool_]:
    """Where the columns of a block of rows lie right of the whole matrix's diagonal; `start` is its first row."""
    return np.arange(block.shape[1]) > np.arange(start, start + len(block))[:, None]


def pairs_above(similarity: Matrix, threshold: float) -> int:
    """How many pairs of different rows of an (N, N) matrix reach the threshold."""
    above = int((similarity >= threshold).sum()) - int((np.diagonal(similarity) >= threshold).sum())
    return above // 2


def histogram(similarity: Matrix, bins: int = 40) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How often pairs of different rows have which cosine.

    Args:
        similarity: (N, N), symmetric.
        bins: of equal width over [-1, 1].

    Returns:
        (bins,) counts of pairs, and (bins + 1,) edges.
    """
    edges = np.linspace(-1.0, 1.0, bins + 1)
    counts = np.zeros(bins, dtype=np.int64)
    for start in range(0, len(similarity), 512):
        block = similarity[start : start + 512]
        counts += np.histogram(block[_above_diagonal(block, start)], edges)[0]
    return counts, edges


CLUSTERED_AT_MOST = 600
"""Above so many rows the optimal order of leaves would take longer than anybody waits; the tree's own is used."""


def cluster_order(similarity: Matrix) -> list[int]:
    """An order of the rows in which close ones stand together: average linkage with optimal leaf order.

    Args:
        similarity: (N, N), symmetric.

    Source: Bar-Joseph et al. 2001, as in SciPy.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    n = len(similarity)
    if n < 3:
        return list(range(n))
    distance = 1.0 - similarity.astype(np.float64)
    distance = (distance + distance.T) / 2  # what rounding left unequal
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=n <= CLUSTERED_AT_MOST)
    return [int(leaf) for leaf in leaves_list(tree)]


CROWDED_FROM = 0.5
"""From this middle of unrelated pairs on a high cosine means nothing by itself; order and percentile still do."""


@dataclass(frozen=True)
class Background:
    """The cosines a model gives to sentences that have nothing to do with each other."""

    cosines: Matrix
    """(P,) in ascending order."""

    @classmethod
    def of(cls, a: ArrayLike, b: ArrayLike | None = None) -> "Background":
        """From embeddings of unrelated sentences: (N, D) of one language, or of two with (M, D)."""
        similarity = exact_cosines(a, a if b is None else b).astype(np.float32)
        values = similarity.ravel() if b is not None else similarity[np.triu_indices(len(similarity), k=1)]
        return cls(np.sort(values))

    @property
    def mean(self) -> float:
        return float(self.cosines.mean())

    @property
    def middle(self) -> float:
        """Half of the unrelated pairs are less close."""
        return float(np.median(self.cosines))

    @property
    def is_crowded(self) -> bool:
        """Whether even unrelated sentences are close."""
        return self.middle >= CROWDED_FROM

    def percentile(self, cosine: float) -> float:
        """The share of unrelated pairs that are less close, 0 to 100; equal ones count half, up to rounding.

        NaN where all unrelated pairs are equally close: then no pair is closer than others.
        """
        if np.ptp(self.cosines) <= ROUNDING:
            return float("nan")
        below = int(np.searchsorted(self.cosines, cosine - ROUNDING, side="left"))
        up_to = int(np.searchsorted(self.cosines, cosine + ROUNDING, side="right"))
        return 50.0 * (below + up_to) / len(self.cosines)

    def cosine_at(self, percentile: float) -> float:
        """The cosine that so many percent of the unrelated pairs stay below."""
        return float(np.percentile(self.cosines, percentile))


def mean_off_diagonal(similarity: Matrix) -> float:
    """The mean cosine of different rows; NaN for fewer than two rows. Near 1 the embeddings share one direction."""
    n = len(similarity)
    if n < 2:
        return float("nan")
    return float((similarity.sum(dtype=np.float64) - np.trace(similarity, dtype=np.float64)) / (n * (n - 1)))
