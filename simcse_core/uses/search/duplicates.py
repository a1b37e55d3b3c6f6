"""Near-duplicates and paraphrases within one list of texts: all pairs that are close enough, and groups of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import InputError, OptionError
from simcse_core.limits import limits
from simcse_core.meaning.similarity import Pair
from simcse_core.uses.search.nearest import MARGIN, cosines

THRESHOLD = 0.9
ROWS_AT_ONCE = 2_000
PAIRS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Duplicates:
    """Texts that are close to others of the same list. Rows count from 0."""

    pairs: tuple[Pair, ...]
    """The closest first, each with its lower row first. Every copy of a text is paired with the first of its kind
    alone, so that a hundred copies are 99 pairs and not 4,950."""
    clusters: tuple[tuple[int, ...], ...]
    """Groups of two texts or more, the largest first. Every two of a group reach the threshold: groups are grown from
    the closest pairs and joined only where all of one are close to all of the other. Chains, in which the ends have
    little to do with each other, do not become one group."""
    is_complete: bool
    """Whether these are all the pairs; else the limit has cut the less close ones off, and groups may be too small."""


@dataclass(frozen=True)
class _Close:
    """Pairs of rows as columns."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    scores: NDArray[np.float64]

    def closest(self, most: int) -> "_Close":
        order = np.lexsort((self.second, self.first, -self.scores))[:most]
        return _Close(self.first[order], self.second[order], self.scores[order])

    def joined(self, other: "_Close") -> "_Close":
        return _Close(
            np.concatenate([self.first, other.first]),
            np.concatenate([self.second, other.second]),
            np.concatenate([self.scores, other.scores]),
        )


def duplicates(
    texts: Sequence[str],
    embeddings: Embeddings,
    threshold: float = THRESHOLD,
    *,
    most: int | None = None,
    on_progress: Progress | None = None,
) -> Duplicates:
    """All pairs of texts whose cosine reaches a threshold.

    Args:
        texts: N texts.
        embeddings: (N, D) unit rows.
        threshold: from -1 to 1.
        most: pairs at most; None is the limit.
        on_progress: receives (rows compared with all others, rows).

    Raises:
        InputError: there are too many texts to compare each with each.
        OptionError: the threshold is no cosine, or `most` is out of range.
    """
    check_count(len(texts))
    most = limits().max_mined_pairs if most is None else most
    if not -1 <= threshold <= 1:
        raise OptionError("A threshold of {given} is no cosine: it has to be from -1 to 1.", given=threshold)
    if not 1 <= most <= limits().max_mined_pairs:
        raise OptionError(
            "{given} pairs are out of range: 1 to {most:,} (SIMCSE_MAX_MINED_PAIRS).",
            given=most,
            most=limits().max_mined_pairs,
        )
    first_of: dict[str, int] = {}
    originals = np.array([first_of.setdefault(text, row) for row, text in enumerate(texts)], dtype=np.int64)
    distinct = np.array(list(first_of.values()), dtype=np.int64)
    copies = np.flatnonzero(originals != np.arange(len(texts)))
    # Everything but copies is compared; one pair more than wanted shows whether some are cut off.
    close = close_pairs(embeddings[distinct], threshold, most + 1, on_progress)
    close = _Close(distinct[close.first], distinct[close.second], close.scores)
    same = cosines(embeddings[originals[copies]], embeddings[copies].astype(np.float64))
    whole = close.joined(_Close(originals[copies], copies, same)).closest(most + 1)
    kept = whole.closest(most)
    pairs = tuple(map(Pair, kept.first.tolist(), kept.second.tolist(), kept.scores.tolist()))
    return Duplicates(pairs, _clusters(pairs, originals), len(whole.scores) <= most)


def check_count(texts: int) -> None:
    """Refuse more texts than can be compared with each other.

    Raises:
        InputError: names the limit and the setting that changes it.
    """
    if texts > (most := limits().max_mined_texts):
        raise InputError(
            "{given:,} texts are too many to compare with each other: the limit is {most:,} (SIMCSE_MAX_MINED_TEXTS).",
            given=texts,
            most=most,
        )


def close_pairs(embeddings: Embeddings, threshold: float, most: int, on_progress: Progress | None = None) -> _Close:
    """The closest pairs of different rows that reach a threshold; memory grows with `most`, not with the rows."""
    best = _Close(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    floor = threshold
    for start in range(0, len(embeddings), ROWS_AT_ONCE):
        rows = embeddings[start : start + ROWS_AT_ONCE]
        for other in range(start, len(embeddings), ROWS_AT_ONCE):
            block = _block(rows, embeddings[other : other + ROWS_AT_ONCE], start, other, floor, most)
            best = best.joined(block)
            if len(best.scores) > 2 * most:
                best = best.closest(most)
                floor = max(floor, float(best.scores[-1]))
        if on_progress is not None:
            on_progress(min(start + ROWS_AT_ONCE, len(embeddings)), len(embeddings))
    return best.closest(most)


def _block(rows: Embeddings, others: Embeddings, start: int, other: int, floor: float, most: int) -> _Close:
    """Pairs of two blocks that reach `floor`; each pair of one block with itself once."""
    products = rows @ others.T
    reached = products >= np.float32(floor - MARGIN)
    if start == other:
        reached &= np.arange(len(others)) > np.arange(len(rows))[:, None]
    if reached.sum() > most:  # nobody will see the less close ones
        among = products[reached]
        last = np.partition(among, len(among) - most)[len(among) - most]
        reached &= products >= last - np.float32(MARGIN)
    first, second = np.nonzero(reached)
    scores = np.empty(len(first))
    for part in range(0, len(first), PAIRS_AT_ONCE):
        places = slice(part, part + PAIRS_AT_ONCE)
        scores[places] = cosines(rows[first[places]], others[second[places]].astype(np.float64))
    exact = scores >= floor
    return _Close(first[exact] + start, second[exact] + other, scores[exact])


def _clusters(pairs: Sequence[Pair], originals: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Groups in which every two are a pair (a copy counts as its original), grown from the closest pairs."""
    pairs = [pair for pair in pairs if originals[pair.second] == pair.second]
    close_to: dict[int, set[int]] = {}
    for pair in pairs:
        close_to.setdefault(pair.first, {pair.first}).add(pair.second)
        close_to.setdefault(pair.second, {pair.second}).add(pair.first)
    group_of = {row: {row} for row in close_to}
    for pair in pairs:
        small, large = sorted((group_of[pair.first], group_of[pair.second]), key=len)
        if small is not large and all(large <= close_to[row] for row in small):
            large |= small
            group_of.update(dict.fromkeys(small, large))
    members: dict[int, list[int]] = {}
    for row, original in enumerate(originals.tolist()):
        members.setdefault(min(group_of.get(original, {original})), []).append(row)
    groups = [tuple(rows) for rows in members.values() if len(rows) > 1]
    return tuple(sorted(groups, key=lambda rows: (-len(rows), rows)))
