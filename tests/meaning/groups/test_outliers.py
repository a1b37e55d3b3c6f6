"""What has nothing near it."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

from simcse_core.meaning.groups import outliers
from tests.meaning.test_evaluation import unit_rows


def test_the_odd_one_out_is_the_row_with_the_lowest_mean_cosine_to_its_neighbours() -> None:
    embeddings = unit_rows(0, 40, 16)
    distances, _rows = NearestNeighbors(n_neighbors=5, metric="cosine").fit(embeddings).kneighbors()
    expected = 1 - distances.mean(axis=1)
    found = outliers(embeddings, 3)
    assert [row for row, _cosine in found] == np.argsort(expected)[:3].tolist()
    np.testing.assert_allclose([cosine for _row, cosine in found], np.sort(expected)[:3], atol=1e-5)


def test_a_row_that_is_opposite_to_all_others_is_the_oddest() -> None:
    embeddings = unit_rows(1, 10, 8) + np.float32(2) * np.eye(8, dtype=np.float32)[0]
    embeddings[7] = -embeddings[7]
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    row, cosine = outliers(embeddings, 1)[0]
    assert row == 7
    assert cosine < 0


def test_one_text_has_nothing_to_be_odd_beside_and_of_equal_ones_the_first_comes_first() -> None:
    assert outliers(unit_rows(2, 1, 4), 5) == []
    assert outliers(np.eye(3, dtype=np.float32), 2) == [(0, 0.0), (1, 0.0)]
