"""Sizes and distances of groups on a map, by maps made for the purpose."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from simcse_core.meaning.projection.misreadings import (
    explained,
    gaps,
    next_components,
    rank_correlation,
    turned,
    widths,
)

GROUPS = np.repeat(np.arange(4, dtype=np.int32), 30)


def cone(axis: int, spread: float, count: int = 30) -> np.ndarray:
    """Unit rows around an axis."""
    rows = np.eye(8)[axis] + spread * np.random.default_rng(axis).standard_normal((count, 8))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def disc(middle: tuple[float, float], radius: float, count: int = 30) -> np.ndarray:
    """Points on a circle around a middle: all have its radius as their distance."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return (np.array(middle) + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)


SPREADS = (0.05, 0.1, 0.2, 0.4)
EMBEDDINGS = np.concatenate([cone(axis, spread) for axis, spread in enumerate(SPREADS)])
MIDDLES = ((0, 0), (10, 0), (0, 10), (10, 10))


def mapped(radii: tuple[float, ...]) -> np.ndarray:
    return np.concatenate([disc(middle, radius) for middle, radius in zip(MIDDLES, radii, strict=True)])


def test_the_cosine_of_a_group_is_the_mean_over_its_pairs() -> None:
    measured = widths(EMBEDDINGS, mapped((1, 1, 1, 1)), GROUPS)
    for group in range(4):
        rows = EMBEDDINGS[group == GROUPS]
        by_hand = (rows @ rows.T)[np.triu_indices(30, 1)].mean()
        assert measured.cosines[group] == pytest.approx(by_hand, abs=1e-5)


def test_widths_on_the_map_are_in_proportion_to_the_radius() -> None:
    measured = widths(EMBEDDINGS, mapped((1, 2, 3, 4)), GROUPS)
    np.testing.assert_allclose(measured.on_map / measured.on_map[0], [1, 2, 3, 4], rtol=1e-4)


def test_a_map_whose_wide_groups_are_loose_does_not_mislead() -> None:
    measured = widths(EMBEDDINGS, mapped((1, 2, 3, 4)), GROUPS)
    assert measured.correlation == pytest.approx(1)
    assert measured.contradiction is None


def test_a_map_whose_wide_groups_are_tight_names_the_clearest_pair() -> None:
    measured = widths(EMBEDDINGS, mapped((4, 3, 2, 1)), GROUPS)
    assert measured.correlation == pytest.approx(-1)
    assert measured.contradiction == (0, 3)  # four times as wide, and the tightest beside the loosest


def test_groups_of_one_text_have_no_width_and_mislead_nobody() -> None:
    groups = np.where(np.arange(120) == 0, 1, 0).astype(np.int32)
    measured = widths(EMBEDDINGS, mapped((1, 1, 1, 1)), groups)
    assert np.isnan([measured.on_map[1], measured.cosines[1], measured.correlation]).all()
    assert measured.contradiction is None


def test_points_in_no_group_do_not_count() -> None:
    groups = GROUPS.copy()
    groups[::7] = -1
    measured = widths(EMBEDDINGS, mapped((1, 2, 3, 4)), groups)
    rows = EMBEDDINGS[groups == 2]
    assert measured.cosines[2] == pytest.approx((rows @ rows.T)[np.triu_indices(len(rows), 1)].mean(), abs=1e-5)


def blend(first: int, second: int, share: float) -> np.ndarray:
    rows = (1 - share) * cone(first, 0.05) + share * cone(second, 0.05)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_a_group_whose_nearest_on_the_map_is_not_its_nearest_is_named() -> None:
    """The second leans to the third in the original space; on the map it stands beside the first."""
    embeddings = np.concatenate([cone(0, 0.05), blend(1, 2, 0.3), cone(2, 0.05)])
    groups = np.repeat(np.arange(3, dtype=np.int32), 30)
    points = np.concatenate([disc((0, 0), 1), disc((3, 0), 1), disc((30, 0), 1)])
    measured = gaps(embeddings, points, groups)
    group, on_map, in_space = measured.contradiction or (-1, -1, -1)
    assert (group, on_map, in_space) == (1, 0, 2)
    assert measured.on_map[0, 1] * 10 == pytest.approx(measured.on_map[0, 2])
    own = embeddings[groups == 0].mean(axis=0) @ embeddings[groups == 1].mean(axis=0)
    lengths = np.linalg.norm(embeddings[groups == 0].mean(axis=0)) * np.linalg.norm(
        embeddings[groups == 1].mean(axis=0)
    )
    assert measured.cosines[0, 1] == pytest.approx(own / lengths, abs=1e-6)


def test_a_map_that_keeps_the_order_of_distances_does_not_mislead() -> None:
    embeddings = np.concatenate([cone(0, 0.02), blend(0, 1, 0.3), blend(0, 1, 0.7)])
    points = np.concatenate([disc((0, 0), 1), disc((3, 0), 1), disc((9, 0), 1)])
    measured = gaps(embeddings, points, np.repeat(np.arange(3, dtype=np.int32), 30))
    assert measured.contradiction is None
    assert measured.correlation > 0


def test_two_groups_are_too_few_to_compare_distances() -> None:
    measured = gaps(EMBEDDINGS[:60], mapped((1, 1, 1, 1))[:60], GROUPS[:60])
    assert measured.contradiction is None
    assert np.isnan(measured.correlation)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_turned_map_has_the_same_distances_and_other_places(dimensions: int) -> None:
    points = np.random.default_rng(0).standard_normal((50, dimensions)).astype(np.float32)
    np.testing.assert_array_equal(np.sort(pdist(turned(points))), np.sort(pdist(points)))
    assert not np.allclose(turned(points), points)


def test_the_explained_share_is_that_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    pca = PCA(2).fit(EMBEDDINGS)
    shares = explained(EMBEDDINGS, pca.transform(EMBEDDINGS))
    np.testing.assert_allclose(shares, pca.explained_variance_ratio_, rtol=1e-4)


def test_what_a_pca_leaves_out_has_the_next_components_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    four = PCA(4).fit_transform(EMBEDDINGS)
    rest = PCA(2).fit_transform(next_components(EMBEDDINGS, four[:, :2].astype(np.float32)))
    np.testing.assert_allclose(np.abs(rest), np.abs(four[:, 2:]), atol=1e-3)


def test_a_rank_correlation_needs_three_that_differ() -> None:
    assert np.isnan(rank_correlation(np.array([1.0, 2.0]), np.array([1.0, 2.0])))
    assert np.isnan(rank_correlation(np.array([1.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0])))
    assert rank_correlation(np.array([1.0, 2.0, 9.0, np.nan]), np.array([5.0, 6.0, 7.0, 0.0])) == pytest.approx(1)
