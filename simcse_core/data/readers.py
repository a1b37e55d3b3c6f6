"""Files to texts and data sets. Every complaint names the file, the row and what would be right."""

import io
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from simcse_core.data.decoding import decode
from simcse_core.data.kinds import KINDS, Dataset, Labelled, Pairs, Scored, Texts
from simcse_core.data.tables import Table, cell_text, json_records, parquet_table, separated
from simcse_core.errors import DataError
from simcse_core.limits import limits

TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
TEXT_ENDINGS = (".txt", ".text", ".md")

T = TypeVar("T")


def split_lines(text: str) -> list[str]:
    """One text a line, trimmed; blank lines are dropped, duplicates kept."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def read_texts(path: Path | str) -> list[str]:
    """The texts of a text file, or the column `text` of a table.

    Raises:
        DataError: the file does not exist, is too large, is no text, or a table without the column.
    """
    return list(texts_from_bytes(_bytes(Path(path)), Path(path).name))


def texts_from_bytes(content: bytes, name: str) -> tuple[str, ...]:
    """As `read_texts`, for the content of an uploaded file."""
    if name.lower().endswith(TABLE_ENDINGS):
        data = data_from_bytes(content, name)
        if not isinstance(data, Texts | Labelled):
            raise DataError(
                "{file} has no column 'text': its columns are {columns}.", file=name, columns=", ".join(data.columns)
            )
        return data.text
    lines = tuple(split_lines(decode(content, name)))
    if not lines:
        raise DataError("{file} is empty: it needs at least one line of text.", file=name)
    return lines


def read_data(path: Path | str) -> Dataset:
    """A data set from a table or a text file; its kind is recognised by its columns.

    Raises:
        DataError: the file does not exist, is too large, is no table, or a cell does not fit its column.
    """
    return data_from_bytes(_bytes(Path(path)), Path(path).name)


def data_from_bytes(content: bytes, name: str) -> Dataset:
    """As `read_data`, for the content of an uploaded file."""
    if not name.lower().endswith(TABLE_ENDINGS):
        return Texts(name, texts_from_bytes(content, name))
    table = _table(content, name)
    for kind in KINDS.values():
        if set(kind.columns) <= set(table.columns):
            return _from_table(kind, table, name)
    raise DataError(
        "{file} has the columns {given}. Name them in the first row as one of: {accepted}.",
        file=name,
        given=", ".join(table.columns)[:200],
        accepted="; ".join(", ".join(kind.columns) for kind in reversed(KINDS.values())),
    )


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DataError("There is no file {file}.", file=path)
    megabytes = path.stat().st_size / 1e6
    if megabytes > limits().max_file_megabytes:
        raise DataError(
            "{file} has {given:.0f} MB: the limit is {most} MB (SIMCSE_MAX_FILE_MEGABYTES).",
            file=path.name,
            given=megabytes,
            most=limits().max_file_megabytes,
        )
    return path.read_bytes()


def _table(content: bytes, name: str) -> Table:
    """The whole table. Rows are counted while they are read: too many of them are not waited for."""
    ending = Path(name.lower()).suffix
    if ending == ".jsonl":  # a line ends at "\n" only: a string may hold other separators
        lines = io.StringIO(decode(content, name), newline="\n")
        return _of_records(_not_too_many(json_records(lines, name), name))
    if ending == ".parquet":
        table = parquet_table(io.BytesIO(content), name)
    else:
        table = separated(io.StringIO(decode(content, name), newline=""), ending, name)
    return Table(table.columns, _not_too_many(table.rows, name))


def _of_records(records: Sequence[tuple[int, dict[str, Any]]]) -> Table:
    columns = list(dict.fromkeys(key for _number, record in records for key in record))
    return Table(columns, [(number, [record.get(key) for key in columns]) for number, record in records])


def _not_too_many(rows: Iterable[T], name: str) -> list[T]:
    most = limits().max_table_rows
    read = list(islice(rows, most + 1))
    if not read:
        raise DataError("{file} has no rows.", file=name)
    if len(read) > most:
        raise DataError(
            "{file} has more than {most:,} rows, which is the limit (SIMCSE_MAX_TABLE_ROWS). Take a sample of them.",
            file=name,
            most=most,
        )
    return read


def _from_table(kind: type[Dataset], table: Table, name: str) -> Dataset:
    places = {needed: table.place(needed, name) for needed in kind.columns}

    def column(of: str, convert: Callable[[str], Any], wanted: str) -> tuple[Any, ...]:
        values = []
        for row, cells in table.rows:
            text = cell_text(cells[places[of]], row, of, name)
            try:
                values.append(convert(text))
            except ValueError:
                raise DataError(
                    "{file}, row {row}: {column} {given!r} is not {wanted}. Leave the row out or correct it.",
                    file=name,
                    row=row,
                    column=of,
                    given=text[:60],
                    wanted=wanted,
                ) from None
        return tuple(values)

    if kind is Scored:
        return Scored(
            name, column("sentence1", str, ""), column("sentence2", str, ""), column("score", _number, "a number")
        )
    if kind is Pairs:
        return Pairs(
            name, column("sentence1", str, ""), column("sentence2", str, ""), column("label", _zero_or_one, "0 or 1")
        )
    if kind is Labelled:
        return Labelled(name, column("text", str, ""), column("label", str, ""))
    return Texts(name, column("text", str, ""))


def _number(text: str) -> float:
    number = float(text)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError(text)
    return number


def _zero_or_one(text: str) -> int:
    number = float(text)
    if number not in (0.0, 1.0):
        raise ValueError(text)
    return int(number)
