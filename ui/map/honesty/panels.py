"""Several small maps of the same texts beside each other: what is looked at in one is marked in all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.plain import shortened
from ui.frame import projector
from ui.frame.components import component
from ui.frame.translation import _
from ui.map.honesty.sample import ShownClasses
from ui.shared import colors

_SCRIPT = Path(__file__).parent / "frontend" / "panels.js"
SIDE = 2_000
"""Coordinates that are sent are whole numbers up to this."""
LONGEST = 160
"""Letters of a text that are sent."""


@dataclass(frozen=True)
class Panel:
    """One small map."""

    title: str
    points: NDArray[np.float32] | None
    """(N, 2); None while it is being computed."""
    short: str = ""
    """In the place of the title where the heads of row and column say what it is."""
    note: str = ""
    """A figure beside the title."""
    waiting: str = ""
    """What stands in the place of the points."""
    hollow: NDArray[np.bool_] | None = None
    """(N,) points that are unsure."""
    action: str = ""
    """What a click on the title does; empty for nothing."""
    is_current: bool = False
    is_linked: bool = True
    """Whether its points are the texts; those of noise are not."""


@dataclass(frozen=True)
class Panels:
    """Small maps of N texts."""

    about: str
    """Names the texts: what was chosen among others does not count."""
    texts: Sequence[str]
    panels: Sequence[Panel]
    columns: int
    """Beside each other where there is room."""
    label: str
    """What the picture shows, for those who do not see it."""
    across: Sequence[str] = ()
    """Heads of the columns; with them goes `down`."""
    down: Sequence[str] = ()
    """Heads of the rows."""
    classes: ShownClasses | None = None
    near: NDArray[np.integer[Any]] | None = None
    """(N, k) true nearest neighbours, which are marked with a text."""


def show(panels: Panels, *, key: str, on_pick: Callable[[], None] | None = None) -> None:
    """Draw them. `chosen` says what was clicked.

    Args:
        panels: what is shown.
        key: of the component.
        on_pick: called when the title of a map is clicked; `picked` says which.
    """
    classes = panels.classes
    names = () if classes is None else classes.names
    has_others = classes is None or bool((classes.values < 0).any())
    data = {
        "about": panels.about,
        "texts": [shortened(text, LONGEST) for text in panels.texts],
        "panels": [_panel(panel) for panel in panels.panels],
        "side": SIDE,
        "columns": panels.columns,
        "label": panels.label,
        "across": list(panels.across),
        "down": list(panels.down),
        "classes": None if classes is None else classes.values.tolist(),
        "names": [shortened(name, 40) for name in names],
        "others": _("others") if classes is not None and has_others else "",
        "colors": [colors.of_category(position) for position in _places(len(names))],
        "shapes": list(range(max(len(names), 1))),
        "near": None if panels.near is None else panels.near.tolist(),
        "chosen": chosen(key, panels.about, len(panels.texts)),
        "projector": projector.is_on(),
        "help": _(
            "Point at a text, or choose one with the arrow keys and Enter: it is marked on every map, with lines to "
            "its true neighbours."
        ),
        "unlinked": _("A point of noise: there is no text behind it."),
    }
    component("simcse_map_panels", _SCRIPT)(
        key=key,
        data=data,
        height="stretch",
        on_chosen_change=lambda: None,
        on_picked_change=on_pick or (lambda: None),
    )


def _places(count: int) -> list[int]:
    """The colours of so many classes: grey, the colour of the others, is left out."""
    usable = [place for place, color in enumerate(colors.OKABE_ITO) if color != "#999999"]
    return usable[: max(count, 1)]


def chosen(key: str, about: str, count: int) -> int | None:
    """The row that was chosen on the maps of these texts.

    Args:
        key: of the component.
        about: of its `Panels`.
        count: of the texts.
    """
    return _clicked(key, "chosen", "row", about, count)


def picked(key: str, about: str, count: int) -> int | None:
    """The panel whose title was clicked just now.

    Args:
        key: of the component.
        about: of its `Panels`.
        count: of the panels.
    """
    return _clicked(key, "picked", "index", about, count)


def _clicked(key: str, event: str, field: str, about: str, count: int) -> int | None:
    """What a browser reports, if it is a place among `count` of what is shown."""
    click: object = st.session_state.get(key, {}).get(event)
    if not isinstance(click, dict) or click.get("about") != about:
        return None
    place = click.get(field)
    return place if isinstance(place, int) and 0 <= place < count else None


def _panel(panel: Panel) -> dict[str, object]:
    return {
        "title": panel.title,
        "short": panel.short,
        "note": panel.note,
        "waiting": panel.waiting,
        "points": None if panel.points is None else quantised(panel.points).ravel().tolist(),
        "hollow": None if panel.hollow is None else "".join("1" if one else "0" for one in panel.hollow),
        "action": panel.action,
        "current": panel.is_current,
        "linked": panel.is_linked,
    }


def quantised(points: NDArray[np.float32], side: int = SIDE) -> NDArray[np.int64]:
    """Points in a square of whole numbers, their proportions kept, in its middle.

    Args:
        points: (N, 2), finite.
        side: of the square.

    Returns:
        (N, 2) from 0 to `side`.
    """
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    extent = float((high - low).max()) or 1.0
    return np.rint((points - (low + high) / 2) / extent * side + side / 2).astype(np.int64)
