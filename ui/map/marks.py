"""What somebody has done to the texts of a map in this session: chosen, selected, left out, labelled, named groups."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ui.map.source import MapTexts

_STORE, _LABELS, _REMOVED = "map-marks", "map-labels", "map-removed"
MOST = 20
"""Sets of texts whose marks a session keeps."""

Mask = NDArray[np.bool_]


@dataclass
class Marks:
    """Of N texts, by row."""

    count: int
    chosen: int | None = None
    """The text that is looked at."""
    selection: Mask | None = None
    """(N,); None where nothing is selected."""
    left_out: list[tuple[int, ...]] = field(default_factory=list)
    """Rows that are hidden, in the order in which they were left out."""
    group_names: dict[int, str] = field(default_factory=dict)
    """By number of a group, what somebody calls it."""

    @property
    def selected(self) -> NDArray[np.int64]:
        """The selected rows that are not left out."""
        if self.selection is None:
            return np.empty(0, np.int64)
        return np.flatnonzero(self.selection & ~self.hidden)

    @property
    def hidden(self) -> Mask:
        """(N,) whether a row is left out."""
        mask = np.zeros(self.count, dtype=bool)
        mask[[row for rows in self.left_out for row in rows]] = True
        return mask

    def select(self, rows: Iterable[int] | Mask | None) -> None:
        """Select these rows and no others; none for nothing."""
        if rows is None:
            self.selection = None
            return
        mask = np.zeros(self.count, dtype=bool)
        mask[rows if isinstance(rows, np.ndarray) else list(rows)] = True
        self.selection = mask if mask.any() else None

    def leave_out(self) -> None:
        """Hide what is selected."""
        if len(rows := self.selected):
            self.left_out.append(tuple(rows.tolist()))
        self.selection = None
        if self.chosen is not None and self.hidden[self.chosen]:
            self.chosen = None

    def undo(self) -> None:
        """Show again what was left out last."""
        if self.left_out:
            self.left_out.pop()


def of(key: str, count: int) -> Marks:
    """The marks on some texts in this session.

    Args:
        key: of the texts.
        count: of the texts.
    """
    store: dict[str, Marks] = st.session_state.setdefault(_STORE, {})
    if key not in store:
        while len(store) >= MOST:
            store.pop(next(iter(store)))
        store[key] = Marks(count)
    return store[key]


@dataclass
class OwnLabels:
    """Labels that somebody gave on the map, by text: the same text has the same label wherever it stands."""

    labels: dict[str, str] = field(default_factory=dict)
    steps: list[dict[str, str | None]] = field(default_factory=list)
    """What each step has replaced, to take it back."""

    def give(self, texts: Sequence[str], label: str) -> None:
        """Label these texts."""
        self.steps.append({text: self.labels.get(text) for text in texts})
        self.labels.update(dict.fromkeys(texts, label))

    def undo(self) -> None:
        """Take the last step back."""
        for text, before in self.steps.pop().items() if self.steps else ():
            if before is None:
                del self.labels[text]
            else:
                self.labels[text] = before

    def of(self, texts: MapTexts) -> tuple[str, ...] | None:
        """The label of each text, given here or brought along, "" for none; None where no text has one."""
        brought = texts.labels or ("",) * len(texts)
        labels = tuple(self.labels.get(text, before) for text, before in zip(texts.texts, brought, strict=True))
        return labels if any(labels) else None


def own_labels(name: str) -> OwnLabels:
    """The labels that this session gave to the texts of a source.

    Args:
        name: of the source, which stays when texts are left out.
    """
    store: dict[str, OwnLabels] = st.session_state.setdefault(_LABELS, {})
    return store.setdefault(name, OwnLabels())


def removed(key: str) -> list[tuple[int, ...]]:
    """Rows of a source without which the map was made anew, by step. The caller may change the list."""
    store: dict[str, list[tuple[int, ...]]] = st.session_state.setdefault(_REMOVED, {})
    return store.setdefault(key, [])
