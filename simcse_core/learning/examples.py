"""Data as losses take it: which texts of a row are encoded, and which of a batch match.

Each loss names, for each kind of data, one of the inputs of `losses.registry.Input`; here is how they are made.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from simcse_core.data.conversions import convert
from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Texts, Triplets, kind_of, normalised
from simcse_core.errors import DataError
from simcse_core.learning.batches import class_pair_batches, labelled_batches, shuffled_batches
from simcse_core.learning.losses import Input, losses

TARGET = torch.int8
"""Of 1, -1 and 0: 8,192 triplets are 134 million of them."""

Batches = Callable[[int, int], Iterator[list[int]]]
"""(batch size, seed) -> the rows of each batch of an epoch."""


@dataclass(frozen=True)
class Batch:
    """What a loss is called with, with numbers of texts in the place of their embeddings."""

    anchor: Tensor
    """(N,) numbers of texts."""
    positive: Tensor | None
    """(M,) numbers of texts: the columns of the targets; None when the anchors are compared with each other."""
    supervision: dict[str, Tensor]
    """The loss's own name for it: `targets`, `scores` or `classes`."""

    @property
    def texts(self) -> list[int]:
        """All texts to encode, anchors first."""
        numbers: list[int] = self.anchor.tolist() + ([] if self.positive is None else self.positive.tolist())
        return numbers


@dataclass(frozen=True)
class Examples:
    """A data set, ready to be learned from."""

    texts: list[str]
    """Distinct."""
    rows: int
    texts_per_row: int
    """How many texts of a batch each of its positions stands for."""
    batches: Batches
    batch: Callable[[list[int]], Batch]
    """Positions of rows -> their batch."""
    classes: dict[str, int] = field(default_factory=dict)
    """The number of each class, for losses that keep something for each."""
    codes: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.long))
    """(texts,) the class of each text, where there are classes."""
    description: str = ""
    """How rows came about, when the data had to become another kind first."""


def examples(data: Dataset, loss: str, options: Mapping[str, object] | None = None, *, seed: int = 0) -> Examples:
    """The data as a loss takes it.

    Args:
        data: what `checks.trainable` lets pass.
        loss: its name.
        options: of the loss; some change what it takes.
        seed: for conversions between kinds.

    Raises:
        DataError: no row is left.
    """
    return _MAKERS[losses[loss].input_for(kind_of(data), options or {})](data, seed)


class _Numbers:
    """Distinct texts and their numbers. Texts that the data marks as matches are in one group."""

    def __init__(self, texts: Sequence[str], same: Sequence[tuple[str, str]] = ()) -> None:
        self.number = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        self.texts = list(self.number)
        meanings = {key: number for number, key in enumerate(dict.fromkeys(map(normalised, self.texts)))}
        edges = [(meanings[normalised(a)], meanings[normalised(b)]) for a, b in same]
        sides = ([a for a, _b in edges], [b for _a, b in edges])
        graph = coo_array(([1] * len(edges), sides), shape=(len(meanings), len(meanings)))
        _count, component = connected_components(graph, directed=False)
        self.meaning = torch.tensor([meanings[normalised(text)] for text in self.texts])
        self.group = torch.tensor(component, dtype=torch.long)[self.meaning]  # (texts,)

    def of(self, column: Sequence[str]) -> Tensor:
        """(rows,) the numbers of a column's texts."""
        return torch.tensor([self.number[text] for text in column])


def _mismatches(groups: Tensor, column_groups: Tensor) -> Tensor:
    """(N, M) in a byte each: -1, and 0 where two are of one group, which are no mismatch."""
    return (groups.unsqueeze(1) != column_groups.unsqueeze(0)).to(TARGET).neg_()


def _views(data: Texts, seed: int) -> Examples:
    numbers = _Numbers(data.text)
    rows = numbers.of(list(dict.fromkeys(data.text)))

    def batch(positions: list[int]) -> Batch:
        texts = rows[positions]
        groups = numbers.group[texts]
        return Batch(texts, texts, {"targets": _mismatches(groups, groups).fill_diagonal_(1)})

    return Examples(numbers.texts, len(rows), 2, partial(shuffled_batches, len(rows)), batch)


def _classes(data: Labelled, seed: int) -> Examples:
    numbers, classes, codes = _labelled(data)
    rows = numbers.of(data.text)

    def batch(positions: list[int]) -> Batch:
        texts, classes = rows[positions], codes[positions]
        targets = 1 + 2 * _mismatches(classes, classes)
        groups = numbers.group[texts]
        equal = groups.unsqueeze(1) == groups.unsqueeze(0)
        return Batch(texts, None, {"targets": targets.masked_fill(equal, 0)})

    return Examples(numbers.texts, len(data), 1, partial(labelled_batches, data.label), batch, classes)


def _class_pairs(data: Labelled, seed: int) -> Examples:
    numbers, classes, codes = _labelled(data)
    rows = numbers.of(data.text)

    def batch(positions: list[int]) -> Batch:
        left, right = torch.tensor(positions[::2]), torch.tensor(positions[1::2])
        targets = _mismatches(codes[left], codes[right])
        equal = numbers.group[rows[left]].unsqueeze(1) == numbers.group[rows[right]].unsqueeze(0)
        return Batch(rows[left], rows[right], {"targets": targets.masked_fill(equal, 0).fill_diagonal_(1)})

    return Examples(numbers.texts, len(data), 1, partial(class_pair_batches, data.label), batch, classes)


