"""How often the entry that answers a question comes first, with intervals over the entries."""

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
    """Mean of 1 / rank of the entry that answers. Each question has one, so it is the mean average precision too."""
    precision_at_1: Interval
    """The share whose closest entry answers."""
    recall_at_3: Interval
    """The share with the answer among the three closest entries."""


def quality(similarities: Similarities, entries: Sequence[int | None]) -> Quality:
    """How well these similarities find the entries that answer.

    Args:
        similarities: (Q, N) of each question with each entry: cosines, or scores of BM25.
        entries: (Q) the position of the entry that answers; None where none does, which is left out.

    Raises:
        DataError: no question has an answer.
    """
    measured = items(similarities, entries)
    return Quality(measured.count, *(interval(measured, metric) for metric in METRICS))


def items(similarities: Similarities, entries: Sequence[int | None]) -> Items:
    """Question by question, for paired differences (`meaning.intervals.difference`); arguments as for `quality`.

    Questions of one entry are not independent: the intervals are those of another sample of entries.
    """
    answered = [place for place, entry in enumerate(entries) if entry is not None]
    if not answered:
        raise DataError("No question has an answer among the entries: nothing can be measured.")
    of_question = ranks(similarities, entries)[answered]
    measured = Items(
        {
            "mrr": as_floats(1 / of_question),
            "precision_at_1": as_floats(of_question == 1),
            "recall_at_3": as_floats(of_question <= 3),
        }
    )
    return with_groups(measured, [entries[place] for place in answered])


def ranks(similarities: Similarities, entries: Sequence[int | None]) -> NDArray[np.float64]:
    """(Q,) where the entry that answers stands, from 1; NaN where none does.

    It stands behind all that are as close, so that whoever finds all equal gains nothing.
    """
    return np.array(
        [
            np.nan if entry is None else float((row >= row[entry]).sum())
            for row, entry in zip(similarities, entries, strict=True)
        ]
    )


def right_first(similarities: Similarities, entries: Sequence[int | None]) -> NDArray[np.bool_]:
    """(Q,) whether the closest entry answers; False where none does."""
    return ranks(similarities, entries) == 1


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
