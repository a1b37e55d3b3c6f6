"""CSV and TSV files: which is which, and the quotation marks that swallow rows."""

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from simcse_core.data.tables import Row, Table, headed
from simcse_core.errors import DataError
from simcse_core.limits import limits
from simcse_core.numerals import number

_LINES_THAT_TELL = 20
"""The separator is recognised from this many lines."""

_LABELS_REMEMBERED = 1_000


def tab_separated(lines: Iterable[str], name: str) -> Table:
    """A TSV file: a cell ends at a tab, a row at the end of its line, and a quotation mark is one.

    Args and errors as for `comma_separated`.
    """
    return headed(_unquoted(lines, name), name, has_quotes=False)


def comma_separated(lines: Iterable[str], name: str) -> Table:
    """A CSV file. The first row names the columns, and every row has as many cells.

    Args:
        lines: of the file, with their ends. A first line `sep=;`, as Excel writes it, says what separates; else it is
            what the first line has most.
        name: of the file, for messages.

    Raises:
        DataError: the file is empty; while the rows are read, one that has other cells, or quotes that do not close or
            seem to swallow rows.
    """
    csv.field_size_limit(limits().max_file_megabytes * 1_000_000)
    rest = iter(lines)
    first, line = next(rest, ""), 1
    if said := re.fullmatch(r'\ufeff?"?sep=(.)"?\s*', first, re.IGNORECASE):
        first, line = next(rest, ""), 2
    beginning = [first, *islice(rest, _LINES_THAT_TELL)]
    separator = said[1] if said else _separator(beginning)
    return headed(_quoted(chain(beginning, rest), separator, name, line), name)


def _separator(lines: Sequence[str]) -> str:
    """What splits the first rows into most cells, as many in each. Spreadsheets of some countries write ';'."""

    def evenness(separator: str) -> tuple[float, int]:
        with suppress(csv.Error):
            rows = [row for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row]
            width = len(rows[0]) if rows else 1
            return (sum(len(row) == width for row in rows) / len(rows), width) if width > 1 else (0.0, 1)
        return 0.0, 1

    return max(",;\t", key=evenness)


def _unquoted(lines: Iterable[str], name: str) -> Iterator[Row]:
    for line, content in enumerate(lines, 1):
        cells = content.rstrip("\r\n").split("\t")
        is_quoted = [len(cell) > 2 and re.fullmatch('"(?:[^"]|"")*"', cell) is not None for cell in cells]
        # Names of columns are in no quotes; below, only those that are written twice differ from a text's own.
        if any('""' in cell[1:-1] and quoted for cell, quoted in zip(cells, is_quoted, strict=True)) or (
            line == 1 and any(is_quoted)
        ):
            raise DataError(
                "{file}, row {row}: a cell is in quotes as in a CSV file, but in a TSV file quotes are part of a text. "
                "Save the file as .csv.",
                file=name,
                row=line,
            )
        if cells != [""]:
            yield line, list[Any](cells)


def _quoted(lines: Iterable[str], separator: str, name: str, line: int) -> Iterator[Row]:
    """The rows of a CSV file; `line` is the number of the first."""
    taken: list[str] = []  # lines of the row that is read

    def noted() -> Iterator[str]:
        for content in lines:
            taken.append(content)
            yield content

    width = 0
    last_cells: set[str] = set()
    try:
        for cells in csv.reader(noted(), delimiter=separator, strict=True, skipinitialspace=True):
            if len(taken) > 1 and width > 1 and _swallows(taken, cells[-1], separator, width, last_cells):
                raise DataError(
                    "{file}, rows {row} to {last}: a quotation mark opens a cell and closes it only {count} lines "
                    "later, and what it takes in looks like rows. Write a quotation mark inside a text twice and put "
                    "the text in quotes; if this is one text all the same, save the table as JSONL or Excel.",
                    file=name,
                    row=line,
                    last=line + len(taken) - 1,
                    count=len(taken) - 1,
                )
            if any(map(str.strip, cells)):  # Excel writes ";;;" for rows where something once stood
                width = width or len(cells)
                if len(last_cells) < _LABELS_REMEMBERED:
                    last_cells.add(cells[-1].strip())
                yield line, list[Any](cells)
            line += len(taken)
            taken.clear()
    except csv.Error as error:
        raise DataError("{file}, row {row}: {reason}.", file=name, row=line, reason=_csv_reason(error)) from error


def _csv_reason(error: csv.Error) -> str:
    if "expected after" in str(error):
        return "a quotation mark inside a text has to be written twice, and the text has to be in quotes"
    if "unexpected end" in str(error):
        return "a quotation mark opens a cell that never closes. Write one inside a text twice"
    return str(error)


def _swallows(lines: Sequence[str], last_cell: str, separator: str, width: int, last_cells: Collection[str]) -> bool:
    """Whether the lines of one row look like rows of their own: a quotation mark that is a text's own has joined them.

    They do when most of them have as many cells as the table, and end in what can be a label or a score: a number where
    the row itself ends in one, or what other rows end in. In a letter a comma is followed by a blank and more words.
    """
    rows = [line.rstrip("\r\n").split(separator) for line in lines if line.strip()]
    ends = [cells[-1] for cells in rows[:-1] if len(cells) == width and cells[-1].strip()]
    labels = {last_cell.strip(), *last_cells}
    is_number = number(last_cell.strip()) is not None

    def is_label(cell: str) -> bool:
        if number(cell.strip()) is not None:
            return is_number
        is_word = not re.search(r"\s", cell) and len(cell) <= 30
        return cell.strip() in labels or (is_word and len(lines) * width >= 6)

    as_wide = sum(len(cells) == width for cells in rows)
    return as_wide > len(rows) / 2 and sum(map(is_label, ends)) > len(ends) / 2
