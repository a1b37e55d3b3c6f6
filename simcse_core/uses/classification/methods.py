"""Ways to classify: each learns from examples and gives every text a score for each class.

- logistic: logistic regression on the embeddings (`learning.classifiers`); with several labels one for each class
- centre: the class whose centre is nearest
- knn: the classes of the nearest examples, the nearer the more they count
- tfidf: logistic regression on TF-IDF weights, which reads words and knows no model: the baseline
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.classifier import LinearClassifier
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.learning.baselines import tfidf_of
from simcse_core.learning.classifiers import (
    class_centres,
    linear_classifier,
    logistic_regression,
    regularisation_strength,
)
from simcse_core.uses.classification.examples import Examples

Scores = NDArray[np.float64]
"""(N, C), higher is more likely."""

LOGISTIC, CENTRE, KNN, TFIDF = "logistic", "centre", "knn", "tfidf"
NEIGHBOURS = 10
NEIGHBOUR_TEMPERATURE = 0.05
"""Divides cosines: a neighbour that is closer by 0.05 counts e times as much."""
STRENGTH_OF_SEVERAL = 10.0
"""C of the logistic regressions where texts have several labels."""
CELLS_AT_ONCE = 10_000_000
"""Cosines that are in memory together."""


class Scorer(Protocol):
    """What has learned from examples."""

    @property
    def classes(self) -> tuple[str, ...]:
        """C names."""
        ...

    def scores(self, texts: Sequence[str], embeddings: Embeddings) -> Scores:
        """(N, C) for N texts and their (N, D) embeddings."""
        ...


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear classifier of embeddings."""

    linear: LinearClassifier

    @property
    def classes(self) -> tuple[str, ...]:
        return self.linear.classes

    def scores(self, texts: Sequence[str], embeddings: Embeddings) -> Scores:
        return self.linear.scores(embeddings)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """The examples themselves."""

    classes: tuple[str, ...]
    embeddings: Embeddings
    """(M, D)."""
    marks: NDArray[np.bool_]
    """(M, C) which classes each example has."""
    neighbours: int
    several: bool = False

    def scores(self, texts: Sequence[str], embeddings: Embeddings) -> Scores:
        step = max(CELLS_AT_ONCE // len(self.embeddings), 1)
        blocks = [self._of_block(embeddings[start : start + step]) for start in range(0, len(embeddings), step)]
        return np.concatenate([np.zeros((0, len(self.classes))), *blocks])

    def _of_block(self, embeddings: Embeddings) -> Scores:
        cosines = embeddings @ self.embeddings.T  # (n, M)
        count = min(self.neighbours, cosines.shape[1])
        nearest = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        closeness = np.take_along_axis(cosines, nearest, axis=1).astype(np.float64)
        weights = np.exp((closeness - closeness.max(axis=1, keepdims=True)) / NEIGHBOUR_TEMPERATURE)
        votes = np.einsum("nk,nkc->nc", weights, self.marks[nearest].astype(np.float64))
        least = weights.min(axis=1, keepdims=True) / len(self.classes)  # no class is impossible
        if self.several:
            rest = weights.sum(axis=1, keepdims=True) - votes
            return np.asarray(np.log(votes + least) - np.log(rest + least))
        return np.asarray(np.log(votes + least))


@dataclass(frozen=True, eq=False)
class Lexical:
    """Logistic regression on TF-IDF weights."""

    classes: tuple[str, ...]
    rows_of: Callable[[Sequence[str]], Any]
    """Texts -> sparse rows."""
    weights: NDArray[np.float64]
    """(C, F)."""
    bias: NDArray[np.float64]
    """(C,)."""

    def scores(self, texts: Sequence[str], embeddings: Embeddings) -> Scores:
        return np.asarray(self.rows_of(texts) @ self.weights.T + self.bias, dtype=np.float64)


def _logistic(examples: Examples, strength: float | None) -> Scorer:
    return Linear(linear_of(examples, strength))


def linear_of(examples: Examples, strength: float | None = None) -> LinearClassifier:
    """Logistic regression on the embeddings of examples, as matrix and bias.

    Args:
        examples: of two classes at least, or with several labels a text.
        strength: C; None chooses it, as `learning.classifiers` says.
    """
    weights, bias, classes = _regressed(examples, examples.embeddings, strength)
    return LinearClassifier(classes, weights, bias, several=examples.several)


def _regressed(
    examples: Examples, rows: Any, strength: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64], tuple[str, ...]]:
    """(C, F) weights and (C,) bias over the rows, and the classes."""
    if examples.several:
        fitted = [
            logistic_regression(rows, examples.marks[:, place], STRENGTH_OF_SEVERAL if strength is None else strength)
            if 0 < examples.marks[:, place].sum() < len(examples)
            else None  # nobody lacks it
            for place in range(len(examples.classes))
        ]
        width = rows.shape[1]
        weights = np.stack([np.zeros(width) if one is None else one.coef_[0] for one in fitted])
        bias = np.array([np.log(len(examples) + 1.0) if one is None else one.intercept_[0] for one in fitted])
        return weights.astype(np.float64), bias, examples.classes
    linear = linear_classifier(rows, [str(label) for label in examples.labels], strength)
    return linear.weights, linear.bias, linear.classes


