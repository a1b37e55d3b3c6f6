"""What all kinds of data share: checked columns, rows, and what a kind says of itself to the rest of the project.

However data are made, their rows are checked as those of a file are.
"""

import math
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self, TypeVar, cast, get_type_hints

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.cells import visible
from simcse_core.data.kinds.cell_types import CLASS, SCORE, CellType
from simcse_core.encoding.texts import Embeddings, is_listing
from simcse_core.errors import DataError
from simcse_core.meaning.evaluation import Metrics
from simcse_core.meaning.items import Items
from simcse_core.registry import summary_of

Fact = tuple[tuple[str, ...], object]
"""Normalised texts, sorted where their order means nothing, and what a row says about them."""

Positions = NDArray[np.int64]

D = TypeVar("D", bound="Dataset")
K = TypeVar("K", bound="type[Dataset]")


@dataclass(frozen=True)
class Metric:
    """One number that a kind is measured by, as people read it; higher is better."""

    name: str
    """Of the attribute of the kind's `Metrics`, or of its `Items`."""
    title: str
    explanation: str
    is_main: bool = False
    """Whether it may decide: of a kind's main metrics the first one that has been measured does
    (`measuring.main_metric_among`)."""


@dataclass(frozen=True)
class Dataset:
    """Rows of one kind.

    A kind is a frozen dataclass under `@kind(NAME)`. Its columns are its fields, each annotated with its type of cell
    (`cell_types`). What stands below it may say otherwise: what belongs together, what can be measured, and how.
    """

    name: str
    """Of the file or the bundled set, for messages."""

    kind: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]
    cell_types: ClassVar[Mapping[str, CellType]]
    """By column."""
    title: ClassVar[str] = ""
    """What the data are, with the question that they answer; the first line of the docstring if empty."""
    rows_are: ClassVar[str] = ""
    """What rows are called inside a sentence; the kind's name if empty. Pages translate both."""
    metrics: ClassVar[tuple[Metric, ...]] = ()
    """In the order in which they are shown; none for data that nothing can be measured against."""
    dev_share: ClassVar[float] = 0.2
    """Of the rows to hold out, where nobody says how many."""
    is_symmetric: ClassVar[bool] = False
    """Whether it compares two sentences whose order means nothing."""
    judges_matches: ClassVar[bool] = False
    """Whether its facts are matches (1) and mismatches (0), so that a text matches itself."""
    heeds_approval: ClassVar[bool] = False
    """Whether a row of a file counts only where its column `approved`, if there is one, does not say no."""
    is_likely: ClassVar[bool] = True
    """Whether a file may be taken for it by its content where the names of columns do not decide."""

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
        return tuple(self._cell(cell, column, row) for row, cell in enumerate(cells, 1))

    def _cell(self, cell: object, column: str, row: int) -> Any:
        cell_type = self.cell_types[column]
        try:
            return cell_type.checked(cell)
        except (ValueError, TypeError, OverflowError):
            raise DataError(
                "{file}, row {row} of {column!r}: {given} is not {wanted}.",
                file=self.name,
                row=row,
                column=column,
                given=repr(cell)[:60],
                wanted=cell_type.wanted,
            ) from None

    @classmethod
    def of(cls, name: str, columns: Sequence[Sequence[Any]]) -> Self:
        """A data set of this kind from its columns, in their order."""
        return cast(Any, cls)(name, *columns)

    def __len__(self) -> int:
        return len(getattr(self, self.columns[0]))

    def take(self, positions: Sequence[int]) -> Self:
        """The rows at these positions, counted from 0, in this order."""
        return self.of(
            self.name, [[getattr(self, column)[position] for position in positions] for column in self.columns]
        )

    @classmethod
    def text_names(cls) -> tuple[str, ...]:
        """The names of the columns that hold texts."""
        return tuple(column for column in cls.columns if cls.cell_types[column].is_text)

    @classmethod
    def target(cls) -> str | None:
        """The name of the column that says something about the texts; None where all columns are texts."""
        return next((column for column in cls.columns if not cls.cell_types[column].is_text), None)

    @classmethod
    def has_scale(cls) -> bool:
        """Whether it has scores, of which one is the best possible."""
        return SCORE in cls.cell_types.values()

    @property
    def text_classes(self) -> tuple[str, ...] | None:
        """The class of each text, where every row is one text with its class."""
        target = self.target()
        is_classified = target is not None and self.cell_types[target] is CLASS and len(self.text_names()) == 1
        return cast(tuple[str, ...], getattr(self, target)) if is_classified and target else None

    def facts(self) -> list[tuple[Fact, ...]]:
        """What each row says."""
        texts = zip(*([normalised(text) for text in column] for column in text_columns(self)), strict=True)
        target = self.target()
        values = getattr(self, target) if target else [None] * len(self)
        return [
            ((tuple(sorted(row)) if self.is_symmetric else row, value),)
            for row, value in zip(texts, values, strict=True)
        ]

    def positive_pairs(self, scale_max: float | None = None) -> Positions:
        """(K, 2) pairs of texts that belong together, as positions in `texts_of`: what alignment is measured on.

        Args:
            scale_max: of data with scores, the best possible one; the data's highest when None.
        """
        return np.empty((0, 2), dtype=np.int64)

    def first_two(self, rows: Sequence[bool] | NDArray[np.bool_]) -> Positions:
        """(K, 2) the first and the second text of the rows that are marked, as positions in `texts_of`."""
        marked = np.flatnonzero(np.asarray(rows))
        return np.stack([marked, marked + len(self)], axis=1)

    def check_contrast(self) -> None:
        """See that something differs, so that a loss can learn.

        Raises:
            DataError: nothing does.
        """

    def is_measurable(self) -> bool:
        """Whether some embeddings could be better than others on these rows."""
        return True

    def strata(self, folds: int) -> NDArray[np.int64]:
        """(N,) what each of so many folds should have its share of, in whole numbers from 0."""
        return np.zeros(len(self), dtype=np.int64)

    def evaluate(self, columns: Sequence[Embeddings], unique: Embeddings, *, scale_max: float | None = None) -> Metrics:
        """How well embeddings do on these rows.

        Args:
            columns: for each column of texts (N, D) unit rows.
            unique: embeddings of the distinct texts.
            scale_max: as for `positive_pairs`.

        Raises:
            DataError: nothing is said about the texts that could be compared.
        """
        raise self.nothing_to_compare()

    def items(self, columns: Sequence[Embeddings]) -> Items:
        """What embeddings do with each item, so that two models can be compared on the same items.

        Args:
            columns: as for `evaluate`; zero rows for texts of which nothing is known.

        Raises:
            DataError: as for `evaluate`.
        """
        raise self.nothing_to_compare()

    def nothing_to_compare(self) -> DataError:
        """The error of data that only are texts."""
        return DataError("{file} has only texts: nothing to compare with. It needs a score or a label.", file=self.name)

    def why_undefined(self, metrics: Metrics, items: Items) -> str | None:
        """One sentence about the metrics that are NaN, so that nobody takes null for a fault; None for none."""
        names = [name for name, value in vars(metrics).items() if isinstance(value, float) and math.isnan(value)]
        if not names:
            return None
        verb = "is" if len(names) == 1 else "are"
        return f"{', '.join(names)} {verb} undefined: {self.reason_undefined(names, items)}."

    def row_results(self, columns: Sequence[Embeddings], metrics: Metrics) -> dict[str, list[Any]]:
        """What a model makes of each row, by name: its cosine, what is predicted from it, its rank.

        Args:
            columns: embeddings of each text column, each (N, D).
            metrics: as `evaluate` gives them; a threshold is theirs.
        """
        return {}

    def reason_undefined(self, names: Sequence[str], items: Items) -> str:
        """Why these metrics are undefined on these rows, as the end of a sentence."""
        return "there is nothing to measure"


