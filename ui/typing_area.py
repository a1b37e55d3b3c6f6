"""A text area that follows the typing, with the number of lines under it."""

import hashlib
from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from ui.translation import _

_FRONTEND = Path(__file__).parent / "frontend"


@cache
def _component() -> ComponentRenderer:
    def part(ending: str) -> str:
        return (_FRONTEND / f"typing_area.{ending}").read_text(encoding="utf-8")

    return st.components.v2.component(
        "simcse_typing_area", html=part("html"), css=part("css"), js=part("js"), isolate_styles=False
    )


def typing_area(label: str, *, default: str, key: str) -> str:
    """What stands in the text area, 0.3 s after the last key.

    Args:
        label: above the area.
        default: what it starts with. Another default replaces what was typed (choose another sample).
        key: of the widget; the text outlives a change of page.
    """
    kept = st.session_state.setdefault(f"{key}-kept", {"default": default, "text": default})
    if kept["default"] != default:
        kept.update(default=default, text=default)
    revision = hashlib.sha256(default.encode()).hexdigest()[:12]
    result = _component()(
        key=f"{key}-{revision}",
        data={"label": label, "text": kept["text"], "revision": revision, "count": _("{n} lines")},
        on_text_change=lambda: None,
    )
    if result.text is not None:
        kept["text"] = result.text
    return str(kept["text"])
