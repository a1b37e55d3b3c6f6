import math

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness as oracle

from simcse_core.errors import InputError
from simcse_core.meaning.projection import nearest, pca, projections, trustworthiness
from tests.meaning.test_evaluation import unit_rows


def test_pca_equals_that_of_scikit_learn_but_for_the_sign() -> None:
    embeddings = unit_rows(0, 30, 8)
    np.testing.assert_allclose(np.abs(pca(embeddings)), np.abs(PCA(2).fit_transform(embeddings)), atol=1e-5)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_pca_of_very_few_texts_is_finite(n: int) -> None:
    points = pca(unit_rows(1, n, 8))
    assert points.shape == (n, 2)
    assert np.isfinite(points).all()


def test_nothing_to_project_is_said() -> None:
    with pytest.raises(InputError, match="nothing to project"):
        pca(np.zeros((0, 8), dtype=np.float32))


@pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")
def test_umap_keeps_two_clusters_apart_and_is_seeded() -> None:
    noise = np.random.default_rng(2).normal(scale=0.05, size=(40, 6)).astype(np.float32)
    embeddings = np.repeat(np.eye(6, dtype=np.float32)[:2], 20, axis=0) + noise
    umap = projections["umap"].function
    points = umap(embeddings, n_neighbors=10, seed=3)
    assert trustworthiness(embeddings, points) > 0.8
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.fill_diagonal(distances, np.inf)
    assert ((distances.argmin(axis=1) < 20) == (np.arange(40) < 20)).all()  # the nearest is of the same cluster
    np.testing.assert_array_equal(points, umap(embeddings, n_neighbors=10, seed=3))


def test_umap_of_too_few_texts_is_refused() -> None:
    with pytest.raises(InputError, match="at least 15 texts to mean anything; there are 14"):
        projections["umap"].function(unit_rows(3, 14, 4))


def test_trustworthiness_equals_that_of_scikit_learn_and_is_undefined_for_a_handful() -> None:
    embeddings = unit_rows(4, 60, 8)
    points = pca(embeddings)
    assert trustworthiness(embeddings, points) == pytest.approx(
        oracle(embeddings, points, n_neighbors=15, metric="cosine")
    )
    assert math.isnan(trustworthiness(embeddings[:4], points[:4]))


def test_trustworthiness_of_many_points_takes_a_seeded_sample() -> None:
    embeddings = unit_rows(5, 2_300, 4)
    points = pca(embeddings)
    found = trustworthiness(embeddings, points, seed=1)
    assert found == trustworthiness(embeddings, points, seed=1) != trustworthiness(embeddings, points, seed=2)
    assert found == pytest.approx(oracle(embeddings, points, n_neighbors=15, metric="cosine"), abs=0.05)


def test_nearest_neighbours_by_hand() -> None:
    embeddings = np.array([[1, 0], [0, 1], [0.8, 0.6], [-1, 0]], dtype=np.float32)
    assert [at for at, _cosine in nearest(embeddings, 0, 2)] == [2, 1]
    assert nearest(embeddings, 0, 9)[0][1] == pytest.approx(0.8)
    assert len(nearest(embeddings, 0, 9)) == 3
