"""PCA: the directions in which embeddings differ most."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import InputError
from simcse_core.meaning.projection.alignment import Alignment
from simcse_core.meaning.projection.registry import Points, projections
from simcse_core.meaning.similarity import ROUNDING

_ROWS_AT_ONCE = 4_096
_LARGE = 1_000
"""Texts and dimensions above which the square matrix would take more than a second."""
_OVERSAMPLING = 10
_ITERATIONS = 12


@dataclass(frozen=True)
class Axes:
    """A linear map from the original space to the map's."""

    mean: NDArray[np.float64]
    """(D,)."""
    directions: NDArray[np.float64]
    """(D, dimensions), unit columns; a column of zeros where nothing differs."""

    def points(self, embeddings: Embeddings) -> Points:
        """(N, D) to (N, dimensions)."""
        return np.asarray((embeddings - self.mean) @ self.directions, dtype=np.float32)


def place_by_pca(embeddings: Embeddings, points: Points, new: Embeddings, *, dimensions: int = 2) -> Points:
    """Exactly where PCA of `embeddings` puts new ones, turned as `points` is: that may have been fitted to another map.

    Args:
        embeddings: (N, D).
        points: (N, dimensions) of them.
        new: (M, D).

    Returns:
        (M, dimensions).
    """
    axes = principal_axes(embeddings, dimensions)
    return Alignment.of(axes.points(embeddings), points).apply(axes.points(new))


@projections.register(
    "pca",
    title="PCA",
    is_instant=True,
    placing=place_by_pca,
    places_by="A new text stands exactly where the map would show it: the map is a fixed view from one side.",
)
def pca(embeddings: Embeddings, *, dimensions: int = 2, seed: int = 0) -> Points:
    """The directions in which the embeddings differ most.

    Args:
        embeddings: (N, D); at least one.
        dimensions: of the map.
        seed: not used, PCA has no chance in it.

    Returns:
        (N, dimensions); each axis is turned so that its largest value is positive. All zeros along an axis where
        nothing but rounding differs.
    """
    if not len(embeddings):
        raise InputError("There is nothing to project: give at least one text.")
    return principal_axes(embeddings, dimensions).points(embeddings)


def principal_axes(embeddings: Embeddings, dimensions: int) -> Axes:
    """The axes of a PCA.

    They are found from the (D, D) covariance or, with fewer texts than D, from the (N, N) products, both in float64.
    Where both would be large, by subspace iteration from a fixed start.

    Args:
        embeddings: (N, D) with N at least 1.
        dimensions: of the map.
    """
    n, width = embeddings.shape
    mean = embeddings.mean(axis=0, dtype=np.float64)
    if min(n, width) > _LARGE:
        directions = _by_iteration(embeddings, mean, dimensions)
    elif n < width:
        centred = embeddings - mean  # (N, D) float64
        directions = centred.T @ _largest(centred @ centred.T, dimensions)  # (D, dimensions)
    else:
        directions = _largest(_scatter(embeddings, mean), dimensions)
    lengths = np.linalg.norm(directions, axis=0)
    directions = np.divide(directions, lengths, out=np.zeros_like(directions), where=lengths > ROUNDING)
    return _turned(Axes(mean, _padded(directions, dimensions)), embeddings)


def _scatter(embeddings: Embeddings, mean: NDArray[np.float64]) -> NDArray[np.float64]:
    """N times the covariance, (D, D)."""
    total = np.zeros((embeddings.shape[1], embeddings.shape[1]))
    for start in range(0, len(embeddings), _ROWS_AT_ONCE):
        centred = embeddings[start : start + _ROWS_AT_ONCE] - mean
        total += centred.T @ centred
    return total


def _largest(square: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The eigenvectors of the largest eigenvalues as columns, the largest first."""
    vectors: NDArray[np.float64] = np.linalg.eigh(square)[1]
    return vectors[:, ::-1][:, :count]


def _by_iteration(embeddings: Embeddings, mean: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The same directions without any square matrix.

    Source: Halko, Martinsson and Tropp 2011, arXiv 0909.4061, algorithm 4.4.
    """
    start = np.random.default_rng(0).normal(size=(embeddings.shape[1], count + _OVERSAMPLING))
    basis = np.linalg.qr(start)[0]  # (D, count + 10)
    for _round in range(_ITERATIONS):
        seen = embeddings @ basis.astype(np.float32) - mean @ basis  # (N, count + 10)
        basis = np.linalg.qr(embeddings.T @ seen.astype(np.float32) - np.outer(mean, seen.sum(axis=0)))[0]
    seen = embeddings @ basis.astype(np.float32) - mean @ basis
    return basis @ _largest(seen.T @ seen, count)


def _padded(directions: NDArray[np.float64], dimensions: int) -> NDArray[np.float64]:
    """With columns of zeros where embeddings have fewer dimensions than the map."""
    return np.pad(directions, ((0, 0), (0, dimensions - directions.shape[1])))


def _turned(axes: Axes, embeddings: Embeddings) -> Axes:
    """Each axis so that its largest value is positive; none where only rounding differs."""
    points = axes.points(embeddings)
    largest = points[np.abs(points).argmax(axis=0), np.arange(points.shape[1])]
    signs = np.where(largest < 0, -1.0, 1.0) * (np.ptp(points, axis=0) > 10 * ROUNDING)
    return Axes(axes.mean, axes.directions * signs)
