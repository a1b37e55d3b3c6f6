"""What is in an index: texts with their other columns, their embeddings, and the words in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simcse_core.data.files import TEXT
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.uses.search.corpus import Row, as_text
from simcse_core.uses.search.lexical import Lexical
from simcse_core.uses.search.nearest import Mask, in_blocks

if TYPE_CHECKING:
    from pyarrow import ChunkedArray, Table

Where = Mapping[str, object]
"""Column -> the value that its cell has to have, or a list of values of which it has to have one."""


@dataclass(frozen=True)
class Contents:
    """N texts, in memory or on the disk."""

    rows: "Table"
    """The texts and the columns beside them; all cells are texts."""
    blocks: tuple[Embeddings, ...]
    """(N, D) unit rows in parts."""
    load_lexical: Callable[[], Lexical]

    @classmethod
    def in_memory(cls, rows: Sequence[Row], columns: Sequence[str], embeddings: Embeddings) -> "Contents":
        """Of rows and their embeddings (N, D)."""
        table = table_of(rows, columns)
        return cls(table, in_blocks(embeddings), lambda: Lexical.of(_texts(table)))

    def with_more(self, rows: Sequence[Row], embeddings: Embeddings) -> "Contents":
        """The same with further rows behind them, in memory."""
        import pyarrow

        table = pyarrow.concat_tables([self.rows, table_of(rows, self.columns)])
        return Contents(table, (*self.blocks, *in_blocks(embeddings)), lambda: Lexical.of(_texts(table)))

    @property
    def dim(self) -> int:
        """D."""
        return self.blocks[0].shape[1]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns beside the texts."""
        return tuple(name for name in self.rows.column_names if name != TEXT)

    @cached_property
    def lexical(self) -> Lexical:
        """The words of all texts; counted, or read from the disk, when they are first asked for."""
        return self.load_lexical()

    def row(self, place: int) -> dict[str, str]:
        """The cells of a row, by column."""
        (cells,) = self.rows.slice(place, 1).to_pylist()
        return dict(cells)

    def cells(self, column: str) -> "ChunkedArray":
        """The cells of a column beside the texts.

        Raises:
            OptionError: there is no such column.
        """
        if column not in self.columns:
            raise OptionError(
                "There is no column {given!r} to filter by. Choose one of: {columns}.",
                given=column,
                columns=", ".join(self.columns) or "none, there are only texts",
            )
        return self.rows[column]

    def mask(self, where: Where | None) -> Mask | None:
        """(N,) which rows have the values that are asked for; None for all. Errors as for `cells`."""
        if not where:
            return None
        import pyarrow
        from pyarrow import compute

        mask = np.ones(self.rows.num_rows, dtype=bool)
        for column, wanted in where.items():
            cells = self.cells(column)
            values = [as_text(value) for value in (wanted if isinstance(wanted, list | tuple | set) else [wanted])]
            mask &= compute.is_in(cells, value_set=pyarrow.array(values, cells.type)).to_numpy()
        return mask


def table_of(rows: Sequence[Row], columns: Sequence[str]) -> "Table":
    """Rows as a table in memory: the texts, and the columns beside them."""
    import pyarrow

    cells = {TEXT: [text for text, _others in rows]}
    cells |= {name: [others[place] for _text, others in rows] for place, name in enumerate(columns)}
    return pyarrow.table({name: pyarrow.array(column, pyarrow.large_string()) for name, column in cells.items()})


def _texts(table: "Table") -> Iterator[str]:
    for chunk in table[TEXT].chunks:
        yield from chunk.to_pylist()
