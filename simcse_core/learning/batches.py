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
    """One epoch: each text once, beside another one of its class, in random order.

    Without such groups a batch of many classes holds few matches and teaches little. They have two texts, and one of a
    class with an odd number has three. The only texts of their classes come last.

    Args:
        labels: class of each text.
        batch_size: texts in a batch, 3 or more; some batches have one or two less, so that no group is parted.
        seed: the same seed gives the same batches.

    Yields:
        Positions of the texts of a batch; the last batch may be smaller.
    """
    groups, alone = _groups_of_a_class(labels, seed)
    batch: list[int] = []
    for group in [*groups, *([position] for position in alone)]:
        if len(batch) + len(group) > batch_size:
            yield batch
            batch = []
        batch = [*batch, *group]
    if batch:
        yield batch


def class_pair_batches(labels: Sequence[str], batch_size: int, seed: int) -> Iterator[list[int]]:
    """One epoch of pairs of a class: as `labelled_batches`, without the texts that have no partner."""
    groups, _alone = _groups_of_a_class(labels, seed)
    pairs = max(batch_size // 2, 1)
    for start in range(0, len(groups), pairs):
        yield [position for group in groups[start : start + pairs] for position in group[:2]]


def _groups_of_a_class(labels: Sequence[str], seed: int) -> tuple[list[list[int]], list[int]]:
    """Two or three texts of a class together, and the texts that are alone in theirs."""
    shuffle = random.Random(seed).shuffle
    by_class: dict[str, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        by_class[label].append(position)
    groups: list[list[int]] = []
    alone: list[int] = []
    for label in sorted(by_class):
        members = by_class[label]
        shuffle(members)
        if len(members) == 1:
            alone += members
            continue
        pairs = [members[start : start + 2] for start in range(0, len(members) - 1, 2)]
        if len(members) % 2:
            pairs[-1] = members[-3:]
        groups += pairs
    shuffle(groups)
    shuffle(alone)
    return groups, alone
