import numpy as np

from simcse_core.data import bundled
from ui import assets
from ui.start.stored import BINS, PADDING, POINTS, questions


def test_the_stored_figures_are_what_the_model_gives() -> None:
    """`make assets` computes them again; a pair may fall into the next bar of a histogram."""
    shown, now = questions(), assets.questions()
    pairs = len(bundled.unrelated("en")) * (len(bundled.unrelated("en")) - 1) // 2
    for counts, again in ((shown.as_it_comes, now.as_it_comes), (shown.crowded, now.crowded)):
        assert len(counts) == BINS
        assert sum(counts) == pairs
        assert np.abs(np.subtract(counts, again)).sum() < pairs / 100
    np.testing.assert_allclose(
        np.array(shown.spearman, dtype=float), np.array(now.spearman, dtype=float), atol=0.01, equal_nan=True
    )
    np.testing.assert_allclose(shown.unmasked, now.unmasked, atol=2e-3)
    assert shown.maps == now.maps
    assert shown.pair == now.pair


def test_the_stored_figures_show_what_their_questions_ask() -> None:
    stored = questions()
    cosines = np.linspace(-1, 1, BINS + 1)[:-1] + 1 / BINS
    assert np.average(cosines, weights=stored.as_it_comes) < 0.2
    assert np.average(cosines, weights=stored.crowded) > 0.8
    assert stored.masked == [1] * len(PADDING)
    assert all(np.diff(stored.unmasked) < 0)
    assert stored.unmasked[-1] < 0.6
    first, second = (np.array(points) for points in stored.maps)
    assert first.shape == second.shape == (POINTS, 2)
    near, far = sorted(
        float(np.linalg.norm(points[stored.pair[0]] - points[stored.pair[1]])) for points in (first, second)
    )
    assert far > 1.3 * near
