"""Tables as they stand in a file, row by row; the same for a whole file and for one that is too large for memory."""

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from simcse_core.data.cells import Unreadable
from simcse_core.data.kinds import normalised
from simcse_core.errors import DataError, OptionError
from simcse_core.limits import limits
from simcse_core.numerals import whole_number

if TYPE_CHECKING:
    from pyarrow import Array
    from python_calamine import CalamineWorkbook

Row = tuple[int, list[Any]]
"""Line in the file, as an editor or a spreadsheet counts it, and the cells."""

_PARQUET_BUFFER = 1_000_000
"""Bytes. Without a buffer, or with one made beforehand, a whole column of a row group is read at once."""

_EXCEL_GROWTH = 20
"""A workbook is packed; one that is so many times as large as a file may be would fill the memory."""


@dataclass(frozen=True)
class Table:
    """Cells as they stand in the file."""

    columns: list[str]
    """As they are written, trimmed."""
    rows: Iterable[Row]
    count: int | None = None
    """How many rows there are, if the file says it beforehand."""
    classes: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """By place of a column that holds numbers of classes: their names."""

    def has(self, column: str) -> bool:
        """Whether there is a column of this name, in any case."""
        return normalised(column) in map(normalised, self.columns)

    def place(self, column: str, name: str) -> int:
        """Where a column stands; its name counts in any case.

        Raises:
            DataError: it is not there, or more than once.
        """
        names = [normalised(other) for other in self.columns]
        if (count := names.count(normalised(column))) == 1:
            return names.index(normalised(column))
        if count:
            raise DataError("{file} has the column {column!r} more than once.", file=name, column=column)
        raise DataError(
            "{file} has no column {given!r}: its columns are {columns}.",
            file=name,
            given=column,
            columns=", ".join(self.columns)[:200],
        )


