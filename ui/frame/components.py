"""Components of our own, which draw with JavaScript."""

from functools import cache
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from ui.frame.scripts import as_one_script


@cache
def component(name: str, entry: Path) -> ComponentRenderer:
    """A component whose styles are those of the page.

    Args:
        name: of the component, once in the app.
        entry: its module, whose default export Streamlit calls for each change of the data. The HTML it starts from
            and its CSS stand beside it under the same name, if it has any.
    """
    html, css = (_text(entry.with_suffix(ending)) for ending in (".html", ".css"))
    return st.components.v2.component(name, html=html, css=css, js=as_one_script(entry), isolate_styles=False)


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None
