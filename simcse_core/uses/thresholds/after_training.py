"""After a training: how the scores of the same rows moved, what the old threshold does now, and what was forgotten."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.meaning.intervals import Interval, difference, interval
from simcse_core.meaning.items import Items, as_floats
from simcse_core.uses.thresholds.curve import Curve, Decisions, checked, curve


@dataclass(frozen=True)
class Shift:
    """By how much the scores of rows of one label moved."""

    label: int
    before: float
    """Their mean."""
    after: float
    change: Interval
    """The mean of what each row moved by, with the t-interval over rows."""


@dataclass(frozen=True)
class Moved:
    """The same rows, scored before and after a training."""

    before: Curve
    after: Curve
    shifts: tuple[Shift, ...]
    """Of rows with the label 0, and of those with 1; of a label without rows there is none."""
    old_before: Decisions
    """What the old threshold did."""
    old_after: Decisions
    """What it does with the new scores."""
    new: Decisions
    """The cheapest threshold for the new scores, chosen on these rows."""
    accuracy: Interval
    """How many more decisions are right with the old threshold after than before, paired row by row."""

    @property
    def keeps_threshold(self) -> bool:
        """Whether no more errors are seen with the old threshold than before, beyond noise."""
        return not self.accuracy.high < 0


def moved(
    before: ArrayLike,
    after: ArrayLike,
    labels: ArrayLike,
    threshold: float,
    *,
    false_positive: float = 1.0,
    false_negative: float = 1.0,
) -> Moved:
    """What a training did to the scores, and to whoever goes on with the old threshold.

    Args:
        before, after: (N,) scores of the same rows.
        labels: (N,) of 0 and 1.
        threshold: that was used before.
        false_positive, false_negative: what the errors cost, for the new threshold.

    Raises:
        DataError: as for `curve`; or there are not as many scores after as before.
    """
    old, gold = checked(before, labels)
    new, _gold = checked(after, labels)
    first, second = curve(old, gold), curve(new, gold)
    shifts = [_shift(old[gold == label], new[gold == label], label) for label in (0, 1) if (gold == label).any()]
    right_before, right_after = ((scores >= threshold) == gold for scores in (old, new))
    return Moved(
        before=first,
        after=second,
        shifts=tuple(shifts),
        old_before=first.at(threshold),
        old_after=second.at(threshold),
        new=second.cheapest(false_positive, false_negative),
        accuracy=difference(
            Items({"accuracy": as_floats(right_after)}), Items({"accuracy": as_floats(right_before)}), "accuracy"
        ),
    )


@dataclass(frozen=True)
class Forgetting:
    """A metric on data that the training was not about."""

    metric: str
    before: Interval
    after: Interval
    change: Interval
    """After minus before, paired item by item. It is one training; another seed can move it."""

    @property
    def is_noise(self) -> bool:
        """Whether the change could be none, or is undefined."""
        return not (self.change.low > 0 or self.change.high < 0)


def forgetting(before: Items, after: Items, metric: str) -> Forgetting:
    """What was lost, or gained, on general data.

    Args:
        before, after: what both models did with the same items, as `measuring.measure` gives them.
        metric: one of theirs.

    Raises:
        OptionError: the items do not have it.
        ShapeError: the items are of different data.
    """
    return Forgetting(metric, interval(before, metric), interval(after, metric), difference(after, before, metric))


def _shift(before: np.ndarray, after: np.ndarray, label: int) -> Shift:
    from scipy.stats import t

    change = after - before
    mean, nothing = float(change.mean()), float("nan")
    if len(change) < 2:
        return Shift(label, float(before.mean()), float(after.mean()), Interval(mean, nothing, nothing))
    reach = float(t.ppf(0.975, len(change) - 1)) * float(change.std(ddof=1)) / len(change) ** 0.5
    return Shift(label, float(before.mean()), float(after.mean()), Interval(mean, mean - reach, mean + reach))