def _class_codes(data: Labelled, seed: int) -> Examples:
    numbers, classes, codes = _labelled(data)
    rows = numbers.of(data.text)
    of_texts = torch.zeros(len(numbers.texts), dtype=torch.long)
    of_texts[rows] = codes

    def batch(positions: list[int]) -> Batch:
        return Batch(rows[positions], None, {"classes": codes[positions]})

    return Examples(numbers.texts, len(data), 1, partial(labelled_batches, data.label), batch, classes, of_texts)


def _labelled(data: Labelled) -> tuple[_Numbers, dict[str, int], Tensor]:
    classes = {label: number for number, label in enumerate(data.classes)}
    return _Numbers(data.text), classes, torch.tensor([classes[label] for label in data.label])


def _matches(data: Pairs | Scored, seed: int) -> Examples:
    pairs, description = _as_pairs(data, seed)
    matching = [row for row, label in enumerate(pairs.label) if label == 1]
    if not matching:
        raise DataError("{file} has no pairs that match: there is nothing to bring together.", file=data.name)
    numbers = _numbered_pairs(pairs)
    first, second = numbers.of(pairs.sentence1)[matching], numbers.of(pairs.sentence2)[matching]

    def batch(positions: list[int]) -> Batch:
        left, right = first[positions], second[positions]
        targets = _mismatches(numbers.group[left], numbers.group[right]).fill_diagonal_(1)
        return Batch(left, right, {"targets": targets})

    return _numbered(numbers, len(matching), 2, batch, description)


def _marked_pairs(data: Pairs | Scored | Answers, seed: int, *, only_rows: bool = False) -> Examples:
    pairs, description = _as_pairs(data, seed)
    numbers = _numbered_pairs(pairs)
    first, second = numbers.of(pairs.sentence1), numbers.of(pairs.sentence2)
    marks = torch.tensor(pairs.label, dtype=TARGET) * 2 - 1
    only_rows = only_rows and bool((marks == -1).any())

    def batch(positions: list[int]) -> Batch:
        left, right = first[positions], second[positions]
        if only_rows:
            targets = torch.zeros(len(left), len(right), dtype=TARGET)
        else:
            targets = _mismatches(numbers.group[left], numbers.group[right])
        return Batch(left, right, {"targets": targets.diagonal_scatter(marks[positions])})

    return _numbered(numbers, len(pairs), 2, batch, description)


def _scores(data: Scored | Pairs | Answers, seed: int) -> Examples:
    pairs = data if isinstance(data, Scored) else _as_pairs(data, seed)[0]
    numbers = _Numbers([*pairs.sentence1, *pairs.sentence2])
    first, second = numbers.of(pairs.sentence1), numbers.of(pairs.sentence2)
    scores = torch.tensor(pairs.score if isinstance(pairs, Scored) else pairs.label, dtype=torch.float32)

    def batch(positions: list[int]) -> Batch:
        return Batch(first[positions], second[positions], {"scores": scores[positions]})

    return _numbered(numbers, len(pairs), 2, batch, "")


def _triplets(data: Triplets | Answers, seed: int, *, only_own: bool = False) -> Examples:
    made = convert(data, "triplets", seed=seed)
    triplets, description = made.data, "" if isinstance(data, Triplets) else made.description
    assert isinstance(triplets, Triplets)
    same = list(zip(triplets.anchor, triplets.positive, strict=True))
    numbers = _Numbers([*triplets.anchor, *triplets.positive, *triplets.negative], same)
    texts = [numbers.of(column) for column in (triplets.anchor, triplets.positive, triplets.negative)]

    def batch(positions: list[int]) -> Batch:
        anchor, positive, negative = (column[positions] for column in texts)
        columns = torch.cat([positive, negative])
        n = len(anchor)
        if only_own:
            targets = torch.zeros(n, 2 * n, dtype=TARGET)
        else:
            targets = _mismatches(numbers.group[anchor], numbers.group[columns])
        row = torch.arange(n)
        targets[row, row] = 1
        targets[row, n + row] = -1
        return Batch(anchor, columns, {"targets": targets})

    return _numbered(numbers, len(triplets), 3, batch, description)


def _as_pairs(data: Dataset, seed: int) -> tuple[Pairs, str]:
    made = convert(data, "pairs", seed=seed)
    assert isinstance(made.data, Pairs)
    return made.data, "" if isinstance(data, Pairs) else made.description


def _numbered_pairs(pairs: Pairs) -> _Numbers:
    rows = zip(pairs.sentence1, pairs.sentence2, pairs.label, strict=True)
    same = [(first, second) for first, second, label in rows if label == 1]
    return _Numbers([*pairs.sentence1, *pairs.sentence2], same)


def _numbered(
    numbers: _Numbers, rows: int, texts_per_row: int, batch: Callable[[list[int]], Batch], description: str
) -> Examples:
    batches = partial(shuffled_batches, rows)
    return Examples(numbers.texts, rows, texts_per_row, batches, batch, description=description)


_MAKERS: dict[Input, Callable[..., Examples]] = {
    "views": _views,
    "classes": _classes,
    "class_pairs": _class_pairs,
    "class_codes": _class_codes,
    "matches": _matches,
    "marked_pairs": _marked_pairs,
    "marked_rows": partial(_marked_pairs, only_rows=True),
    "scores": _scores,
    "triplets": _triplets,
    "own_triplets": partial(_triplets, only_own=True),
}
