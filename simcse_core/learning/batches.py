"""Batches of labelled texts in which every text meets another one of its class."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence


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
    order = [position for pair in pairs for position in pair] + alone  # at the end, where they part no pair
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]
