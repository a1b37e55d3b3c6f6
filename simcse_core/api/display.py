"""Results as text for a terminal and as HTML for a notebook. Whatever stands in a name stays text."""

import html
import math
from collections.abc import Sequence

from simcse_core.plain import printable

_CELL = "padding:2px 12px 2px 0;text-align:left"


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns below each other, as wide as their widest cell."""
    lines = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for a notebook."""
    head = "".join(f'<th style="{_CELL}">{escaped(cell)}</th>' for cell in header)
    body = "".join(
        f"<tr>{''.join(f'<td style={chr(34)}{_CELL}{chr(34)}>{escaped(c)}</td>' for c in r)}</tr>" for r in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def paragraph(text: str) -> str:
    """A text as a paragraph of HTML."""
    return f"<p>{escaped(text)}</p>"


def escaped(text: str) -> str:
    """For HTML."""
    return html.escape(printable(text))


def number(value: float | None) -> str:
    """A result with four decimals; a count stays one."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "undefined"
    return str(value) if isinstance(value, int) else f"{value:.4f}"
