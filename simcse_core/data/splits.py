"""Splitting data so that nothing of the one part is known from the other."""

import random
from collections import defaultdict

from simcse_core.data.kinds import Labelled
from simcse_core.errors import DataError


def split_labelled(data: Labelled, *, dev_share: float = 0.4, seed: int = 0) -> tuple[Labelled, Labelled]:
    """Hold out a share of each class.

    Texts that are equal but for case and blanks count as one and stay on one side. At least one text of every class
    stays for training.

    Args:
        data: texts with classes.
        dev_share: share to hold out, in (0, 1).
        seed: the same seed gives the same split.

    Returns:
        Training and dev data, rows in their original order.

    Raises:
        DataError: nothing can be held out, because no class has two different texts.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(data.text):
        groups[" ".join(text.casefold().split())].append(position)
    by_class: dict[str, list[list[int]]] = defaultdict(list)
    for positions in groups.values():
        by_class[data.label[positions[0]]].append(positions)

    shuffle = random.Random(seed).shuffle
    dev: list[int] = []
    for name in sorted(by_class):
        same_class = by_class[name]
        shuffle(same_class)
        held_out = min(round(dev_share * len(same_class)), len(same_class) - 1)
        dev.extend(position for positions in same_class[:held_out] for position in positions)
    if not dev:
        raise DataError("{file} is too small to hold texts out: no class has two different texts.", file=data.name)
    held = set(dev)
    return data.take([at for at in range(len(data)) if at not in held]), data.take(sorted(dev))
