"""Scores to probabilities: how often a score of this height is right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.learning.calibration import Bin, bins_of, calibration_error
from simcse_core.uses.thresholds.curve import checked

Values = NDArray[np.float64]
Method = Literal["platt", "isotonic"]
METHODS: tuple[Method, ...] = ("platt", "isotonic")
FOLDS = 5


@dataclass(frozen=True)
class Calibration:
    """A way from scores to probabilities, and how well it does on rows that it has not seen."""

    method: Method
    probability: Callable[[ArrayLike], Values]
    """(M,) scores -> (M,) probabilities of the label 1; fitted on all rows."""
    out_of_fold: Values
    """(N,) for each row the probability by a fit without it and its group; NaN without any."""
    brier: float
    """Mean squared difference of `out_of_fold` and the labels; lower is better."""
    brier_without: float
    """The same of always saying the share of 1: what a calibration has to be better than."""
    error: float
    """Expected calibration error of `out_of_fold`: by how much probabilities and shares differ, over the bins."""
    bins: tuple[Bin, ...]
    """Ten at most, of about as many rows each, by `out_of_fold`: what is said of a row is the label 1."""


def calibrate(
    scores: ArrayLike,
    labels: ArrayLike,
    method: Method = "platt",
    *,
    groups: Sequence[object] | None = None,
    seed: int = 0,
) -> Calibration:
    """Fit a calibration.

    Platt's is a logistic curve, good for few rows; the isotonic one is any rising step function, which needs hundreds.

    Args:
        scores: (N,) higher is more likely 1.
        labels: (N,) of 0 and 1.
        method: one of `METHODS`.
        groups: (N) rows of one group never stand on both sides of a fold: paraphrases of a question, pairs that share a
            text. None is every row on its own.
        seed: of the folds.

    Raises:
        DataError: as for `curve`; or all labels are the same, so that nothing can be learned.

    Source: Platt 1999, with its targets; Zadrozny & Elkan 2002.
    """
    values, gold = checked(scores, labels)
    if len(set(gold.tolist())) < 2:
        raise DataError(
            "All {count} labels are {label}: a calibration learns from both 0 and 1.", count=len(gold), label=gold[0]
        )
    fit = _FITS[method]
    held = _out_of_fold(values, gold, fit, groups, seed)
    seen = ~np.isnan(held)
    judged = held[seen], gold[seen] == 1
    return Calibration(
        method=method,
        probability=fit(values, gold),
        out_of_fold=held,
        brier=float(np.square(held[seen] - gold[seen]).mean()) if seen.any() else float("nan"),
        brier_without=float(gold.mean() * (1 - gold.mean())),
        error=calibration_error(*judged),
        bins=bins_of(*judged),
    )


def _platt(scores: Values, labels: NDArray[np.int64]) -> Callable[[ArrayLike], Values]:
    """A logistic curve through targets that are a little less sure than 0 and 1, so that it stays finite."""
    from sklearn.linear_model import LogisticRegression

    ones, zeros = int(labels.sum()), int(len(labels) - labels.sum())
    targets = np.where(labels == 1, (ones + 1) / (ones + 2), 1 / (zeros + 2))
    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    standard = ((scores - middle) / spread)[:, None]
    # A target between 0 and 1 is a row with both labels, each with its weight.
    fitted = LogisticRegression(C=1e8, max_iter=1_000).fit(
        np.concatenate([standard, standard]),
        np.repeat([1, 0], len(scores)),
        sample_weight=np.concatenate([targets, 1 - targets]),
    )

    def probability(new: ArrayLike) -> Values:
        given = (np.asarray(new, dtype=np.float64).reshape(-1, 1) - middle) / spread
        return np.asarray(fitted.predict_proba(given)[:, 1], dtype=np.float64)

    return probability


def _isotonic(scores: Values, labels: NDArray[np.int64]) -> Callable[[ArrayLike], Values]:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(scores, labels)
    return lambda new: np.asarray(fitted.predict(np.asarray(new, dtype=np.float64).reshape(-1)), dtype=np.float64)


_FITS = {"platt": _platt, "isotonic": _isotonic}


def _out_of_fold(
    scores: Values,
    labels: NDArray[np.int64],
    fit: Callable[[Values, NDArray[np.int64]], Callable[[ArrayLike], Values]],
    groups: Sequence[object] | None,
    seed: int,
) -> Values:
    held = np.full(len(scores), np.nan)
    for learned, asked in folds(labels, groups, seed):
        if len(np.unique(labels[learned])) == 2:
            held[asked] = fit(scores[learned], labels[learned])(scores[asked])
    return held


def folds(
    labels: NDArray[np.int64], groups: Sequence[object] | None = None, seed: int = 0, count: int = FOLDS
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to learn from and rows to ask, so that each row is asked once and groups stay together.

    Args:
        labels: (N,) of 0 and 1, spread evenly over the folds.
        groups: as for `calibrate`.
        seed: of the shuffle.
        count: how many folds, at most one for each group.

    Returns:
        Nothing where there are not two groups.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    rarer = int(min(labels.sum(), len(labels) - labels.sum()))
    if groups is None:
        count = min(count, max(rarer, 2), len(labels))
        if count < 2 or rarer < 2:
            return []
        return list(StratifiedKFold(count, shuffle=True, random_state=seed).split(labels, labels))
    names = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    count = min(count, len(names), max(rarer, 2))
    if count < 2 or rarer < 2:
        return []
    numbers = np.array([names[group] for group in groups])
    return list(StratifiedGroupKFold(count, shuffle=True, random_state=seed).split(labels, labels, numbers))
