"""The confusion matrix: a table to click and to walk through with the arrow keys."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.frame.components import component
from ui.frame.translation import _
from ui.shared.names import label_name

if TYPE_CHECKING:
    from simcse_core.uses.classification import Results

_SCRIPT = Path(__file__).parent / "frontend" / "confusion.js"
MANY = 15
"""Above so many classes only the ones that are confused most are shown at first."""


@dataclass(frozen=True)
class Cell:
    """Texts of one class that were said to be of a class."""

    label: str
    predicted: str


def most_confused(counts: NDArray[np.int64], most: int = MANY) -> list[int]:
    """The classes with the most mistakes to and from them, in their order; all of them if there are few.

    Args:
        counts: (C, C), rows are the true classes.
    """
    mistakes = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    order = np.argsort(-mistakes, kind="stable")[:most]
    return sorted(int(place) for place in order if mistakes[place] or len(counts) <= most)


def largest_mistake(results: "Results") -> Cell | None:
    """The cell beside the diagonal with the most texts; None where nothing is wrong."""
    counts = results.confusion()
    wrong = counts - np.diag(counts.diagonal())
    if not wrong.any():
        return None
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    return Cell(results.names[row], results.names[column])


def show(results: "Results", *, key: str, shares: bool, only_confused: bool, selected: Cell | None) -> None:
    """Draw it; `clicked` says which cell was clicked.

    Args:
        results: of which texts and classes.
        key: of the component.
        shares: per cent of a row in the place of counts.
        only_confused: leave out classes that are rarely confused.
        selected: the cell to outline.
    """
    counts = results.confusion()
    totals = counts.sum(axis=1)
    places = shown(counts, only_confused=only_confused)
    names = [results.names[place] for place in places]
    part = counts[np.ix_(places, places)]
    data = {
        "names": [label_name(name) for name in names],
        "counts": part.tolist(),
        "totals": totals[places].tolist(),
        "shares": shares,
        "selected": [names.index(selected.label), names.index(selected.predicted)]
        if selected and selected.label in names and selected.predicted in names
        else None,
        "content": _content(names, part),
        "alt": _("Confusion matrix of {n} classes: rows are the true labels, columns the predicted ones.").format(
            n=len(names)
        ),
        "words": {
            "rows": _("true ↓"),
            "columns": _("predicted →"),
            "cell": _("{true} → {predicted}: {n} of {total}"),
            "hint": _("Click a cell, or walk with the arrow keys and press Enter: its texts are listed."),
        },
    }
    component("simcse_confusion", _SCRIPT)(key=key, data=data, height="stretch", on_cell_change=lambda: None)


def shown(counts: NDArray[np.int64], *, only_confused: bool) -> list[int]:
    """Which classes the matrix has."""
    return most_confused(counts) if only_confused and len(counts) > MANY else list(range(len(counts)))


def clicked(results: "Results", *, key: str, only_confused: bool) -> Cell | None:
    """The cell that has just been clicked; None when that was before, or in another matrix."""
    counts = results.confusion()
    places = shown(counts, only_confused=only_confused)
    names = [results.names[place] for place in places]
    content = _content(names, counts[np.ix_(places, places)])
    match st.session_state.get(key, {}).get("cell"):
        case [int(row), int(column), str(of), time] if of == content and st.session_state.get(f"{key}-seen") != time:
            st.session_state[f"{key}-seen"] = time
            if max(row, column) < len(names):
                return Cell(names[row], names[column])
    return None


def _content(names: list[str], counts: NDArray[np.int64]) -> str:
    return hashlib.sha256(repr((names, counts.tolist())).encode("utf-8", "surrogatepass")).hexdigest()[:16]
