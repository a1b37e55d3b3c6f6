"""What a training does to scores, to a threshold, and to what it was not about."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from simcse_core.errors import DataError
from simcse_core.meaning.items import Items
from simcse_core.uses.thresholds.after_training import forgetting, moved


def test_scores_that_all_rose_make_the_old_threshold_say_yes_to_everything() -> None:
    random = np.random.default_rng(0)
    labels = np.tile([0, 1], 30)
    before = labels * 0.4 + 0.2 + random.normal(0, 0.02, 60)
    after = labels * 0.3 + 0.6 + random.normal(0, 0.02, 60)
    seen = moved(before, after, labels, threshold=0.4)
    assert (seen.old_before.false_positives, seen.old_after.false_positives) == (0, 30)
    assert seen.new.cost() == 0
    assert 0.6 < seen.new.threshold < 0.9
    assert not seen.keeps_threshold
    assert seen.accuracy.value == pytest.approx(-0.5)


def test_a_shift_has_the_t_interval_of_its_rows() -> None:
    random = np.random.default_rng(1)
    before, labels = random.random(20), np.tile([0, 1], 10)
    after = before + random.normal(0.1, 0.05, 20)
    shift = moved(before, after, labels, 0.5).shifts[1]
    expected = ttest_1samp((after - before)[labels == 1], 0).confidence_interval()
    assert (shift.label, shift.change.low, shift.change.high) == pytest.approx((1, expected.low, expected.high))


def test_the_same_scores_keep_their_threshold() -> None:
    seen = moved([0.1, 0.9, 0.8], [0.1, 0.9, 0.8], [0, 1, 1], 0.5)
    assert seen.keeps_threshold
    assert (seen.accuracy.value, [shift.change.value for shift in seen.shifts]) == (0, [0, 0])


def test_scores_of_other_rows_are_refused() -> None:
    with pytest.raises(DataError, match="got 1 scores and 2 labels"):
        moved([0.1, 0.2], [0.1], [0, 1], 0.5)


def test_forgetting_is_told_from_noise() -> None:
    random = np.random.default_rng(0)
    before = random.random(300) < 0.9
    lost, same = before & (random.random(300) < 0.7), before.copy()
    same[:2] = ~same[:2]

    def of(hits: np.ndarray) -> Items:
        return Items({"accuracy": [*map(float, hits)]})

    assert not forgetting(of(before), of(lost), "accuracy").is_noise
    assert forgetting(of(before), of(lost), "accuracy").change.high < 0
    assert forgetting(of(before), of(same), "accuracy").is_noise
