"""What a classifier does on labelled texts: right and wrong, class by class, sure and unsure."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.classifier import Probabilities
from simcse_core.learning.calibration import Bin, bins_of, calibration_error
from simcse_core.meaning.intervals import Interval, difference, share
from simcse_core.meaning.items import Items, as_floats
from simcse_core.uses.classification.examples import label_sets, marks_of
from simcse_core.uses.classification.labels import Labels

SEVERAL_FROM = 0.5
"""Where a text may have several labels, those of at least this probability are named, unless a threshold is given."""
POINTS_OF_SEVERAL = 100
"""Thresholds in the curve of texts with several labels."""


@dataclass(frozen=True)
class ClassResult:
    """One class. Undefined numbers are NaN."""

    label: str
    precision: float
    """Of the texts that were said to have it, the share that does; NaN where none was."""
    recall: float
    """Of the texts that have it, the share that was said to; NaN where none has it."""
    f1: float
    """Harmonic mean of both; 0 where nothing is right."""
    support: int
    """How many texts have it."""


@dataclass(frozen=True)
class Report:
    """What counts, on one page."""

    n: int
    """Texts."""
    accuracy: Interval
    """The share of texts that are right, with its 95 % interval over texts; with several labels all of them have to be.
    A text of which the classifier says nothing is not right."""
    macro_f1: float
    """The mean of the classes' F1, each class counting alike: those that a text has or was said to have."""
    classes: tuple[ClassResult, ...]
    """In alphabetical order."""
    unseen: tuple[str, ...]
    """Classes of these texts that the classifier has not learned: such a text is never right."""


@dataclass(frozen=True)
class Coverage:
    """What a threshold does."""

    threshold: float
    answered: int
    """Texts of which a class is named."""
    coverage: Interval
    """The share of all texts, with its 95 % interval."""
    accuracy: Interval
    """Of the texts of which a class is named, the share that is right, with its 95 % interval; NaN for none."""


@dataclass(frozen=True, eq=False)
class CoverageCurve:
    """What all thresholds do; `Results.at` has the intervals of one. Each (T,), the lowest threshold first."""

    thresholds: NDArray[np.float64]
    coverage: NDArray[np.float64]
    """The share of texts of which a class is named."""
    accuracy: NDArray[np.float64]
    """Of these, the share that is right."""


