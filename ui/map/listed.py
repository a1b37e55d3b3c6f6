"""Texts as a list of buttons in the rail: each goes to its text, and all can be reached by keyboard."""

from collections.abc import Callable, Sequence

import streamlit as st

from ui.frame.errors import plain
from ui.frame.translation import _

AT_FIRST = 8
WIDEST = 90
"""Letters of a text in a list."""


def short(text: str, widest: int = WIDEST) -> str:
    """The beginning of a text, as Markdown shows it letter for letter."""
    return plain(text if len(text) <= widest else f"{text[: widest - 1]}…")


def buttons(rows: Sequence[tuple[str, Callable[[], None]]], *, key: str, at_first: int = AT_FIRST) -> None:
    """A list.

    Args:
        rows: what stands on each button, as Markdown, and what it does.
        key: of the list.
        at_first: so many are shown before somebody asks for more.
    """
    more = f"{key}-more"
    shown = at_first * (1 + st.session_state.get(more, 0))
    with st.container(key=f"map-list-{key}", gap=None):
        for number, (label, act) in enumerate(rows[:shown]):
            st.button(label, key=f"{key}-{number}", type="tertiary", on_click=act, width="stretch")
    if len(rows) > shown:

        def show_more() -> None:
            st.session_state[more] = st.session_state.get(more, 0) + 1

        left = len(rows) - shown
        st.button(_("Show more ({n} left)").format(n=left), key=f"{more}-button", on_click=show_more, type="tertiary")
