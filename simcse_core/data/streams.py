"""Texts of a file of any size, one after the other: as strict as `readers`, but never the whole file in memory."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from simcse_core.data.decoding import open_text, sound_lines
from simcse_core.data.readers import TABLE_ENDINGS, split_lines
from simcse_core.data.tables import Table, cell_text, json_records, parquet_table, separated
from simcse_core.errors import DataError
from simcse_core.limits import check_length, limits

COLUMN = "text"


class TextStream:
    """The texts of an open file. They can be taken once.

    Args:
        texts: one after the other.
        share: how much of the file has been read, 0 to 1.
    """

    def __init__(self, texts: Iterator[str], share: Callable[[], float]) -> None:
        self._texts = texts
        self._share = share
        self.taken = 0
        """How many texts have been taken so far."""

    def __iter__(self) -> Iterator[str]:
        longest = limits().max_text_characters
        for text in self._texts:
            self.taken += 1
            check_length(text, self.taken, longest)
            yield text

    @property
    def expected(self) -> int | None:
        """About how many texts there are, judged by the share of the file that has been read; None before the first."""
        share = self._share()
        return round(self.taken / share) if self.taken and share else None


@contextmanager
def open_texts(path: Path | str) -> Iterator[TextStream]:
    """The texts of a text file, or the column `text` of a table, of any size.

    A mistake in the file shows when its row is reached.

    Yields:
        What to iterate over: the same texts that `read_texts` gives. The limits of files and tables do not hold, the
        limit of one text does.

    Raises:
        DataError: the file does not exist, is empty, is no text, or a table without the column; or a row is broken.
        InputError: a text is longer than allowed.

    Example:
        >>> with open_texts("reviews.jsonl") as texts:
        ...     encode_stream(SimCSE.load("minilm"), texts, "reviews.npy")
    """
    path = Path(path)
    if not path.is_file():
        raise DataError("There is no file {file}.", file=path)
    ending = path.suffix.lower()
    if ending == ".parquet":
        table = parquet_table(path, path.name, only=COLUMN)
        stream = TextStream(_of_parquet(table, path.name), lambda: stream.taken / (table.count or 1))
        yield stream
    else:
        size = max(path.stat().st_size, 1)
        with open_text(path, newline="\n" if ending == ".jsonl" else "") as file:
            lines, buffer = sound_lines(file, path.name), cast(BinaryIO, file.buffer)
            yield TextStream(_of_lines(lines, ending, path.name), lambda: buffer.tell() / size)


def _of_parquet(table: Table, name: str) -> Iterator[str]:
    _place(table, name)
    yield from _of_cells(((row, cell) for row, (cell,) in table.rows), name)


def _of_lines(lines: Iterable[str], ending: str, name: str) -> Iterator[str]:
    if ending == ".jsonl":
        yield from _of_cells(_json_cells(lines, name), name)
    elif ending in TABLE_ENDINGS:
        table = separated(lines, ending, name)
        place = _place(table, name)
        yield from _of_cells(((row, cells[place]) for row, cells in table.rows), name)
    else:
        text = None
        for line in lines:
            for text in split_lines(line):
                yield text
        if text is None:
            raise DataError("{file} is empty: it needs at least one line of text.", file=name)


def _json_cells(lines: Iterable[str], name: str) -> Iterator[tuple[int, Any]]:
    is_first = True
    for row, record in json_records(lines, name):
        if is_first and COLUMN not in record:
            raise _no_column(record, name)
        is_first = False
        yield row, record.get(COLUMN)


def _of_cells(cells: Iterable[tuple[int, Any]], name: str) -> Iterator[str]:
    row = None
    for row, cell in cells:
        yield cell_text(cell, row, COLUMN, name)
    if row is None:
        raise DataError("{file} has no rows.", file=name)


def _place(table: Table, name: str) -> int:
    if COLUMN not in table.columns:
        raise _no_column(table.columns, name)
    return table.place(COLUMN, name)


def _no_column(columns: Iterable[str], name: str) -> DataError:
    return DataError(
        "{file} has no column 'text': its columns are {columns}.", file=name, columns=", ".join(columns)[:200]
    )
