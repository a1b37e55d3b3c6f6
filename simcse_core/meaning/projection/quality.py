"""How far a map can be trusted: which neighbours it keeps, and which it only shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import InputError
from simcse_core.meaning.projection.neighbours import neighbours_among, neighbours_of
from simcse_core.meaning.projection.registry import Points
from simcse_core.meaning.similarity import ROUNDING, exact_cosines, pair_cosines

NEIGHBOURS = 15
"""Over which trustworthiness, continuity and kept neighbours are counted."""
SAMPLE_OF_TRUST = 2_000
CANDIDATES = 20_000
"""Above so many texts the kept neighbours are counted among a sample of so many."""
_DECIMALS = 6
PAIRS = 20_000
"""Whose distances are correlated."""


@dataclass(frozen=True)
class Quality:
    """What a map of N texts keeps of the original space."""

    trustworthiness: float
    """Whether neighbours on the map are true neighbours: 1 when all are. NaN where it is not defined."""
    continuity: float
    """Whether true neighbours are neighbours on the map: 1 when all are. NaN where it is not defined."""
    kept: NDArray[np.float32]
    """(N,) the share of each text's 15 nearest neighbours that are among its 15 nearest on the map. NaN where it is not
    defined."""
    distance_correlation: float
    """Spearman's, between distances on the map and cosine distances, over pairs: 1 when the order is kept. NaN where
    all distances are equal."""


def measure_quality(embeddings: Embeddings, points: Points, *, seed: int = 0) -> Quality:
    """All measures of a map.

    Trustworthiness and continuity take a seeded sample of 2,000 of more texts; kept neighbours of more than 20,000 are
    counted among a sample of 20,000, so in memory that does not grow with N²; distances of 20,000 pairs are compared.

    Args:
        embeddings: (N, D) unit rows.
        points: (N, 2) or (N, 3).
        seed: of the samples.
    """
    sample = sample_of_trust(len(embeddings), seed)
    return Quality(
        trustworthiness(embeddings, points, seed=seed),
        _continuity(embeddings[sample], points[sample]),
        kept_neighbours(embeddings, points, seed=seed),
        distance_correlation(embeddings, points, seed=seed),
    )


def trustworthiness(embeddings: Embeddings, points: Points, *, seed: int = 0) -> float:
    """Trustworthiness: whether neighbours in the projection are neighbours in the original space.

    Args:
        embeddings: (N, D) unit rows; compared by cosine.
        points: (N, 2) or (N, 3).
        seed: for the sample of 2,000 that is taken from more points.

    Returns:
        In [0, 1], 1 when every neighbour is real; over 15 neighbours, or fewer when N is small. Texts that are equally
        near, up to rounding, share the best of their ranks. NaN under 6 points, and where all embeddings or all
        points are the same, so that nobody is nearer than anybody.

    Source: Venna and Kaski 2001.
    """
    sample = sample_of_trust(len(embeddings), seed)
    embeddings, points = embeddings[sample], points[sample]
    count = _neighbours_of_trust(embeddings, points)
    if not count:
        return float("nan")
    return _ranked(-_without_diagonal(exact_cosines(embeddings, embeddings), -np.inf), _nearest_points(points, count))


def continuity(embeddings: Embeddings, points: Points, *, seed: int = 0) -> float:
    """Continuity: whether neighbours in the original space are neighbours on the map.

    Trustworthiness with the two spaces swapped; arguments, sample and NaN as there.
    """
    sample = sample_of_trust(len(embeddings), seed)
    return _continuity(embeddings[sample], points[sample])


def _continuity(embeddings: Embeddings, points: Points) -> float:
    count = _neighbours_of_trust(embeddings, points)
    if not count:
        return float("nan")
    cosines = _without_diagonal(exact_cosines(embeddings, embeddings), -np.inf)
    nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
    return _ranked(_without_diagonal(_distances(points), np.inf), nearest)


def sample_of_trust(count: int, seed: int) -> Any:
    """Which of so many texts trustworthiness and continuity are measured on: all up to 2,000."""
    if count <= SAMPLE_OF_TRUST:
        return slice(None)
    return np.random.default_rng(seed).choice(count, SAMPLE_OF_TRUST, replace=False)


def _neighbours_of_trust(embeddings: Embeddings, points: Points) -> int:
    """How many neighbours are looked at; 0 where nobody is nearer than anybody, or too few are there."""
    n = len(embeddings)
    count = min(NEIGHBOURS, (n - 1) // 2)
    if count < 2 or _is_one_place(points):
        return 0
    cosines = exact_cosines(embeddings, embeddings)
    return 0 if np.ptp(cosines[~np.eye(n, dtype=bool)]) == 0 else count


def _ranked(distances: NDArray[np.float64], seen: NDArray[Any]) -> float:
    """1 when all that is seen near is among the nearest by the distances; less by the ranks that it has too many.

    Args:
        distances: (N, N), infinite on the diagonal.
        seen: (N, k) neighbours elsewhere.
    """
    n, count = seen.shape
    ordered = np.sort(distances, axis=1)
    of_seen = np.take_along_axis(distances, seen, axis=1)
    nearer = np.array([np.searchsorted(row, values) for row, values in zip(ordered, of_seen, strict=True)])  # (N, k)
    excess = np.clip(nearer + 1 - count, 0, None).sum()
    return float(1 - 2 * excess / (n * count * (2 * n - 3 * count - 1)))


def _without_diagonal(matrix: NDArray[np.float64], value: float) -> NDArray[np.float64]:
    np.fill_diagonal(matrix, value)
    return matrix


def _is_one_place(points: Points) -> bool:
    return bool(np.ptp(points, axis=0).max() <= ROUNDING)


def _distances(points: Points) -> NDArray[np.float64]:
    """(N, N) distances on the map, as shares of its extent; those that only rounding keeps apart are equal."""
    wide = points.astype(np.float64) / np.ptp(points, axis=0).max()
    squared = sum(np.subtract.outer(axis, axis) ** 2 for axis in wide.T)
    return np.sqrt(squared).round(_DECIMALS)


def _nearest_points(points: Points, count: int) -> NDArray[np.int64]:
    """(N, k) nearest other points of each point. Few are all compared: no page needs scikit-learn for it."""
    if len(points) <= SAMPLE_OF_TRUST:
        apart = _without_diagonal(_distances(points), np.inf)
        return np.argsort(apart, axis=1, kind="stable")[:, :count]
    from sklearn.neighbors import NearestNeighbors

    return np.asarray(NearestNeighbors(n_neighbors=count).fit(points).kneighbors(return_distance=False))


def kept_neighbours(
    embeddings: Embeddings, points: Points, *, count: int = NEIGHBOURS, seed: int = 0
) -> NDArray[np.float32]:
    """The share of each text's nearest neighbours that are among its nearest on the map.

    Args:
        embeddings: (N, D) unit rows.
        points: (N, 2) or (N, 3).
        count: of neighbours; fewer when N is small.
        seed: of the sample of 20,000 candidates that is taken from more texts.

    Returns:
        (N,) in [0, 1]. Texts that are equally near, up to rounding, count alike. NaN for a single text, and where all
        points are the same, so that nobody is nearer than anybody.
    """
    n = len(embeddings)
    count = min(count, n - 1)
    if count < 1 or _is_one_place(points):
        return np.full(n, np.nan, dtype=np.float32)
    if n <= CANDIDATES:
        return true_neighbours(embeddings, _nearest_points(points, count))
    candidates = np.random.default_rng(seed).choice(n, CANDIDATES, replace=False)
    farthest, seen = _among_candidates(embeddings, points, candidates, count)
    return _share_within(embeddings, seen, farthest)


def true_neighbours(embeddings: Embeddings, seen: NDArray[Any]) -> NDArray[np.float32]:
    """The share of neighbours found elsewhere that are among the nearest in the original space.

    Args:
        embeddings: (N, D) unit rows.
        seen: (N, k) rows that are near each row elsewhere, on a map or under another model.

    Returns:
        (N,) in [0, 1]. Texts that are equally near, up to rounding, count alike.
    """
    return _share_within(embeddings, seen, neighbours_among(embeddings, seen.shape[1]).cosines[:, -1])


def _share_within(embeddings: Embeddings, seen: NDArray[Any], farthest: NDArray[Any]) -> NDArray[np.float32]:
    """(N,) how many of (N, k) rows are as close as (N,) cosines."""
    near = np.empty(seen.shape, dtype=bool)
    for column, others in enumerate(seen.T):
        near[:, column] = pair_cosines(embeddings, embeddings[others]) >= farthest - ROUNDING
    return near.mean(axis=1, dtype=np.float32)


def _among_candidates(
    embeddings: Embeddings, points: Points, candidates: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The cosine of each text's last neighbour among the candidates, (N,), and its nearest on the map, (N, k); without
    itself, where it is a candidate."""
    from sklearn.neighbors import NearestNeighbors

    is_candidate = np.zeros(len(embeddings), dtype=bool)
    is_candidate[candidates] = True
    cosines = neighbours_of(embeddings, embeddings[candidates], count + 1).cosines
    farthest = np.where(is_candidate, cosines[:, count], cosines[:, count - 1])
    near = candidates[
        NearestNeighbors(n_neighbors=count + 1).fit(points[candidates]).kneighbors(points, return_distance=False)
    ]
    itself = near == np.arange(len(near))[:, None]
    itself[~itself.any(axis=1), -1] = True  # no candidate, or hidden behind equals: the last one goes
    return farthest, near[~itself].reshape(len(near), count)


