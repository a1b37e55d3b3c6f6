"""The table below the map: the selected texts with all that stands beside them, to sort and to filter."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data.writers import safe
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.map.actions import columns_of
from ui.map.grouping import Named
from ui.map.marks import Marks, Mask, OwnLabels
from ui.map.source import LABEL, MapTexts

MOST_ROWS = 5_000
"""Rows that are sent to the browser; a selection of more is filtered first, or taken away as a file."""
MOST_VALUES = 500
HIGHEST = 420
"""Pixels."""


def show(texts: MapTexts, marks: Marks, labels: OwnLabels, found: Mask | None, named: Named | None) -> None:
    """The selected texts, else those that a search found, else all.

    Args:
        texts: N texts.
        marks: what is selected.
        labels: given on the map.
        found: (N,) by the search; None where nothing is searched.
        named: the groups, once they are there.
    """
    columns = columns_of(texts, labels)
    if named is not None:
        columns[_("group")] = named.of_each(_("in none"))
    rows, about = _rows(texts, marks, found)
    with st.container(horizontal=True, vertical_alignment="bottom", key="map-table-filters"):
        st.markdown(about)
        rows = _filtered(texts, columns, rows)
    if len(rows) > MOST_ROWS:
        st.caption(_("The first {n} of {total} rows.").format(n=f"{MOST_ROWS:,}", total=f"{len(rows):,}"))
        rows = rows[:MOST_ROWS]
    key = f"map-table-{texts.key}"

    def choose() -> None:
        picked = st.session_state[key].selection.rows
        if picked and picked[0] < len(rows):
            marks.chosen = int(rows[picked[0]])

    st.dataframe(
        {
            _("row"): [int(row) + 1 for row in rows],
            _("text"): [safe(texts.texts[row]) for row in rows],
            **{safe(name): [safe(cells[row]) for row in rows] for name, cells in columns.items()},
        },
        hide_index=True,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        height=min(HIGHEST, 38 * (len(rows) + 1) + 4),
    )


def _rows(texts: MapTexts, marks: Marks, found: Mask | None) -> tuple[NDArray[np.int64], str]:
    if len(marks.selected):
        return marks.selected, _("**Selected texts:** {n}").format(n=f"{len(marks.selected):,}")
    shown = ~marks.hidden
    if found is not None:
        rows = np.flatnonzero(found & shown)
        return rows, _("**Found texts:** {n}").format(n=f"{len(rows):,}")
    rows = np.flatnonzero(shown)
    return rows, _("**All texts:** {n}").format(n=f"{len(rows):,}")


def _filtered(texts: MapTexts, columns: dict[str, tuple[str, ...]], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Only the rows with some words, or with some values of a column."""
    words = st.text_input(
        _("Only texts with"), key=f"map-table-words-{texts.key}", placeholder=_("Only texts with …"), width=220,
        label_visibility="collapsed",
    )  # fmt: skip
    if words.strip():
        wanted = words.casefold().split()
        rows = np.array(
            [row for row in rows if all(word in texts.texts[row].casefold() for word in wanted)], dtype=np.int64
        )
    filters = {name: cells for name, cells in columns.items() if 1 < len(set(cells)) <= MOST_VALUES}
    if filters:
        name = LABEL if LABEL in filters else next(iter(filters))
        with st.popover(_("Filter"), icon=":material/filter_list:"):
            name = st.selectbox(
                _("Column"), list(filters), index=list(filters).index(name), format_func=plain,
                key=f"map-table-column-{texts.key}",
            )  # fmt: skip
            values = st.multiselect(
                _("Values"), sorted(set(filters[name])), format_func=plain, placeholder=_("all"),
                key=f"map-table-values-{texts.key}-{name}",
            )  # fmt: skip
        if values:
            rows = np.array([row for row in rows if filters[name][row] in values], dtype=np.int64)
    return rows
