"""Scores to probabilities."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.svm import LinearSVC

from simcse_core.errors import DataError
from simcse_core.uses.thresholds.calibration import METHODS, calibrate, folds


def drawn(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores whose label is 1 with the probability 1 / (1 + e^(-4 x))."""
    random = np.random.default_rng(seed)
    scores = random.uniform(-1, 1, count)
    return scores, (random.random(count) < 1 / (1 + np.exp(-4 * scores))).astype(int)


@pytest.mark.parametrize("method", METHODS)
def test_probabilities_are_those_that_the_labels_were_drawn_with(method: str) -> None:
    scores, labels = drawn(4_000)
    points = np.linspace(-0.8, 0.8, 9)
    fitted = calibrate(scores, labels, method)  # type: ignore[arg-type]
    np.testing.assert_allclose(fitted.probability(points), 1 / (1 + np.exp(-4 * points)), atol=0.08)
    assert fitted.error < 0.04
    assert fitted.brier < fitted.brier_without


def test_platts_is_scikit_learns() -> None:
    scores, labels = drawn(60, seed=2)
    model = LinearSVC(C=1e3, max_iter=100_000).fit(scores[:, None], labels)
    oracle = CalibratedClassifierCV(FrozenEstimator(model), method="sigmoid").fit(scores[:, None], labels)
    ours = calibrate(model.decision_function(scores[:, None]), labels).probability(
        model.decision_function(scores[:, None])
    )
    np.testing.assert_allclose(ours, oracle.predict_proba(scores[:, None])[:, 1], atol=2e-3)


def test_out_of_fold_probabilities_know_nothing_of_their_row() -> None:
    scores, labels = np.arange(40.0), np.random.default_rng(0).integers(0, 2, 40)
    isotonic = calibrate(scores, labels, "isotonic")
    assert isotonic.brier > np.square(isotonic.probability(scores) - labels).mean()
    assert isotonic.brier > isotonic.brier_without  # there is nothing to learn
    assert sum(one.count for one in isotonic.bins) == 40


def test_groups_stay_on_one_side_of_a_fold() -> None:
    labels, groups = np.tile([0, 1], 15), [row // 3 for row in range(30)]
    parts = folds(labels, groups)
    assert sorted(np.concatenate([asked for _learned, asked in parts]).tolist()) == list(range(30))
    for learned, asked in parts:
        assert not {groups[row] for row in learned} & {groups[row] for row in asked}


def test_few_rows_have_a_calibration_and_say_that_its_quality_is_unknown() -> None:
    few = calibrate([0.1, 0.9, 0.8], [0, 1, 1])
    assert 0 < few.probability([0.5])[0] < 1
    assert np.isnan(few.brier)
    assert few.bins == ()


def test_labels_that_are_all_the_same_teach_nothing() -> None:
    with pytest.raises(DataError, match="All 2 labels are 1"):
        calibrate([0.1, 0.9], [1, 1])
