"""Splitting data so that no text is in both parts."""

import random
import warnings
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import D, Dataset, Labelled, normalised, text_columns, texts_of
from simcse_core.errors import DataError, OptionError

FEWEST_ON_A_SIDE = 2

_TRIES = 10
"""So many random choices of groups are looked at before more rows are held out than asked for, or folds are refused."""


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
        dev_share: share to hold out, in (0, 1); the kind's usual one when None.
        seed: the same seed gives the same split.

    Returns:
        Training and dev data, rows in their original order; at least two rows each.

    Raises:
        DataError: nothing can be held out that could be measured.
        OptionError: the share is not between 0 and 1.
    """
    if dev_share is not None and not 0 < dev_share < 1:
        raise OptionError("The share to hold out is {given}: it has to be between 0 and 1.", given=dev_share)
    _check_labels(data)
    hold_out = _held_groups if data.text_classes is None else _held_of_classes
    return _parted(data, hold_out(data, dev_share or data.dev_share, seed))


def split_labelled(
    data: Labelled, *, dev_share: float = Labelled.dev_share, seed: int = 0
) -> tuple[Labelled, Labelled]:
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


def fold(data: D, folds: int, number: int, *, seed: int = 0) -> tuple[D, D]:
    """Hold out one of so many parts of the data; over all numbers every row is held out once.

    As with `split`, rows that share a text stay together, so that no text, case and blanks aside, stands on both sides.
    As far as that allows, folds are of one size, and alike in their classes, labels, scores, and in the questions that
    have a right and a wrong answer. A class of fewer texts than folds is missing in some of them.

    Args:
        data: of any kind but texts.
        folds: how many parts; 2 or more.
        number: which one is held out, counted from 1.
        seed: the same seed gives the same folds.

    Returns:
        Training and dev data, rows in their original order.

    Raises:
        DataError: there are too few rows for so many folds, one of them would be much larger than the others, or has
            nothing to measure.
        OptionError: there is no such fold.

    Source: scikit-learn's StratifiedKFold and StratifiedGroupKFold.
    """
    if folds < 2:
        raise OptionError("The data is held out in {given} folds: it has to be 2 or more.", given=folds)
    if not 1 <= number <= folds:
        raise OptionError("There is no fold {given} of {folds}: they are counted from 1.", given=number, folds=folds)
    return _parted(data, _folds(data, folds, seed)[number - 1])


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


def _check_labels(data: Dataset) -> None:
    if not data.metrics:
        raise DataError(
            "{file} has only texts: there is nothing to measure on held-out ones. "
            "Give held-out data of its own, with scores or labels.",
            file=data.name,
        )


def _parted(data: D, dev: Sequence[int]) -> tuple[D, D]:
    held = set(dev)
    return data.take([row for row in range(len(data)) if row not in held]), data.take(sorted(dev))


def _held_of_classes(data: Dataset, dev_share: float, seed: int) -> list[int]:
    """Positions of the dev rows."""
    classes = data.text_classes
    assert classes is not None
    groups: dict[str, list[int]] = defaultdict(list)
    for position, text in enumerate(texts_of(data)):
        groups[normalised(text)].append(position)
    by_class: dict[str, list[list[int]]] = defaultdict(list)
    for positions in groups.values():
        by_class[classes[positions[0]]].append(positions)

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
    if not data.is_measurable():
        raise DataError(
            "{file} has nothing to measure: pairs need matches and mismatches, scored pairs two different scores, "
            "answers a question with a right and a wrong one. Add such rows, give held-out data of its own (--dev), or "
            "measure nothing (--dev none).",
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
            if len(dev) >= FEWEST_ON_A_SIDE and data.take(dev).is_measurable():
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


def _folds(data: Dataset, count: int, seed: int) -> list[list[int]]:
    """Positions of the rows that each fold holds out."""
    _check_labels(data)
    groups = groups_of_shared_texts(text_columns(data))
    pieces = len(set(groups.tolist()))
    if pieces < count:
        raise DataError(
            "{file} is too small for {folds} folds: it has {rows} rows, and those that share a text stay together, "
            "which leaves {pieces} pieces. Choose fewer folds.",
            file=data.name,
            folds=count,
            rows=len(data),
            pieces=pieces,
        )
    strata = data.strata(count)
    for attempt in range(_TRIES):
        folds = _stratified(strata, groups, count, seed + attempt * 1_000_003)
        if (largest := max(map(len, folds))) > 2 * -(-len(data) // count):
            raise DataError(
                "One of {folds} folds of {file} would hold out {largest} of {rows} rows, because they hang together "
                "through the texts they share. Choose fewer folds, or give held-out data of its own.",
                folds=count,
                file=data.name,
                largest=largest,
                rows=len(data),
            )
        if all(held and data.take(held).is_measurable() for held in folds):
            return folds
    raise DataError(
        "{file} cannot be held out in {folds} folds: each needs something to measure (pairs matches and mismatches, "
        "scored pairs two different scores, answers a question with a right and a wrong one). Choose fewer folds.",
        file=data.name,
        folds=count,
    )


def _stratified(strata: NDArray[np.int64], groups: NDArray[np.int32], count: int, seed: int) -> list[list[int]]:
    """Positions of each fold's rows."""
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    if np.bincount(strata).max() < count:  # no class has a text for each fold
        strata = np.zeros_like(strata)
    alone = len(set(groups.tolist())) == len(groups)
    folds = StratifiedKFold if alone else StratifiedGroupKFold  # the one without groups takes a hundredth of the time
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of classes smaller than the number of folds
        parts = folds(count, shuffle=True, random_state=seed % 2**32).split(strata, strata, groups)
        return [dev.tolist() for _train, dev in parts]
