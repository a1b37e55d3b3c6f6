"""The nearest neighbours in the original space."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from simcse_core.meaning.projection import neighbours
from simcse_core.meaning.projection.neighbours import neighbours_among, neighbours_of
from tests.meaning.test_evaluation import unit_rows


def test_neighbours_are_those_of_scikit_learn_whatever_the_size_of_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    embeddings = unit_rows(0, 90, 12)
    distances, rows = NearestNeighbors(n_neighbors=7, metric="cosine").fit(embeddings).kneighbors()
    for block in (neighbours.ROWS_AT_ONCE, 13):
        monkeypatch.setattr(neighbours, "ROWS_AT_ONCE", block)
        found = neighbours_of(embeddings, embeddings, 7, without_itself=True)
        np.testing.assert_array_equal(found.rows, rows)
        np.testing.assert_allclose(found.cosines, 1 - distances, atol=2e-6)


def test_of_equally_near_rows_the_lower_one_comes_first_and_none_is_its_own_neighbour() -> None:
    same = np.tile(np.eye(4, dtype=np.float32)[:1], (5, 1))
    assert neighbours_among(same, 2).rows.tolist() == [[1, 2], [0, 2], [0, 1], [0, 1], [0, 1]]


def test_all_copies_of_a_text_have_the_first_copies_as_neighbours_however_many_there_are() -> None:
    embeddings = unit_rows(4, 400, 32).copy()
    embeddings[50:350] = embeddings[50]
    rows = neighbours_among(embeddings, 5).rows
    assert (rows[60:350] == np.arange(50, 55)).all()


def test_other_embeddings_may_be_neighbours_of_themselves() -> None:
    embeddings = unit_rows(1, 20, 6)
    assert neighbours_of(embeddings[5:9], embeddings, 1).rows[:, 0].tolist() == [5, 6, 7, 8]


@pytest.mark.parametrize(("n", "shape"), [(0, (0, 0)), (1, (1, 0)), (3, (3, 2))])
def test_few_rows_have_few_neighbours(n: int, shape: tuple[int, int]) -> None:
    assert neighbours_among(unit_rows(2, n, 4), 15).rows.shape == shape
