"""From which similarity on there is an answer.

With questions of which one knows the entry that answers, and others that none answers, the threshold is the cheapest
one: a wrong answer costs so much, none where an entry has one so much. Where both cost the same, most questions are
handled well. Without them all that is known is how close
sentences come that have nothing to do with the entries; such a threshold keeps those out, and not a question that is
about the entries' subject and has no answer there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.meaning.intervals import NOTHING, Interval
from simcse_core.meaning.intervals import interval as interval_of
from simcse_core.meaning.items import Items, as_floats
from simcse_core.uses.answering.matching import Similarities
from simcse_core.uses.answering.quality import answer_numbers, right_first, with_groups
from simcse_core.uses.thresholds.calibration import folds
from simcse_core.uses.thresholds.curve import Curve, Decisions, curve

KEPT_OUT = 0.95
"""Share of unrelated sentences that get no answer where nothing else is known."""


@dataclass(frozen=True)
class NoAnswer:
    """A threshold that was fitted on questions with and without an answer."""

    threshold: float
    curve: Curve
    """Over the questions: the similarity of the closest entry, and whether that entry is right."""
    decisions: Decisions
    """What the threshold does with them: a "positive" is a question whose closest entry is right; `missed_too` are
    those that got no answer, whose closest entry is wrong though another one answers."""
    handled: Interval
    """The share of questions that got the right answer, or rightly none, by thresholds that were fitted without them
    and the other questions of their answer. Undefined where there are too few."""
    always: Interval
    """The same if the closest entry were always given."""

    @property
    def is_always_better(self) -> bool:
        """Whether no threshold at all handles more questions well than one that was fitted on others."""
        return self.always.value > self.handled.value


def fit(
    similarities: Similarities,
    entries: Sequence[int | None],
    same_answer: Sequence[int] | None = None,
    *,
    wrong_answer: float = 1.0,
    no_answer: float = 1.0,
) -> NoAnswer:
    """The cheapest threshold. Where both costs are equal, none handles more of these questions well.

    Args:
        similarities: (Q, N) of each question with each entry.
        entries: (Q) the position of an entry that answers; None where none does.
        same_answer: (N) equal numbers for entries with the same answer, as for `quality.quality`.
        wrong_answer: what it costs to give a wrong one.
        no_answer: what it costs to give none although an entry answers, whether or not that is the closest one.

    Raises:
        DataError: no question was asked, or all closest entries are right, or none is: then nothing parts them.
        OptionError: a cost is below 0, or both are 0.
    """
    if not len(entries):
        raise DataError("No questions were asked. A threshold is fitted on questions with and without an answer.")
    best, right = similarities.max(axis=1), right_first(similarities, entries, same_answer)
    if right.all():
        raise DataError(
            "The closest entry is right for each of the {count} questions, so nothing says where to stop. Add "
            "questions that no entry answers.",
            count=len(right),
        )
    if not right.any():
        raise DataError(
            "The closest entry is right for none of the {count} questions, so nothing says where to stop. Add "
            "questions that an entry answers.",
            count=len(right),
        )
    has_none = np.array([entry is None for entry in entries])
    drawn = curve(best, right, ~has_none)
    decisions = drawn.cheapest(wrong_answer, no_answer)
    numbers = answer_numbers(entries, same_answer)
    groups = [place if number is None else -1 - number for place, number in enumerate(numbers)]
    return NoAnswer(
        threshold=decisions.threshold,
        curve=drawn,
        decisions=decisions,
        handled=_handled(best, right, has_none, groups, wrong_answer, no_answer),
        always=_share(right, groups),
    )


def _handled(
    best: NDArray[np.float64],
    right: NDArray[np.bool_],
    has_none: NDArray[np.bool_],
    groups: Sequence[int],
    wrong_answer: float,
    no_answer: float,
) -> Interval:
    well = np.full(len(best), np.nan)
    for learned, asked in folds(right.astype(np.int64), groups):
        if len(np.unique(right[learned])) == 2:
            drawn = curve(best[learned], right[learned], ~has_none[learned])
            threshold = drawn.cheapest(wrong_answer, no_answer).threshold
            well[asked] = handled_well(best[asked] >= threshold, right[asked], has_none[asked])
    return _share(well, groups) if not np.isnan(well).any() else NOTHING


def handled_well(
    answered: NDArray[np.bool_], right: NDArray[np.bool_], has_none: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(Q,) which questions got the right answer, or rightly none; holding a wrong answer back is not enough.

    Args:
        answered: (Q,) whether the closest entry was given.
        right: (Q,) whether it answers.
        has_none: (Q,) whether no entry answers.
    """
    return np.where(answered, right, has_none)


def _share(well: ArrayLike, groups: Sequence[int]) -> Interval:
    values = as_floats(np.asarray(well))
    return interval_of(with_groups(Items({"handled": values}), groups), "handled")


def threshold_without_questions(similarities: ArrayLike, kept_out: float = KEPT_OUT) -> float:
    """The similarity that so large a share of unrelated sentences stays below.

    Args:
        similarities: (U, N) of sentences that have nothing to do with the entries, with each entry.
        kept_out: share of them that gets no answer.
    """
    best = np.asarray(similarities, dtype=np.float64).max(axis=1)
    return float(np.nextafter(np.quantile(best, kept_out, method="higher"), np.inf))
