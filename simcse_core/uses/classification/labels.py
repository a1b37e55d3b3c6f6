"""Labels of any writing as names of classes: 1 and 1.0 are one class, and nothing else is made equal in silence."""

import math
import re
from collections.abc import Iterable, Sequence, Set

from simcse_core.data.cells import is_blank
from simcse_core.encoding.texts import is_listing
from simcse_core.errors import DataError

_WHOLE = re.compile(r"([+-]?\d+)\.0+", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+(\.0+)?", re.ASCII)
_TRUTH = {"true", "false"}

Labels = tuple[str, ...] | tuple[tuple[str, ...], ...]
"""N names of classes, or N times the names of several."""


def class_names(labels: Iterable[object]) -> tuple[str, ...]:
    """The class of each text.

    A number is called as it is written without a fraction of zero: a column of whole numbers with a gap comes out of a
    table as 1.0, 2.0. This counts for texts too where all of them are such numbers ("1.0", "2").

    Args:
        labels: N texts, numbers or truth values.

    Raises:
        DataError: a text has no label or a list of them, or truth values stand beside 0 and 1.

    Example:
        >>> class_names([1, 1.0, "2"])
        ('1', '1', '2')
    """
    names = [_name(label, number) for number, label in enumerate(_listed(labels), 1)]
    return tuple(_consistent(names))


def several_names(labels: Iterable[Iterable[object]]) -> tuple[tuple[str, ...], ...]:
    """The classes of each text, sorted and each once; a text may have none.

    Args:
        labels: N lists of texts, numbers or truth values.

    Raises:
        DataError: as for `class_names`; or a text has one label in the place of a list.
    """
    rows: list[list[object]] = []
    for number, cell in enumerate(_listed(labels), 1):
        if not is_several(cell):
            raise DataError(
                "Text {number} has the label {given!r}, and other texts have lists of labels. Give each text a list.",
                number=number,
                given=str(cell)[:60],
            )
        rows.append(list(cell))  # type: ignore[call-overload]
    flat = iter(_consistent([_name(label, number) for number, row in enumerate(rows, 1) for label in row]))
    return tuple(tuple(sorted({next(flat) for _label in row})) for row in rows)


def names_of(labels: Iterable[object]) -> Labels:
    """`several_names` where the first text has a list of labels, else `class_names`."""
    listed = _listed(labels)
    return several_names(listed) if listed and is_several(listed[0]) else class_names(listed)  # type: ignore[arg-type]


def is_several(cell: object) -> bool:
    """Whether a label is a list of labels."""
    return not isinstance(cell, str) and (isinstance(cell, Set) or (is_listing(cell) and getattr(cell, "ndim", 1) > 0))


def _listed(labels: Iterable[object]) -> list[object]:
    if isinstance(labels, str) or not is_listing(labels):
        raise DataError("Labels have to be a list, one for each text, not a {kind}.", kind=type(labels).__name__)
    return list(labels)


def _name(label: object, number: int) -> str:
    cell = label.item() if hasattr(label, "item") and not isinstance(label, str) else label
    if is_several(cell):
        raise DataError(
            "Text {number} has a list of labels, and other texts have one label. Give each text a list, or one label.",
            number=number,
        )
    if isinstance(cell, float) and math.isfinite(cell):
        return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    if isinstance(cell, bool | int) or (isinstance(cell, str) and not is_blank(cell)):
        return str(cell).strip()
    if cell is None or isinstance(cell, str | float):
        raise DataError(
            "Text {number} has no label. Write the name of its class, or leave the text out.", number=number
        )
    raise DataError(
        "Text {number} has {given} for a label. A label is a text, a number, or True or False.",
        number=number,
        given=repr(cell)[:60],
    )


def _consistent(names: Sequence[str]) -> list[str]:
    if all(map(_NUMBER.fullmatch, names)):
        return [_WHOLE.sub(r"\1", name) for name in names]
    distinct = {name.lower() for name in names}
    if (
        distinct & _TRUTH
        and distinct & {"0", "1", "0.0", "1.0"}
        and all(name in _TRUTH or _NUMBER.fullmatch(name) for name in distinct)
    ):
        raise DataError(
            "The labels are written in two ways, as True or False and as 0 or 1: {given}. Write all in one way.",
            given=", ".join(sorted(set(names))),
        )
    return list(names)
