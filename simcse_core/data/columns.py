"""Which column of a file is which column of a data set: what a user says, and what names and content suggest."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice, pairwise
from typing import Any

from simcse_core.data.cells import in_one_line, matches, numbers
from simcse_core.data.kinds import KINDS, normalised
from simcse_core.data.kinds.cell_types import CLASS, MATCH, SCORE, CellType
from simcse_core.errors import DataError, OptionError
from simcse_core.numerals import number

_LONGEST_NAME = 40
_BEST_SCORE = 100

SYNONYMS: dict[str, tuple[str, ...]] = {
    "text": ("sentence", "utterance", "message", "content", "review", "文本", "内容", "句子"),
    "label": ("intent", "category", "class", "sentiment", "match", "is_duplicate", "gold_label", "标签", "类别"),
    "sentence1": (
        "s1",
        "question1",
        "text1",
        "sent1",
        "sent_a",
        "sentence_a",
        "text_a",
        "sentence_0",
        "premise",
        "a",
        "句子1",
        "文本1",
    ),
    "sentence2": (
        "s2",
        "question2",
        "text2",
        "sent2",
        "sent_b",
        "sentence_b",
        "text_b",
        "sentence_1",
        "hypothesis",
        "b",
        "句子2",
        "文本2",
    ),
    "score": ("similarity", "sim", "rating", "得分", "分数", "相似度"),
    "anchor": ("query",),
    "positive": ("pos", "positives"),
    "negative": ("neg", "negatives", "hard_negative", "negative_1"),
    "question": ("query", "问题"),
    "answer": ("passage", "response", "答案"),
}
"""What else files call a column, in lower case."""


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

    ROWS_SEEN = 50
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
            len(name) > _LONGEST_NAME or (number(name) is not None and _are_numbers(self.cells(place)))
            for place, name in enumerate(self.columns)
        )

    def cells(self, column: int) -> list[str]:
        """What stands in a column, where something does."""
        return [row[column] for row in self.rows if row[column]]


def _in_short(cell: object) -> str:
    return "" if cell is None or cell != cell else in_one_line(str(cell)[:500])


def guess_columns(sample: Sample) -> dict[str, dict[str, str]]:
    """What the names and the content of a file's columns suggest: a proposal to show, nothing to rely on.

    Names count first; what they leave open, the content decides: labels of matches are 0 and 1, scores are numbers,
    classes come again and again, texts are long and different. Where a column stands says nothing.

    Returns:
        For each kind of data, which of its columns is which of the file's; columns that nothing suggests are left out.
    """
    keys = {normalised(name): name for name in sample.columns}
    guesses: dict[str, dict[str, str]] = {name: {} for name in KINDS}
    for name, guess in guesses.items():
        for ours in KINDS[name].columns:
            for word in _names_of(ours):
                if word in keys and keys[word] not in guess.values():
                    guess[ours] = keys[word]
                    break
        cell_types = KINDS[name].cell_types
        for ours in sorted(cell_types, key=lambda ours: cell_types[ours].is_text):  # labels and scores are plainer
            theirs = None if ours in guess else _by_content(cell_types[ours], sample, set(guess.values()))
            if theirs is not None:
                guess[ours] = theirs
    return guesses


def best_guess(sample: Sample) -> str:
    """The kind of data whose columns names and content suggest most."""
    guesses = guess_columns(sample)
    named = {kind: sum(map(_is_named, guess, guess.values())) for kind, guess in guesses.items()}
    order = list(KINDS)
    return max(
        KINDS,
        key=lambda kind: (
            len(guesses[kind]) == len(KINDS[kind].columns),
            named[kind],
            # Of several texts in a row that nothing else says anything about, nobody can tell what they are.
            len(guesses[kind]) if KINDS[kind].target() or is_texts_only(kind) else 0,
            KINDS[kind].is_likely,
            -order.index(kind),
        ),
    )


def is_texts_only(kind: str) -> bool:
    """Whether a kind is a column of texts and nothing more, which may stand beside labels of another name."""
    return len(KINDS[kind].columns) == 1


def _names_of(ours: str) -> tuple[str, ...]:
    """What files call a column."""
    return (ours, *SYNONYMS.get(ours, ()))


def _is_named(ours: str, theirs: str) -> bool:
    return normalised(theirs) in _names_of(ours)


def _by_content(cell_type: CellType, sample: Sample, taken: set[str]) -> str | None:
    """The first of the free columns, from the left, that looks most like what is wanted."""
    free = [
        place for place, column in enumerate(sample.columns) if column and column not in taken and sample.cells(place)
    ]
    if cell_type is SCORE:
        fitting = [place for place in free if _are_scores(sample.cells(place))]
    elif cell_type is MATCH:
        fitting = [place for place in free if _are_matches(sample.cells(place))]
    elif cell_type is CLASS:
        fitting = sorted(
            (place for place in free if _are_classes(sample.cells(place))), key=lambda p: _variety(sample, p)
        )
    else:
        texts = [place for place in free if _are_texts(sample.cells(place))]
        longest = max((_length(sample, place) for place in texts), default=0)
        fitting = [place for place in texts if _length(sample, place) >= longest / 4]
    return sample.columns[fitting[0]] if fitting else None


def _are_numbers(cells: Sequence[str]) -> bool:
    return bool(cells) and all(number(cell) is not None for cell in cells)


def _are_matches(cells: Sequence[str]) -> bool:
    try:
        return len(set(matches(cells))) == min(len(cells), 2)
    except ValueError:
        return False


def _are_scores(cells: Sequence[str]) -> bool:
    """Numbers, but neither 0 and 1 alone nor those that count the rows."""
    try:
        values = list(numbers(cells))
    except ValueError:
        return False
    counts_rows = len(values) > 2 and all(after - before == 1 for before, after in pairwise(values))
    are_numbers_of_things = max(values) > _BEST_SCORE and all(value.is_integer() for value in values)
    return len(set(values)) > 1 and not counts_rows and not are_numbers_of_things and not set(values) <= {0, 1}


def _are_classes(cells: Sequence[str]) -> bool:
    """What comes again in other rows, and is short."""
    if _are_objects(cells):
        return False
    return len(set(cells)) < len(cells) and len(set(cells)) <= max(2, len(cells) / 2) and max(map(len, cells)) <= 60


def _are_objects(cells: Sequence[str]) -> bool:
    """Lists and records, as JSON has them."""
    return all(cell[0] in "[{" for cell in cells)


def _are_texts(cells: Sequence[str]) -> bool:
    """Words, more than one in most cells; Chinese has no blanks between them."""
    if _are_objects(cells) or sum(" " not in cell and cell.isascii() for cell in cells) > len(cells) / 2:
        return False
    return sum(not any(letter.isalpha() for letter in cell) for cell in cells) <= 0.2 * len(cells)


def _variety(sample: Sample, place: int) -> float:
    """Few different cells are more like classes; one alone is none."""
    different = len(set(sample.cells(place)))
    return different if different > 1 else float("inf")


def _length(sample: Sample, place: int) -> float:
    cells = sample.cells(place)
    return sum(map(len, cells)) / len(cells)


def proposal(sample: Sample) -> str:
    """As for `parse_columns`: the columns of the likeliest kind, but for those that need no mapping; "" for no idea."""
    kind = best_guess(sample)
    guess = guess_columns(sample)[kind]
    if len(guess) < len(KINDS[kind].columns) or (
        is_texts_only(kind) and not all(map(_is_named, guess, guess.values()))
    ):
        return ""
    in_order = {ours: guess[ours] for ours in KINDS[kind].columns}
    return ", ".join(
        columns_text({ours: in_one_line(name)}) for ours, name in in_order.items() if ours != normalised(name)
    )


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
