"""The text that was clicked: all that stands beside it, and its nearest in the original space."""

from functools import partial

import streamlit as st
from numpy.typing import NDArray

from simcse_core.meaning.projection import nearest
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.map import listed
from ui.map.marks import Marks
from ui.map.source import MapSource

NEIGHBOURS = 8
LONGEST = 1_000
"""Characters of a text that are shown."""


def neighbours(source: MapSource, row: int) -> tuple[tuple[int, float], ...]:
    """The nearest texts of one in the original space, with their cosines."""
    return _neighbours(source.content, row, source.embeddings)


@st.cache_data(max_entries=500, show_spinner=False)
def _neighbours(content: str, row: int, _embeddings: "NDArray") -> tuple[tuple[int, float], ...]:  # type: ignore[type-arg]
    return tuple(nearest(_embeddings, row, NEIGHBOURS))


def show(source: MapSource, marks: Marks, kept: float | None) -> None:
    """What there is to say of the chosen text.

    Args:
        source: what is mapped.
        marks: whose `chosen` it is.
        kept: the share of its true neighbours that are near it on the map; None where it is not known.
    """
    row = marks.chosen
    if row is None:
        return
    text = source.texts.texts[row]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(_("The chosen text"), anchor=False)
        st.button(_("Let go"), key="map-let-go", type="tertiary", on_click=_choose, args=(marks, None))
    st.markdown(f"**{plain(text if len(text) <= LONGEST else text[:LONGEST] + '…')}**")
    beside = [(name, cells[row]) for name, cells in source.texts.columns.items() if cells[row]]
    if beside:
        st.caption(" · ".join(f"{plain(name)}: {plain(cell[:200])}" for name, cell in beside))
    if kept is not None and kept == kept:
        st.caption(
            _("Of its 15 nearest in the original space, {n} are among the 15 nearest on the map.").format(
                n=round(15 * kept)
            )
        )
    st.caption(_("Nearest in the original space, with the cosine"))
    rows = [
        (f"{cosine:.2f} · {listed.short(source.texts.texts[other])}", partial(_choose, marks, other))
        for other, cosine in neighbours(source, row)
    ]
    listed.buttons(rows, key="neighbours")


def _choose(marks: Marks, row: int | None) -> None:
    marks.chosen = row