KINDS: dict[str, type[Dataset]] = {}
"""In the order in which they are recognised: the more columns a kind asks for, the earlier."""


def kind(name: str) -> Callable[[K], K]:
    """Decorator: make a class a kind of data under `name`."""

    def add(cls: K) -> K:
        hints = get_type_hints(cls, include_extras=True)
        cls.kind = name
        cls.title, cls.rows_are = cls.title or summary_of(cls), cls.rows_are or name
        cls.columns = tuple(field.name for field in fields(cls) if field.name != "name")
        cls.cell_types = {column: hints[column].__metadata__[0] for column in cls.columns}
        KINDS[name] = cls
        in_order = sorted(KINDS.items(), key=lambda entry: -len(entry[1].columns))
        KINDS.clear()
        KINDS.update(in_order)
        return cls

    return add


def kind_of(data: Dataset) -> str:
    """The name of a data set's kind."""
    return data.kind


def rows(data: Dataset) -> Iterator[tuple[str | int | float, ...]]:
    """The rows of a data set, in the order of its columns."""
    return zip(*(getattr(data, column) for column in data.columns), strict=True)


def text_columns(data: Dataset) -> list[tuple[str, ...]]:
    """The columns that hold texts, labels and scores left out."""
    return [getattr(data, column) for column in data.text_names()]


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
