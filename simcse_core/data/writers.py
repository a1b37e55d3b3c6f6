"""Tables to files that a spreadsheet opens as data, never as a formula."""

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import TypeVar

T = TypeVar("T")

_FORMULA = re.compile(r"(?:^|[;\t\r\n])(?=[\s\"]*(?:[=@＝＠]|[+\-＋－](?!\))))|^(?=[\t\r])")
"""Where a spreadsheet would begin a formula: at the start of a cell, also of one that it sees where `;` separates."""


def to_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A CSV file as text: texts are quoted, numbers are not, and no text becomes a formula (see `safe`)."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow([safe(column) for column in columns])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def safe(cell: T) -> T | str:
    """What a cell may hold: an apostrophe stands before what a spreadsheet would take for a formula.

    Quotes alone do not help: where a comma is the decimal sign, spreadsheets separate by `;`, and heed quotes only at
    the start of what they take for a cell. Texts without such a place stay as they are.

    Example:
        >>> safe("=1+1"), safe("a;=1+1"), safe("a; b - c"), safe(-0.5)
        ("'=1+1", "a;'=1+1", 'a; b - c', -0.5)
    """
    return _FORMULA.sub(r"\g<0>'", cell) if isinstance(cell, str) else cell
