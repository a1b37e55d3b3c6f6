import itertools
import math

import numpy as np
import pytest
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import cosine_similarity as oracle

from simcse_core.errors import ShapeError
from simcse_core.meaning.similarity import (
    CLUSTERED_AT_MOST,
    Background,
    Matrix,
    cluster_order,
    cosine_similarity,
    histogram,
    mean_off_diagonal,
    pairs_above,
    top_pairs,
)


def of_random_vectors(n: int, seed: int = 0) -> Matrix:
    return cosine_similarity(np.random.default_rng(seed).normal(size=(n, 6)))


def test_cosines_equal_those_of_scikit_learn() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 7, 5)).astype(np.float32)
    np.testing.assert_allclose(cosine_similarity(a, b), oracle(a, b), atol=1e-6)
    np.testing.assert_allclose(cosine_similarity(a), oracle(a), atol=1e-6)


def test_cosines_by_hand() -> None:
    """Angles of 0, 45, 90 and 180 degrees."""
    similarity = cosine_similarity([[1, 0], [2, 2], [0, 3], [-5, 0]])
    np.testing.assert_allclose(similarity[0], [1, math.sqrt(0.5), 0, -1], atol=1e-6)


def test_a_zero_vector_is_close_to_nothing() -> None:
    assert cosine_similarity([[0, 0], [1, 0]]).tolist() == [[0, 0], [0, 1]]


def test_shapes_that_do_not_fit_are_refused_with_both_numbers() -> None:
    with pytest.raises(ShapeError, match="got 2 and 3"):
        cosine_similarity([[1, 0]], [[1, 0, 0]])
    with pytest.raises(ShapeError, match="got shape"):
        cosine_similarity([1, 0])


def test_pairs_come_closest_first_and_once_each() -> None:
    similarity = np.array([[1, 0.2, 0.9], [0.2, 1, -0.5], [0.9, -0.5, 1]], dtype=np.float32)
    assert [(pair.first, pair.second) for pair in top_pairs(similarity, 9)] == [(0, 2), (0, 1), (1, 2)]
    assert [(pair.first, pair.second) for pair in top_pairs(similarity, 2, farthest=True)] == [(1, 2), (0, 1)]
    assert mean_off_diagonal(similarity) == pytest.approx((0.2 + 0.9 - 0.5) / 3)
    assert math.isnan(mean_off_diagonal(similarity[:1, :1]))


def all_pairs(similarity: Matrix, *, farthest: bool, within: bool) -> list[tuple[int, int]]:
    """The oracle: every pair, sorted; of equals the one that stands first."""
    rows, columns = np.indices(similarity.shape).reshape(2, -1)
    if within:
        rows, columns = rows[rows < columns], columns[rows < columns]
    values = similarity[rows, columns]
    order = np.lexsort((columns, rows, values if farthest else -values))
    return list(zip(rows[order].tolist(), columns[order].tolist(), strict=True))


