"""Settings in the page's address, so that a view can be shared by its link.

Streamlit's own binding writes the label a user sees, which changes with the language; this writes the option's name.
"""

from collections.abc import Sequence

import streamlit as st


def read(name: str, options: Sequence[str | int]) -> None:
    """Before a widget with the key `name`: start it with what the address says, unless it has a value already."""
    given = st.query_params.get(name)
    if given is not None and name not in st.session_state:
        for option in options:
            if str(option) == given:
                st.session_state[name] = option


def write(name: str, default: str | int | None = None) -> None:
    """After the widget: put its value into the address; a default needs no mention."""
    value = st.session_state.get(name)
    if value is None or value == default:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != str(value):
        st.query_params[name] = str(value)
