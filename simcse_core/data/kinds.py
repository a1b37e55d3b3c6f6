"""The kinds of data, each with its columns. However they are made, their rows are checked as those of a file are."""

import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Any, TypeVar

from simcse_core.data.cells import is_blank, visible, without_halves
from simcse_core.encoding.texts import is_listing
from simcse_core.errors import DataError

D = TypeVar("D", bound="Dataset")


class _Rows:
    """Columns become tuples of one length, and every cell is what its column asks for."""

    name: str
    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        for column in self.columns:
            object.__setattr__(self, column, self._checked(column))
        lengths = {column: len(getattr(self, column)) for column in self.columns}
        if len(set(lengths.values())) > 1:
            raise DataError(
                "The columns of {file} differ in length: {lengths}. Every row needs a cell in each.",
                file=self.name,
                lengths=", ".join(f"{column} {length}" for column, length in lengths.items()),
            )
        if not any(lengths.values()):
            raise DataError("{file} has no rows.", file=self.name)

    def _checked(self, column: str) -> tuple[Any, ...]:
        cells = getattr(self, column)
        if isinstance(cells, str) or not is_listing(cells):
            raise DataError(
                "The column {column!r} of {file} has to be a list of cells, not {given!r}.",
                column=column,
                file=self.name,
                given=cells if isinstance(cells, str) else type(cells).__name__,
            )
        check, wanted = self._wanted(column)
        return tuple(_cell(cell, check, wanted, self.name, row, column) for row, cell in enumerate(cells, 1))

    def _wanted(self, column: str) -> tuple[Callable[[Any], Any], str]:
        if column == "score":
            return _score, "a finite number"
        if column == "label":
            return (_class, "the name of a class") if isinstance(self, Labelled) else (_match, "0 or 1")
        return _text, "a text that can be seen"


def _cell(cell: object, check: Callable[[Any], Any], wanted: str, name: str, row: int, column: str) -> Any:
    try:
        return check(cell.item() if hasattr(cell, "item") and not isinstance(cell, str) else cell)  # of NumPy or torch
    except (ValueError, TypeError, OverflowError):
        raise DataError(
            "{file}, row {row} of {column!r}: {given} is not {wanted}.",
            file=name,
            row=row,
            column=column,
            given=repr(cell)[:60],
            wanted=wanted,
        ) from None


def _text(cell: object) -> str:
    if not isinstance(cell, str) or is_blank(cell):
        raise ValueError(cell)
    return without_halves(cell)


def _class(cell: object) -> str:
    """A class may be called by a number, as in a file."""
    return _text(str(cell) if isinstance(cell, int) else f"{cell:.15g}" if isinstance(cell, float) else cell)


def _score(cell: object) -> float:
    if not isinstance(cell, Real | Decimal) or isinstance(cell, bool) or not math.isfinite(cell):
        raise ValueError(cell)
    return float(cell)


def _match(cell: object) -> int:
    if not isinstance(cell, int | float) or cell not in (0, 1):
        raise ValueError(cell)
    return int(cell)


def take(data: D, positions: Sequence[int]) -> D:
    """The rows at these positions, counted from 0, in this order. Also a method of every kind."""
    return type(data)(data.name, *(tuple(getattr(data, column)[at] for at in positions) for column in data.columns))


@dataclass(frozen=True)
class Texts(_Rows):
    """Unlabelled texts."""

    name: str
    text: tuple[str, ...]

    columns = ("text",)

    def __len__(self) -> int:
        return len(self.text)

    take = take


@dataclass(frozen=True)
class Labelled(_Rows):
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
class Pairs(_Rows):
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
class Scored(_Rows):
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
class Triplets(_Rows):
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
class Answers(_Rows):
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
    """A text without differences of case, blanks, invisible characters and ways to write a letter (NFKC).

    Texts that are equal so count as one: for duplicates, for leakage, and for splits.

    Example:
        >>> normalised("Ｃａｆｅ\u0301  au lait") == normalised("café au\u200b LAIT")
        True
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(visible(text).casefold().split())
