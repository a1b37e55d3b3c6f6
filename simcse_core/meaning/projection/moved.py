"""What moved between two models: which texts have other neighbours, and which ones came and went."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.similarity import exact_cosines


@dataclass(frozen=True)
class NeighbourChange:
    """The nearest neighbours of one text, before and after: rows with their cosines, the nearest first."""

    before: tuple[tuple[int, float], ...]
    after: tuple[tuple[int, float], ...]

    @property
    def gone(self) -> frozenset[int]:
        return frozenset(row for row, _cosine in self.before) - {row for row, _cosine in self.after}

    @property
    def new(self) -> frozenset[int]:
        return frozenset(row for row, _cosine in self.after) - {row for row, _cosine in self.before}


def change(before: Embeddings, after: Embeddings, row: int, k: int = 8) -> NeighbourChange:
    """The neighbours of one text in two spaces.

    Args:
        before, after: (N, D1) and (N, D2) unit rows of the same texts.
        row: of the text.
        k: how many neighbours; fewer where there are fewer texts.
    """
    return NeighbourChange(_nearest(before, row, k), _nearest(after, row, k))


def _nearest(embeddings: Embeddings, row: int, k: int) -> tuple[tuple[int, float], ...]:
    cosines = exact_cosines(embeddings[row : row + 1], embeddings)[0]
    cosines[row] = -np.inf
    order = np.argsort(-cosines, kind="stable")[: max(min(k, len(embeddings) - 1), 0)]
    return tuple((int(other), float(cosines[other])) for other in order)


def most_moved(
    movement: NDArray[np.floating[Any]], before: NDArray[np.float32], after: NDArray[np.float32], count: int
) -> tuple[int, ...]:
    """The texts with the most new neighbours, the most first; texts with equally many by their way on the map.

    Args:
        movement: (N,) share of each text's nearest neighbours that changed, as `frames.movement` gives it.
        before, after: (N, 2 or 3) in one frame.
        count: at most so many; those that did not move are left out.
    """
    way = relative_way(before, after)
    order = np.lexsort((-way, -movement))
    return tuple(int(row) for row in order[:count] if movement[row] > 0)


def relative_way(before: NDArray[np.float32], after: NDArray[np.float32], k: int = 15) -> NDArray[np.float64]:
    """How far each point went on the map, seen from its neighbours there: what a whole group does together is no way.

    Args:
        before, after: (N, 2 or 3) in one frame.
        k: so many neighbours on the first map.

    Returns:
        (N,) distances, in the units of the map; 0 for a single point.
    """
    from scipy.spatial import cKDTree

    n = len(before)
    if n < 2:
        return np.zeros(n)
    _distances, near = cKDTree(before).query(before, k=min(k, n - 1) + 1)
    steps = after.astype(np.float64) - before
    others = (near != np.arange(n)[:, None])[:, :, None]  # of points that coincide one may not find itself
    of_neighbours = (steps[near] * others).sum(axis=1) / others.sum(axis=1)
    return np.asarray(np.linalg.norm(steps - of_neighbours, axis=1))


def by_chance(n: int, k: int = 15) -> float:
    """The share of changed neighbours if the second model put n texts in any order; NaN for a single text."""
    return 1 - min(k, n - 1) / (n - 1) if n > 1 else float("nan")


def same_label(of_neighbours: NDArray[np.int32], labels: NDArray[np.int32]) -> float:
    """The share of neighbours that have the label of their text.

    Args:
        of_neighbours: (N, k) labels of each text's neighbours, -1 for none.
        labels: (N,) labels of the texts, from 0; a text with -1 has none and does not count.

    Returns:
        In [0, 1]; NaN where no text has a label.
    """
    has_label = labels >= 0
    if not has_label.any() or not of_neighbours.shape[1]:
        return float("nan")
    return float((of_neighbours == labels[:, None])[has_label].mean())
