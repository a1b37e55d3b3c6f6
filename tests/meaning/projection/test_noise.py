import numpy as np
import pytest

from simcse_core.errors import InputError
from simcse_core.meaning.projection.noise import NOISES, random_directions, random_spread


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("kind", NOISES)
def test_noise_has_the_shape_of_the_embeddings_unit_rows_and_a_seed(kind: str) -> None:
    embeddings = unit(np.random.default_rng(0).standard_normal((40, 8)))
    noise = NOISES[kind](embeddings, seed=3)
    assert noise.shape == (40, 8)
    assert noise.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(noise, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(noise, NOISES[kind](embeddings, seed=3))
    assert not np.allclose(noise, NOISES[kind](embeddings, seed=4))


def test_random_directions_have_a_mean_cosine_of_zero_and_a_variance_of_one_over_the_width() -> None:
    noise = random_directions(np.empty((400, 50), dtype=np.float32))
    cosines = (noise @ noise.T)[np.triu_indices(400, 1)]
    assert cosines.mean() == pytest.approx(0, abs=0.002)
    assert cosines.var() == pytest.approx(1 / 50, rel=0.05)  # of uniform directions in D dimensions


def test_random_spread_keeps_mean_and_covariance() -> None:
    rng = np.random.default_rng(1)
    embeddings = unit(3 + rng.standard_normal((2_000, 6)) * [1, 0.8, 0.5, 0.2, 0.1, 0.1])
    noise = random_spread(embeddings)
    np.testing.assert_allclose(noise.mean(axis=0), embeddings.mean(axis=0), atol=0.01)
    np.testing.assert_allclose(np.cov(noise.T), np.cov(embeddings.T), atol=0.002)


def test_random_spread_has_no_groups_where_the_embeddings_are_nothing_but_groups() -> None:
    """Two opposite groups: along the axis between them embeddings leave the middle empty, noise fills it."""
    rng = np.random.default_rng(2)
    embeddings = unit(np.where(np.arange(600)[:, None] % 2, 1, -1) * [5.0, 0, 0] + rng.standard_normal((600, 3)))
    axis = embeddings[0] - embeddings[1]
    axis /= np.linalg.norm(axis)
    assert (np.abs(embeddings @ axis) < 0.5).mean() < 0.05
    assert (np.abs(random_spread(embeddings) @ axis) < 0.5).mean() > 0.05


def test_the_spread_of_one_text_is_refused() -> None:
    with pytest.raises(InputError, match="at least 2"):
        random_spread(np.ones((1, 3), dtype=np.float32))
