"""Numbers of a report against scikit-learn and against counting by hand."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from simcse_core.uses.classification import Results

NAMES = ("a", "b", "c")
TRUTH = ("a", "a", "b", "b", "c", "c", "a", "d")
PROBABILITIES = np.array(
    [
        [0.7, 0.2, 0.1],
        [0.1, 0.8, 0.1],
        [0.2, 0.6, 0.2],
        [0.5, 0.4, 0.1],
        [0.1, 0.1, 0.8],
        [0.2, 0.3, 0.5],
        [0.9, 0.05, 0.05],
        [0.3, 0.3, 0.4],
    ]
)


def results() -> Results:
    return Results(tuple("text" * (n + 1) for n in range(8)), TRUTH, NAMES, PROBABILITIES, several=False)


def test_the_report_is_that_of_scikit_learn_also_with_a_class_that_was_not_learned() -> None:
    said = [NAMES[place] for place in PROBABILITIES.argmax(axis=1)]
    report = results().report()
    assert report.accuracy.value == pytest.approx(accuracy_score(TRUTH, said))
    assert report.macro_f1 == pytest.approx(f1_score(TRUTH, said, average="macro", zero_division=0))
    precision, recall, f1, support = precision_recall_fscore_support(TRUTH, said, zero_division=np.nan)
    np.testing.assert_allclose([one.precision for one in report.classes], precision)
    np.testing.assert_allclose([one.recall for one in report.classes], recall)
    np.testing.assert_allclose([one.f1 for one in report.classes], f1)
    assert [one.support for one in report.classes] == support.tolist()
    assert report.unseen == ("d",)
    np.testing.assert_array_equal(results().confusion(), confusion_matrix(TRUTH, said))


def test_the_accuracy_has_wilsons_interval() -> None:
    report = results().report()  # 5 of 8 are right
    z, n, p = 1.959964, 8, 5 / 8
    middle, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    assert report.accuracy.low == pytest.approx((middle - half) / (1 + z * z / n), abs=1e-6)
    assert report.accuracy.high == pytest.approx((middle + half) / (1 + z * z / n), abs=1e-6)


def test_a_threshold_leaves_texts_without_a_class() -> None:
    at = results().at(0.6)  # 0.7 right, 0.8 wrong, 0.6 right, 0.8 right, 0.9 right
    assert (at.answered, at.coverage.value, at.accuracy.value) == (5, 5 / 8, 4 / 5)
    curve = results().coverage_curve()
    place = int(np.flatnonzero(curve.thresholds == 0.6)[0])
    assert (curve.coverage[place], curve.accuracy[place]) == (5 / 8, 4 / 5)
    assert curve.coverage[0] == 1
    assert curve.accuracy[0] == 5 / 8
    assert np.isnan(results().at(1.0).accuracy.value)  # nothing is answered, so nothing is right or wrong
    for threshold, coverage, accuracy in zip(curve.thresholds, curve.coverage, curve.accuracy, strict=True):
        at = results().at(threshold)
        assert (at.coverage.value, at.accuracy.value) == pytest.approx((coverage, accuracy))


def test_the_most_wrong_come_first_and_each_cell_has_its_texts() -> None:
    assert results().wrong() == [1, 3, 7]  # 0.8, 0.5, 0.4
    assert results().cell("a", "b") == [1]
    assert results().cell("a", "a") == [6, 0]
    assert results().cell("d", "c") == [7]
    assert results().cell("nowhere", "a") == []


def test_the_calibration_error_is_the_gap_of_probability_and_share() -> None:
    two = Results(("x",) * 4, ("a", "b", "a", "a"), ("a", "b"), np.array([[0.6, 0.4]] * 2 + [[1.0, 0.0]] * 2), False)
    low, high = two.bins(2)
    assert (low.probability, low.right, low.count) == (0.6, 0.5, 2)
    assert (high.probability, high.right, high.count) == (1.0, 1.0, 2)
    # Equal probabilities are one group, so that the order of the texts says nothing: gaps 0.1 and 0.
    assert two.calibration_error() == pytest.approx(0.1 / 2)
    assert two.bins(10) == two.bins(2)


def test_several_labels_are_right_when_all_of_them_are() -> None:
    found = Results(
        ("x", "y", "z"), (("a", "b"), (), ("b",)), ("a", "b"), np.array([[0.9, 0.6], [0.4, 0.1], [0.7, 0.8]]), True
    )
    report = found.report()
    assert report.accuracy.value == pytest.approx(2 / 3)
    a, b = report.classes
    assert (a.precision, a.recall, a.support) == (1 / 2, 1, 1)
    assert (b.precision, b.recall, b.support) == (1, 1, 2)
    truth, said = np.array([[1, 1], [0, 0], [0, 1]]), found.said()
    assert report.macro_f1 == pytest.approx(f1_score(truth, said, average="macro"))


def test_two_results_are_compared_text_by_text() -> None:
    same = results().over(results())
    assert (same.value, same.low <= 0 <= same.high) == (0, True)
