"""Classifiers and their probabilities, against scikit-learn and against theory."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from simcse_core.encoding.classifier import sigmoid, softmax
from simcse_core.errors import DataError, OptionError
from simcse_core.learning.calibration import fit_temperature
from simcse_core.uses.classification import METHODS, TFIDF, Examples
from simcse_core.uses.classification.methods import fit_scorer
from tests.uses.classification.clusters import clusters, embeddings_of


@pytest.mark.parametrize("classes", [2, 4])
def test_a_logistic_regression_has_the_probabilities_of_scikit_learn(classes: int) -> None:
    examples, others = clusters(classes, noise=0.4), clusters(classes, noise=0.4, seed=1)
    scorer = fit_scorer(examples, "logistic", 10.0)
    oracle = LogisticRegression(C=10.0, max_iter=1_000).fit(examples.embeddings, examples.labels)
    found = softmax(scorer.scores(others.texts, others.embeddings))
    assert list(scorer.classes) == oracle.classes_.tolist()
    np.testing.assert_allclose(found, oracle.predict_proba(others.embeddings), atol=1e-4)


def test_the_nearest_centre_is_that_of_scikit_learn() -> None:
    examples, others = clusters(4, noise=0.5), clusters(4, noise=0.5, seed=1)
    scorer = fit_scorer(examples, "centre")
    centres = np.stack([examples.embeddings[examples.codes == code].mean(axis=0) for code in range(4)])
    oracle = KNeighborsClassifier(1, metric="cosine").fit(centres, list(scorer.classes))
    best = scorer.scores(others.texts, others.embeddings).argmax(axis=1)
    assert [scorer.classes[place] for place in best] == oracle.predict(others.embeddings).tolist()


def test_neighbours_vote_and_the_nearer_count_more() -> None:
    rows = np.array([[1, 0], [0.96, 0.28], [0.6, 0.8], [0, 1]], dtype=np.float32)
    scorer = fit_scorer(Examples.of(["p", "q", "r", "s"], ["a", "b", "b", "b"], rows), "knn")
    asked = np.array([[1, 0], [0, 1]], dtype=np.float32)
    first, second = softmax(scorer.scores((), asked))
    assert scorer.classes == ("a", "b")
    # The weights of the four are e^((cosine - 1) / 0.05), with the least of them shared out to both classes.
    weights = np.exp((np.array([1, 0.96, 0.6, 0]) - 1) / 0.05)
    votes = np.array([weights[0], weights[1:].sum()]) + weights.min() / 2
    np.testing.assert_allclose(first, votes / votes.sum(), rtol=1e-6)
    assert second[1] > 0.999


@pytest.mark.parametrize("method", [*METHODS, TFIDF])
def test_every_method_learns_what_is_plain(method: str) -> None:
    examples, others = clusters(3), clusters(3, seed=1)
    scorer = fit_scorer(examples, method)
    best = scorer.scores(others.texts, others.embeddings).argmax(axis=1)
    assert [scorer.classes[place] for place in best] == list(others.labels)


@pytest.mark.parametrize("method", ["logistic", "knn", TFIDF])
def test_several_labels_are_told_each_on_its_own(method: str) -> None:
    codes = [place % 3 for place in range(60)]
    labels = [["apple"], ["brick"], ["apple", "brick"]] * 20
    rows = embeddings_of([code if code < 2 else 2 for code in codes], 0.1)
    words = ["apple", "brick", "apple and brick"]
    examples = Examples.of([f"{words[code]} {place}" for place, code in enumerate(codes)], labels, rows)
    scorer = fit_scorer(examples, method)
    said = sigmoid(scorer.scores(examples.texts[:3], examples.embeddings[:3])) >= 0.5
    assert said.tolist() == [[True, False], [False, True], [True, True]]


def test_what_cannot_be_learned_is_said_in_words() -> None:
    rows = embeddings_of([0, 0], 0.1)
    with pytest.raises(DataError, match="second class"):
        fit_scorer(Examples.of(["a", "b"], ["x", "x"], rows), "logistic")
    with pytest.raises(OptionError, match="Choose one of: logistic, centre, knn"):
        fit_scorer(clusters(), "svm")
    with pytest.raises(OptionError, match="one class a text"):
        fit_scorer(Examples.of(["a", "b"], [["x"], ["y"]], rows), "centre")


def test_the_temperature_brings_back_scores_that_were_made_too_sure() -> None:
    chance = np.random.default_rng(0)
    scores = chance.normal(0, 2, (4_000, 3))
    labels = np.array([chance.choice(3, p=row) for row in softmax(scores)])
    marks = np.eye(3, dtype=bool)[labels]
    assert fit_temperature(scores * 4, marks) == pytest.approx(4, rel=0.1)
    both = sigmoid(scores) > chance.random(scores.shape)
    assert fit_temperature(scores * 4, both, several=True) == pytest.approx(4, rel=0.1)


def test_few_texts_that_are_all_right_give_no_certainty() -> None:
    scores, marks = np.array([[3.0, 0.0], [0.0, 3.0]]), np.eye(2, dtype=bool)
    temperature = fit_temperature(scores, marks)
    # As if one text in three were of no class: 1 - (1/3)/2 is the probability of what is said.
    assert softmax(scores / temperature)[0, 0] == pytest.approx(5 / 6, abs=0.01)


def test_texts_of_a_class_that_was_not_learned_do_not_calibrate() -> None:
    scores = np.array([[3.0, 0.0, -np.inf], [0.0, 3.0, -np.inf], [1.0, 0.0, -np.inf]])
    marks = np.eye(3, dtype=bool)
    assert fit_temperature(scores, marks) == pytest.approx(fit_temperature(scores[:2], marks[:2]))
    assert fit_temperature(scores[2:], marks[2:]) == 1.0
