"""A file that is read, in memory or on the disk: its lines, its table, its texts. One way for both."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, BinaryIO, cast

from simcse_core.data.cells import cell_text, cell_value, is_blank
from simcse_core.data.decoding import decode, open_text, sound_lines
from simcse_core.data.tables import (
    Table,
    comma_separated,
    excel_table,
    json_records,
    json_values,
    parquet_table,
    records_table,
    sheets,
    tab_separated,
)
from simcse_core.errors import DataError
from simcse_core.limits import limits

TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx")
TEXT_ENDINGS = (".txt", ".text", ".md")

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
        if self.ending not in TABLE_ENDINGS + TEXT_ENDINGS:
            raise DataError(
                "{file} ends in none of {endings}, so how to read it is not known. Rename it if it is one of them: "
                ".txt, .text and .md hold one text a line.",
                file=self.name,
                endings=", ".join(TABLE_ENDINGS + TEXT_ENDINGS),
            )

    @property
    def ending(self) -> str:
        """In lower case, with its dot."""
        return Path(self.name.lower()).suffix

    @property
    def is_table(self) -> bool:
        """Whether its cells stand in columns; else each line is a text."""
        return self.ending in TABLE_ENDINGS

    def sheets(self) -> list[str]:
        """The names of a workbook's sheets; none for other files. Errors as for `tables.sheets`."""
        return sheets(self._binary(), self.name) if self.ending == ".xlsx" else []

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

    def table(self, only: str | None = None, lines: Iterator[str] | None = None) -> Table:
        """The table in it.

        Args:
            only: rows may hold nothing but the cell of this column, which is quicker.
            lines: of the file, where it is open already.

        Raises:
            DataError: it cannot be read, or lacks this column; mistakes in a row show when it is reached.
        """
        match self.ending:
            case ".parquet":
                return parquet_table(self._binary(), self.name, only)
            case ".xlsx":
                return excel_table(self._binary(), self.name, self.sheet)
            case ".tsv":
                return tab_separated(lines or self.lines(), self.name)
            case ".csv":
                return comma_separated(lines or self.lines(), self.name)
            case _:
                return records_table(self._records(lines or self.lines()), self.name, only)

    def texts(self, lines: Iterator[str] | None = None) -> Iterator[str]:
        """Its texts one after the other: its lines that are not blank, or the cells of the column `text`.

        Args:
            lines: as for `table`.

        Raises:
            DataError: as for `table`; or there are none.
        """
        empty = "{file} has no rows." if self.is_table else "{file} is empty: it needs at least one line of text."
        text = None
        for text in self._texts(lines):
            yield text
        if text is None:
            raise DataError(empty, file=self.name)

    def lines(self) -> Iterator[str]:
        """Its lines with their ends: CR, LF or CRLF."""
        if isinstance(self.content, bytes):
            yield from StringIO(decode(self.content, self.name, self.encoding), newline="")
        else:
            with open_text(self.content, self.encoding) as text:
                yield from sound_lines(text, self.name)

    def _texts(self, lines: Iterator[str] | None) -> Iterator[str]:
        if not self.is_table:
            yield from (line.strip() for line in lines or self.lines() if not is_blank(line))
        elif self.ending == ".json" and (values := self._strings()) is not None:
            yield from (cell_text(value, row, TEXT, self.name) for row, value in enumerate(values, 1))
        else:
            table = self.table(TEXT, lines)
            place = table.place(TEXT, self.name)
            yield from (cell_text(cells[place], row, TEXT, self.name) for row, cells in table.rows)

    def _records(self, lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """Objects, one a line or, in a .json file, in one array."""
        if self.ending == ".json" and (array := self._array()) is not None:
            for row, value in enumerate(array, 1):
                if not isinstance(value, dict):
                    raise DataError("{file}, row {row}: not a JSON object.", file=self.name, row=row)
                yield row, value
        else:
            yield from json_records(lines, self.name)

    def _strings(self) -> list[str] | None:
        """The texts of a JSON array of texts; None where it holds something else."""
        array = self._array()
        return array if array and all(isinstance(value, str) for value in array) else None

    def _array(self) -> list[Any] | None:
        """What a .json file holds, if it is not one object a line."""
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
