"""Maps of several embeddings of the same texts in one frame."""

import numpy as np
import pytest
from scipy.spatial import procrustes as oracle

from simcse_core.errors import InputError, ShapeError
from simcse_core.meaning.projection import Recipe, movement, pca, project, project_together, trustworthiness
from simcse_core.meaning.projection.alignment import Alignment
from tests.meaning.projection.test_projecting import Matrix, clusters
from tests.meaning.test_evaluation import unit_rows


def test_an_alignment_undoes_a_turn_a_mirror_a_scale_and_a_shift() -> None:
    points = np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32)
    mirrored = np.array([[0, 1], [1, 0]], dtype=np.float32)
    moved = 3 * points @ mirrored + np.array([5, -2], dtype=np.float32)
    np.testing.assert_allclose(Alignment.of(moved, points).apply(moved), points, atol=1e-5)


def test_an_alignment_leaves_what_scipy_leaves() -> None:
    chance = np.random.default_rng(1)
    reference, points = (chance.normal(size=(30, 3)).astype(np.float32) for _map in range(2))
    left = ((Alignment.of(points, reference).apply(points) - reference) ** 2).sum()
    _first, _second, disparity = oracle(reference, points)
    assert left == pytest.approx(disparity * ((reference - reference.mean(axis=0)) ** 2).sum(), rel=1e-4)


def test_maps_of_one_point_can_be_aligned() -> None:
    one = np.ones((5, 2), dtype=np.float32)
    assert np.isfinite(Alignment.of(one, 2 * one).apply(one)).all()


@pytest.mark.parametrize("method", ["pca", "tsne", "umap", "supervised_umap"])
def test_what_does_not_change_stays_in_its_place(method: str) -> None:
    before = clusters(60)
    after = before.copy()
    after[:3] = before[-3:]  # three texts change their group
    labels = ["a", "b", "c", "d"] * 15
    first, second = project_together([before, after], Recipe.of(method), labels=labels)
    assert trustworthiness(before, first.points) > 0.75
    moved = np.linalg.norm(first.points - second.points, axis=1)
    assert np.median(moved[3:]) < 0.25 * np.ptp(first.points, axis=0).max()
    assert moved[:3].min() > np.median(moved[3:])


def test_umap_together_is_as_trustworthy_as_alone_and_holds_points_closer_than_turning_does() -> None:
    chance = np.random.default_rng(0)
    before = clusters(200, 16)
    after = np.asarray(before + 0.05 * chance.normal(size=before.shape), dtype=np.float32)
    recipe = Recipe.of("umap", options={"min_dist": 0.3})
    together = project_together([before, after], recipe)
    alone = [project(rows, recipe) for rows in (before, after)]
    for rows, joint, single in zip((before, after), together, alone, strict=True):
        assert trustworthiness(rows, joint.points) > trustworthiness(rows, single.points) - 0.03

    def shift(a: Matrix, b: Matrix) -> float:
        return float(np.median(np.linalg.norm(a - b, axis=1)) / np.ptp(a, axis=0).max())

    turned = Alignment.of(alone[1].points, alone[0].points).apply(alone[1].points)
    assert shift(together[0].points, together[1].points) < shift(alone[0].points, turned)


def test_texts_are_one_point_only_where_they_are_the_same_in_each_model() -> None:
    before, after = clusters(40), clusters(40, seed=1)
    before[1] = before[0]
    first, second = project_together([before, after], Recipe.of("umap"))
    assert first.notes == ()
    after[1] = after[0]
    first, second = project_together([before, after], Recipe.of("umap"))
    assert [str(note) for note in second.notes] == [
        "1 of 40 texts have the same embedding as another one: they share its point."
    ]
    assert (second.points[0] == second.points[1]).all()


def test_models_of_different_width_share_a_frame_and_different_texts_do_not() -> None:
    first, second = project_together([clusters(30, 8), clusters(30, 12)], Recipe.of("pca"))
    assert first.points.shape == second.points.shape == (30, 2)
    with pytest.raises(ShapeError, match="of the same texts: got \\[30, 31\\]"):
        project_together([clusters(30), clusters(31)], Recipe.of("pca"))
    with pytest.raises(InputError, match="nothing to project"):
        project_together([], Recipe.of("pca"))


def test_one_embedding_alone_is_the_map_that_it_has_alone() -> None:
    rows = clusters()
    (only,) = project_together([rows], Recipe.of("umap"))
    np.testing.assert_array_equal(only.points, project(rows, Recipe.of("umap")).points)
    (by_pca,) = project_together([rows], Recipe.of("pca"))
    np.testing.assert_array_equal(by_pca.points, pca(rows))


def test_movement_counts_neighbours_that_are_others_afterwards() -> None:
    """On a circle in steps of one degree, the two nearest of the first text are its followers."""

    def circle(degrees: list[float]) -> Matrix:
        angles = np.radians(degrees)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)

    before = circle([0, 1, 2, 90, 91, 92])
    assert movement(before, before, k=2).tolist() == [0] * 6
    after = circle([0, 1, 90.5, 90, 91, 92])  # the third text has gone to the others
    assert movement(before, after, k=2)[0] == 0.5  # it has kept the second alone
    assert movement(before, after, k=2)[2] == 1
    assert np.isnan(movement(before[:1], before[:1])).all()
    with pytest.raises(ShapeError, match="6 before and 5 after"):
        movement(before, after[:5])


def test_texts_that_are_the_same_do_not_move_among_themselves() -> None:
    rows = np.repeat(unit_rows(3, 3, 8), 30, axis=0)
    assert movement(rows, rows[:, ::-1].copy()).max() == 0