@dataclass(frozen=True, eq=False)
class Results:
    """Labelled texts and the probabilities that a classifier gave them, in their order."""

    texts: tuple[str, ...]
    labels: Labels
    classes: tuple[str, ...]
    """C names: those that the classifier has learned."""
    probabilities: Probabilities
    """(N, C)."""
    several: bool
    """Whether a text may have several labels."""

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) the position in `classes` of the most probable class."""
        return np.argmax(self.probabilities, axis=1)

    @cached_property
    def confidence(self) -> NDArray[np.float64]:
        """(N,) the probability of the most probable class."""
        return np.asarray(self.probabilities.max(axis=1))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The classes that the classifier has learned and those that the texts have besides, in alphabetical order."""
        return tuple(sorted({*self.classes, *(name for names in label_sets(self.labels) for name in names)}))

    @cached_property
    def unseen(self) -> tuple[str, ...]:
        """The classes of the texts that the classifier has not learned."""
        return tuple(name for name in self.names if name not in set(self.classes))

    def said(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """(N, names) which classes are named, in the order of `names`.

        Args:
            threshold: least probability; None is 0, and 0.5 where a text may have several labels.
        """
        if threshold is None:
            threshold = SEVERAL_FROM if self.several else 0.0
        chosen = self.probabilities >= threshold
        if not self.several:
            chosen &= np.arange(len(self.classes)) == self.predicted[:, None]
        said = np.zeros((len(self.texts), len(self.names)), dtype=bool)
        said[:, [self.names.index(name) for name in self.classes]] = chosen
        return said

    def hits(self, threshold: float | None = None) -> NDArray[np.bool_]:
        """(N,) whether what is said of a text is right, wholly."""
        return np.asarray((self.said(threshold) == self._marks).all(axis=1))

    @cached_property
    def _marks(self) -> NDArray[np.bool_]:
        return marks_of(self.labels, self.names)

    def report(self, threshold: float | None = None) -> Report:
        """Accuracy, macro-F1 and each class; a threshold as for `said`."""
        said, marks = self.said(threshold), self._marks
        right, support, named = (said & marks).sum(axis=0), marks.sum(axis=0), said.sum(axis=0)
        classes = tuple(
            ClassResult(name, _ratio(hit, of), _ratio(hit, has), _ratio(2 * hit, of + has), has)
            for name, hit, has, of in zip(self.names, right.tolist(), support.tolist(), named.tolist(), strict=True)
        )
        counted = [one.f1 for one in classes if not np.isnan(one.f1)]
        return Report(
            n=len(self.texts),
            accuracy=share_of(self.hits(threshold)),
            macro_f1=float(np.mean(counted)) if counted else float("nan"),
            classes=classes,
            unseen=self.unseen,
        )

    def over(self, other: "Results") -> Interval:
        """By how much the accuracy is above that of other results on the same texts, with the 95 % interval of the
        paired difference; 0 inside it means that the difference is inside the noise."""
        mine, theirs = (Items({"accuracy": as_floats(one.hits())}) for one in (self, other))
        return difference(mine, theirs, "accuracy")

    def confusion(self) -> NDArray[np.int64]:
        """(names, names) how many texts of each class (row) were said to be of each class (column), in the order of
        `names`. Where texts have several labels, each of them is counted with the most probable class."""
        counts = np.zeros((len(self.names), len(self.names)), dtype=np.int64)
        column = np.array([self.names.index(name) for name in self.classes])[self.predicted]
        rows, classes = np.nonzero(self._marks)
        np.add.at(counts, (classes, column[rows]), 1)
        return counts

    def cell(self, label: str, predicted: str) -> list[int]:
        """The positions of the texts of one class that were said to be of another, or of the same: the surest first."""
        of_class = self._marks[:, self.names.index(label)] if label in self.names else np.zeros(len(self.texts), bool)
        said = np.array([self.classes[place] == predicted for place in self.predicted], dtype=bool)
        return self._surest_first(of_class & said)

    def wrong(self) -> list[int]:
        """The positions of the texts that are wrong: the surest, which are the most wrong, first."""
        return self._surest_first(~self.hits())

    def _surest_first(self, which: NDArray[np.bool_]) -> list[int]:
        places = np.flatnonzero(which)
        order: list[int] = places[np.argsort(-self.confidence[places], kind="stable")].tolist()
        return order

    def at(self, threshold: float) -> Coverage:
        """What a threshold does: how many texts are answered, and how many of these are right."""
        answered = np.asarray(self.said(threshold).any(axis=1))
        return Coverage(threshold, int(answered.sum()), share_of(answered), share_of(self.hits(threshold)[answered]))

    def coverage_curve(self) -> "CoverageCurve":
        """What each threshold does that lets through another number of texts, the lowest first."""
        if self.several:
            thresholds = np.unique(np.quantile(self.confidence, np.linspace(0, 1, POINTS_OF_SEVERAL), method="lower"))
            at = [self.said(float(threshold)) for threshold in thresholds]
            answered = np.array([said.any(axis=1).sum() for said in at])
            hits = np.array([((said == self._marks).all(axis=1) & said.any(axis=1)).sum() for said in at])
        else:
            order = np.argsort(-self.confidence, kind="stable")
            surest = self.confidence[order]
            ends = np.flatnonzero(np.append(np.diff(surest) != 0, True))[::-1]  # equal ones come together
            thresholds, answered, hits = surest[ends], ends + 1, np.cumsum(self.hits(0.0)[order])[ends]
        return CoverageCurve(thresholds, answered / len(self.texts), hits / answered)

    def bins(self, count: int = 10) -> tuple[Bin, ...]:
        """Texts of about the same probability, with the share of them that is right; the least sure first.

        With several labels each text and class counts on its own.
        """
        return bins_of(*self._believed(), count)

    def calibration_error(self) -> float:
        """Expected calibration error; 0 when probabilities are shares."""
        return calibration_error(*self._believed())

    def _believed(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """What is said with which probability, and whether it is right."""
        if self.several:
            marks = marks_of(self.labels, self.classes)
            return self.probabilities.ravel(), marks.ravel()
        return self.confidence, self.hits(0.0)


def share_of(hits: NDArray[np.bool_]) -> Interval:
    """The share of True with Wilson's 95 % interval; NaN without any."""
    return share(int(hits.sum()), len(hits))


def _ratio(above: int, below: int) -> float:
    return above / below if below else float("nan")
