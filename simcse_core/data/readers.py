"""Files to texts and tables. Every complaint names the file, the row and what would be right."""

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcse_core.data.kinds import KINDS, Dataset, Labelled, Pairs, Scored, Texts
from simcse_core.errors import DataError
from simcse_core.limits import limits

TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
TEXT_ENDINGS = (".txt", ".text", ".md")


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
    if not table.rows:
        raise DataError("{file} has no rows.", file=name)
    if len(table.rows) > limits().max_table_rows:
        raise DataError(
            "{file} has {given:,} rows: the limit is {most:,} (SIMCSE_MAX_TABLE_ROWS). Take a sample of them.",
            file=name,
            given=len(table.rows),
            most=limits().max_table_rows,
        )
    for kind in KINDS.values():
        if set(kind.columns) <= set(table.columns):
            return _from_table(kind, table, name)
    raise DataError(
        "{file} has the columns {given}. Name them in the first row as one of: {accepted}.",
        file=name,
        given=", ".join(table.columns)[:200],
        accepted="; ".join(", ".join(kind.columns) for kind in reversed(KINDS.values())),
    )


def decode(content: bytes, name: str) -> str:
    """Bytes as text: UTF-8, UTF-16 with its mark, or GBK.

    Raises:
        DataError: it is none of these: another encoding, or no text at all.
    """
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        binary = len(_CONTROL.findall(text)) > 0.01 * len(text) or "\0" in text
        if not binary and (encoding != "gb18030" or _is_everyday_chinese(text)):
            return text
    raise DataError("{file} is not a text file. Save it as text in UTF-8 (UTF-16 and GBK are read too).", file=name)


def _is_everyday_chinese(text: str) -> bool:
    """Whether nearly all letters beyond ASCII are of GB 2312, as in any Chinese text.

    Western European text decodes as GBK too, but into rare characters: 'Müller' becomes 'M黮ler'.
    """
    letters = [letter for letter in text if not letter.isascii()]
    everyday = sum(len(letter.encode("gb2312", "ignore")) > 0 for letter in letters)
    return everyday >= 0.9 * len(letters)


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


@dataclass(frozen=True)
class _Table:
    """Cells as they stand in the file."""

    columns: list[str]
    """In lower case, trimmed."""
    rows: list[tuple[int, list[Any]]]
    """Line in the file, as an editor or a spreadsheet counts it, and the cells."""


def _table(content: bytes, name: str) -> _Table:
    ending = Path(name.lower()).suffix
    if ending == ".parquet":
        return _parquet(content, name)
    text = decode(content, name)
    return _json_lines(text, name) if ending == ".jsonl" else _separated(text, ending, name)


def _separated(text: str, ending: str, name: str) -> _Table:
    csv.field_size_limit(limits().max_file_megabytes * 1_000_000)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text, ending), strict=True)
    columns: list[str] = []
    rows = []
    line = 1
    try:
        for cells in reader:
            if not columns:
                columns = [cell.strip().lower() for cell in cells]
            elif cells:
                if len(cells) != len(columns):
                    raise DataError(
                        "{file}, row {row}: {given} cells, but the first row names {wanted} columns. "
                        "Put a text that contains the separator in double quotes.",
                        file=name,
                        row=line,
                        given=len(cells),
                        wanted=len(columns),
                    )
                rows.append((line, list[Any](cells)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError("{file}, row {row}: {reason}.", file=name, row=line, reason=error) from error
    if not columns:
        raise DataError("{file} is empty: the first row has to name the columns.", file=name)
    return _Table(columns, rows)


def _parquet(content: bytes, name: str) -> _Table:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(io.BytesIO(content))
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError("{file} is not a table that can be read: {reason}", file=name, reason=reason) from error
    cells = zip(*(column.to_pylist() for column in table.columns), strict=True)
    names = [str(column).strip().lower() for column in table.column_names]
    return _Table(names, [(number, list(row)) for number, row in enumerate(cells, 1)])


def _json_lines(text: str, name: str) -> _Table:
    records: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(text.split("\n"), 1):  # splitlines would also split at separators inside a string
        if line.strip():
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if not isinstance(record, dict):
                raise DataError("{file}, row {row}: not a JSON object.", file=name, row=number)
            records.append((number, {str(key).strip().lower(): value for key, value in record.items()}))
    columns = list(dict.fromkeys(key for _number, record in records for key in record))
    return _Table(columns, [(number, [record.get(key) for key in columns]) for number, record in records])


def _separator(text: str, ending: str) -> str:
    if ending == ".tsv":
        return "\t"
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)  # spreadsheets of some countries write ';'


def _from_table(kind: type[Dataset], table: _Table, name: str) -> Dataset:
    for needed in kind.columns:
        if table.columns.count(needed) > 1:
            raise DataError("{file} has the column {column!r} more than once.", file=name, column=needed)

    def column(of: str, convert: Callable[[str], Any], wanted: str) -> tuple[Any, ...]:
        place = table.columns.index(of)
        values = []
        for row, cells in table.rows:
            cell = cells[place]
            text = str(cell).strip() if isinstance(cell, str | int | float) and cell == cell else ""
            if not text:
                raise DataError(
                    "{file}, row {row}: {column!r} is empty. Fill it in or leave the row out.",
                    file=name,
                    row=row,
                    column=of,
                )
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
