"""Files to texts and data sets. Every complaint names the file, the row and what would be right."""

import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from simcse_core.data.columns import proposal, renamed
from simcse_core.data.decoding import decode
from simcse_core.data.kinds import KINDS, Dataset, Labelled, Texts
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


def read_data(path: Path | str, columns: Mapping[str, str] | None = None) -> Dataset:
    """A data set from a table or a text file; its kind is recognised by its columns.

    Args:
        path: of the file.
        columns: where names differ, our column -> the file's: {"text": "utterance", "label": "intent"}.

    Raises:
        DataError: the file does not exist, is too large, is no table, lacks a column, or a cell does not fit.
        OptionError: no kind of data has a column that is to be mapped.
    """
    return data_from_bytes(_bytes(Path(path)), Path(path).name, columns)


def data_from_bytes(content: bytes, name: str, columns: Mapping[str, str] | None = None) -> Dataset:
    """As `read_data`, for the content of an uploaded file."""
    if not name.lower().endswith(TABLE_ENDINGS):
        if columns:
            raise DataError("{file} is a text file: it has no columns to choose from.", file=name)
        return Texts(name, texts_from_bytes(content, name))
    return data_from_table(_table(content, name), name, columns)


def data_from_table(table: Table, name: str, columns: Mapping[str, str] | None = None) -> Dataset:
    """As `read_data`, for a table that is open; `name` is what messages call it."""
    rows = _not_too_many(table.rows, name)
    named = Table(renamed(table.columns, columns or {}, name), rows, classes=table.classes)
    mapped = {column.strip().lower() for column in columns or {}}
    for kind in KINDS.values():
        if mapped <= set(kind.columns) <= set(named.columns):
            return _from_table(kind, named, name)
    raise _no_kind(table.columns, mapped, name)


def table_columns(content: bytes, name: str) -> list[str]:
    """The names of a table's columns, in lower case, to choose from where they are not ours; a text file has none.

    Raises:
        DataError: the table cannot be read.
    """
    return _table(content, name).columns if name.lower().endswith(TABLE_ENDINGS) else []


def _no_kind(given: Sequence[str], mapped: Iterable[str], name: str) -> DataError:
    values = {
        "file": name,
        "given": ", ".join(given)[:200],
        "accepted": "; ".join(", ".join(kind.columns) for kind in reversed(KINDS.values())),
    }
    if mapped:
        return DataError(
            "{file} has the columns {given}: with {mapped} mapped they make no data. Complete one of: {accepted}.",
            mapped=", ".join(sorted(mapped)),
            **values,
        )
    if mapping := proposal(given):
        return DataError(
            "{file} has the columns {given}. Name them in the first row as one of: {accepted}; or map them: {mapping}.",
            mapping=mapping,
            **values,
        )
    return DataError(
        "{file} has the columns {given}. Name them in the first row as one of: {accepted}.",
        **values,
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
    return Table(table.columns, _not_too_many(table.rows, name), classes=table.classes)


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

    return kind(name, *(column(of, *_conversion(kind, of, table.classes.get(places[of]))) for of in kind.columns))


def _conversion(
    kind: type[Dataset], column: str, classes: Sequence[str] | None = None
) -> tuple[Callable[[str], Any], str]:
    """How a cell is read, and what it has to be."""
    if column == "label" and kind is Labelled and classes:
        names = {str(number): name for number, name in enumerate(classes)}
        return lambda text: _named(text, names), f"the number of a class, 0 to {len(classes) - 1}"
    if column == "score":
        return _number, "a number"
    if column == "label" and kind is not Labelled:
        return _zero_or_one, "0 or 1"
    return str, ""


def _named(number: str, names: Mapping[str, str]) -> str:
    if number not in names:
        raise ValueError(number)
    return names[number]


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
