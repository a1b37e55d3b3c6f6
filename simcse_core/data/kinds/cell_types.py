"""What the cells of a column hold: a text, a class, a match or a score."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from numbers import Real
from typing import Annotated, Any

from simcse_core.data.cells import is_blank, without_halves


@dataclass(frozen=True)
class CellType:
    """One type of cell; columns of all kinds of data are made of these."""

    wanted: str
    """What a cell has to be, for messages."""
    check: Callable[[Any], Any]
    """The cell as the column holds it; raises ValueError or TypeError where it is something else."""
    is_text: bool = False
    takes_lists: bool = False
    """Whether a cell of a file may hold several texts, each of which makes a row."""

    def checked(self, cell: object) -> Any:
        """A cell of Python's, NumPy's or torch's as the column holds it.

        Raises:
            ValueError, TypeError, OverflowError: it is something else.
        """
        return self.check(cell.item() if hasattr(cell, "item") and not isinstance(cell, str) else cell)


def _text(cell: object) -> str:
    if not isinstance(cell, str) or is_blank(cell):
        raise ValueError(cell)
    return without_halves(cell)


def _class(cell: object) -> str:
    """A class may be called by a number, as in a file."""
    return _text(str(cell) if isinstance(cell, int) else f"{cell:.15g}" if isinstance(cell, float) else cell)


def _score(cell: object) -> float:
    if not isinstance(cell, Real | Decimal) or isinstance(cell, bool) or not math.isfinite(cell):
        raise ValueError(cell)
    return float(cell)


def _match(cell: object) -> int:
    if not isinstance(cell, int | float) or cell not in (0, 1):
        raise ValueError(cell)
    return int(cell)


TEXT = CellType("a text that can be seen", _text, is_text=True)
TEXTS = CellType("a text that can be seen", _text, is_text=True, takes_lists=True)
CLASS = CellType("the name of a class", _class)
MATCH = CellType("0 or 1", _match)
SCORE = CellType("a finite number", _score)

TextColumn = Annotated[tuple[str, ...], TEXT]
ListedTextColumn = Annotated[tuple[str, ...], TEXTS]
"""Texts of which a cell of a file may list several."""
ClassColumn = Annotated[tuple[str, ...], CLASS]
MatchColumn = Annotated[tuple[int, ...], MATCH]
ScoreColumn = Annotated[tuple[float, ...], SCORE]
