"""The order in which rows are learned from: batches of their positions, epoch by epoch, decided by a seed."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence


def shuffled_batches(rows: int, batch_size: int, seed: int) -> Iterator[list[int]]:
    """One epoch: each row once, in random order.

    Args:
        rows: how many there are.
        batch_size: rows in a batch.
        seed: the same seed gives the same batches.

    Yields:
        Positions of the rows of a batch; the last batch may be smaller.
    """
    order = list(range(rows))
    random.Random(seed).shuffle(order)
    for start in range(0, rows, batch_size):
        yield order[start : start + batch_size]


def labelled_batches(labels: Sequence[str], batch_size: int, seed: int) -> Iterator[list[int]]:
    """One epoch: each text once, two of a class side by side, in random order.

    Without pairing, a batch of many classes holds few matches and teaches little. Of a class with an odd number of
    texts one has no partner; these come last.

    Args:
        labels: class of each text.
        batch_size: texts in a batch; an even number parts no pair.
        seed: the same seed gives the same batches.

    Yields:
        Positions of the texts of a batch; the last batch may be smaller.
    """
    pairs, alone = _pairs_of_a_class(labels, seed)
    order = [position for pair in pairs for position in pair] + alone  # at the end, where they part no pair
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def class_pair_batches(labels: Sequence[str], batch_size: int, seed: int) -> Iterator[list[int]]:
    """One epoch of pairs of a class: as `labelled_batches`, without the texts that have no partner."""
    pairs, _alone = _pairs_of_a_class(labels, seed)
    for start in range(0, len(pairs), max(batch_size // 2, 1)):
        yield [position for pair in pairs[start : start + max(batch_size // 2, 1)] for position in pair]


def _pairs_of_a_class(labels: Sequence[str], seed: int) -> tuple[list[list[int]], list[int]]:
    shuffle = random.Random(seed).shuffle
    by_class: dict[str, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        by_class[label].append(position)
    pairs: list[list[int]] = []
    alone: list[int] = []
    for label in sorted(by_class):
        members = by_class[label]
        shuffle(members)
        alone += members[len(members) // 2 * 2 :]
        pairs.extend(members[start : start + 2] for start in range(0, len(members) - 1, 2))
    shuffle(pairs)
    shuffle(alone)
    return pairs, alone
