"""Counts, shares and costs over the threshold."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score, precision_recall_curve

from simcse_core.errors import DataError, OptionError
from simcse_core.meaning.intervals import share
from simcse_core.uses.thresholds.curve import curve


@pytest.mark.parametrize("seed", range(5))
def test_precision_and_recall_are_scikit_learns_with_ties_too(seed: int) -> None:
    random = np.random.default_rng(seed)
    scores, labels = random.integers(0, 8, 60) / 7, random.integers(0, 2, 60)
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    drawn = curve(scores, labels)
    np.testing.assert_array_equal(drawn.thresholds[:-1], thresholds)
    np.testing.assert_allclose(drawn.precision[:-1], precision[:-1])
    np.testing.assert_allclose(drawn.recall, recall)


def test_counts_are_those_of_saying_yes_from_the_threshold_on() -> None:
    scores, labels = np.array([0.1, 0.4, 0.4, 0.9]), np.array([0, 0, 1, 1])
    drawn = curve(scores, labels)
    for threshold in (-1.0, 0.1, 0.2, 0.4, 0.41, 0.9, 0.95):
        said, at = scores >= threshold, drawn.at(threshold)
        counts = [int(((said == yes) & (labels == right)).sum()) for yes, right in product((True, False), (1, 0))]
        assert [at.true_positives, at.false_positives, at.false_negatives, at.true_negatives] == counts
    assert np.isnan(drawn.at(2.0).precision.value)
    assert drawn.at(2.0).recall.value == 0


def test_the_cheapest_threshold_costs_least_of_all() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 80)
    scores = (labels + random.normal(size=80)).round(1)
    drawn = curve(scores, labels)
    for costs in ((1.0, 1.0), (5.0, 1.0), (0.0, 1.0), (1.0, 0.0)):
        tried = [drawn.at(threshold).cost(*costs) for threshold in np.linspace(-5, 6, 500)]
        assert drawn.cheapest(*costs).cost(*costs) == pytest.approx(min(tried))


def test_the_cheapest_threshold_lies_in_the_middle_between_two_scores() -> None:
    assert curve([0.2, 0.8], [0, 1]).cheapest().threshold == pytest.approx(0.5)
    assert curve([0.2, 0.8], [1, 1]).cheapest().threshold == 0.2
    missed_too = curve([0.2, 0.4, 0.8], [1, 0, 0], [0, 1, 0])  # of the two that are wrong, the first is missed below
    assert missed_too.costs(1, 3).tolist() == [2, 2 + 3, 1 + 6, 6]
    assert [missed_too.at(one).cost(1, 3) for one in (0.1, 0.3, 0.5, 0.9)] == [2, 5, 7, 6]
    nothing = curve([0.2, 0.8], [0, 0]).cheapest()
    assert (nothing.false_positives, nothing.threshold > 0.8, nothing.threshold < 0.9) == (0, True, True)


def test_the_best_f1_is_scikit_learns() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 2, 50)
    scores = labels + random.normal(size=50)
    best = curve(scores, labels).best_f1()
    assert best.f1.value == pytest.approx(max(f1_score(labels, scores >= threshold) for threshold in scores))
    assert best.f1.value == pytest.approx(f1_score(labels, scores >= best.threshold))


def test_a_share_has_wilsons_interval() -> None:
    for count, of in ((0, 9), (3, 9), (9, 9), (412, 1000)):
        expected = binomtest(count, of).proportion_ci(method="wilson")
        assert (share(count, of).low, share(count, of).high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_interval_of_f1_holds_it_in_about_95_of_100_samples() -> None:
    random = np.random.default_rng(3)
    held = 0
    for _sample in range(400):
        labels = random.random(120) < 0.3
        said = np.where(labels, random.random(120) < 0.7, random.random(120) < 0.1)
        f1 = curve(said.astype(float), labels).at(1.0).f1
        held += f1.low <= 2 * 0.21 / (0.3 + 0.21 + 0.07) <= f1.high
    assert 0.92 <= held / 400 <= 0.98


def test_precision_of_at_least_so_much_holds_from_there_on() -> None:
    drawn = curve([0.1, 0.2, 0.3, 0.4], [1, 0, 1, 1])
    enough, never = drawn.for_precision(1.0), curve([0.1, 0.2], [1, 0]).for_precision(1.0)
    assert enough is not None
    assert (enough.threshold, enough.precision.value) == (0.3, 1.0)
    assert never is None


@pytest.mark.parametrize(
    ("scores", "labels", "complaint"),
    [
        ([], [], "no scores"),
        ([0.1], [0, 1], "got 1 scores and 2 labels"),
        ([0.1, float("nan")], [0, 1], "Score 2 is no finite number"),
        ([0.1, 0.2], [0, 2], "Label 2 is 2"),
        (["a"], [1], "have to be numbers"),
        ([[0.1]], [[1]], "Each score needs one label"),
    ],
)
def test_what_cannot_be_counted_is_refused(scores: object, labels: object, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        curve(scores, labels)  # type: ignore[arg-type]


@pytest.mark.parametrize("costs", [(-1, 1), (0, 0), (float("nan"), 1), (float("inf"), 1)])
def test_impossible_costs_are_refused(costs: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match="costs of the two errors"):
        curve([0.1, 0.2], [0, 1]).cheapest(*costs)


def test_without_anything_right_there_is_no_f1() -> None:
    with pytest.raises(DataError, match="label 1"):
        curve([0.1, 0.2], [0, 0]).best_f1()
    assert np.isnan(curve([0.1], [0]).f1).all()