def _centre(examples: Examples, strength: float | None) -> Scorer:
    if examples.several:
        raise OptionError(
            "The nearest centre names one class a text. Where texts have several labels choose 'logistic' or 'knn'."
        )
    names, centres = class_centres(examples.embeddings.astype(np.float64), [str(label) for label in examples.labels])
    return Linear(LinearClassifier(tuple(str(name) for name in names), centres, np.zeros(len(names))))


def _knn(examples: Examples, strength: float | None) -> Scorer:
    return Neighbours(examples.classes, examples.embeddings, examples.marks, NEIGHBOURS, examples.several)


def _tfidf(examples: Examples, strength: float | None) -> Scorer:
    rows, rows_of = tfidf_of(list(examples.texts))
    weights, bias, classes = _regressed(examples, rows, strength)
    return Lexical(classes, rows_of, weights, bias)


METHODS: dict[str, Callable[[Examples, float | None], Scorer]] = {LOGISTIC: _logistic, CENTRE: _centre, KNN: _knn}
"""What a classifier may be."""
_ALL = {**METHODS, TFIDF: _tfidf}


def fit_scorer(examples: Examples, method: str, strength: float | None = None) -> Scorer:
    """Learn from examples.

    Args:
        examples: of two classes at least.
        method: one of `METHODS`, or "tfidf".
        strength: C of a logistic regression; None chooses it.

    Raises:
        OptionError: there is no such method, or it cannot take several labels.
        DataError: there is one class only.
    """
    if method not in _ALL:
        raise OptionError(
            "Unknown classifier {given!r}. Choose one of: {choices}.", given=method, choices=", ".join(METHODS)
        )
    examples.check_contrast()
    return _ALL[method](examples, strength)


def strength_for(examples: Examples, method: str) -> float | None:
    """C that suits a logistic regression on these examples; None for other methods.

    Scores of regressions of different strengths are not on one scale, so those that are calibrated together share one.
    """
    if method not in (LOGISTIC, TFIDF):
        return None
    if examples.several:
        return STRENGTH_OF_SEVERAL
    rows = examples.embeddings if method == LOGISTIC else tfidf_of(list(examples.texts))[0]
    return regularisation_strength(rows, np.array(examples.labels))


def scores_for(scorer: Scorer, examples: Examples, classes: Sequence[str]) -> Scores:
    """(N, C) scores of examples for these classes; -inf for one that the scorer has not seen."""
    place = {name: number for number, name in enumerate(classes)}
    scores = np.full((len(examples), len(classes)), -np.inf)
    columns = [place[name] for name in scorer.classes]
    scores[:, columns] = scorer.scores(examples.texts, examples.embeddings)
    return scores


def unknown_method(method: str) -> OptionError:
    """What to say where there is no such classifier."""
    return OptionError(
        "Unknown classifier {given!r}. Choose one of: {choices}.", given=method, choices=", ".join(METHODS)
    )