def json_records(lines: Iterable[str], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a JSONL file with their lines.

    Raises:
        DataError: a line is no JSON object.
    """
    for row, line in enumerate(lines, 1):
        if line.strip():
            yield row, _record(_parsed(line, name, row), name, row)


def json_values(text: str, name: str) -> list[Any]:
    """The values of a JSON array.

    Raises:
        DataError: it is no array.
    """
    values = _parsed(text, name, 1)
    if not isinstance(values, list):
        raise DataError(
            "{file} is no JSON array. Make it an array of objects, one a row, or write one object a line.",
            file=name,
        )
    return values


def records_table(
    records: Iterable[tuple[int, dict[str, Any]]], name: str, only: str | None = None, most: int | None = None
) -> Table:
    """Objects as a table.

    Args:
        records: row and object; all are taken at once, one more than may be, unless `only` one column is wanted.
        name: of the file, for messages.
        only: rows hold nothing but the cell of this column.
        most: rows that are wanted, where not all are.

    Raises:
        DataError: the first object does not have this column; while they are read, one has it twice.
    """
    if only is None:
        read = list(islice(records, most or limits().max_table_rows + 1))  # too many are not waited for
        columns = list(dict.fromkeys(key for _row, record in read for key in record))
        return Table(columns, [(row, [record.get(key) for key in columns]) for row, record in read])
    rest = iter(records)
    first = next(rest, None)
    if first is None:
        return Table([only], [])
    Table(list(first[1]), []).place(only, name)

    @lru_cache(maxsize=64)  # most objects have the same names
    def key(names: tuple[str, ...]) -> str:
        there = Table(list(names), [])
        return names[there.place(only, name)] if there.has(only) else only

    return Table([only], ((row, [record.get(key(tuple(record)))]) for row, record in chain([first], rest)))


def parquet_table(source: Path | BinaryIO, name: str, only: str | None = None) -> Table:
    """A Parquet file; little of it is in memory at once.

    Args:
        source: the file.
        name: of the file, for messages.
        only: rows hold nothing but the cell of this column, which counts in any case.

    Raises:
        DataError: it is none, or it is damaged; the damage may show while the rows are read.
    """
    from pyarrow import parquet

    with _readable(name):
        file = parquet.ParquetFile(source, buffer_size=_PARQUET_BUFFER, pre_buffer=False)
        written = [str(column) for column in file.schema_arrow.names]
        classes = _class_names(file.schema_arrow.metadata or {})
    columns = [column.strip() for column in written]
    wanted = None if only is None else [written[Table(columns, []).place(only, name)]]

    def rows() -> Iterator[Row]:
        number = 0
        with _readable(name), file:
            for batch in file.iter_batches(1_000, columns=wanted):
                for cells in zip(*map(_values, batch.columns), strict=True):
                    number += 1
                    yield number, list(cells)

    named = {place: classes[column] for place, column in enumerate(written) if column in classes}
    return Table(columns if only is None else [only], rows(), int(file.metadata.num_rows), named)


def sheets(source: Path | BinaryIO, name: str) -> list[str]:
    """The names of a workbook's sheets.

    Raises:
        DataError: it is no workbook that can be read.
    """
    with _workbook(source, name) as book:
        visible = [sheet.name for sheet in book.sheets_metadata if str(sheet.visible).endswith(".Visible")]
        return visible or list(book.sheet_names)


def sheet_named(source: Path | BinaryIO, name: str, sheet: str = "") -> str:
    """The sheet that is meant by its name, hidden or not, or by its number among the visible ones, from 1.

    Raises:
        DataError: it is no workbook.
        OptionError: there is no such sheet.
    """
    visible = sheets(source, name)
    with _workbook(source, name) as book:
        if sheet in book.sheet_names:
            return sheet
    place = (whole_number(sheet) or 0) - 1 if sheet else 0
    if not 0 <= place < len(visible):
        raise OptionError(
            "{file} has no sheet {given!r}. Name one of: {choices}.",
            file=name,
            given=sheet,
            choices=", ".join(visible)[:200],
        )
    return visible[place]


def excel_table(source: Path | BinaryIO, name: str, sheet: str = "") -> Table:
    """A sheet of an Excel workbook (.xlsx); a cell with a formula holds what it came to.

    Args:
        source: the file.
        name: of the file, for messages.
        sheet: as for `sheet_named`; "" for the first that is visible.

    Raises:
        DataError: it is no workbook, or the sheet is empty.
        OptionError: there is no such sheet.
    """
    named = sheet_named(source, name, sheet)
    with _workbook(source, name) as book:
        page = book.get_sheet_by_name(named)
        start = (page.start or (0, 0))[0] + 1
        cells = page.to_python()
    rows = (
        (start + offset, [_whole(cell) for cell in row])
        for offset, row in enumerate(cells)
        if any(c != "" for c in row)
    )
    return headed(rows, name)


def _values(column: "Array[Any]") -> list[Any]:
    """The cells of a column; what Python has no value for (a date in the year 20,000) hinders no other column."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return [Unreadable("text that is not in UTF-8")] * len(column)
    except (OverflowError, ValueError, LookupError) as error:
        return [Unreadable(str(error).strip().partition("\n")[0])] * len(column)


def _whole(cell: object) -> object:
    """A spreadsheet has no whole numbers: 1 comes as 1.0."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def _check_unpacked_size(source: Path | BinaryIO, name: str) -> None:
    most = _EXCEL_GROWTH * limits().max_file_megabytes * 1_000_000
    try:
        with zipfile.ZipFile(source) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        if _beginning(source).startswith(_OLD_OFFICE):
            raise DataError(
                "{file} is an old Excel workbook, or one with a password. Save it as .xlsx without one.", file=name
            ) from error
        raise DataError("{file} is not a table that can be read: {reason}", file=name, reason=error) from error
    if size > most:
        raise DataError(
            "{file} is too large when unpacked: the limit is {most:,} MB, {times} times SIMCSE_MAX_FILE_MEGABYTES.",
            file=name,
            most=most // 1_000_000,
            times=_EXCEL_GROWTH,
        )


_OLD_OFFICE = b"\xd0\xcf\x11\xe0"


def _beginning(source: Path | BinaryIO) -> bytes:
    if isinstance(source, Path):
        with source.open("rb") as file:
            return file.read(4)
    source.seek(0)
    return source.read(4)


def headed(rows: Iterator[Row], name: str, *, has_quotes: bool = True) -> Table:
    """A table whose first row names the columns.

    Args:
        rows: of the file, the names first.
        name: of the file, for messages.
        has_quotes: whether a text in quotes may contain the separator.

    Raises:
        DataError: there is no row; while the rows are read, one has other cells.
    """
    _line, columns = next(rows, (1, []))
    if not columns:
        raise DataError("{file} is empty: the first row has to name the columns.", file=name)
    return Table([str(cell).strip() for cell in columns], _even(rows, len(columns), name, has_quotes=has_quotes))


def _even(rows: Iterable[Row], width: int, name: str, *, has_quotes: bool) -> Iterator[Row]:
    for line, cells in rows:
        if len(cells) != width and has_quotes:
            raise DataError(
                "{file}, row {row}: {given} cells, but the first row names {wanted} columns. "
                "Put a text that contains the separator in double quotes.",
                file=name,
                row=line,
                given=len(cells),
                wanted=width,
            )
        if len(cells) != width:
            raise DataError(
                "{file}, row {row}: {given} cells, but the first row names {wanted} columns. "
                "A text cannot contain a tab in a TSV file: save it as .csv.",
                file=name,
                row=line,
                given=len(cells),
                wanted=width,
            )
        yield line, cells


def _parsed(text: str, name: str, row: int) -> object:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for key, value in ((key.strip(), value) for key, value in pairs):
            if key in record:
                raise DataError(
                    "{file}, row {row}: the name {given!r} stands twice in an object.", file=name, row=row, given=key
                )
            record[key] = value
        return record

    try:
        return json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise DataError(
            "{file}, row {row}: not JSON ({reason}, at letter {place}).",
            file=name,
            row=row + error.lineno - 1,
            reason=error.msg,
            place=error.colno,
        ) from error
    except (ValueError, RecursionError) as error:
        raise DataError("{file}, row {row}: not JSON that can be read.", file=name, row=row) from error


def _record(value: object, name: str, row: int) -> dict[str, Any]:
    if isinstance(value, list):
        raise DataError(
            "{file}, row {row}: a JSON array, where an object belongs. A file that is one array is named .json.",
            file=name,
            row=row,
        )
    if not isinstance(value, dict):
        raise DataError("{file}, row {row}: not a JSON object.", file=name, row=row)
    return value


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, tuple[str, ...]]:
    """The names of classes by column, where the library `datasets` wrote the file and knew them."""
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"].items()
        return {
            str(column): tuple(str(name) for name in feature["names"])
            for column, feature in features
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


@contextmanager
def _readable(name: str) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError("{file} holds text that is not in UTF-8. Save it anew from what made it.", file=name) from error
    except (pyarrow.ArrowException, OSError, OverflowError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError("{file} is not a table that can be read: {reason}", file=name, reason=reason) from error


@contextmanager
def _workbook(source: Path | BinaryIO, name: str) -> "Iterator[CalamineWorkbook]":
    import python_calamine

    _check_unpacked_size(source, name)
    try:
        if not isinstance(source, Path):
            source.seek(0)
        yield python_calamine.load_workbook(source)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError("{file} is not a table that can be read: {reason}", file=name, reason=reason) from error
