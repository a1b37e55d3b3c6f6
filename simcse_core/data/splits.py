"""Splitting data so that nothing of the one part is known from the other."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import Answers, D, Dataset, Labelled, Pairs, Scored, Texts, normalised, take, text_columns
from simcse_core.errors import DataError, OptionError

FEWEST_ON_A_SIDE = 2

DEV_SHARE = 0.2
"""Of rows to hold out; of labelled texts 0.4, because each class needs enough of them."""

_TRIES = 10
"""So many random choices of groups are looked at before more rows are held out than asked for."""


def split(data: D, *, dev_share: float | None = None, seed: int = 0) -> tuple[D, D]:
    """Hold out a share of the rows so that no text, case and blanks aside, stands on both sides.

    Labelled texts are split as `split_labelled` says. Rows of another kind that share a text, directly or through other
    rows, form a group and stay on one side; for answers that is all rows of a question, and questions that share an
    answer. A group that is larger than what is still to be held out stays in training. Where the held-out part would
    have nothing to measure (pairs of one label only, one score only, no question with a right and a wrong answer),
    other groups are tried, and then up to half of the rows.

    Split first and convert then: converted rows share many texts.

    Args:
        data: of any kind but texts.
        dev_share: share to hold out, in (0, 1); 0.4 of labelled texts and 0.2 of others when None.
        seed: the same seed gives the same split.

    Returns:
        Training and dev data, rows in their original order; at least two rows each.

    Raises:
        DataError: nothing can be held out that could be measured.
        OptionError: the share is not between 0 and 1.
    """
    if dev_share is not None and not 0 < dev_share < 1:
        raise OptionError("The share to hold out is {given}: it has to be between 0 and 1.", given=dev_share)
    if isinstance(data, Texts):
        raise DataError(
            "{file} has only texts: there is nothing to measure on held-out ones. "
            "Give held-out data of its own, with scores or labels.",
            file=data.name,
        )
    if isinstance(data, Labelled):
        return _parted(data, _held_of_classes(data, dev_share or 0.4, seed))
    return _parted(data, _held_groups(data, dev_share or DEV_SHARE, seed))


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
    return _parted(data, _held_of_classes(data, dev_share, seed))


def groups_of_shared_texts(columns: Sequence[Sequence[str]]) -> NDArray[np.int32]:
    """Rows that share a text, directly or through other rows, have the same number; case and blanks aside.

    Args:
        columns: of texts, each with N rows.

    Returns:
        (N,) numbers of groups.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    number_of: dict[str, int] = {}
    texts = [number_of.setdefault(normalised(text), len(number_of)) for column in columns for text in column]
    count = len(columns[0])
    size = count + len(number_of)  # rows and texts are the points of a graph, each cell is a line between them
    lines = (np.tile(np.arange(count), len(columns)), count + np.array(texts, dtype=np.int64))
    graph = coo_array((np.ones(len(texts), dtype=np.int8), lines), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][:count], dtype=np.int32)


def _parted(data: D, dev: Sequence[int]) -> tuple[D, D]:
    held = set(dev)
    return take(data, [at for at in range(len(data)) if at not in held]), take(data, sorted(dev))


def _held_of_classes(data: Labelled, dev_share: float, seed: int) -> list[int]:
    """Positions of the dev rows."""
    groups: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(data.text):
        groups[normalised(text)].append(position)
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
    return dev


def _held_groups(data: Dataset, dev_share: float, seed: int) -> list[int]:
    """Positions of the dev rows."""
    if not _is_measurable(data):
        raise DataError(
            "{file} has nothing to measure: pairs need matches and mismatches, scored pairs two different scores, "
            "answers a question with a right and a wrong one. Add such rows, or give held-out data of its own.",
            file=data.name,
        )
    members: dict[int, list[int]] = defaultdict(list)
    for position, group in enumerate(groups_of_shared_texts(text_columns(data)).tolist()):
        members[group].append(position)
    groups = list(members.values())
    shuffle = random.Random(seed).shuffle
    for room in _rooms(len(data), dev_share):
        for _try in range(_TRIES):
            shuffle(groups)
            dev = _filled(groups, room)
            if len(dev) >= FEWEST_ON_A_SIDE and _is_measurable(data.take(dev)):
                return dev
    raise DataError(
        "Nothing can be held out of {file}: it is too small, or its rows hang together through the texts they share "
        "({largest} of {rows} in one piece). Give held-out data of its own.",
        file=data.name,
        largest=max(len(group) for group in groups),
        rows=len(data),
    )


def _rooms(count: int, dev_share: float) -> Iterator[int]:
    """How many of `count` rows to hold out: what is asked for, then more, up to a half."""
    room = max(round(dev_share * count), FEWEST_ON_A_SIDE)
    yield min(room, count - FEWEST_ON_A_SIDE)
    while room < count // 2:
        room = min(room * 3 // 2, count // 2)
        yield room


def _filled(groups: Sequence[Sequence[int]], room: int) -> list[int]:
    """Rows of the groups that still fit, one group after the other."""
    taken: list[int] = []
    for group in groups:
        if len(taken) + len(group) <= room:
            taken += group
    return taken


def _is_measurable(data: Dataset) -> bool:
    """Whether some vectors could be better than others on this data."""
    match data:
        case Pairs():
            return len(set(data.label)) == 2
        case Scored():
            return len(set(data.score)) > 1
        case Answers():
            of_label = [{q for q, label in zip(data.question, data.label, strict=True) if label == of} for of in (0, 1)]
            return not of_label[0].isdisjoint(of_label[1])
        case _:
            return len(data) > 0
