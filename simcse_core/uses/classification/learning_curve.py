"""How many labelled examples are enough? Accuracy over their number, on texts held out, over repeated draws."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError, OptionError
from simcse_core.meaning.intervals import Interval, over_seeds
from simcse_core.uses.classification.examples import Examples
from simcse_core.uses.classification.methods import LOGISTIC, TFIDF, fit_scorer, scores_for

REPEATS = 5
TEST_SHARE, MOST_TESTED = 0.3, 1_000
FEWEST = 4
"""Labelled texts at the first point."""
STEP = 2.0
"""Each point has so many times the texts of the one before."""
STRENGTH = 10.0
"""C of the logistic regressions: choosing it for each of the many fits would take ten times as long."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Point:
    """Classifiers that have learned from so many labelled texts."""

    size: int
    accuracy: Interval
    """The mean over the draws with its 95 % t-interval over them: what another choice of texts to label, and of texts
    to test, would change. The draws are of the same data, so it says nothing of other data. NaN with fewer
    than three."""
    values: tuple[float, ...]
    """The accuracy of each draw."""


@dataclass(frozen=True)
class LearningCurve:
    """Accuracy over the number of labelled texts, by method."""

    points: dict[str, tuple[Point, ...]]
    tested: int
    """Texts that each classifier was tested on."""

    def needed(self, accuracy: float, method: str = LOGISTIC) -> int | None:
        """The fewest measured texts from which on the mean accuracy is at least so high; None where it never is."""
        reached = None
        for point in reversed(self.points[method]):
            if point.accuracy.value < accuracy:
                break
            reached = point.size
        return reached


def learning_curve(
    examples: Examples,
    methods: Sequence[str] = (LOGISTIC, TFIDF),
    *,
    sizes: Sequence[int] | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> LearningCurve:
    """Learn from ever more of the examples and test on others.

    In each draw a third of the examples, at most 1,000, is held out; the others are put in an order in which each
    beginning has the classes in proportion, and the first so many are learned from. Equal texts stay on one side.

    Args:
        examples: of two classes at least, a label each.
        methods: of `methods.METHODS`, and "tfidf".
        sizes: how many texts to learn from; None is 4, 8, 16 … (twice the classes at first) up to all that are not
            held out.
        repeats: draws.
        seed: of the draws.
        on_progress: receives (fits done, fits in all).

    Raises:
        DataError: there are too few texts.
        OptionError: texts have several labels, or there is no such method.
    """
    if examples.several:
        raise OptionError("The learning curve is for texts with one label each; here texts have several.")
    examples.check_contrast()
    draws = [_draw(examples, np.random.default_rng([seed, number])) for number in range(repeats)]
    most = min(len(learned) for learned, _tested in draws)
    if most < FEWEST:
        raise DataError("{given} texts are too few for a learning curve: give at least 8.", given=len(examples))
    sizes = _sizes(most, 2 * len(examples.classes)) if sizes is None else sorted({min(size, most) for size in sizes})
    values: dict[tuple[str, int], list[float]] = {(method, size): [] for method in methods for size in sizes}
    done = 0
    for learned, tested in draws:
        for (method, size), of_point in values.items():
            of_point.append(_accuracy(examples.take(learned[:size]), tested_of := examples.take(tested), method))
            done += 1
            if on_progress is not None:
                on_progress(done, repeats * len(values))
    points = {method: tuple(_point(size, values[method, size]) for size in sizes) for method in methods}
    return LearningCurve(points, len(tested_of))


def _point(size: int, values: Sequence[float]) -> Point:
    mean = float(np.mean(values))
    over = over_seeds(values) or Interval(mean, float("nan"), float("nan"))
    return Point(size, Interval(over.value, max(over.low, 0.0), min(over.high, 1.0)), tuple(values))


def _sizes(most: int, first: int) -> list[int]:
    sizes = [float(max(min(first, most), FEWEST))]
    while sizes[-1] * STEP <= most / 1.2:
        sizes.append(sizes[-1] * STEP)
    return sorted({round(size) for size in sizes} | {most})


def _draw(examples: Examples, chance: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to learn from, in order, and rows to test."""
    _numbers, first, group_of = np.unique(examples.groups, return_index=True, return_inverse=True)
    order = _in_proportion(examples.codes[first], chance)
    held = min(max(round(TEST_SHARE * len(order)), 1), MOST_TESTED)
    tested = np.flatnonzero(np.isin(group_of, order[len(order) - held :]))
    return first[order[: len(order) - held]], tested


def _in_proportion(codes: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    """All rows in an order of which each beginning has the classes in proportion; within a class chance decides."""
    place = np.empty(len(codes))
    for code in np.unique(codes):
        rows = chance.permutation(np.flatnonzero(codes == code))
        place[rows] = (np.arange(len(rows)) + chance.random()) / len(rows)
    return np.argsort(place, kind="stable")


def _accuracy(learned: Examples, tested: Examples, method: str) -> float:
    if len(learned.classes) == 1:
        return float(np.mean([label == learned.classes[0] for label in tested.labels]))
    scorer = fit_scorer(learned, method, STRENGTH)
    best = scores_for(scorer, tested, scorer.classes).argmax(axis=1)
    return float(np.mean([scorer.classes[place] == label for place, label in zip(best, tested.labels, strict=True)]))
