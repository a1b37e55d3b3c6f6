"""Batches of labelled texts in which every text meets another one of its class."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence


def labelled_batches(labels: Sequence[str], batch_size: int, seed: int) -> Iterator[list[int]]:
    """One epoch: each text once, two of a class side by side, in random order.

    Without pairing, a batch of many classes holds few matches and teaches little. A class with an odd number of texts
    has one text without its partner beside it.

    Args:
        labels: class of each text.
        batch_size: texts in a batch, at least 2.
        seed: the same seed gives the same batches.

    Yields:
        Positions of the texts of a batch; the last batch may be smaller.
    """
    shuffle = random.Random(seed).shuffle
    by_class: dict[str, list[int]] = defaultdict(list)
    for position, label in enumerate(labels):
        by_class[label].append(position)
    pairs: list[list[int]] = []
    for label in sorted(by_class):
        members = by_class[label]
        shuffle(members)
        pairs.extend(members[start : start + 2] for start in range(0, len(members), 2))
    shuffle(pairs)
    order = [position for pair in pairs for position in pair]
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]
