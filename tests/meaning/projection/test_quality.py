"""How far a map can be trusted."""

import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness as oracle

from simcse_core.errors import InputError
from simcse_core.meaning.projection import measure_quality, pca, quality, seed_agreement
from simcse_core.meaning.projection.quality import continuity, distance_correlation, kept_neighbours
from tests.meaning.test_evaluation import unit_rows

EMBEDDINGS = unit_rows(0, 80, 8)
POINTS = pca(EMBEDDINGS)


def by_hand(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The share of kept neighbours, by sorting everything."""
    apart = np.linalg.norm(POINTS[:, None].astype(float) - POINTS[None], axis=-1)
    cosines = EMBEDDINGS.astype(float) @ EMBEDDINGS.T
    np.fill_diagonal(apart, np.inf)
    np.fill_diagonal(cosines, -np.inf)
    near, seen = np.argsort(-cosines, axis=1)[:, :count], np.argsort(apart, axis=1)[:, :count]
    return np.array([len(set(a) & set(b)) / count for a, b in zip(near, seen, strict=True)])


def test_all_measures_agree_with_their_oracles() -> None:
    measured = measure_quality(EMBEDDINGS, POINTS)
    assert measured.trustworthiness == pytest.approx(oracle(EMBEDDINGS, POINTS, n_neighbors=15, metric="cosine"))
    # Continuity is trustworthiness with the spaces swapped; on unit rows euclidean neighbours are those by cosine.
    assert measured.continuity == pytest.approx(oracle(POINTS, EMBEDDINGS, n_neighbors=15))
    np.testing.assert_allclose(measured.kept, by_hand(15), atol=1e-6)
    assert measured.distance_correlation == pytest.approx(
        spearmanr(pdist(EMBEDDINGS, "cosine"), pdist(POINTS)).statistic
    )


def test_a_map_of_the_circle_keeps_everything() -> None:
    angles = np.linspace(0, np.pi, 40, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    measured = measure_quality(circle, circle)
    assert (measured.trustworthiness, measured.continuity, measured.kept.min()) == (1, 1, 1)
    assert measured.distance_correlation == pytest.approx(1, abs=1e-3)  # but for ties, which rounding breaks


def test_too_few_texts_and_one_point_are_undefined_and_not_wrong() -> None:
    few = measure_quality(EMBEDDINGS[:3], POINTS[:3])
    assert math.isnan(few.trustworthiness)
    assert math.isnan(few.continuity)
    assert few.kept.tolist() == [1, 1, 1]  # both others are among the two nearest
    single = measure_quality(EMBEDDINGS[:1], POINTS[:1])
    assert np.isnan(single.kept).all()
    assert math.isnan(single.distance_correlation)
    assert math.isnan(continuity(EMBEDDINGS, np.zeros_like(POINTS)))
    one_place = np.zeros_like(POINTS)
    assert np.isnan(kept_neighbours(EMBEDDINGS, one_place)).all()
    assert np.isnan(seed_agreement([POINTS, one_place])).all()
    assert math.isnan(distance_correlation(np.repeat(EMBEDDINGS[:1], 9, axis=0), POINTS[:9]))


def test_texts_with_the_same_embedding_are_kept_whichever_of_them_is_near() -> None:
    embeddings = np.repeat(unit_rows(1, 3, 8), 30, axis=0)
    points = np.repeat(np.eye(3, 2, dtype=np.float32), 30, axis=0)
    assert (kept_neighbours(embeddings, points) == 1).all()


def test_many_texts_are_measured_among_a_sample_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    exact = kept_neighbours(EMBEDDINGS, POINTS)
    monkeypatch.setattr(quality, "CANDIDATES", 60)
    sampled = kept_neighbours(EMBEDDINGS, POINTS, seed=1)
    assert sampled.shape == (80,)
    assert sampled.mean() == pytest.approx(exact.mean(), abs=0.1)  # 15 of 60 are a little coarser than 15 of 80
    circle = np.stack([np.cos(np.arange(80) / 30), np.sin(np.arange(80) / 30)], axis=1).astype(np.float32)
    assert (kept_neighbours(circle, circle) == 1).all()


def test_agreement_of_maps_is_one_for_equal_ones_and_chance_for_shuffled_ones() -> None:
    assert seed_agreement([POINTS, 2 * POINTS + 1, POINTS[:, ::-1]]).tolist() == [1] * 80
    shuffled = np.random.default_rng(0).permutation(POINTS)
    assert seed_agreement([POINTS, shuffled]).mean() == pytest.approx(5 / 79, abs=0.05)
    with pytest.raises(InputError, match="at least two maps; there are 1"):
        seed_agreement([POINTS])


def test_agreement_by_hand() -> None:
    """On a line, the two nearest of the first are its two followers; on the other map the last one has come between."""
    line = np.array([[0, 0], [1, 0], [2, 0], [9, 0]], dtype=np.float32)
    other = np.array([[0, 0], [1, 0], [9, 0], [2, 0]], dtype=np.float32)
    assert seed_agreement([line, other], k=2)[0] == 0.5
