"""How often an entry that answers a question comes first, with intervals over the answers.

Several entries may share an answer; whichever of them is found, it is right.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError
from simcse_core.meaning.intervals import Interval, interval
from simcse_core.meaning.items import Items, as_floats
from simcse_core.uses.answering.matching import Similarities

METRICS = ("mrr", "precision_at_1", "recall_at_3")


@dataclass(frozen=True)
class Quality:
    """Over the questions that have an answer among the entries."""

    questions: int
    mrr: Interval
    """Mean of 1 / rank of the first entry that answers. Where no two entries share an answer, it is the mean average
    precision too."""
    precision_at_1: Interval
    """The share whose closest entry answers."""
    recall_at_3: Interval
    """The share with the answer among the three closest entries."""


def quality(
    similarities: Similarities, entries: Sequence[int | None], same_answer: Sequence[int] | None = None
) -> Quality:
    """How well these similarities find the entries that answer.

    Args:
        similarities: (Q, N) of each question with each entry: cosines, or scores of BM25.
        entries: (Q) the position of an entry that answers; None where none does, which is left out.
        same_answer: (N) equal numbers for entries with the same answer (`Faq.same_answer`); None where none share one.

    Raises:
        DataError: no question has an answer.
    """
    measured = items(similarities, entries, same_answer)
    return Quality(measured.count, *(interval(measured, metric) for metric in METRICS))


def items(similarities: Similarities, entries: Sequence[int | None], same_answer: Sequence[int] | None = None) -> Items:
    """Question by question, for paired differences (`meaning.intervals.difference`); arguments as for `quality`.

    Questions of one answer are not independent: the intervals are those of another sample of answers.
    """
    answered = [place for place, entry in enumerate(entries) if entry is not None]
    if not answered:
        raise DataError("No question has an answer among the entries: nothing can be measured.")
    of_question = ranks(similarities, entries, same_answer)[answered]
    measured = Items(
        {
            "mrr": as_floats(1 / of_question),
            "precision_at_1": as_floats(of_question == 1),
            "recall_at_3": as_floats(of_question <= 3),
        }
    )
    groups = answer_numbers(entries, same_answer)
    return with_groups(measured, [groups[place] for place in answered])


def ranks(
    similarities: Similarities, entries: Sequence[int | None], same_answer: Sequence[int] | None = None
) -> NDArray[np.float64]:
    """(Q,) where the first entry that answers stands, from 1; NaN where none does. Arguments as for `quality`.

    It stands behind all wrong ones that are as close, so that whoever finds all equal gains nothing.
    """
    same = np.arange(similarities.shape[1]) if same_answer is None else np.asarray(same_answer)
    return np.array(
        [
            np.nan if entry is None else _rank(row, same == same[entry])
            for row, entry in zip(similarities, entries, strict=True)
        ]
    )


def _rank(similarities: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float:
    return 1.0 + float((similarities[~is_right] >= similarities[is_right].max()).sum())


def right_first(
    similarities: Similarities, entries: Sequence[int | None], same_answer: Sequence[int] | None = None
) -> NDArray[np.bool_]:
    """(Q,) whether the closest entry answers; False where none does. Arguments as for `quality`."""
    return ranks(similarities, entries, same_answer) == 1


def answer_numbers(entries: Sequence[int | None], same_answer: Sequence[int] | None = None) -> list[int | None]:
    """(Q) equal numbers for questions with the same answer; None where there is none. Arguments as for `quality`."""
    return [entry if entry is None or same_answer is None else same_answer[entry] for entry in entries]


def with_groups(of_items: Items, groups: Sequence[Hashable]) -> Items:
    """The same results, sure only as far as groups of items say: what each metric loses without a group.

    Args:
        of_items: with means over items.
        groups: (N) equal ones belong together.
    """
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    code = np.array([numbers[group] for group in groups])
    if len(numbers) == len(code):
        return of_items  # each on its own
    size = np.bincount(code).astype(np.float64)
    pseudo = {}
    for metric, values in of_items.values.items():
        sums = np.bincount(code, weights=np.array(values))
        if len(numbers) < 2:
            pseudo[metric] = [float("nan")] * len(numbers)
            continue
        without = (sums.sum() - sums) / (size.sum() - size)
        count = len(numbers)
        pseudo[metric] = as_floats(sums.sum() / size.sum() + (count - 1) * (without.mean() - without))
    return replace(of_items, pseudo_values={**of_items.pseudo_values, **pseudo})
