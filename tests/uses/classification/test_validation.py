"""Cross-validation: nothing is learned from what is held out."""

import numpy as np
import pytest

from simcse_core.errors import DataError, OptionError
from simcse_core.uses.classification import (
    METHODS,
    TFIDF,
    Examples,
    cross_validate,
    evaluate,
    learning_curve,
    suspect_labels,
)
from tests.uses.classification.clusters import DIM, WORDS, clusters, embeddings_of


def noise(count: int, classes: int = 2, seed: int = 0) -> Examples:
    """Embeddings that say nothing of the labels."""
    rows = np.random.default_rng(seed).normal(size=(count, DIM))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    labels = [WORDS[place % classes] for place in range(count)]
    return Examples.of([f"text {place}" for place in range(count)], labels, rows.astype(np.float32))


@pytest.mark.parametrize("method", METHODS)
def test_labels_by_chance_are_told_no_better_than_by_chance(method: str) -> None:
    report = cross_validate(noise(300), method).report()
    assert report.accuracy.low < 0.5 < report.accuracy.high


def test_equal_texts_are_never_on_both_sides() -> None:
    """Each text stands there twice; who learned from its twin would know all labels by heart."""
    once = noise(80)
    twice = Examples.of(
        [*once.texts, *(text.upper() for text in once.texts)], once.labels * 2, np.tile(once.embeddings, (2, 1))
    )
    found = cross_validate(twice, "knn")
    assert (found.folds[:80] == found.folds[80:]).all()
    assert found.report().accuracy.value < 0.65


def test_folds_are_alike_in_their_classes_and_each_text_is_held_out_once() -> None:
    found = cross_validate(clusters(3, 10), folds=5)
    for fold in range(5):
        held = [found.labels[row] for row in np.flatnonzero(found.folds == fold)]
        assert sorted(held) == sorted([*WORDS[:3]] * 2)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)


def test_a_class_with_one_text_is_never_found_and_stops_nothing() -> None:
    examples = clusters(2, 10)
    alone = Examples.of(
        [*examples.texts, "cloud"], [*examples.labels, "cloud"], np.vstack([examples.embeddings, embeddings_of([2], 0)])
    )
    found = cross_validate(alone)
    assert found.probabilities[-1, found.classes.index("cloud")] == 0  # nobody else has learned it
    assert found.report().classes[-1].recall == 0
    assert np.isfinite(found.probabilities).all()


def test_two_classes_of_one_text_each_are_told_apart_by_nobody() -> None:
    found = cross_validate(Examples.of(["a", "b"], ["x", "y"], embeddings_of([0, 1], 0)), folds=2)
    assert found.report().accuracy.value == 0


def test_probabilities_are_shares() -> None:
    """Of the texts that are said with 70 %, about 70 % are right."""
    found = cross_validate(clusters(4, 150, noise=0.6), "centre")
    assert 0.3 < found.report().accuracy.value < 0.95
    assert found.calibration_error() < 0.06


def test_too_few_texts_or_folds_are_refused_in_words() -> None:
    with pytest.raises(DataError, match="too few for 5 folds"):
        cross_validate(Examples.of(["a", "b"], ["x", "y"], embeddings_of([0, 1], 0)))
    with pytest.raises(OptionError, match="2 or more"):
        cross_validate(clusters(), folds=1)


@pytest.mark.parametrize("method", ["logistic", TFIDF])
def test_others_are_asked_and_a_new_class_is_never_right(method: str) -> None:
    tested = clusters(3, 5, seed=2)
    results = evaluate(clusters(2, 20), tested, method)
    assert results.unseen == ("cloud",)
    assert results.report().accuracy.value == pytest.approx(2 / 3)


def test_tests_with_other_labels_altogether_are_refused() -> None:
    other = Examples.of(["a", "b"], ["x", "y"], embeddings_of([0, 1], 0))
    with pytest.raises(DataError, match="'x', 'y' there, 'apple', 'brick' here"):
        evaluate(clusters(2), other)


def test_several_labels_are_held_out_too() -> None:
    codes = [place % 2 for place in range(40)]
    labels = [["apple"] if code else ["apple", "brick"] for code in codes]
    examples = Examples.of([f"text {place}" for place in range(40)], labels, embeddings_of(codes, 0.1))
    found = cross_validate(examples)
    assert found.report().accuracy.value > 0.9


def test_wrong_labels_are_the_first_suspects() -> None:
    examples = clusters(3, 20)
    wrong = {4: "cloud", 17: "apple", 30: "brick"}
    labels = [wrong.get(place, label) for place, label in enumerate(examples.labels)]
    found = suspect_labels(cross_validate(Examples.of(examples.texts, labels, examples.embeddings)))
    assert {one.row for one in found[:3]} == set(wrong)
    assert [one.suggested for one in found[:3]] == [examples.labels[one.row] for one in found[:3]]
    assert all(one.is_issue for one in found[:3])
    assert len(found) == 60
    assert not any(one.is_issue for one in found[10:])


def test_more_labels_help_and_the_number_needed_is_the_first_from_which_on_they_suffice() -> None:
    curve = learning_curve(clusters(4, 40, noise=0.45), ("logistic", TFIDF), repeats=3)
    points = curve.points["logistic"]
    assert [point.size for point in points] == [8, 16, 32, 64, 112]
    assert points[-1].accuracy.value > points[0].accuracy.value
    assert curve.points[TFIDF][0].accuracy.value == 1  # the class's word is in each text
    assert curve.needed(0.999, TFIDF) == 8
    assert curve.needed(1.1) is None
    assert curve.tested == 48
    assert all(point.accuracy.low <= point.accuracy.value <= point.accuracy.high for point in points)


def test_a_curve_of_too_few_texts_is_refused_in_words() -> None:
    with pytest.raises(DataError, match="too few"):
        learning_curve(Examples.of(["a", "b", "c"], ["x", "y", "x"], embeddings_of([0, 1, 0], 0)))
