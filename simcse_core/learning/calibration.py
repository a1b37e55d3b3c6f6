"""Scores to probabilities that can be believed, and how far they can.

Probabilities are softmax(scores / T), or sigmoid(scores / T) where a text may have several labels. The temperature T is
one number for all classes, fitted on scores of texts that the classifier has not learned from: it never changes which
class comes first.

Source: Guo et al. 2017, arXiv 1706.04599.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.classifier import Probabilities, sigmoid, softmax

Scores = NDArray[np.float64]
"""(N, C), higher is more likely."""
BINS = 10
LOWEST, HIGHEST = 0.001, 100.0
"""Of the temperature."""


@dataclass(frozen=True)
class Bin:
    """Texts, or rows, of about the same probability."""

    probability: float
    """The mean probability of what was said of them."""
    right: float
    """The share of them of which it is right."""
    count: int


def to_probabilities(scores: Scores, temperature: float, *, several: bool = False) -> Probabilities:
    """(N, C) scores -> (N, C); a score of -inf is a probability of 0."""
    return sigmoid(scores / temperature) if several else softmax(scores / temperature)


def fit_temperature(scores: Scores, marks: NDArray[np.bool_], *, several: bool = False) -> float:
    """The temperature under which what is true is most likely.

    As if there were one text more, of no class: so few texts that are all right give no certainty. Texts whose
    class has a score of -inf are left out.

    Args:
        scores: (N, C) of texts that were not learned from.
        marks: (N, C) which classes each text has.
        several: whether a text may have several.

    Returns:
        0.001 to 100; 1 where no text can be used.
    """
    from scipy.optimize import minimize_scalar

    usable = np.isfinite(np.where(marks, scores, 0.0)).all(axis=1) & (marks.any(axis=1) | several)
    if not usable.any():
        return 1.0
    scores, marks = scores[usable], marks[usable]
    seen = np.isfinite(scores)
    unsure = 1 / (len(scores) + 1)
    targets = (1 - unsure) * marks + unsure * (0.5 if several else seen / seen.sum(axis=1, keepdims=True))

    def cost(log_temperature: float) -> float:
        probabilities = to_probabilities(scores, float(np.exp(log_temperature)), several=several).clip(1e-300, 1.0)
        of_true = targets * np.log(probabilities)
        of_false = (1 - targets) * np.log((1 - probabilities).clip(1e-300)) if several else 0.0
        return -float(np.where(seen, of_true + of_false, 0.0).sum(axis=1).mean())

    bounds = (float(np.log(LOWEST)), float(np.log(HIGHEST)))
    return float(np.exp(minimize_scalar(cost, bounds=bounds, method="bounded").x))


def bins_of(confidence: NDArray[np.float64], hits: NDArray[np.bool_], count: int = BINS) -> tuple[Bin, ...]:
    """Texts in groups of about the same probability, the least sure first.

    Groups are about as large as each other. Texts of equal probability are in one, so that their order says nothing.

    Args:
        confidence: (N,) probability of what was said.
        hits: (N,) whether it is right.
        count: of groups, at most.
    """
    order = np.argsort(confidence, kind="stable")
    ascending = confidence[order]
    lasts = [int(part[-1]) for part in np.array_split(np.arange(len(order)), count) if len(part)]
    ends = np.unique(np.searchsorted(ascending, ascending[lasts], side="right"))
    parts = np.split(order, ends[:-1]) if len(order) else []
    return tuple(Bin(float(confidence[part].mean()), float(hits[part].mean()), len(part)) for part in parts)


def calibration_error(confidence: NDArray[np.float64], hits: NDArray[np.bool_], count: int = BINS) -> float:
    """Expected calibration error: by how much probability and share of right ones differ, over the groups of `bins_of`.
    NaN without texts. Arguments as for `bins_of`.

    Source: Naeini et al. 2015, with the groups of Nguyen & O'Connor 2015, of which none is empty.
    """
    bins = bins_of(confidence, hits, count)
    if not bins:
        return float("nan")
    return sum(one.count * abs(one.probability - one.right) for one in bins) / len(confidence)
