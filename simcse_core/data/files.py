"""A file that is read, in memory or on the disk: its lines, its table, its texts. One way for both."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO, StringIO
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from simcse_core.data.cells import cell_text, cell_value, clean, is_blank
from simcse_core.data.decoding import decode, open_text, sound_lines
from simcse_core.data.separated import comma_separated, tab_separated
from simcse_core.data.tables import (
    Table,
    excel_table,
    json_records,
    json_values,
    parquet_table,
    records_table,
    sheet_named,
    sheets,
)
from simcse_core.errors import DataError, OptionError
from simcse_core.limits import limits

TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
TEXT_ENDINGS = (".txt", ".text", ".md")

_LINES_LOOKED_AT = 50

TEXT = "text"
"""The column of a table that is taken where texts are wanted and nothing else."""


@dataclass(frozen=True)
class File:
    """A file and what it does not say itself.

    Args:
        name: with its ending, which says how to read it.
        content: of the file, or its path.
        encoding: as a user says; "" leaves it to the bytes.
        sheet: of a workbook, by name or number from 1; "" for the first.

    Raises:
        DataError: nothing is known about files of this ending.
    """

    name: str
    content: bytes | Path
    encoding: str = ""
    sheet: str = ""

    def __post_init__(self) -> None:
        if self.sheet and self.ending != ".xlsx":
            raise OptionError("{file} has no sheets: only Excel files (.xlsx) have.", file=self.name)
        if self.encoding and self.ending in (".xlsx", ".parquet"):
            raise OptionError("{file} says its encoding itself. Leave it out.", file=self.name)
        if self.ending not in TABLE_ENDINGS + TEXT_ENDINGS:
            raise DataError(
                "{file} ends in none of {endings}, so how to read it is not known. Rename it if it is one of them: "
                ".txt, .text and .md hold one text a line.",
                file=self.name,
                endings=", ".join(TABLE_ENDINGS + TEXT_ENDINGS),
            )

    @property
    def ending(self) -> str:
        """In lower case, with its dot; of a packed file (`piped`) that of its content."""
        return Path(self.name.lower().removesuffix(".gz")).suffix

    @property
    def is_table(self) -> bool:
        """Whether its cells stand in columns; else each line is a text."""
        return self.ending in TABLE_ENDINGS

    @property
    def called(self) -> str:
        """Its name for messages, with the sheet where there are several."""
        if self.ending != ".xlsx" or len(self.sheets()) < 2:
            return self.name
        return f"{self.name} ({sheet_named(self._binary(), self.name, self.sheet)})"

    def sheets(self) -> list[str]:
        """The names of a workbook's visible sheets; none for other files. Errors as for `tables.sheets`."""
        return sheets(self._binary(), self.name) if self.ending == ".xlsx" else []

    def holds_texts(self) -> bool:
        """Whether it is a JSON array of texts and nothing else."""
        return self.ending == ".json" and self._strings() is not None

    def plainly(self) -> "File":
        """The same as nobody has to ask about: text in UTF-8, and of a workbook this sheet alone, as JSONL.

        Raises:
            DataError: it cannot be read.
            OptionError: there is no such encoding or sheet.
        """
        if self.ending != ".xlsx":
            assert isinstance(self.content, bytes)
            return File(self.name, decode(self.content, self.name, self.encoding).encode())
        table = self.table()
        named = [(column, table.place(column, self.name)) for column in table.columns if column]
        lines = (
            json.dumps({column: cell_value(cells[place]) for column, place in named}, ensure_ascii=False)
            for _row, cells in table.rows
        )
        sheet = f" ({self.sheet})" if self.sheet else ""
        return File(f"{Path(self.name).stem}{sheet}.jsonl", "\n".join(lines).encode())

    def table(self, only: str | None = None, lines: Iterator[str] | None = None, *, most: int | None = None) -> Table:
        """The table in it.

        Args:
            only: rows may hold nothing but the cell of this column, which is quicker.
            lines: of the file, where it is open already.
            most: rows that are wanted, where not all are.

        Raises:
            DataError: it cannot be read, or lacks this column; mistakes in a row show when it is reached.
        """
        match self.ending:
            case ".parquet":
                return parquet_table(self._binary(), self.name, only)
            case ".xlsx":
                return excel_table(self._binary(), self.called, self.sheet)
            case ".tsv":
                return tab_separated(lines or self.lines(), self.name)
            case ".csv":
                return comma_separated(lines or self.lines(), self.name)
            case _:
                return records_table(self._records(lines or self.lines()), self.name, only, most)

    def texts(self, lines: Iterator[str] | None = None, column: str = TEXT) -> Iterator[str]:
        """Its texts one after the other: its lines that are not blank, or the cells of a column.

        Args:
            lines: as for `table`.
            column: of a table, in any case.

        Raises:
            DataError: as for `table`; or there are none.
        """
        text = None
        for text in self._texts(lines, column):
            yield text
        if text is None and self.is_table:
            raise DataError("{file} has no rows.", file=self.name)
        if text is None:
            raise DataError("{file} is empty: it needs at least one line of text.", file=self.name)

    def lines(self) -> Iterator[str]:
        """Its lines with their ends: CR, LF or CRLF."""
        if isinstance(self.content, bytes):
            yield from StringIO(decode(self.content, self.name, self.encoding), newline="")
        else:
            with open_text(self.content, self.encoding) as text:
                yield from sound_lines(text, self.name)

    def _texts(self, lines: Iterator[str] | None, column: str) -> Iterator[str]:
        if not self.is_table:
            yield from self._lines_of_text(lines or self.lines())
        elif self.ending == ".json" and (values := self._strings()) is not None:
            yield from (cell_text(value, row, TEXT, self.name) for row, value in enumerate(values, 1))
        else:
            table = self.table(column, lines)
            place = table.place(column, self.name)
            yield from (cell_text(cells[place], row, column, self.name) for row, cells in table.rows)

    def _lines_of_text(self, lines: Iterator[str]) -> Iterator[str]:
        rest = iter(lines)
        first = list(islice((line for line in rest if not is_blank(line)), _LINES_LOOKED_AT))
        for separator in ("\t", "_!_"):
            cells = {line.rstrip("\r\n").count(separator) + 1 for line in first}
            if len(first) > 1 and len(cells) == 1 and cells != {1}:
                raise DataError(
                    "{file} is no list of texts: each line has {count} cells, separated by {separator!r}. Save it with "
                    "tabs between the cells and names of columns above them, as .tsv.",
                    file=self.name,
                    count=cells.pop(),
                    separator=separator,
                )
        yield from (clean(line) for line in chain(first, rest) if not is_blank(line))

    def _records(self, lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Objects, one a line or, in a .json file, in one array."""
        if self.ending == ".json" and (array := self._array) is not None:
            for row, value in enumerate(array, 1):
                if not isinstance(value, dict):
                    raise DataError("{file}, row {row}: not a JSON object.", file=self.name, row=row)
                yield row, value
        else:
            yield from json_records(lines, self.name)

    def _strings(self) -> list[str] | None:
        """The texts of a JSON array of texts; None where it holds something else."""
        array = self._array
        return array if array and isinstance(array[0], str) else None

    @cached_property
    def _array(self) -> list[Any] | None:
        """What a .json file holds, if it is not one object a line; read once."""
        first = next((line for line in self.lines() if line.strip()), "").strip()
        if first.startswith("{") and first.endswith("}"):
            return None
        if isinstance(self.content, Path) and self.content.stat().st_size > limits().max_file_megabytes * 1_000_000:
            raise DataError(
                "{file} is too large for one JSON array: write one object a line, as .jsonl.", file=self.name
            )
        return json_values("".join(self.lines()), self.name)

    def _binary(self) -> Path | BinaryIO:
        return BytesIO(self.content) if isinstance(self.content, bytes) else self.content


def check_file(path: Path) -> None:
    """See that a path leads to a file that can be read more than once.

    Raises:
        DataError: it leads to none, to a folder, or to a device.
    """
    if path.is_dir():
        raise DataError("{file} is a folder. Name a file in it.", file=path)
    if path.exists() and not path.is_file():
        raise DataError("{file} is a device, not a file. Save its output to a file first.", file=path)
    if not path.exists():
        raise DataError("There is no file {file}.", file=path)


@dataclass
class OpenLines:
    """The lines of a file on the disk, and how far they are read."""

    file: File

    def __enter__(self) -> "OpenLines":
        assert isinstance(self.file.content, Path)
        self._size = max(self.file.content.stat().st_size, 1)
        self._text = open_text(self.file.content, self.file.encoding)
        return self

    def __exit__(self, *_error: object) -> None:
        self._text.close()

    def __iter__(self) -> Iterator[str]:
        return sound_lines(self._text, self.file.name)

    def share(self) -> float:
        """How much has been read, 0 to 1."""
        return cast(BinaryIO, self._text.buffer).tell() / self._size
