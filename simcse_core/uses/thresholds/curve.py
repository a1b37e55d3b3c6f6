"""Precision, recall and counts over the threshold, for scores with labels 0 and 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError, OptionError
from simcse_core.meaning.intervals import Interval, share

Values = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Decisions:
    """What "yes from this score on" does. Undefined numbers are NaN."""

    threshold: float
    """Yes when the score is at least this."""
    true_positives: int
    """Said yes, and right."""
    false_positives: int
    """Said yes, and wrong."""
    false_negatives: int
    """Said no, and wrong."""
    true_negatives: int
    """Said no, and right."""
    missed_too: int = 0
    """Of the true negatives, those that cost as much as a false negative (`curve`)."""

    @property
    def precision(self) -> Interval:
        """Of what was said yes to, how much is right: with Wilson's interval."""
        return share(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> Interval:
        """Of what is right, how much was said yes to: with Wilson's interval."""
        return share(self.true_positives, self.true_positives + self.false_negatives)

    @property
    def accuracy(self) -> Interval:
        """How many decisions are right: with Wilson's interval."""
        wrong = self.false_positives + self.false_negatives
        right = self.true_positives + self.true_negatives
        return share(right, right + wrong)

    @property
    def f1(self) -> Interval:
        """Harmonic mean of precision and recall.

        F1 is 2 J / (1 + J) where J is the share of right ones among all that are right or were said yes to: a share
        like others, so that its Wilson interval is carried over.
        """
        touched = self.true_positives + self.false_positives + self.false_negatives
        jaccard = share(self.true_positives, touched)
        return Interval(*(2 * j / (1 + j) for j in (jaccard.value, jaccard.low, jaccard.high)))

    def cost(self, false_positive: float = 1.0, false_negative: float = 1.0) -> float:
        """What all wrong decisions cost together."""
        return self.false_positives * false_positive + (self.false_negatives + self.missed_too) * false_negative


@dataclass(frozen=True)
class Curve:
    """All thresholds that decide differently, ascending; the last one says no to everything.

    All arrays are (T,); where rows share a score there is one threshold for them.
    """

    thresholds: Values
    true_positives: Counts
    false_positives: Counts
    positives: int
    """How many rows have the label 1."""
    negatives: int
    """How many have the label 0."""
    missed_too: Counts
    """How many of these cost as much as a false negative, since they are said no to."""

    @property
    def precision(self) -> Values:
        """(T,); NaN where nothing is said yes to."""
        return _ratio(self.true_positives, self.true_positives + self.false_positives)

    @property
    def recall(self) -> Values:
        """(T,); NaN where no row has the label 1."""
        return _ratio(self.true_positives, np.full(len(self.thresholds), self.positives))

    @property
    def f1(self) -> Values:
        """(T,); NaN where no row has the label 1."""
        f1 = _ratio(2 * self.true_positives, self.true_positives + self.false_positives + self.positives)
        return f1 if self.positives else np.full(len(f1), np.nan)

    def costs(self, false_positive: float = 1.0, false_negative: float = 1.0) -> Values:
        """(T,) what the wrong decisions of each threshold cost together.

        Raises:
            OptionError: a cost is below 0 or no number, or both are 0.
        """
        _check_costs(false_positive, false_negative)
        missed = self.positives - self.true_positives + self.missed_too
        return np.asarray(self.false_positives * false_positive + missed * false_negative, dtype=np.float64)

    def at(self, threshold: float) -> Decisions:
        """What any threshold does, also between two of the list."""
        place = int(np.searchsorted(self.thresholds, threshold, side="left"))
        right = int(self.true_positives[place]) if place < len(self.thresholds) else 0
        wrong = int(self.false_positives[place]) if place < len(self.thresholds) else 0
        missed_too = int(self.missed_too[min(place, len(self.thresholds) - 1)])
        return Decisions(threshold, right, wrong, self.positives - right, self.negatives - wrong, missed_too)

    def cheapest(self, false_positive: float = 1.0, false_negative: float = 1.0) -> Decisions:
        """The threshold whose wrong decisions cost least on these rows; of several the highest.

        It lies in the middle between the score that it says yes to and the next lower one, where new rows on either
        side are treated alike; it decides the same on these rows. On new rows it costs more: it was chosen on these.

        Raises:
            OptionError: as for `costs`.
        """
        costs = self.costs(false_positive, false_negative)
        return self.at(self.middle(int(np.flatnonzero(costs <= costs.min() + 1e-9)[-1])))

    def best_f1(self) -> Decisions:
        """The threshold with the best F1 on these rows, as `PairMetrics` has it; of several the lowest.

        Raises:
            DataError: no row has the label 1.
        """
        if not self.positives:
            raise DataError("No row has the label 1, so no threshold has an F1.")
        return self.at(float(self.thresholds[int(np.argmax(self.f1))]))

    def for_precision(self, least: float) -> Decisions | None:
        """The lowest threshold from which on precision is at least so high, up to where nothing is left; None for none.

        Args:
            least: 0 to 1.
        """
        reached = self.precision[:-1] >= least - 1e-12  # the last one says yes to nothing
        below = np.flatnonzero(~reached)
        first = int(below[-1]) + 1 if len(below) else 0
        return self.at(float(self.thresholds[first])) if first < len(reached) else None

    def middle(self, place: int) -> float:
        """A threshold in the middle between the one at a place of the list and the one below it."""
        upper = float(self.thresholds[place])
        if place == 0:
            return upper
        lower = float(self.thresholds[place - 1])
        between = (lower + upper) / 2
        return between if lower < between <= upper else upper


def curve(scores: ArrayLike, labels: ArrayLike, missed_too: ArrayLike | None = None) -> Curve:
    """Counts at all thresholds.

    Args:
        scores: (N,) higher is more likely yes.
        labels: (N,) of 0 and 1, or False and True.
        missed_too: (N,) for which rows with the label 0 a no is an error as well, which costs what a false negative
            does: a question whose closest entry is wrong though another one answers it. None for no row.

    Raises:
        DataError: there are no rows, the lengths differ, a score is no finite number, or a label is not 0 or 1.

    Example:
        >>> found = curve([0.1, 0.4, 0.4, 0.9], [0, 0, 1, 1])
        >>> found.thresholds[:3].tolist(), found.true_positives.tolist(), found.false_positives.tolist()
        ([0.1, 0.4, 0.9], [2, 2, 1, 0], [2, 1, 0, 0])
    """
    values, gold = checked(scores, labels)
    distinct, group = np.unique(values, return_inverse=True)
    right = np.bincount(group, weights=gold, minlength=len(distinct)).astype(np.int64)
    wrong = np.bincount(group, minlength=len(distinct)) - right
    lost = np.zeros(len(values), dtype=bool) if missed_too is None else np.asarray(missed_too, dtype=bool) & (gold == 0)
    said_yes = _from_the_top(np.bincount(group, weights=lost, minlength=len(distinct)).astype(np.int64))
    above = float(np.nextafter(distinct[-1], np.inf))
    return Curve(
        thresholds=np.append(distinct, above),
        true_positives=_from_the_top(right),
        false_positives=_from_the_top(wrong),
        positives=int(gold.sum()),
        negatives=int(len(gold) - gold.sum()),
        missed_too=said_yes[0] - said_yes,
    )


def checked(scores: ArrayLike, labels: ArrayLike) -> tuple[Values, Counts]:
    """Scores and labels as arrays of one length. Arguments and errors as for `curve`."""
    try:
        values, gold = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("Scores have to be numbers, and labels 0 or 1.") from None
    if values.ndim != 1 or values.shape != gold.shape:
        raise DataError(
            "Each score needs one label: got {scores} scores and {labels} labels.",
            scores=" x ".join(map(str, values.shape)) or 1,
            labels=" x ".join(map(str, gold.shape)) or 1,
        )
    if not len(values):
        raise DataError("There are no scores: a threshold needs at least one with its label.")
    if not np.isfinite(values).all():
        raise DataError("Score {place} is no finite number.", place=int(np.flatnonzero(~np.isfinite(values))[0]) + 1)
    if not np.isin(gold, (0, 1)).all():
        place = int(np.flatnonzero(~np.isin(gold, (0, 1)))[0])
        raise DataError("Label {place} is {given:g}: a label is 0 or 1.", place=place + 1, given=gold[place])
    return values, gold.astype(np.int64)


def _from_the_top(counts: Counts) -> Counts:
    """(T,) -> (T + 1,) how many there are from each place on; none at the end."""
    return np.append(np.cumsum(counts[::-1])[::-1], 0)


def _ratio(above: Counts, below: Counts) -> Values:
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def _check_costs(*costs: float) -> None:
    if not all(np.isfinite(cost) and cost >= 0 for cost in costs) or not any(costs):
        raise OptionError(
            "The costs of the two errors are {given}: both have to be 0 or more, and one of them above 0.",
            given=" and ".join(f"{cost:g}" for cost in costs),
        )
