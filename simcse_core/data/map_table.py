"""A map as a table: a row for each text with its place, for a spreadsheet or for other tools.

The Parquet file opens in Embedding Atlas as it is:

    embedding-atlas map.parquet --text text --x x --y y --neighbors neighbors
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.writers import to_csv
from simcse_core.meaning.projection.neighbours import Neighbours
from simcse_core.numerals import number, whole_number

AXES = ("x", "y", "z")
TEXT, NEIGHBOURS, GROUP, GROUP_NAME = "text", "neighbors", "group", "group_name"
MAP_ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True, eq=False)
class MapTable:
    """What is written of a map of N texts."""

    points: NDArray[np.float32]
    """(N, 2) or (N, 3)."""
    texts: Sequence[str]
    """N."""
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """What else stood beside the texts, N cells each; one that is called as one of ours gets an underscore behind."""
    groups: NDArray[np.int32] | None = None
    """(N,) the group of each text, -1 for those in none."""
    group_names: Sequence[str] = ()
    """By group."""
    neighbours: Neighbours | None = None
    """(N, k) in the original space; only Parquet has room for them."""

    def to_csv(self) -> str:
        """As CSV text; no cell becomes a formula (`writers.to_csv`)."""
        columns = self._axes() | {TEXT: self.texts} | self._grouped() | self._others()
        return to_csv(list(columns), zip(*(map(_csv_cell, cells) for cells in columns.values()), strict=True))

    def to_parquet(self) -> bytes:
        """As Parquet: places and neighbours as numbers, columns of numbers as numbers."""
        import pyarrow
        from pyarrow import parquet

        columns: dict[str, Any] = {
            axis: pyarrow.array(self.points[:, place], pyarrow.float32()) for place, axis in enumerate(self._axes())
        }
        columns[TEXT] = pyarrow.array(list(self.texts), pyarrow.string())
        if self.neighbours is not None:
            columns[NEIGHBOURS] = _neighbours(self.neighbours)
        columns |= {name: pyarrow.array(list(cells)) for name, cells in self._grouped().items()}
        columns |= {name: pyarrow.array(_typed(cells)) for name, cells in self._others().items()}
        out = BytesIO()
        parquet.write_table(pyarrow.table(columns), out)
        return out.getvalue()

    def _axes(self) -> dict[str, Sequence[object]]:
        return {axis: self.points[:, place].tolist() for place, axis in enumerate(AXES[: self.points.shape[1]])}

    def _grouped(self) -> dict[str, Sequence[object]]:
        if self.groups is None:
            return {}
        rows = self.groups.tolist()
        return {
            GROUP: [None if row < 0 else row for row in rows],
            GROUP_NAME: [None if row < 0 else self.group_names[row] for row in rows],
        }

    def _others(self) -> dict[str, Sequence[object]]:
        """The other columns under names of their own."""
        taken = {*AXES, TEXT, NEIGHBOURS, GROUP, GROUP_NAME}
        others: dict[str, Sequence[object]] = {}
        for name, cells in self.columns.items():
            while name in taken:
                name += "_"
            taken.add(name)
            others[name] = cells
        return others


def _csv_cell(cell: object) -> object:
    return "" if cell is None else cell


def _neighbours(neighbours: Neighbours) -> Any:
    """For each row the rows of its neighbours, from 0, and their distances, 1 - cosine."""
    import pyarrow

    count, each = neighbours.rows.shape
    offsets = pyarrow.array(np.arange(0, count * each + 1, max(1, each), dtype=np.int32)[: count + 1])
    if not each:
        offsets = pyarrow.array(np.zeros(count + 1, dtype=np.int32))
    ids = pyarrow.ListArray.from_arrays(offsets, pyarrow.array(neighbours.rows.ravel()))
    distances = pyarrow.ListArray.from_arrays(offsets, pyarrow.array((1 - neighbours.cosines).ravel()))
    return pyarrow.StructArray.from_arrays([ids, distances], ["ids", "distances"])


def _typed(cells: Sequence[object]) -> list[object]:
    """Cells as whole numbers or numbers where all are, else as texts; None where nothing stands."""
    written = [None if cell is None or cell == "" else str(cell) for cell in cells]
    for parse in (whole_number, number):
        numbers = [None if cell is None else parse(cell) for cell in written]
        if any(cell is not None for cell in written) and all(
            value is not None or cell is None for value, cell in zip(numbers, written, strict=True)
        ):
            return list(numbers)
    return list(written)
