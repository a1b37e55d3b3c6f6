"""Two models over the same items: how the scores moved, and what the first one's threshold does with the second."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.uses.thresholds.curve import Curve, curve
from ui.frame.errors import plain
from ui.frame.translation import _, joined
from ui.shared.tuner import setting, view
from ui.shared.tuner.axis import of_cosines
from ui.shared.tuner.view import Mark, Series, Tuner, Words


@dataclass(frozen=True)
class Side:
    """The scores of one of the two."""

    name: str
    """Plain text."""
    scores: NDArray[np.float64]
    """(N,) cosines."""
    is_right: NDArray[np.bool_]
    """(N,) which should be accepted. Pairs have the same on both sides; a question has whether its closest entry is
    right."""
    missed_too: NDArray[np.bool_] | None = None
    """(N,) as for `curve`."""

    @property
    def curve(self) -> Curve:
        return curve(self.scores, self.is_right, self.missed_too)


@dataclass(frozen=True)
class Comparison:
    """Two models, before and after a training or any two."""

    before: Side
    after: Side

    def has_both(self) -> bool:
        """Whether there is something to accept and something to reject on both sides."""
        return all(0 < side.is_right.sum() < len(side.is_right) for side in (self.before, self.after))

    def old_threshold(self, key: str) -> float:
        """The one that was cheapest for the first model, at the costs that are set."""
        costs = setting.costs(key)
        return self.before.curve.cheapest(*costs if any(costs) else (1.0, 1.0)).threshold


def show(comparison: Comparison, *, key: str, words: Words | None = None) -> float:
    """Both histograms under one threshold, which starts at the old one.

    Returns:
        The threshold that is set.
    """
    before, after = comparison.before, comparison.after
    old = comparison.old_threshold(key)
    parts = [part for side in (before, after) for part in (side.scores.tobytes(), side.is_right.tobytes())]
    now = setting.current(key, hashlib.sha256(b"".join(parts)).hexdigest(), old)
    scores = np.concatenate([before.scores, after.scores, [now.threshold]])
    tuner = Tuner(
        [Series(side.scores, side.is_right, side.name, missed_too=side.missed_too) for side in (before, after)],
        of_cosines(float(scores.min()), float(scores.max())),
        words or view.of_matches(),
        [Mark(_("Old one: {threshold}"), old)],
    )
    view.show(tuner, now, key=key)
    return now.threshold


def in_words(comparison: Comparison, *, key: str) -> str:
    """How the scores moved, and the old threshold's fate. Markdown."""
    before, after = comparison.before, comparison.after
    old = comparison.old_threshold(key)
    costs = setting.costs(key)
    new = after.curve.cheapest(*costs if any(costs) else (1.0, 1.0))
    then, now = before.curve.at(old), after.curve.at(old)
    moved = _("Right ones moved by {right:+.2f} on average, wrong ones by {wrong:+.2f}.").format(
        right=_mean(after, True) - _mean(before, True), wrong=_mean(after, False) - _mean(before, False)
    )
    fate = _(
        "The old threshold {old:.2f} accepts {then_right} right and {then_wrong} wrong ones by {before}, {now_right} "
        "and {now_wrong} by {after}, whose cheapest threshold is **{new:.2f}**."
    ).format(
        old=old,
        then_right=then.true_positives,
        then_wrong=then.false_positives,
        now_right=now.true_positives,
        now_wrong=now.false_positives,
        new=new.threshold,
        before=plain(before.name),
        after=plain(after.name),
    )
    chosen = _("Both thresholds are the cheapest on these very rows; on new ones they do somewhat worse.")
    return joined(moved.replace("-", "−"), fate, chosen)


def _mean(side: Side, of_right: bool) -> float:
    return float(side.scores[side.is_right == of_right].mean())
