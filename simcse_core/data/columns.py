"""Which column of a file is which column of a data set, as a user says it; `guessing.py` guesses it."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import Any

from simcse_core.data.cells import in_one_line
from simcse_core.data.kinds import KINDS, normalised
from simcse_core.errors import DataError, OptionError
from simcse_core.numerals import number

_LONGEST_NAME = 40

SYNONYMS: dict[str, tuple[str, ...]] = {
    "text": (
        *("sentence", "utterance", "message", "content", "review", "comment", "body", "description"),
        *("satz", "nachricht", "anfrage", "inhalt", "beschreibung", "文本", "内容", "句子", "正文", "评论"),
    ),
    "label": (
        *("intent", "category", "class", "sentiment", "match", "is_duplicate", "gold_label", "topic", "queue"),
        *("kategorie", "klasse", "thema", "标签", "类别", "分类", "意图"),
    ),
    "sentence1": (
        *("s1", "question1", "text1", "sent1", "sent_a", "sentence_a", "text_a", "sentence_0", "premise", "a"),
        *("satz1", "句子1", "文本1"),
    ),
    "sentence2": (
        *("s2", "question2", "text2", "sent2", "sent_b", "sentence_b", "text_b", "sentence_1", "hypothesis", "b"),
        *("satz2", "句子2", "文本2"),
    ),
    "score": ("similarity", "sim", "rating", "ähnlichkeit", "得分", "分数", "相似度"),
    "anchor": ("query",),
    "positive": ("pos", "positives"),
    "negative": ("neg", "negatives", "hard_negative", "negative_1"),
    "question": ("query", "frage", "问题"),
    "answer": ("passage", "response", "antwort", "答案", "回答"),
}
"""What else files call a column, in lower case."""

MATCHING_TEXTS = ("anchor", "positive")
"""What the columns of a table are mapped to that holds two texts a row which match, and no label."""
SAID_OTHERWISE = ("label", "score", "negative")
"""Columns beside which two texts do not match by themselves."""


def parse_columns(mapping: str) -> dict[str, str]:
    """The mapping in `text=utterance, label=intent`: ours on the left, the file's on the right.

    A name with a comma is written as in a CSV file: `"text=what, in words",label=intent`.

    Raises:
        OptionError: it is written in another way.
    """
    try:
        parts = next(csv.reader([mapping], skipinitialspace=True), []) or [""]
    except csv.Error:  # a line break, or a name of a hundred thousand letters
        parts = [""]
    pairs = [part.partition("=") for part in parts]
    columns = {ours.strip(): theirs.strip() for ours, _sign, theirs in pairs}
    if len(columns) < len(pairs) or not all((*columns, *columns.values())):
        raise OptionError(
            "{given!r} does not say which column is which. Write for example text=utterance,label=intent: "
            "each column once, its name in the file on the right.",
            given=mapping,
        )
    return columns


def columns_text(columns: Mapping[str, str]) -> str:
    """The mapping as `parse_columns` reads it."""
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(f"{ours}={theirs}" for ours, theirs in columns.items())
    return text.getvalue()


@dataclass(frozen=True)
class Sample:
    """The columns of a table and its first rows, to see which is which."""

    columns: list[str]
    """As they are written."""
    rows: list[list[str]]
    """Cells in one line each; "" where there is nothing."""

    ROWS_SEEN = 500
    ROWS_SHOWN = 3

    @classmethod
    def of(cls, columns: Sequence[str], rows: Iterable[tuple[int, list[Any]]]) -> "Sample":
        """Of a table's columns and rows."""
        seen = [[_in_short(cell) for cell in cells] for _row, cells in islice(rows, cls.ROWS_SEEN)]
        return cls(list(columns), seen)

    def in_words(self) -> str:
        """The first rows in one line."""
        shown = (
            ", ".join(f"{column}={cell[:30]!r}" for column, cell in zip(self.columns[:6], row, strict=False))
            for row in self.rows[: self.ROWS_SHOWN]
        )
        return "; ".join(f"({number}) {row}" for number, row in enumerate(shown, 1))

    def is_headless(self) -> bool:
        """Whether the names of the columns look like a row of data: a number above numbers, or a whole sentence."""
        return any(
            len(name) > _LONGEST_NAME
            or (number(name) is not None and self.cells(place) and None not in map(number, self.cells(place)))
            for place, name in enumerate(self.columns)
        )

    def cells(self, column: int) -> list[str]:
        """What stands in a column, where something does."""
        return [row[column] for row in self.rows if row[column]]


def _in_short(cell: object) -> str:
    return "" if cell is None or cell != cell else in_one_line(str(cell)[:500])


def columns_of_all_kinds() -> list[str]:
    """Every column that data can have, those of the simplest kinds first."""
    return list(dict.fromkeys(column for kind in reversed(KINDS.values()) for column in kind.columns))


def renamed(names: Sequence[str], columns: Mapping[str, str], file: str) -> list[str]:
    """The names of a file's columns with a mapping applied; a column whose name went to another one has none.

    Args:
        names: of the file's columns, as they are written.
        columns: ours -> the file's, in any case.
        file: for messages.

    Raises:
        OptionError: no data has a column of this name.
        DataError: the file has no such column, or one is to be two of ours.
    """
    keys = [normalised(name) for name in names]
    ours_of: dict[str, str] = {}
    for ours, theirs in ((normalised(ours), theirs.strip()) for ours, theirs in columns.items()):
        key = normalised(theirs)
        if ours not in columns_of_all_kinds():
            raise OptionError(
                "No data has a column {given!r}. Say which column of the file is one of: {choices}.",
                given=ours,
                choices=", ".join(columns_of_all_kinds()),
            )
        if key not in keys:
            raise DataError(
                "{file} has no column {given!r}: its columns are {columns}.",
                file=file,
                given=theirs,
                columns=", ".join(names)[:200],
            )
        if key in ours_of:
            raise DataError(
                "The column {given!r} of {file} cannot be {first} and {second}.",
                file=file,
                given=theirs,
                first=ours_of[key],
                second=ours,
            )
        ours_of[key] = ours
    taken = set(ours_of.values())
    return [ours_of.get(key, "" if key in taken else name) for key, name in zip(keys, names, strict=True)]
