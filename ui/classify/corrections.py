"""Labels that somebody corrects on the page. They are kept for the session, and count when one asks for it."""

from dataclasses import dataclass, field

import streamlit as st

_STORE = "classify-corrections"


@dataclass
class Corrections:
    """Of one data set."""

    labels: dict[int, str] = field(default_factory=dict)
    """By row, in the order in which they were made."""
    applied: dict[int, str] = field(default_factory=dict)
    """Those that the classifier has learned from."""
    kept: set[int] = field(default_factory=set)
    """Rows whose suspect label is right as it is."""

    @property
    def pending(self) -> int:
        """How many differ from what the classifier has learned from."""
        rows = {*self.labels, *self.applied}
        return sum(self.labels.get(row) != self.applied.get(row) for row in rows)

    def correct(self, row: int, label: str, original: str) -> None:
        """Give a text another label; its original one takes the correction back."""
        self.labels.pop(row, None)
        if label != original:
            self.labels[row] = label

    def keep(self, row: int) -> None:
        self.kept.add(row)

    def undo(self) -> None:
        """Take the last correction back."""
        if self.labels:
            self.labels.popitem()

    def apply(self) -> None:
        """Learn from them."""
        self.applied = dict(self.labels)


def of(data_key: str) -> Corrections:
    """The corrections of a data set in this session."""
    store: dict[str, Corrections] = st.session_state.setdefault(_STORE, {})
    return store.setdefault(data_key, Corrections())


def applied(data_key: str) -> dict[int, str]:
    """By row, the labels that the classifier is to learn from in place of the data's."""
    return dict(of(data_key).applied)
