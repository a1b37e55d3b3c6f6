"""A Parquet table with a column of vectors, with its texts and its other columns."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.cells import cell_text
from simcse_core.data.kinds import normalised
from simcse_core.data.vectors.unit_rows import UnitRows, check_shape
from simcse_core.errors import DataError

TEXT, VECTOR = "text", "vector"
BATCH = 1_000


@dataclass(frozen=True)
class Columns:
    """Which columns of a table hold the texts and the vectors; "" leaves it to the table."""

    text: str = ""
    vector: str = ""

    @classmethod
    def of(cls, names: Mapping[str, str]) -> "Columns":
        """What somebody has said: {"text": "utterance", "vector": "embedding"}."""
        return cls(names.get(TEXT, ""), names.get(VECTOR, ""))


@dataclass(frozen=True, eq=False)
class VectorTable:
    """What a table holds."""

    rows: UnitRows
    """N."""
    texts: tuple[str, ...] | None
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)


def vector_table(source: bytes | Path, name: str, columns: Columns, most: int) -> VectorTable:
    """Read the table, a batch at a time.

    Args:
        source: the file, or its content.
        name: of the file, for messages.
        columns: what is said of its columns.
        most: rows at most.

    Raises:
        DataError: it is none, has no column of vectors or several, or a row of it is no vector.
    """
    from pyarrow import parquet

    with _readable(name):
        file = parquet.ParquetFile(BytesIO(source) if isinstance(source, bytes) else source, pre_buffer=False)
        with file:
            vector = _vector_column(file.schema_arrow, columns.vector, name)
            text = _text_column(file.schema_arrow, columns.text, name)
            check_shape((file.metadata.num_rows, 2), name, most)
            others = [
                field.name for field in file.schema_arrow if field.name not in (vector, text) and _is_plain(field.type)
            ]
            rows, width = UnitRows(name), None
            cells: dict[str, list[object]] = {column: [] for column in [*others, *([text] if text else [])]}
            for batch in file.iter_batches(BATCH, columns=[vector, *cells]):
                part = _vectors(batch.column(vector), rows.count, width, vector, name)
                width = part.shape[1]
                rows.add(part)
                for column, read in cells.items():
                    read += batch.column(column).to_pylist()
    texts = _texts(cells.pop(text), text, name) if text else None
    check_shape((rows.count, width or 0), name, most)
    return VectorTable(rows, texts, cells)


def _vector_column(schema: Any, wanted: str, name: str) -> str:
    names = [field.name for field in schema if _is_vector(field.type)]
    if wanted:
        named = [column for column in names if normalised(column) == normalised(wanted)]
        if not named:
            raise DataError(
                "{file} has no column {given!r} of lists of numbers: its columns are {columns}.",
                file=name,
                given=wanted,
                columns=", ".join(schema.names)[:200],
            )
        return named[0]
    if not names:
        raise DataError(
            "{file} has no column of vectors, lists of numbers: its columns are {columns}.",
            file=name,
            columns=", ".join(schema.names)[:200],
        )
    if len(names) > 1:
        raise DataError(
            "{file} has several columns of vectors: {columns}. Say which one, such as vector={first}.",
            file=name,
            columns=", ".join(names)[:200],
            first=names[0],
        )
    return names[0]


def _text_column(schema: Any, wanted: str, name: str) -> str | None:
    named = [column for column in schema.names if normalised(column) == normalised(wanted or TEXT)]
    if not named and wanted:
        raise DataError(
            "{file} has no column {given!r}: its columns are {columns}.",
            file=name,
            given=wanted,
            columns=", ".join(schema.names)[:200],
        )
    return named[0] if named else None


def _is_vector(kind: Any) -> bool:
    from pyarrow import types

    is_list = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return is_list and (types.is_floating(kind.value_type) or types.is_integer(kind.value_type))


def _is_plain(kind: Any) -> bool:
    from pyarrow import types

    return not types.is_nested(kind) and not types.is_binary(kind) and not types.is_large_binary(kind)


def _vectors(column: Any, start: int, width: int | None, named: str, name: str) -> NDArray[np.float64]:
    """(n, D) of a batch that begins behind row `start`; D is `width` where one has been seen."""
    from pyarrow import compute, float64

    lengths = compute.list_value_length(column).to_numpy(zero_copy_only=False)
    wanted = width if width is not None else (0 if np.isnan(lengths[0]) else int(lengths[0]))
    wrong = np.flatnonzero(~(lengths == wanted)) if wanted else np.zeros(1, dtype=int)
    if len(wrong):
        row, given = start + int(wrong[0]) + 1, lengths[wrong[0]]
        if np.isnan(given) or not given:
            raise DataError("{file}, row {row}: {column!r} is empty.", file=name, row=row, column=named)
        raise DataError(
            "{file}, row {row}: {column!r} has {given} dimensions, the rows before have {wanted}.",
            file=name,
            row=row,
            column=named,
            given=int(given),
            wanted=wanted,
        )
    values = compute.cast(column.flatten(), float64()).to_numpy(zero_copy_only=False)  # NaN where nothing stands
    return values.reshape(len(column), wanted)


def _texts(cells: Sequence[object], column: str, name: str) -> tuple[str, ...]:
    return tuple(cell_text(cell, row, column, name) for row, cell in enumerate(cells, 1))


@contextmanager
def _readable(name: str) -> Iterator[None]:
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, OverflowError, UnicodeDecodeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise DataError("{file} is not a table that can be read: {reason}", file=name, reason=reason) from error
