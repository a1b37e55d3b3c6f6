"""The kinds of data, each with its columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

D = TypeVar("D", bound="Dataset")


def take(data: D, positions: Sequence[int]) -> D:
    """The rows at these positions, counted from 0, in this order. Also a method of every kind."""
    return type(data)(data.name, *(tuple(getattr(data, column)[at] for at in positions) for column in data.columns))


@dataclass(frozen=True)
class Texts:
    """Unlabelled texts."""

    name: str
    text: tuple[str, ...]

    columns = ("text",)

    def __len__(self) -> int:
        return len(self.text)

    take = take


@dataclass(frozen=True)
class Labelled:
    """Texts with a class each."""

    name: str
    text: tuple[str, ...]
    label: tuple[str, ...]

    columns = ("text", "label")

    def __len__(self) -> int:
        return len(self.text)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in alphabetical order."""
        return tuple(sorted(set(self.label)))

    take = take


@dataclass(frozen=True)
class Pairs:
    """Two sentences and whether they match: 1 match, 0 none."""

    name: str
    sentence1: tuple[str, ...]
    sentence2: tuple[str, ...]
    label: tuple[int, ...]

    columns = ("sentence1", "sentence2", "label")

    def __len__(self) -> int:
        return len(self.label)

    take = take


@dataclass(frozen=True)
class Scored:
    """Two sentences and how similar they are; the scale is the data's own."""

    name: str
    sentence1: tuple[str, ...]
    sentence2: tuple[str, ...]
    score: tuple[float, ...]

    columns = ("sentence1", "sentence2", "score")

    def __len__(self) -> int:
        return len(self.score)

    take = take


@dataclass(frozen=True)
class Triplets:
    """A text, one that is close in meaning, and one that is not."""

    name: str
    anchor: tuple[str, ...]
    positive: tuple[str, ...]
    negative: tuple[str, ...]

    columns = ("anchor", "positive", "negative")

    def __len__(self) -> int:
        return len(self.anchor)

    take = take


@dataclass(frozen=True)
class Answers:
    """A question and a possible answer: 1 right, 0 wrong. A question with several answers stands in several rows."""

    name: str
    question: tuple[str, ...]
    answer: tuple[str, ...]
    label: tuple[int, ...]

    columns = ("question", "answer", "label")

    def __len__(self) -> int:
        return len(self.label)

    take = take


Dataset = Texts | Labelled | Pairs | Scored | Triplets | Answers

KINDS: dict[str, type[Dataset]] = {
    "triplets": Triplets,
    "answers": Answers,
    "scored": Scored,
    "pairs": Pairs,
    "labelled": Labelled,
    "texts": Texts,
}
"""In the order in which they are recognised: the more columns a kind asks for, the earlier."""


def kind_of(data: Dataset) -> str:
    """The name of a data set's kind."""
    return next(name for name, kind in KINDS.items() if isinstance(data, kind))


def rows(data: Dataset) -> Iterator[tuple[str | int | float, ...]]:
    """The rows of a data set, in the order of its columns."""
    return zip(*(getattr(data, column) for column in data.columns), strict=True)


def text_columns(data: Dataset) -> list[tuple[str, ...]]:
    """The columns that hold texts, labels and scores left out."""
    return [getattr(data, column) for column in data.columns if column not in ("label", "score")]


def texts_of(data: Dataset) -> tuple[str, ...]:
    """All texts, column by column: with N rows, text i belongs to row i % N."""
    return tuple(text for column in text_columns(data) for text in column)


def normalised(text: str) -> str:
    """A text without differences of case and blanks; texts that are equal so count as one."""
    return " ".join(text.casefold().split())