@pytest.mark.parametrize("n", [0, 1, 2, 40, 520])
@pytest.mark.parametrize("decimals", [1, 7])  # one decimal: hundreds of ties
@pytest.mark.parametrize("farthest", [False, True])
@pytest.mark.parametrize("within", [False, True])
def test_top_pairs_are_the_first_of_all_pairs_sorted(n: int, decimals: int, farthest: bool, within: bool) -> None:
    similarity = of_random_vectors(n).round(decimals) if n else np.zeros((0, 0), dtype=np.float32)
    if not within:
        similarity = similarity[:, : n // 2]
    expected = all_pairs(similarity, farthest=farthest, within=within)
    for most in (0, 1, 25, 1_000):
        found = top_pairs(similarity, most, farthest=farthest, within=within)
        assert [(pair.first, pair.second) for pair in found] == expected[:most]
        assert [pair.similarity for pair in found] == [float(similarity[pair]) for pair in expected[:most]]


def test_pairs_above_a_threshold_are_counted_once_and_never_with_themselves() -> None:
    similarity = np.array([[1, 0.25, 0.5], [0.25, 1, -0.5], [0.5, -0.5, 1]], dtype=np.float32)
    counts = {threshold: pairs_above(similarity, threshold) for threshold in (-1.0, 0.0, 0.25, 0.3, 0.5, 0.6, 1.0)}
    assert counts == {-1.0: 3, 0.0: 2, 0.25: 2, 0.3: 1, 0.5: 1, 0.6: 0, 1.0: 0}
    random = of_random_vectors(40)
    assert pairs_above(random, 0.1) == sum(random[i, j] >= np.float32(0.1) for i in range(40) for j in range(i))


def test_a_zero_vector_is_no_pair_of_its_own() -> None:
    assert pairs_above(cosine_similarity([[0, 0], [1, 0], [1, 0]]), 0.5) == 1


@pytest.mark.parametrize("n", [0, 1, 2, 7, 600])
def test_a_histogram_counts_every_pair_once(n: int) -> None:
    similarity = of_random_vectors(n) if n else np.zeros((0, 0), dtype=np.float32)
    counts, edges = histogram(similarity, bins=8)
    assert counts.sum() == n * (n - 1) // 2
    assert edges.tolist() == [-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]
    pairs = similarity[np.triu_indices(n, k=1)]
    bins = [(low <= pairs) & (pairs < high) for low, high in itertools.pairwise([*edges[:-1], 1.1])]
    assert counts.tolist() == [int(inside.sum()) for inside in bins]


def test_two_shuffled_groups_become_two_blocks() -> None:
    """Directions within 30 degrees around 0 and around 90 degrees, in turns."""
    angles = np.radians([0, 85, 10, 95, -10, 105, 15, 75])
    order = cluster_order(cosine_similarity(np.column_stack([np.cos(angles), np.sin(angles)])))
    assert sorted(order) == list(range(8))
    groups = [at % 2 for at in order]
    assert groups in ([0] * 4 + [1] * 4, [1] * 4 + [0] * 4)


def test_directions_on_a_fan_are_put_in_their_order() -> None:
    """The optimal order has the smallest sum of distances of neighbours: along the fan, from one end to the other."""
    place = np.random.default_rng(0).permutation(20)
    angles = np.radians(4.0 * place + np.linspace(0, 1, 20)[place] ** 2)
    order = cluster_order(cosine_similarity(np.column_stack([np.cos(angles), np.sin(angles)])))
    along = place[order].tolist()
    assert along in (list(range(20)), list(range(20))[::-1])


def test_the_order_is_scipys_optimal_one() -> None:
    embeddings = np.random.default_rng(1).normal(size=(40, 6))
    tree = linkage(pdist(embeddings, "cosine"), "average", optimal_ordering=True)
    assert cluster_order(cosine_similarity(embeddings)) == leaves_list(tree).tolist()


@pytest.mark.parametrize("n", [0, 1, 2, 3, CLUSTERED_AT_MOST + 1])
def test_any_number_of_rows_has_an_order(n: int) -> None:
    similarity = of_random_vectors(n) if n else np.zeros((0, 0), dtype=np.float32)
    assert sorted(cluster_order(similarity)) == list(range(n))


@pytest.mark.parametrize(
    ("cosine", "percentile"),
    [(-1.0, 0), (0.0, 12.5), (0.125, 25), (0.25, 50), (0.3, 75), (0.5, 87.5), (1.0, 100)],
)
def test_a_percentile_counts_the_less_close_and_half_of_the_equally_close(cosine: float, percentile: float) -> None:
    background = Background(np.array([0.0, 0.25, 0.25, 0.5], dtype=np.float32))
    assert background.percentile(cosine) == percentile
    assert background.mean == 0.25


def test_the_cosine_at_a_percentile_by_hand() -> None:
    background = Background(np.array([0.0, 0.25, 0.5, 0.75, 1.0], dtype=np.float32))
    cosines = [background.cosine_at(percentile) for percentile in (0, 50, 75, 90, 100)]
    assert cosines == [0, 0.5, 0.75, pytest.approx(0.9), 1]


def test_the_background_of_one_set_has_every_pair_once_and_of_two_sets_every_pair() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 5, 3))
    one, two = Background.of(a), Background.of(a, b[:4])
    by_hand = sorted(float(oracle(a)[i, j]) for i in range(5) for j in range(i))
    np.testing.assert_allclose(one.cosines, by_hand, atol=1e-6)
    np.testing.assert_allclose(two.cosines, np.sort(oracle(a, b[:4]).ravel()), atol=1e-6)
