"""How close sentences are: cosines and what to read from a matrix of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import ShapeError

Matrix = NDArray[np.float32]


def cosine_similarity(a: ArrayLike, b: ArrayLike | None = None) -> Matrix:
    """The cosine of every row of `a` with every row of `b`.

    Args:
        a: (N, D) vectors of any length.
        b: (M, D); None compares `a` with itself.

    Returns:
        (N, M) float32 in [-1, 1]; a zero vector has cosine 0 with everything.

    Raises:
        ShapeError: not two matrices of the same width.

    Example:
        >>> cosine_similarity([[1, 0], [3, 4]]).round(2).tolist()
        [[1.0, 0.6000000238418579], [0.6000000238418579, 1.0]]
    """
    left = _unit_rows(a)
    right = left if b is None else _unit_rows(b)
    if left.shape[1] != right.shape[1]:
        raise ShapeError("The vectors must have the same width: got {a} and {b}.", a=left.shape[1], b=right.shape[1])
    return np.clip(left @ right.T, -1.0, 1.0)


def _unit_rows(vectors: ArrayLike) -> Matrix:
    matrix = np.asarray(vectors, dtype=np.float32)
    if matrix.ndim != 2:
        raise ShapeError("The vectors must be a matrix (N, D): got shape {shape}.", shape=matrix.shape)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, norms, out=np.zeros_like(matrix), where=norms > 0)


@dataclass(frozen=True)
class Pair:
    """Two different rows of a similarity matrix."""

    first: int
    second: int
    similarity: float


def ranked_pairs(similarity: Matrix) -> list[Pair]:
    """All pairs of different rows, the closest first.

    Args:
        similarity: (N, N), symmetric.
    """
    rows, columns = np.triu_indices(len(similarity), k=1)
    values = similarity[rows, columns]
    return [Pair(int(rows[at]), int(columns[at]), float(values[at])) for at in np.argsort(-values, kind="stable")]


def mean_off_diagonal(similarity: Matrix) -> float:
    """The mean cosine of different rows; NaN for fewer than two rows. Near 1 the vectors share one direction."""
    n = len(similarity)
    if n < 2:
        return float("nan")
    return float((similarity.sum(dtype=np.float64) - np.trace(similarity, dtype=np.float64)) / (n * (n - 1)))
