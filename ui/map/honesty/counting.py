"""Groups on a map and in what is mapped, counted by the same rule. It needs no screen: another process runs it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.groups import find_groups
from simcse_core.meaning.projection.neighbours import neighbours_among
from ui.shared.work_note import Note

SAMPLE = 5_000
"""Points of a large map that are looked at."""


@dataclass(frozen=True)
class Counted:
    """What can be counted on a map and in what is mapped."""

    islands: int
    """Groups among the points of the map."""
    groups: int
    """Groups in the original space."""
    nearest: float
    """Median cosine of a row with its nearest."""


Mapped = tuple[Embeddings, NDArray[np.float32]]
"""(N, D) unit rows, and (N, 2 or 3) their map."""


def count_both(first: Mapped, second: Mapped, note: Note) -> tuple[Counted, Counted]:
    """Count on two maps; `note` is where others write how far they are."""
    return _count(*first), _count(*second)


def _count(embeddings: Embeddings, points: NDArray[np.float32]) -> Counted:
    nearest = neighbours_among(embeddings, 1).cosines
    return Counted(
        islands(points), find_groups(embeddings).count, float(np.median(nearest)) if nearest.size else float("nan")
    )


def islands_of_each(maps: tuple[NDArray[np.float32], ...], note: Note) -> tuple[int, ...]:
    """`islands` of several maps."""
    return tuple(islands(points) for points in maps)


def islands(points: NDArray[np.float32]) -> int:
    """How many groups HDBSCAN finds among the points of a map, where somebody would circle them.

    Args:
        points: (N, 2 or 3); of more than 5,000 a sample is looked at.
    """
    from sklearn.cluster import HDBSCAN

    if len(points) > SAMPLE:
        points = points[np.random.default_rng(0).choice(len(points), SAMPLE, replace=False)]
    smallest = max(5, len(points) // 50)
    if len(points) <= smallest or not np.ptp(points):
        return 0
    found = HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(points.astype(np.float64))
    return int(found.max(initial=-1)) + 1
