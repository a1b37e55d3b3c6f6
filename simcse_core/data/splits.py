"""Splitting data so that nothing of the one part is known from the other."""

import random
from collections import defaultdict

from simcse_core.data.kinds import Labelled
from simcse_core.errors import DataError

FEWEST_ON_A_SIDE = 2


def split_labelled(data: Labelled, *, dev_share: float = 0.4, seed: int = 0) -> tuple[Labelled, Labelled]:
    """Hold out a share of each class.

    Texts that are equal but for case and blanks count as one and stay on one side. Of a class that is split, at least
    two stay on each side, because a text that is alone in its class can neither teach nor be found; a class of fewer
    than four different texts stays in training as a whole.

    Args:
        data: texts with classes.
        dev_share: share to hold out, in (0, 1).
        seed: the same seed gives the same split.

    Returns:
        Training and dev data, rows in their original order.

    Raises:
        DataError: fewer than two classes can be split.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(data.text):
        groups[" ".join(text.casefold().split())].append(position)
    by_class: dict[str, list[list[int]]] = defaultdict(list)
    for positions in groups.values():
        by_class[data.label[positions[0]]].append(positions)

    shuffle = random.Random(seed).shuffle
    dev: list[int] = []
    split_classes = 0
    for name in sorted(by_class):
        same_class = by_class[name]
        shuffle(same_class)
        if len(same_class) >= 2 * FEWEST_ON_A_SIDE:
            count = round(dev_share * len(same_class))
            count = min(max(count, FEWEST_ON_A_SIDE), len(same_class) - FEWEST_ON_A_SIDE)
            dev.extend(position for positions in same_class[:count] for position in positions)
            split_classes += 1
    if split_classes < 2:
        raise DataError(
            "{file} is too small to hold texts out: at least two classes need {fewest} different texts each. "
            "Add texts, or give held-out data of its own.",
            file=data.name,
            fewest=2 * FEWEST_ON_A_SIDE,
        )
    held = set(dev)
    return data.take([at for at in range(len(data)) if at not in held]), data.take(sorted(dev))
