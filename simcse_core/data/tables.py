"""Tables as they stand in a file, row by row; the same for a whole file and for one that is too large for memory."""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from simcse_core.errors import DataError
from simcse_core.limits import limits

Row = tuple[int, list[Any]]
"""Line in the file, as an editor or a spreadsheet counts it, and the cells."""

_PARQUET_BUFFER = 1_000_000
"""Bytes. Without a buffer, or with one made beforehand, a whole column of a row group is read at once."""


@dataclass(frozen=True)
class Table:
    """Cells as they stand in the file."""

    columns: list[str]
    """In lower case, trimmed."""
    rows: Iterable[Row]
    count: int | None = None
    """How many rows there are, if the file says it beforehand."""
    classes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By place of a column that holds numbers of classes: their names."""

    def place(self, column: str, name: str) -> int:
        """Where a column stands.

        Raises:
            DataError: it is there more than once.
        """
        if self.columns.count(column) > 1:
            raise DataError("{file} has the column {column!r} more than once.", file=name, column=column)
        return self.columns.index(column)


def separated(lines: Iterable[str], ending: str, name: str) -> Table:
    """A CSV or TSV file. The first row names the columns, and every row has as many cells.

    Args:
        lines: of the file, with their ends.
        ending: of the file's name; ".tsv" is separated by tabs, others by what the first line has most.
        name: of the file, for messages.

    Raises:
        DataError: the file is empty; while the rows are read, one that has other cells or quotes that do not close.
    """
    csv.field_size_limit(limits().max_file_megabytes * 1_000_000)
    rest = iter(lines)
    header = next(rest, "")
    # Spreadsheets of some countries write ';'.
    separator = "\t" if ending == ".tsv" else max(",;\t", key=header.count)
    rows = _cells(chain([header], rest), separator, name)
    _line, columns = next(rows, (1, []))
    if not columns:
        raise DataError("{file} is empty: the first row has to name the columns.", file=name)
    return Table([cell.strip().lower() for cell in columns], _even(rows, len(columns), name))


def json_records(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL file with their lines; keys in lower case, trimmed.

    Raises:
        DataError: a line is no JSON object.
    """
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict):
                raise DataError("{file}, row {row}: not a JSON object.", file=name, row=number)
            yield number, {str(key).strip().lower(): value for key, value in record.items()}


def parquet_table(source: Path | BinaryIO, name: str, only: str | None = None) -> Table:
    """A Parquet file; little of it is in memory at once.

    Args:
        source: the file.
        name: of the file, for messages.
        only: rows hold nothing but the cell of this column.

    Raises:
        DataError: it is none, or it is damaged; the damage may show while the rows are read.
    """
    from pyarrow import parquet

    with _readable(name):
        file = parquet.ParquetFile(source, buffer_size=_PARQUET_BUFFER, pre_buffer=False)
        found = [str(column) for column in file.schema_arrow.names]
        classes = _class_names(file.schema_arrow.metadata or {})
    wanted = None if only is None else [column for column in found if column.strip().lower() == only]

    def rows() -> Iterator[Row]:
        number = 0
        with _readable(name), file:
            for batch in file.iter_batches(1_000, columns=wanted):
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield number, list(cells)

    named = {place: classes[column] for place, column in enumerate(found) if column in classes}
    return Table([column.strip().lower() for column in found], rows(), int(file.metadata.num_rows), named)


def cell_text(cell: object, row: int, column: str, name: str) -> str:
    """What stands in a cell, trimmed; a number as text.

    Raises:
        DataError: nothing stands there.
    """
    text = str(cell).strip() if isinstance(cell, str | int | float) and cell == cell else ""
    if not text:
        raise DataError(
            "{file}, row {row}: {column!r} is empty. Fill it in or leave the row out.",
            file=name,
            row=row,
            column=column,
        )
    return text


def _cells(lines: Iterator[str], separator: str, name: str) -> Iterator[Row]:
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, list[Any](cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError("{file}, row {row}: {reason}.", file=name, row=line, reason=error) from error


def _even(rows: Iterable[Row], width: int, name: str) -> Iterator[Row]:
    for line, cells in rows:
        if len(cells) != width:
            raise DataError(
                "{file}, row {row}: {given} cells, but the first row names {wanted} columns. "
                "Put a text that contains the separator in double quotes.",
                file=name,
                row=line,
                given=len(cells),
                wanted=width,
            )
        yield line, cells


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """The names of classes by column, where the library `datasets` wrote the file and knew them."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"].items()
        return {
            str(column): tuple(str(name) for name in feature["names"])
            for column, feature in features
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


@contextmanager
def _readable(name: str) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError("{file} is not a table that can be read: {reason}", file=name, reason=reason) from error
