"""Cross-validation: what a classifier that learned from these examples will do on others."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError, OptionError
from simcse_core.learning.calibration import fit_temperature, to_probabilities
from simcse_core.uses.classification.examples import Examples
from simcse_core.uses.classification.methods import LOGISTIC, Scores, fit_scorer, scores_for, strength_for
from simcse_core.uses.classification.results import Results

FOLDS = 5
Progress = Callable[[int, int], None]
"""Called with (fits done, fits in all)."""


@dataclass(frozen=True, eq=False)
class Validation(Results):
    """Each text with the probabilities by a classifier that has not learned from it, nor from an equal text."""

    folds: NDArray[np.int64]
    """(N,) in which part each text was held out, from 0."""
    scores: Scores
    """(N, C) out of fold, before calibration."""
    temperature: float
    """Fitted on all `scores`. The probabilities of a text are by a temperature fitted on the other folds."""
    method: str
    strength: float | None
    """C of the logistic regressions; None for other methods."""


def cross_validate(
    examples: Examples,
    method: str = LOGISTIC,
    *,
    folds: int = FOLDS,
    seed: int = 0,
    strength: float | None = None,
    on_progress: Progress | None = None,
) -> Validation:
    """Hold out each part of the examples once, learn from the others, and ask about the part.

    Parts are alike in their classes. Texts that are equal but for case and blanks stay together. What is fitted
    (weights, TF-IDF's words, the temperature) is fitted without the part. Only the strength of a logistic regression is
    chosen once for all parts, from three values: scores of different strengths could not be calibrated together.

    Its accuracy's interval is over the texts; that another training set gives another classifier is not in it. It is of
    a classifier that has learned from a little less than all examples.

    Args:
        examples: of two classes at least.
        method: one of `methods.METHODS`, or "tfidf" for the baseline.
        folds: how many parts, 2 or more.
        seed: of the parts.
        strength: C of a logistic regression; None chooses it.
        on_progress: receives how many of the parts are done.

    Raises:
        DataError: there is one class only, or fewer different texts than folds.
        OptionError: there is no such method, or fewer than 2 folds.

    Source: stratified k-fold cross-validation; for its interval see `meaning.intervals`.
    """
    examples.check_contrast()
    fold_of = _fold_of(examples, folds, seed)
    strength = strength_for(examples, method) if strength is None else strength
    scores = np.full((len(examples), len(examples.classes)), -np.inf)
    for fold in range(folds):
        held = np.flatnonzero(fold_of == fold)
        learned = examples.take(np.flatnonzero(fold_of != fold))
        scores[held] = _scores_of(learned, examples.take(held), method, strength, examples.classes)
        if on_progress is not None:
            on_progress(fold + 1, folds)
    probabilities = np.zeros_like(scores)
    for fold in range(folds):
        others, held = fold_of != fold, fold_of == fold
        temperature = fit_temperature(scores[others], examples.marks[others], several=examples.several)
        probabilities[held] = to_probabilities(scores[held], temperature, several=examples.several)
    return Validation(
        examples.texts,
        examples.labels,
        examples.classes,
        probabilities,
        examples.several,
        folds=fold_of,
        scores=scores,
        temperature=fit_temperature(scores, examples.marks, several=examples.several),
        method=method,
        strength=strength,
    )


def evaluate(
    learned: Examples,
    tested: Examples,
    method: str = LOGISTIC,
    *,
    folds: int = FOLDS,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Results:
    """Learn from examples and ask about others; the probabilities are calibrated by cross-validation of the first.

    Args:
        learned: of two classes at least.
        tested: others.
        method, folds, seed, on_progress: as for `cross_validate`; there are as many folds as different texts allow.

    Raises:
        DataError: there is one class to learn only; or none of the classes to test is among those to learn.
        OptionError: there is no such method.
    """
    check_classes(learned.classes, tested.classes)
    folds = min(folds, len(set(learned.groups.tolist())))
    validation = cross_validate(learned, method, folds=folds, seed=seed, on_progress=on_progress)
    scorer = fit_scorer(learned, method, validation.strength)
    scores = scorer.scores(tested.texts, tested.embeddings)
    probabilities = to_probabilities(scores, validation.temperature, several=learned.several)
    return Results(tested.texts, tested.labels, scorer.classes, probabilities, learned.several)


def check_classes(known: Sequence[str], given: Sequence[str]) -> None:
    """See that texts to test have classes that were learned.

    Args:
        known: the classes that were learned.
        given: those of the texts to test; some may be new, which are never right then.

    Raises:
        DataError: all of them are new.
    """
    if not set(known) & set(given):
        raise DataError(
            "None of the classes of the texts to test is one that was learned: {given} there, {known} here. Are the "
            "labels spelled the same way?",
            given=_some(given),
            known=_some(known),
        )


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (" …" if len(names) > 5 else "")


def _scores_of(
    learned: Examples, held: Examples, method: str, strength: float | None, classes: tuple[str, ...]
) -> Scores:
    if len(learned.classes) == 1 and not learned.several:  # the other classes are in this fold alone
        return np.where(np.array(classes) == learned.classes[0], 0.0, -np.inf) + np.zeros((len(held), 1))
    return scores_for(fit_scorer(learned, method, strength), held, classes)


def _fold_of(examples: Examples, folds: int, seed: int) -> NDArray[np.int64]:
    """(N,) in which part each text is; equal texts are in the same."""
    from sklearn.model_selection import KFold, StratifiedKFold

    if folds < 2:
        raise OptionError("The examples are held out in {given} folds: it has to be 2 or more.", given=folds)
    _numbers, first, groups = np.unique(examples.groups, return_index=True, return_inverse=True)
    if len(first) < folds:
        raise DataError(
            "{given} different texts are too few for {folds} folds: each needs one at least. Give more labelled texts, "
            "or choose fewer folds.",
            given=len(first),
            folds=folds,
        )
    codes = examples.codes[first]
    enough = np.bincount(codes + 1).max() >= folds
    splitter = (StratifiedKFold if enough else KFold)(folds, shuffle=True, random_state=seed)
    fold_of_group = np.zeros(len(first), dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes smaller than the number of folds
        for number, (_train, held) in enumerate(splitter.split(first, codes)):
            fold_of_group[held] = number
    return fold_of_group[groups]
