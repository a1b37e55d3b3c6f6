"""The map as a component of the page."""

import base64
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import streamlit as st

from ui.frame import projector
from ui.frame.components import component
from ui.map.plot import packing
from ui.map.plot.model import Plot, Touched
from ui.map.plot.scene import scene, shown
from ui.map.plot.words import words
from ui.shared.colors import is_dark_page

MOST_ASKED = 400
"""Texts in one answer."""
_FRONTEND = Path(__file__).parent / "frontend"


def plot(
    plot: Plot,
    *,
    key: str,
    alt: str,
    height: Literal["stretch"] | int = "stretch",
    on_touch: Callable[[], None] | None = None,
) -> Touched:
    """Draw a map, and say what was done on it.

    Args:
        plot: what it shows.
        key: of the widget.
        alt: what the picture shows, in words.
        height: "stretch" for all the height that its place has, or pixels.
        on_touch: called before the page runs anew because of a click or a selection; `touched` says which.

    Returns:
        What somebody chose and selected last on a map of these texts with this key, whatever the page has set since.
    """
    picture = scene(plot, dark=is_dark_page())
    data = {
        **picture.description,
        "key": key,
        "alt": alt,
        "words": words(),
        "projector": projector.is_on(),
        "asks": "texts" not in {array.name for array in picture.arrays},
    }
    with st.container(height=height, gap=None, border=False, key=f"map-plot-{key}"):
        component("simcse_map_plot", _FRONTEND / "plot.js")(
            key=key, data=data, height="stretch", on_touched_change=on_touch or (lambda: None)
        )
        with st.container(key=f"map-plot-parts-{key}", gap=None):
            _send(picture.arrays, key)
            if data["asks"]:
                _answer(plot.texts, plot.content, key)
    return touched(key, plot.content, plot.count)


def touched(key: str, content: str, count: int) -> Touched:
    """What was last done on a map, also before it is drawn.

    Args:
        key: of the widget.
        content: names the texts; what was done with others does not count.
        count: of the texts.
    """
    return read(st.session_state.get(key, {}).get("touched"), content, count)


def read(reported: object, content: str, count: int) -> Touched:
    """What a browser says was done, as far as it can be true.

    Args:
        reported: anything.
        content, count: as for `touched`.
    """
    match reported:
        case {"content": of, "chosen": row, "selection": encoded, "latest": "chosen" | "selection" as latest, "at": at}:
            if of != content:
                return Touched()
            chosen = row if type(row) is int and 0 <= row < count else None
            mask = packing.mask_of(_decoded(encoded), count)
            selection = mask if mask is not None and mask.any() else None
            return Touched(chosen, selection, latest, float(at) if isinstance(at, int | float) else 0.0)
    return Touched()


def _decoded(encoded: object) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True) if isinstance(encoded, str) else b""
    except ValueError:
        return b""


def _send(arrays: Sequence[packing.Array], key: str) -> None:
    """The arrays that the browser does not have; Streamlit sends what is unchanged by its name only."""
    for array in arrays:
        for number, part in enumerate(array.parts(key)):
            component("simcse_map_part", _FRONTEND / "part.js")(key=f"{key}-{array.name}-{number}", data=part, height=1)


@st.fragment
def _answer(texts: Sequence[str], content: str, key: str) -> None:
    """Sends the texts that the map asks for, and nothing else."""
    name = f"{key}-asked"
    rows: list[int] = []
    match st.session_state.get(name, {}).get("rows"):
        case {"content": of, "rows": list(asked)} if of == content:
            rows = [row for row in asked[:MOST_ASKED] if type(row) is int and 0 <= row < len(texts)]
    answer = {"key": key, "content": content, "texts": [[row, shown(texts[row])] for row in rows]}
    component("simcse_map_texts", _FRONTEND / "asked.js")(key=name, data=answer, height=1, on_rows_change=lambda: None)
