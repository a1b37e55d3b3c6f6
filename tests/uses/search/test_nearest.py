"""The closest rows, exactly: whatever the blocks."""

import numpy as np
import pytest

from simcse_core.errors import ShapeError
from simcse_core.uses.search.nearest import in_blocks, nearest


def unit_rows(count: int, dim: int = 16, seed: int = 0) -> "np.ndarray[tuple[int, int], np.dtype[np.float32]]":
    rows = np.random.default_rng(seed).normal(size=(count, dim)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_closest_are_those_of_a_full_sort_in_float64_whatever_the_blocks() -> None:
    rows, queries = unit_rows(500), unit_rows(7, seed=1)
    cosines = (queries.astype(np.float64) @ rows.T.astype(np.float64)).round(6)
    expected = [np.lexsort((np.arange(500), -of_query))[:20] for of_query in cosines]
    for size in (1, 17, 500):
        blocks = [rows[start : start + size] for start in range(0, 500, size)]
        for number, ranking in enumerate(nearest(queries, blocks, 20)):
            assert ranking.rows.tolist() == expected[number].tolist()
            np.testing.assert_array_equal(ranking.scores, cosines[number][expected[number]])


def test_equal_rows_come_in_their_order_and_score_the_same() -> None:
    rows = np.repeat(unit_rows(3), 400, axis=0)
    (ranking,) = nearest(rows[:1], [rows[:700], rows[700:]], 5)
    assert ranking.rows.tolist() == [0, 1, 2, 3, 4]
    assert ranking.scores.tolist() == [1.0] * 5


def test_a_mask_and_a_threshold_leave_rows_out() -> None:
    rows = unit_rows(50)
    mask = np.arange(50) % 2 == 1
    (ranking,) = nearest(rows[:1], in_blocks(rows), 50, mask=mask, threshold=0.0)
    cosines = (rows.astype(np.float64) @ rows[0].astype(np.float64)).round(6)
    assert sorted(ranking.rows) == np.flatnonzero(mask & (cosines >= 0)).tolist()


def test_another_width_is_an_error_that_says_both() -> None:
    with pytest.raises(ShapeError, match="have 3 dimensions, those of the index 16"):
        nearest(unit_rows(1, 3), [unit_rows(2)], 1)
