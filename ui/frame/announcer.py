"""What a screen reader says while something goes on: each message politely, and once."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_FRONTEND = Path(__file__).parent / "frontend"


def announce(messages: Mapping[str, str], *, about: str, key: str) -> None:
    """Say the messages that have not been said; those that are there when the page opens are taken for known.

    Args:
        messages: by an id of each, the latest ones in their order.
        about: what they are about. When it changes, what is there then is taken for known.
        key: of the place that speaks; it has to stay on the page.
    """
    data = {"about": about, "messages": [[name, text] for name, text in messages.items()]}
    _component()(key=key, data=data, height=1)


@cache
def _component() -> ComponentRenderer:
    return st.components.v2.component(
        "simcse_announcer",
        css=(_FRONTEND / "announcer.css").read_text(encoding="utf-8"),
        js=(_FRONTEND / "announcer.js").read_text(encoding="utf-8"),
        isolate_styles=False,
    )
