"""Tables to files that a spreadsheet opens as data, never as a formula."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TypeVar

T = TypeVar("T")

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file as text. A text that a spreadsheet would run as a formula gets a leading apostrophe; numbers stay."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([safe(column) for column in columns])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def safe(cell: T) -> T | str:
    """What a cell may hold: a text that a spreadsheet would run as a formula gets a leading apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell
