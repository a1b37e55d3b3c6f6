"""Labelled texts by name, with one label each or with several."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simcse_core.data.cells import cell_text
from simcse_core.data.columns import renamed
from simcse_core.data.files import File, check_file
from simcse_core.data.kinds import Labelled
from simcse_core.data.opening import open_data
from simcse_core.data.piped import local
from simcse_core.data.tables import Table
from simcse_core.errors import DataError
from simcse_core.limits import limits
from simcse_core.uses.classification.labels import Labels, class_names, several_names


@dataclass(frozen=True)
class LabelledTexts:
    """N texts with the classes of each."""

    name: str
    """For messages."""
    texts: tuple[str, ...]
    labels: Labels


def open_labelled(
    name: str,
    columns: Mapping[str, str] | None = None,
    on_fetch: Callable[[int, int], None] | None = None,
    *,
    separator: str | None = None,
    encoding: str = "",
    sheet: str = "",
) -> LabelledTexts:
    """Texts with a class each, or with several.

    Args:
        name, columns, on_fetch, encoding, sheet: as for `opening.open_data`.
        separator: what stands between the labels of a text, such as ";": then each text may have several, or none. A
            file of JSON lines or Parquet may have lists of labels.

    Raises:
        DataError: the data cannot be read, has no texts with labels, or a text has no label.
        OptionError: as for `opening.open_data`.
    """
    if separator is not None:
        return _several(name, columns or {}, separator, encoding=encoding, sheet=sheet)
    data = open_data(name, columns, on_fetch, encoding=encoding, sheet=sheet)
    if not isinstance(data, Labelled):
        raise DataError(
            "{file} holds {kind}: a classifier needs a text and its class in each row, in the columns text and label. "
            "Map other names with --columns text=…,label=….",
            file=data.name,
            kind=data.rows_are,
        )
    return LabelledTexts(data.name, data.text, class_names(data.label))


def _several(name: str, columns: Mapping[str, str], separator: str, *, encoding: str, sheet: str) -> LabelledTexts:
    file = local(name, columns.values())
    check_file(file.path)
    table = File(file.name, file.path, encoding, sheet).table()
    named = Table(renamed(table.columns, columns, file.name), table.rows)
    text, label = named.place("text", file.name), named.place("label", file.name)
    texts, labels = list[str](), list[list[str]]()
    for row, cells in named.rows:
        if len(texts) == (most := limits().max_table_rows):
            raise DataError("{file} has more than {most:,} rows, which is the limit.", file=file.name, most=most)
        texts.append(cell_text(cells[text], row, "text", file.name))
        labels.append(_labels(cells[label], separator, row, file.name))
    if not texts:
        raise DataError("{file} has no rows.", file=file.name)
    return LabelledTexts(file.name, tuple(texts), several_names(labels))


def _labels(cell: Any, separator: str, row: int, name: str) -> list[str]:
    if cell is None or cell != cell or (isinstance(cell, str) and not cell.strip()):
        return []
    if isinstance(cell, list | tuple):
        return [cell_text(part, row, "label", name) for part in cell]
    parts = cell_text(cell, row, "label", name).split(separator)
    return [part.strip() for part in parts if part.strip()]
