"""The order in which rows are learned from: batches of their positions, epoch by epoch, decided by a seed.

The batches of an epoch are nearly equal in size, because each is a whole step of the optimiser: a last one with the two
texts that are left over would count as much as all others. The seed changes which rows they hold, never their sizes.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def shuffled_batches(rows: int, batch_size: int, seed: int) -> Iterator[list[int]]:
    """One epoch: each row once, in random order.

    Args:
        rows: how many there are.
        batch_size: most rows in a batch.
        seed: the same seed gives the same batches.

    Yields:
        Positions of the rows of a batch.
    """
    order = list(range(rows))
    random.Random(seed).shuffle(order)
    yield from _equal_parts(order, batch_size)


def labelled_batches(labels: Sequence[str], batch_size: int, seed: int) -> Iterator[list[int]]:
    """One epoch: each text once, beside another one of its class, in random order.

    Without such groups a batch of many classes holds few matches and teaches little. They have two texts, and one of a
    class with an odd number has three. The only texts of their classes are shared out among the batches.

    Args:
        labels: class of each text.
        batch_size: most texts in a batch, 3 or more. No group is parted, so sizes differ by up to three texts.
        seed: the same seed gives the same batches.

    Yields:
        Positions of the texts of a batch.
    """
    groups, alone = _groups_of_a_class(labels, seed)
    large_first = [*sorted(groups, key=len, reverse=True), *([position] for position in alone)]
    sizes = [len(group) for group in large_first]
    count = math.ceil(len(labels) / batch_size)
    while sum(sizes[::count]) > batch_size:  # the first batch is the largest one
        count += 1
    for first in range(count):
        yield [position for group in large_first[first::count] for position in group]


def class_pair_batches(labels: Sequence[str], batch_size: int, seed: int) -> Iterator[list[int]]:
    """One epoch of pairs of a class: as `labelled_batches`, without the texts that are left over.

    Of a class with an odd number the seed decides which text that is. The sizes of batches differ by one pair at most.
    """
    groups, _alone = _groups_of_a_class(labels, seed)
    for part in _equal_parts(groups, max(batch_size // 2, 1)):
        yield [position for group in part for position in group[:2]]


def _equal_parts(items: Sequence[T], most: int) -> Iterator[list[T]]:
    """As few parts as have up to `most` items each, their sizes at most one apart."""
    count = math.ceil(len(items) / most)
    for part in range(count):
        yield list(items[part * len(items) // count : (part + 1) * len(items) // count])


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
