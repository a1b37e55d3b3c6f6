"""Embeddings of one's own, with the texts and the other columns that stand beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from simcse_core.data.files import check_file
from simcse_core.data.vectors.npy import npy_matrix
from simcse_core.data.vectors.parquet import Columns, vector_table
from simcse_core.data.vectors.unit_rows import UnitRows
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.limits import limits

VECTOR_ENDINGS = (".npy", ".parquet")
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, eq=False)
class Vectors:
    """Embeddings that somebody brought, with what stands beside them."""

    name: str
    """Of the file, for messages."""
    embeddings: Embeddings
    """(N, D) unit rows."""
    texts: tuple[str, ...] | None = None
    """N; None where the file has none."""
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """The other columns, N cells each: texts, numbers, or None."""
    were_unit: bool = True
    """Whether all rows had a length of 1 already; else they were brought to it."""

    def with_texts(self, texts: Sequence[str], name: str) -> "Vectors":
        """The same with texts out of another file, a text for each row.

        Args:
            texts: N.
            name: of their file, for messages.

        Raises:
            DataError: their number differs.
        """
        if len(texts) != len(self.embeddings):
            raise DataError(
                "{file} has {given:,} vectors, {other} {texts:,} texts: each vector belongs to one text.",
                file=self.name,
                given=len(self.embeddings),
                other=name,
                texts=len(texts),
            )
        return replace(self, texts=tuple(texts))


def read_vectors(
    source: bytes | Path, name: str, *, columns: Mapping[str, str] | None = None, most: int | None = None
) -> Vectors:
    """Embeddings of a file, checked row by row and brought to length 1.

    Args:
        source: the file, or its content.
        name: of the file; its ending says what it is: .npy with an array (N, D), or .parquet with a column of lists.
        columns: of a table, where the names differ: {"text": "utterance", "vector": "embedding"}. Without a name the
            only column of vectors is taken.
        most: rows at most; None is the limit of a map.

    Raises:
        DataError: it cannot be read; a row is no vector, which the message names; all rows are the same.
    """
    if isinstance(source, Path):
        check_file(source)
    ending = Path(name.lower()).suffix
    most = limits().max_map_points if most is None else most
    if ending == ".npy":
        matrix, rows = npy_matrix(source, name, most), UnitRows(name)
        for start in range(0, len(matrix), ROWS_AT_ONCE):
            rows.add(np.asarray(matrix[start : start + ROWS_AT_ONCE], dtype=np.float64))
        return Vectors(name, rows.joined(), were_unit=rows.were_unit)
    if ending == ".parquet":
        table = vector_table(source, name, Columns.of(columns or {}), most)
        return Vectors(name, table.rows.joined(), table.texts, table.columns, table.rows.were_unit)
    raise DataError(
        "{file} ends in neither .npy nor .parquet. Save the vectors as a NumPy file (numpy.save) or as a Parquet table "
        "with a column of lists.",
        file=name,
    )
