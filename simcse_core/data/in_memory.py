"""Data that a program holds, as a data set: columns, records, texts, or a table of pandas and what becomes one."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simcse_core.data.kinds import Dataset, Texts
from simcse_core.data.readers import data_from_table
from simcse_core.data.tables import Table, records_table
from simcse_core.encoding.texts import is_listing
from simcse_core.errors import DataError
from simcse_core.plain import shortened

NAME = "the data"
"""What messages call data without a name."""
ACCEPTED = (
    "the path of a file, the name of bundled data, a DataFrame, a dictionary of columns, a list of dictionaries, a "
    "list of texts, or a data set"
)


def is_named(source: object) -> bool:
    """Whether data is given by its name or its path."""
    return isinstance(source, str | Path)


def data_from_memory(source: object, columns: Mapping[str, str] | None = None, *, name: str = NAME) -> Dataset:
    """A data set from what a program holds; its kind is recognised by its columns, its cells are read as a file's are.

    Args:
        source: a dictionary of columns, a list of dictionaries, a list of texts, a DataFrame (or what has `to_pandas`),
            or a data set, which is returned as it is.
        columns: where names differ, our column -> the source's: {"text": "utterance", "label": "intent"}.
        name: what messages call it.

    Raises:
        DataError: it is none of these, it lacks a column, or a cell does not fit.
        OptionError: no kind of data has a column that is to be mapped.

    Example:
        >>> data_from_memory({"text": ["I lost my card", "Where is my card?"], "label": ["lost", "late"]}).kind
        'labelled'
    """
    if isinstance(source, Dataset) and columns:
        raise DataError("{file} is a data set already: its columns need no mapping. Leave it out.", file=source.name)
    if isinstance(source, Dataset):
        return source
    if hasattr(source, "to_pandas"):
        source = source.to_pandas()
    if hasattr(source, "columns") and hasattr(source, "itertuples"):
        return data_from_table(_of_frame(source), name, columns)
    if isinstance(source, Mapping):
        return data_from_table(_of_columns(source, name), name, columns)
    if isinstance(source, str) or not is_listing(source):
        raise _unusable(source)
    assert isinstance(source, Iterable)
    return _of_list(list(source), columns, name)


def _of_list(rows: list[Any], columns: Mapping[str, str] | None, name: str) -> Dataset:
    if not rows:
        raise DataError("{file} has no rows.", file=name)
    if all(isinstance(row, Mapping) for row in rows):
        records = (
            (number, {str(key): _plain(cell) for key, cell in row.items()}) for number, row in enumerate(rows, 1)
        )
        return data_from_table(records_table(records, name), name, columns)
    if any(isinstance(row, str) for row in rows):
        return Texts(name, tuple(rows))
    raise _unusable_rows(rows[0])


def _of_frame(frame: Any) -> Table:
    whole = frame.astype(object).where(frame.notna(), None)
    rows = ([_plain(cell) for cell in cells] for cells in whole.itertuples(index=False, name=None))
    return Table([str(column).strip() for column in frame.columns], list(enumerate(rows, 1)))


def _of_columns(columns: Mapping[Any, Any], name: str) -> Table:
    cells = {str(column).strip(): _cells(column, values, name) for column, values in columns.items()}
    lengths = {column: len(values) for column, values in cells.items()}
    if len(set(lengths.values())) > 1:
        raise DataError(
            "The columns of {file} differ in length: {lengths}. Every row needs a cell in each.",
            file=name,
            lengths=", ".join(f"{column} {length}" for column, length in lengths.items()),
        )
    return Table(list(cells), list(enumerate(map(list, zip(*cells.values(), strict=True)), 1)))


def _cells(column: object, values: object, name: str) -> Sequence[Any]:
    if isinstance(values, str) or not is_listing(values):
        raise DataError(
            "The column {column!r} of {file} has to be a list of cells, not {given!r}.",
            column=str(column),
            file=name,
            given=shortened(values) if isinstance(values, str) else type(values).__name__,
        )
    assert isinstance(values, Iterable)
    return [_plain(cell) for cell in values]


def _plain(cell: Any) -> Any:
    """A number of NumPy's or torch's as Python's own; lists of them too."""
    if isinstance(cell, str):
        return cell
    if hasattr(cell, "tolist"):
        return cell.tolist()
    return cell


def _unusable(given: object) -> DataError:
    return DataError(
        "Data of the type {kind} cannot be used. Give {accepted}.", kind=type(given).__name__, accepted=ACCEPTED
    )


def _unusable_rows(row: object) -> DataError:
    return DataError(
        "A list whose rows are of the type {kind} does not say which column is which. Give {accepted}.",
        kind=type(row).__name__,
        accepted=ACCEPTED,
    )


def records_of(data: Dataset) -> Iterator[dict[str, Any]]:
    """The rows of a data set as records, which are read again as the same data set."""
    for cells in zip(*(getattr(data, column) for column in data.columns), strict=True):
        yield dict(zip(data.columns, cells, strict=True))
