import numpy as np
import pytest

from simcse_core.meaning.projection.moved import by_chance, change, most_moved, relative_way, same_label

RNG = np.random.default_rng(0)


def test_a_group_that_moves_as_one_has_not_moved_relative_to_its_neighbours() -> None:
    before = np.concatenate([RNG.standard_normal((40, 2)), RNG.standard_normal((40, 2)) + 50]).astype(np.float32)
    after = before.copy()
    after[:40] += [0, 30]
    np.testing.assert_allclose(relative_way(before, after), 0, atol=1e-4)
    after[3] += [50, 0]
    assert relative_way(before, after).argmax() == 3
    assert relative_way(before, after)[3] == pytest.approx(50, abs=0.01)


def test_the_most_moved_are_those_with_new_neighbours_and_then_those_with_the_longest_way() -> None:
    movement = np.array([0.0, 0.5, 0.5, 1.0])
    before = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=np.float32)
    after = before + np.array([[0, 0], [0, 0], [9, 0], [0, 0]], dtype=np.float32)
    assert most_moved(movement, before, after, 10) == (3, 2, 1)
    assert most_moved(movement, before, after, 1) == (3,)


def unit(rows: list[list[float]]) -> np.ndarray:
    array = np.array(rows)
    return (array / np.linalg.norm(array, axis=1, keepdims=True)).astype(np.float32)


def test_neighbours_that_came_and_went_by_hand() -> None:
    before = unit([[1, 0], [1, 0.1], [1, 0.5], [0, 1]])
    after = unit([[1, 0], [0, 1], [1, 0.5], [1, 0.1]])
    changed = change(before, after, 0, 2)
    assert [row for row, _cosine in changed.before] == [1, 2]
    assert [row for row, _cosine in changed.after] == [3, 2]
    assert (set(changed.gone), set(changed.new)) == ({1}, {3})
    assert changed.before[0][1] == pytest.approx(1 / np.sqrt(1.01), abs=1e-6)


def test_neighbours_by_chance() -> None:
    assert by_chance(16) == 0  # the fifteen others are the neighbours
    assert by_chance(301) == pytest.approx(1 - 15 / 300)
    assert np.isnan(by_chance(1))


def test_the_share_of_neighbours_with_the_same_label_by_hand() -> None:
    of_neighbours = np.array([[0, 1], [0, 1], [0, -1], [0, 0]], dtype=np.int32)
    assert same_label(of_neighbours, np.array([0, 0, 1, -1], dtype=np.int32)) == pytest.approx(np.mean([0.5, 0.5, 0]))
    assert np.isnan(same_label(of_neighbours, np.full(4, -1, dtype=np.int32)))
