"""Which texts to label next, and how good the labels make a classifier so far. It runs in a process of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.intervals import Interval, interval
from simcse_core.meaning.items import Items

if TYPE_CHECKING:
    from simcse_core.encoding.classifier import LinearClassifier

AHEAD = 6
"""Texts that are proposed at once: whoever labels fast is never waited for."""
MOST_LOOKED_AT = 2_000
"""Unlabelled texts among which the next ones are chosen; a seeded sample of more."""
FEWEST_MEASURED = 4
"""With fewer measured texts nothing is said of the accuracy."""
NEVER = Interval(float("nan"), float("nan"), float("nan"))


@dataclass(frozen=True)
class Proposal:
    """What to label next, by what was labelled so far."""

    labelled: int
    """How many labels it was made from."""
    rows: tuple[int, ...]
    """The next texts, the first one first."""
    measuring: tuple[int, ...]
    """Those of them that were drawn by lot, on which the accuracy is measured."""
    accuracy: Interval
    """Of a classifier that has learned from the labels, on texts drawn by lot that it has not seen; NaN before there
    are enough of them."""
    measured: int
    """On how many texts."""


@dataclass(frozen=True, eq=False)
class Pool:
    """All texts of a session, in the order in which lots are drawn."""

    embeddings: Embeddings
    """(N, D)."""
    seed: int = 0

    @property
    def lots(self) -> NDArray[np.int64]:
        """(N,) rows by lot: the first of them are a sample of all texts, however the others are chosen."""
        return np.random.default_rng(self.seed).permutation(len(self.embeddings))

    def drawn(self, labels: Mapping[int, str], last_lot: int | None) -> list[int]:
        """The labelled rows among the lots up to the last one: those that measure.

        They include texts that were chosen for other reasons and whose lot came up later, so that hard texts are not
        missing among them.
        """
        if last_lot is None:
            return []
        lots = self.lots
        end = int(np.flatnonzero(lots == last_lot)[0]) + 1
        return [int(row) for row in lots[:end] if int(row) in labels]


def propose(
    pool: Pool, labels: Mapping[int, str], left: Sequence[int], last_lot: int | None, strength: float = 10.0
) -> Proposal:
    """The next texts: two of three those of which a classifier is least sure, far from each other; every third by lot.

    Args:
        pool: all texts.
        labels: by row.
        left: rows that are neither labelled nor skipped.
        last_lot: the last row that was drawn by lot and has been done.
        strength: C of the logistic regression.
    """
    unsure = _unsure(pool, labels, left, strength)
    lots = [int(row) for row in pool.lots if int(row) in set(left)]
    rows: list[int] = []
    measuring: list[int] = []
    for place in range(AHEAD):
        by_lot = (len(labels) + place) % 3 == 2
        source = lots if by_lot else unsure
        row = next((row for row in source if row not in rows), None)
        if row is None:
            break
        rows.append(row)
        if by_lot:
            measuring.append(row)
    accuracy, measured = _measured(pool, labels, pool.drawn(labels, last_lot), strength)
    return Proposal(len(labels), tuple(rows), tuple(measuring), accuracy, measured)


def _unsure(pool: Pool, labels: Mapping[int, str], left: Sequence[int], strength: float) -> list[int]:
    """Rows that are left: the least sure first, none of them close to one before it."""
    from simcse_core.encoding.classifier import softmax

    candidates = np.array(left, dtype=np.int64)
    if len(candidates) > MOST_LOOKED_AT:
        candidates = np.random.default_rng(len(labels)).choice(candidates, MOST_LOOKED_AT, replace=False)
    if not len(candidates):
        return []
    embeddings = pool.embeddings[candidates]
    if len(set(labels.values())) < 2:  # nothing is known yet: far from all that is labelled
        unsure = np.ones(len(candidates))
        near = pool.embeddings[list(labels)]
    else:
        probabilities = softmax(_fitted(pool, labels, strength).scores(embeddings))
        best = np.sort(probabilities, axis=1)
        unsure = 1 - (best[:, -1] - best[:, -2])
        near = pool.embeddings[:0]
    middle = pool.embeddings.mean(axis=0)
    distance = 1 - embeddings @ near.T if len(near) else (embeddings @ middle)[:, None]  # at first the most typical one
    least = distance.min(axis=1) if len(set(labels.values())) < 2 else np.ones(len(candidates))
    chosen: list[int] = []
    for _place in range(min(AHEAD, len(candidates))):
        place = int(np.argmax(np.where(np.isin(np.arange(len(candidates)), chosen), -np.inf, unsure * least)))
        if not chosen and not len(near):
            least = np.full(len(candidates), 2.0)
        chosen.append(place)
        least = np.minimum(least, 1 - embeddings @ embeddings[place])
    return [int(candidates[place]) for place in chosen]


def _fitted(pool: Pool, labels: Mapping[int, str], strength: float) -> "LinearClassifier":
    from simcse_core.uses.classification import Examples
    from simcse_core.uses.classification.methods import linear_of

    rows = list(labels)
    texts = tuple(map(str, rows))
    return linear_of(Examples.of(texts, tuple(labels.values()), pool.embeddings[rows]), strength)


def _measured(
    pool: Pool, labels: Mapping[int, str], drawn: Sequence[int], strength: float, folds: int = 10
) -> tuple[Interval, int]:
    """Accuracy on the drawn texts, each by a classifier that has learned from the other folds."""
    if len(drawn) < FEWEST_MEASURED or len(set(labels.values())) < 2:
        return NEVER, len(drawn)
    hits: list[float] = []
    for fold in range(min(folds, len(drawn))):
        held = drawn[fold::folds]
        others = {row: label for row, label in labels.items() if row not in held}
        if len(set(others.values())) < 2:
            hits += [float(labels[row] in others.values()) for row in held]
            continue
        linear = _fitted(pool, others, strength)
        best = linear.scores(pool.embeddings[list(held)]).argmax(axis=1)
        hits += [float(linear.classes[place] == labels[row]) for place, row in zip(best, held, strict=True)]
    return interval(Items({"share": hits}), "share"), len(drawn)
