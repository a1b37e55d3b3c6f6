"""Files to texts and tables. Every complaint names the file, the row and what would be right."""

import io
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.data.kinds import KINDS, Dataset, Labelled, Pairs, Scored, Texts
from simcse_core.errors import DataError
from simcse_core.limits import limits

if TYPE_CHECKING:
    from pandas import DataFrame

TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")
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
            raise DataError("{file} has no column 'text': its columns are {columns}.", file=name, columns=data.columns)
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
    if not len(table):
        raise DataError("{file} has no rows.", file=name)
    if len(table) > limits().max_table_rows:
        raise DataError(
            "{file} has {given:,} rows: the limit is {most:,} (SIMCSE_MAX_TABLE_ROWS). Take a sample of them.",
            file=name,
            given=len(table),
            most=limits().max_table_rows,
        )
    for kind in KINDS.values():
        if set(kind.columns) <= set(table.columns):
            return _from_table(kind, table, name)
    raise DataError(
        "{file} has the columns {given}. Name them in the first row as one of: {accepted}.",
        file=name,
        given=", ".join(str(column) for column in table.columns)[:200],
        accepted="; ".join(", ".join(kind.columns) for kind in reversed(KINDS.values())),
    )


def decode(content: bytes, name: str) -> str:
    """Bytes as text: UTF-8, UTF-16 with its mark, or GBK.

    Raises:
        DataError: it is none of these, so probably no text at all.
    """
    utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(unicodedata.category(character) == "Cc" and character not in "\t\n\r\f\v\x85" for character in text):
            return text
    raise DataError("{file} is not a text file. Save it as text in UTF-8 (UTF-16 and GBK are read too).", file=name)


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


def _table(content: bytes, name: str) -> "DataFrame":
    """A table with every cell as text; column names in lower case."""
    import pandas as pd

    ending = Path(name.lower()).suffix
    try:
        if ending == ".parquet":
            table = pd.read_parquet(io.BytesIO(content))
        elif ending == ".jsonl":
            table = pd.DataFrame(_json_lines(decode(content, name), name))
        else:
            text = decode(content, name)
            table = pd.read_csv(io.StringIO(text), sep=_separator(text, ending), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError("{file} is not a table that can be read: {reason}", file=name, reason=reason) from error
    return table.rename(columns=lambda column: str(column).strip().lower())


def _separator(text: str, ending: str) -> str:
    if ending == ".tsv":
        return "\t"
    header = text.partition("\n")[0]
    return max(",;\t", key=header.count)  # spreadsheets of some countries write ';'


def _json_lines(text: str, name: str) -> list[dict[str, Any]]:
    records = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                record = json.loads(line)
            except ValueError:
                record = None
            if not isinstance(record, dict):
                raise DataError("{file}, line {row}: not a JSON object.", file=name, row=number)
            records.append(record)
    return records


def _from_table(kind: type[Dataset], table: "DataFrame", name: str) -> Dataset:
    def column(of: str, convert: Callable[[str], Any], wanted: str) -> tuple[Any, ...]:
        values = []
        for row, cell in enumerate(table[of], 2):  # row 1 is the header, as in a spreadsheet
            text = "" if cell is None or cell != cell else str(cell).strip()
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