def distance_correlation(embeddings: Embeddings, points: Points, *, seed: int = 0, pairs: int = PAIRS) -> float:
    """Spearman's rank correlation of distances on the map and cosine distances: whether far is far.

    Args:
        embeddings: (N, D) unit rows.
        points: (N, 2) or (N, 3).
        seed: of the pairs that are drawn where there are more.
        pairs: looked at, at most.

    Returns:
        In [-1, 1]; NaN where there are fewer than two pairs or all distances are equal.
    """
    from scipy.stats import spearmanr

    first, second = _pairs(len(embeddings), pairs, seed)
    cosines = pair_cosines(embeddings[first], embeddings[second])
    distances = np.linalg.norm(points[first].astype(np.float64) - points[second], axis=1)
    if len(first) < 2 or np.ptp(cosines) == 0 or np.ptp(distances) <= ROUNDING:
        return float("nan")
    return float(spearmanr(-cosines, distances).statistic)


def _pairs(n: int, most: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs of different rows, or as many as are looked at."""
    if n * (n - 1) // 2 <= most:
        first, second = np.triu_indices(n, k=1)
        return first, second
    chance = np.random.default_rng(seed)
    first = chance.integers(0, n, most)
    return first, (first + chance.integers(1, n, most)) % n


def seed_agreement(maps: Sequence[Points], k: int = 5) -> NDArray[np.float32]:
    """How far maps of the same texts agree, as those of several seeds do.

    Args:
        maps: at least two, each (N, 2) or (N, 3).
        k: neighbours on the map; fewer when N is small.

    Returns:
        (N,) for each text the share of its k nearest that two maps have in common, over all pairs of maps. Their mean
        is the figure for it. NaN for a single text, and where all points of a map are the same.

    Raises:
        InputError: fewer than two maps.
    """
    if len(maps) < 2:
        raise InputError("Agreement is between at least two maps; there are {given}.", given=len(maps))
    count = min(k, len(maps[0]) - 1)
    if count < 1 or any(_is_one_place(points) for points in maps):
        return np.full(len(maps[0]), np.nan, dtype=np.float32)
    nearest = [_nearest_points(points, count) for points in maps]
    shares = [_in_common(a, b) for number, a in enumerate(nearest) for b in nearest[number + 1 :]]
    return np.mean(shares, axis=0, dtype=np.float32)


def _in_common(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float32]:
    """(N,) the share of each row of (N, k) neighbours that is in the same row of the other."""
    return (a[:, :, None] == b[:, None, :]).any(axis=2).mean(axis=1, dtype=np.float32)
