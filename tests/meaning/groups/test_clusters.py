"""Groups in the original space."""

import numpy as np
import pytest
from sklearn.cluster import HDBSCAN
from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.meaning.groups import clusters, find_groups
from simcse_core.meaning.groups.shared_neighbours import distance_graph
from simcse_core.meaning.projection.neighbours import neighbours_among
from tests.meaning.test_evaluation import unit_rows


def blobs(sizes: list[int], *, spread: float = 0.15, dim: int = 32, seed: int = 0) -> tuple[Embeddings, list[int]]:
    """Unit rows around random centres, and whose each is."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(len(sizes)), sizes)
    rows = rng.normal(size=(len(sizes), dim))[of] + spread * rng.normal(size=(len(of), dim)) * np.sqrt(dim) / 4
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), of.tolist()


def test_clear_groups_are_found_as_hdbscan_of_scikit_learn_finds_them_and_numbered_by_size() -> None:
    embeddings, of = blobs([20, 60, 40])
    groups = find_groups(embeddings)
    assert groups.sizes == (60, 40, 20)
    assert adjusted_rand_score(of, groups.of) == 1.0
    assert adjusted_rand_score(HDBSCAN(min_cluster_size=5, copy=True).fit(embeddings).labels_, groups.of) > 0.95
    assert min(groups.cohesion) > 0.9
    assert groups.probabilities.min() >= 0
    assert groups.probabilities.max() <= 1


def test_the_central_row_has_the_highest_mean_cosine_to_its_group() -> None:
    embeddings, _of = blobs([15, 25])
    groups = find_groups(embeddings)
    for group, central in enumerate(groups.central):
        rows = groups.rows(group)
        cosines = (embeddings[rows] @ embeddings[rows].T).mean(axis=1)
        assert rows[cosines.argmax()] == central


@pytest.mark.parametrize("n", [60, 200, 1_000])
def test_noise_has_no_groups_whatever_hdbscan_says(n: int) -> None:
    groups = find_groups(unit_rows(1, n, 384))
    assert groups.count == 0
    assert (groups.of == -1).all()


def test_groups_are_found_where_the_cosines_alone_say_little() -> None:
    """Twenty topics in 384 dimensions, each sentence three quarters its own: cosines within a topic are 0.06."""
    rng = np.random.default_rng(2)
    of = np.repeat(np.arange(10), 40)
    rows = 0.25 * np.sqrt(384) * np.linalg.qr(rng.normal(size=(384, 10)))[0].T[of] + rng.normal(size=(400, 384))
    embeddings = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    plain = HDBSCAN(min_cluster_size=7, copy=True).fit(embeddings).labels_
    found = find_groups(embeddings).of
    assert adjusted_mutual_info_score(of, found) > adjusted_mutual_info_score(of, plain) + 0.2


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_fewer_than_four_rows_have_no_groups(n: int) -> None:
    groups = find_groups(unit_rows(3, n, 8))
    assert (groups.count, groups.sizes, groups.of.tolist()) == (0, (), [-1] * n)


def test_rows_that_are_all_the_same_have_no_groups() -> None:
    assert find_groups(np.full((50, 4), 0.5, dtype=np.float32)).count == 0


@pytest.mark.parametrize("seed", range(5))
def test_forty_of_sixty_that_are_the_same_are_a_group(seed: int) -> None:
    embeddings = unit_rows(seed, 60, 64).copy()
    embeddings[10:50] = embeddings[10]
    groups = find_groups(embeddings)
    assert set(range(10, 50)) <= set(groups.rows(int(groups.of[10])).tolist())
    assert 10 <= groups.central[int(groups.of[10])] < 50


def test_a_group_of_one_is_refused() -> None:
    with pytest.raises(OptionError, match="at least 2 texts, not 1"):
        find_groups(unit_rows(5, 20, 8), smallest=1)


def test_no_group_is_smaller_than_asked_for() -> None:
    embeddings, _of = blobs([6, 30, 30])
    assert find_groups(embeddings, smallest=4).sizes == (30, 30, 6)
    assert min(find_groups(embeddings, smallest=10).sizes) >= 10


def test_of_very_many_rows_a_sample_is_clustered_and_the_others_go_with_their_nearest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clusters, "MOST_ROWS", 120)
    embeddings, of = blobs([100, 200, 300])
    groups = find_groups(embeddings, seed=1)
    assert adjusted_rand_score(of, groups.of) > 0.95
    assert "among 120 of the 600 texts" in str(groups.notes[0])
    np.testing.assert_array_equal(groups.of, find_groups(embeddings, seed=1).of)


def test_the_graph_of_shared_neighbours_is_the_jaccard_distance_and_in_one_piece() -> None:
    embeddings, _of = blobs([8, 8])
    neighbours = neighbours_among(embeddings, 3)
    graph = distance_graph(neighbours).toarray()
    hoods = [{row, *near} for row, near in enumerate(neighbours.rows.tolist())]
    for row, near in enumerate(neighbours.rows.tolist()):
        for other in near:
            jaccard = 1 - len(hoods[row] & hoods[other]) / len(hoods[row] | hoods[other])
            assert graph[row, other] == pytest.approx(jaccard, abs=2e-6)
    np.testing.assert_array_equal(graph, graph.T)
    assert (graph[:8, 8:] == 2.0).sum() == 1  # nothing joins the two but the link that holds the graph together
