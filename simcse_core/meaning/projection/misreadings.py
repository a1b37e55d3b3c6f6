"""What people read out of a map that is not in it, measured on this very map: sizes, distances and directions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings

Numbers = NDArray[np.float64]
FEWEST_GROUPS = 3
"""A rank correlation of two is always 1 or -1."""
WIDER_FROM = 1.15
"""So many times as wide is what somebody sees on a map."""
CLOSER_FROM = 0.1
"""By so much of their range two cosines have to differ to be called different: models differ in where theirs lie."""


@dataclass(frozen=True)
class Widths:
    """How wide each group is on a map, and how close its texts are in the original space."""

    on_map: Numbers
    """(G,) median distance from the group's middle, divided by that of all points from theirs; NaN under two texts."""
    cosines: Numbers
    """(G,) mean cosine of two texts of the group; NaN under two texts."""

    @property
    def correlation(self) -> float:
        """Rank correlation (Spearman) of being wide on the map with being loose in the original space, in [-1, 1].

        NaN under three groups, and where one of the two does not differ.
        """
        return rank_correlation(self.on_map, -self.cosines)

    @property
    def contradiction(self) -> tuple[int, int] | None:
        """The clearest pair whose first is wider on the map, although its texts are closer together; None: no such."""
        wider = self.on_map[:, None] / np.maximum(self.on_map[None, :], np.finfo(np.float64).tiny)
        closer = self.cosines[:, None] - self.cosines[None, :]
        misleads = (wider >= WIDER_FROM) & (closer >= _enough(self.cosines))  # false for NaN
        if not misleads.any():
            return None
        clarity = np.where(misleads, np.log(np.where(misleads, wider, 1.0)) * closer, -1.0)
        first, second = np.unravel_index(clarity.argmax(), clarity.shape)
        return int(first), int(second)


@dataclass(frozen=True)
class Gaps:
    """How far apart groups are on a map, and how close in the original space."""

    on_map: Numbers
    """(G, G) distances between the middles, divided by the median distance of all points from theirs."""
    cosines: Numbers
    """(G, G) between the mean embeddings."""

    @property
    def correlation(self) -> float:
        """Rank correlation (Spearman), over pairs of groups, of being far on the map with being far in the space.

        In [-1, 1]; NaN under three groups, and where one of the two does not differ.
        """
        pairs = np.triu_indices(len(self.on_map), 1)
        return rank_correlation(self.on_map[pairs], -self.cosines[pairs])

    @property
    def contradiction(self) -> tuple[int, int, int] | None:
        """A group, its nearest on the map, and another that is nearer in the original space: the clearest such case.

        None where each group's nearest on the map is its nearest in the original space too, or nearly.
        """
        if len(self.on_map) < FEWEST_GROUPS:
            return None
        far = np.where(np.eye(len(self.on_map), dtype=bool), np.inf, 0.0)
        on_map, in_space = (self.on_map + far).argmin(axis=1), (self.cosines - far).argmax(axis=1)
        rows = np.arange(len(on_map))
        missed = self.cosines[rows, in_space] - self.cosines[rows, on_map]
        group = int(missed.argmax())
        enough = _enough(self.cosines[np.triu_indices(len(rows), 1)])
        return (group, int(on_map[group]), int(in_space[group])) if missed[group] >= enough else None


def widths(embeddings: Embeddings, points: NDArray[np.float32], groups: NDArray[np.int32]) -> Widths:
    """Measure how wide groups are.

    Args:
        embeddings: (N, D) unit rows.
        points: (N, 2 or 3) on a map.
        groups: (N,) from 0; -1 is in none.
    """
    scale = _scale(points)
    members = [np.flatnonzero(groups == group) for group in range(_count(groups))]
    on_map = [_radius(points[rows]) / scale if len(rows) > 1 else np.nan for rows in members]
    return Widths(np.array(on_map), np.array([_mean_cosine(embeddings[rows]) for rows in members]))


def gaps(embeddings: Embeddings, points: NDArray[np.float32], groups: NDArray[np.int32]) -> Gaps:
    """Measure how far groups are from each other; arguments as for `widths`, every group has at least one text."""
    members = [np.flatnonzero(groups == group) for group in range(_count(groups))]
    middles = np.array([np.median(points[rows], axis=0) for rows in members]).reshape(len(members), points.shape[1])
    means = np.array([embeddings[rows].mean(axis=0) for rows in members], dtype=np.float64)
    means = means.reshape(len(members), embeddings.shape[1])
    means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    apart = np.linalg.norm(middles[:, None, :] - middles[None, :, :], axis=2)
    return Gaps(apart / _scale(points), means @ means.T)


def turned(points: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map turned by a quarter and mirrored: every distance on it stays.

    Args:
        points: (N, 2 or 3).
    """
    return np.ascontiguousarray(points[:, [1, 0, *range(2, points.shape[1])]])


def explained(embeddings: Embeddings, points: NDArray[np.float32]) -> Numbers:
    """The share of the embeddings' variance along each axis of their PCA, (2 or 3,) in [0, 1].

    Args:
        embeddings: (N, D).
        points: (N, 2 or 3), their PCA.
    """
    total = float(embeddings.var(axis=0, dtype=np.float64).sum())
    return points.var(axis=0, dtype=np.float64) / max(total, float(np.finfo(np.float64).tiny))


def next_components(embeddings: Embeddings, points: NDArray[np.float32]) -> NDArray[np.float64]:
    """What a PCA map leaves out: the embeddings without the directions that it shows.

    Args:
        embeddings: (N, D).
        points: (N, 2 or 3), their PCA.

    Returns:
        (N, D) centred rows, uncorrelated with the axes of the map. Their PCA is the map of the next axes.
    """
    centred = embeddings.astype(np.float64) - embeddings.mean(axis=0, dtype=np.float64)
    seen = points.astype(np.float64) - points.mean(axis=0, dtype=np.float64)
    directions, _residuals, _rank, _sizes = np.linalg.lstsq(seen, centred, rcond=None)
    return np.asarray(centred - seen @ directions)


def rank_correlation(first: Numbers, second: Numbers) -> float:
    """Spearman over the places where both are numbers; NaN where fewer than three differ."""
    from scipy.stats import spearmanr

    are_numbers = np.isfinite(first) & np.isfinite(second)
    first, second = first[are_numbers], second[are_numbers]
    if len(first) < FEWEST_GROUPS or not np.ptp(first) or not np.ptp(second):
        return float("nan")
    return float(spearmanr(first, second).statistic)


def _enough(cosines: Numbers) -> float:
    """How far apart two of these cosines have to be; more than any are where all are the same."""
    there = cosines[np.isfinite(cosines)]
    extent = float(np.ptp(there)) if len(there) else 0.0
    return CLOSER_FROM * extent if extent > 0 else float("inf")


def _count(groups: NDArray[np.int32]) -> int:
    return int(groups.max(initial=-1)) + 1


def _radius(points: NDArray[np.float32]) -> float:
    return float(np.median(np.linalg.norm(points - np.median(points, axis=0), axis=1)))


def _scale(points: NDArray[np.float32]) -> float:
    return max(_radius(points), float(np.finfo(np.float32).tiny))


def _mean_cosine(embeddings: Embeddings) -> float:
    """Of two different rows: the squared length of the sum holds all pairs, and each row with itself."""
    n = len(embeddings)
    if n < 2:
        return float("nan")
    total = embeddings.sum(axis=0, dtype=np.float64)
    return float((total @ total - n) / (n * (n - 1)))
