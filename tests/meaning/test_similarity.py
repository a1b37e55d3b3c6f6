import math

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity as oracle

from simcse_core.errors import ShapeError
from simcse_core.meaning.similarity import cosine_similarity, mean_off_diagonal, ranked_pairs


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
    assert [(pair.first, pair.second) for pair in ranked_pairs(similarity)] == [(0, 2), (0, 1), (1, 2)]
    assert mean_off_diagonal(similarity) == pytest.approx((0.2 + 0.9 - 0.5) / 3)
    assert math.isnan(mean_off_diagonal(similarity[:1, :1]))
