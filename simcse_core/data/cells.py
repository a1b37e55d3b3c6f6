"""Values of cells: a text, a number, a match or none. Nothing is guessed."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from simcse_core.errors import DataError
from simcse_core.numerals import number

_LINE_END = re.compile(r"\r\n|\r|\n")

_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}", re.ASCII)

_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
"""Characters without a picture: control, format, fillers, variation selectors. White space is none of them."""

_SURROGATE = re.compile("[\ud800-\udfff]")

MATCH_WORDS = {
    **dict.fromkeys(("1", "true", "yes", "y", "t", "wahr", "ja", "vrai", "oui", "是", "真", "对"), 1),
    **dict.fromkeys(("0", "false", "no", "n", "f", "falsch", "nein", "faux", "non", "否", "假", "错"), 0),
}
"""What a label of pairs and answers may say, in any case; numbers may have decimals (1.0)."""


@dataclass(frozen=True)
class Unreadable:
    """Stands for the cells of a column that its file's reader cannot turn into values; others may do without it."""

    reason: str


def split_lines(text: str) -> list[str]:
    """One text a line, trimmed; blank lines are dropped, duplicates kept. A line ends at CR, LF or CRLF only."""
    return [line.strip() for line in _LINE_END.split(text) if not is_blank(line)]


def has_several_lines(text: str) -> bool:
    """Whether more than one line of a text has something to read."""
    return ("\n" in text or "\r" in text) and len(split_lines(text)) > 1


def in_one_line(text: str) -> str:
    """A text with its line ends turned into spaces, for what takes one text a line."""
    return " ".join(split_lines(text))


def visible(text: str) -> str:
    """A text without control, format and other invisible characters; white space stays.

    Example:
        >>> visible("caf\\u200be")
        'cafe'
    """
    return _INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """Whether a text has no visible character."""
    return not visible(text).strip()


def cell_text(cell: object, row: int, column: str, name: str) -> str:
    """What stands in a cell, trimmed; numbers and dates as text.

    Args:
        cell: as the file's reader gives it.
        row: of the file, for messages ...
        column: ... as is the column ...
        name: ... and the file.

    Raises:
        DataError: nothing that can be seen stands there, or something that is neither text nor number.
    """
    text = _text(cell)
    if isinstance(cell, Unreadable):
        raise DataError(
            "{file}, row {row}: {column!r} cannot be read: {reason}.",
            file=name,
            row=row,
            column=column,
            reason=cell.reason,
        )
    if text is None:
        raise _no_text(cell, row, column, name)
    if is_blank(text):
        raise DataError(
            "{file}, row {row}: {column!r} is empty. Fill it in or leave the row out.",
            file=name,
            row=row,
            column=column,
        )
    return clean(text)


def clean(text: str) -> str:
    """A text as it is kept: trimmed, without a byte order mark, and with U+FFFD for half of a letter (a surrogate)."""
    return without_halves(text.strip("\ufeff").strip())


def without_halves(text: str) -> str:
    """A text with U+FFFD for each lone surrogate, which no file and no tokenizer takes."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def cell_texts(cell: object, row: int, column: str, name: str) -> list[str]:
    """As `cell_text`, for a column where a cell may hold a list of texts."""
    if isinstance(cell, list | tuple) and cell:
        return [cell_text(part, row, column, name) for part in cell]
    return [cell_text(None if isinstance(cell, list | tuple) else cell, row, column, name)]


def cell_value(cell: object) -> str | int | float | bool | None:
    """What JSON can hold of a cell of a spreadsheet: dates as text."""
    return cell if cell is None or isinstance(cell, bool | int | float) else _text(cell)


def _text(cell: object) -> str | None:
    """None for what is no text; blank for what is missing."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool() | int() | Decimal():
            return str(cell)
        case float() if math.isnan(cell):
            return ""
        case float():  # a column of whole numbers with a gap comes as 1.0, which is 1
            return (
                f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else str(cell) if math.isfinite(cell) else None
            )
        case datetime():
            return cell.isoformat(" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case bytes():
            try:
                return cell.decode()
            except UnicodeDecodeError:
                return None
        case _:
            return None


def _no_text(cell: object, row: int, column: str, name: str) -> DataError:
    where = {"file": name, "row": row, "column": column}
    match cell:
        case list() | tuple():
            return DataError(
                "{file}, row {row}: {column!r} holds a list, where one text belongs. Write each text into a row of its "
                "own.",
                **where,
            )
        case dict():
            return DataError(
                "{file}, row {row}: {column!r} holds an object, where one text belongs. Write what is meant into a "
                "column of its own.",
                **where,
            )
        case float():
            return DataError("{file}, row {row}: {column!r} is an infinite number. Leave the row out.", **where)
        case bytes():
            return DataError("{file}, row {row}: {column!r} holds bytes that are no text in UTF-8.", **where)
        case _:
            return DataError(
                "{file}, row {row}: {column!r} holds {given}, which is no text.", given=type(cell).__name__, **where
            )


class AmbiguousNumberError(ValueError):
    """A comma that may stand before decimals or thousands."""


class MixedNumberError(ValueError):
    """A decimal point where other cells of the column have a decimal comma."""


def numbers(texts: Sequence[str]) -> Iterator[float]:
    """The finite numbers that a column's cells spell out, with a decimal point or, all of them, a decimal comma.

    Raises:
        ValueError: at the first cell that is none ...
        AmbiguousNumberError: ... or that might mean two numbers (1,250) ...
        MixedNumberError: ... or that has a decimal point beside decimal commas.
    """
    commas = [text for text in texts if _COMMA_NUMBER.fullmatch(text)]
    are_decimals = any(not _MAYBE_THOUSANDS.fullmatch(text) for text in commas)
    has_comma = bool(commas)
    for text in texts:
        if has_comma and not are_decimals and _COMMA_NUMBER.fullmatch(text):
            raise AmbiguousNumberError(text)
        if has_comma and "." in text:
            raise MixedNumberError(text)
        if (value := number(text.replace(",", ".") if has_comma else text)) is None:
            raise ValueError(text)
        yield value


def match_or_none(text: str) -> int:
    """1 for a match, 0 for none.

    Raises:
        ValueError: it says neither; see `MATCH_WORDS`.
    """
    if text.casefold() in MATCH_WORDS:
        return MATCH_WORDS[text.casefold()]
    if (value := number(text)) not in (0, 1):
        raise ValueError(text)
    return 1 if value else 0


def matches(texts: Sequence[str]) -> Iterator[int]:
    """The labels of a column of matches: as `match_or_none`, or -1 for none where every cell is 1 or -1.

    Raises:
        ValueError: at the first cell that says neither.
    """
    values = [number(text) for text in texts]
    if -1 in values and set(values) <= {-1, 1}:
        return (int(value == 1) for value in values)
    return map(match_or_none, texts)
