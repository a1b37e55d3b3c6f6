"""Classifiers on frozen embeddings, as baselines, runs and users' classifiers fit them: one truth for all.

Embeddings are (N, D) unit rows, dense or sparse.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.classifier import LinearClassifier

STRENGTHS = (1.0, 10.0, 100.0)
"""Of a logistic regression (C): the lower, the simpler it stays."""
FOLDS = 3
SAMPLE_FOR_STRENGTH = 1_000
"""So many training texts at most choose the strength."""


def class_centres(embeddings: Any, labels: Sequence[str]) -> tuple[NDArray[np.str_], Any]:
    """The centre of each class: the direction of the sum of its texts.

    Returns:
        (C,) class names in alphabetical order, and (C, D) unit rows, dense or sparse as the embeddings are.
    """
    from scipy.sparse import csr_matrix
    from sklearn.preprocessing import normalize

    names, codes = np.unique(np.array(labels), return_inverse=True)
    places = (codes, np.arange(len(codes)))
    members = csr_matrix((np.ones(len(codes)), places), shape=(len(names), len(codes)))
    return names, normalize(members @ embeddings)


def logistic_regression(
    embeddings: Any, labels: Sequence[str] | NDArray[np.bool_], strength: float | None = None
) -> Any:
    """A fitted logistic regression of scikit-learn.

    Args:
        embeddings: of the texts to learn from.
        labels: N class names or truth values, two different ones at least.
        strength: C; None chooses it by `regularisation_strength`.
    """
    names = np.array(labels)
    return _regression(regularisation_strength(embeddings, names) if strength is None else strength).fit(
        embeddings, names
    )


def linear_classifier(embeddings: Any, labels: Sequence[str], strength: float | None = None) -> LinearClassifier:
    """A logistic regression as matrix and bias. Arguments as for `logistic_regression`."""
    fitted = logistic_regression(embeddings, labels, strength)
    weights, bias = fitted.coef_.astype(np.float64), fitted.intercept_.astype(np.float64)
    if len(weights) == 1:  # of two classes scikit-learn keeps the weights of the second
        weights, bias = np.stack([np.zeros_like(weights[0]), weights[0]]), np.array([0.0, bias[0]])
    return LinearClassifier(tuple(str(name) for name in fitted.classes_), weights, bias)


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=1_000)


def regularisation_strength(embeddings: Any, labels: NDArray[np.str_]) -> float:
    """The C that does best in threefold cross-validation; the lower one where two do.

    A seeded sample of more than 1,000 texts counts, and of it the classes with at least three texts; with fewer than
    two such classes it is 1.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    if len(labels) > SAMPLE_FOR_STRENGTH:
        sample = np.random.default_rng(0).choice(len(labels), SAMPLE_FOR_STRENGTH, replace=False)
        embeddings, labels = embeddings[sample], labels[sample]
    names, counts = np.unique(labels, return_counts=True)
    enough = np.isin(labels, names[counts >= FOLDS])
    embeddings, labels = embeddings[enough], labels[enough]
    if len(set(labels)) < 2:
        return STRENGTHS[0]
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    means = [cross_val_score(_regression(strength), embeddings, labels, cv=folds).mean() for strength in STRENGTHS]
    return STRENGTHS[int(np.argmax(means))]
