"""The views of the page; each is one function that draws into the places of the stage."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ui.frame import address, projector
from ui.frame.stage import Stage
from ui.frame.translation import N_, _, language
from ui.map import overview
from ui.map.before_after import view as before_after
from ui.map.honesty import misreadings, noise, seeds, settings
from ui.map.source import MapSource

NAME = "map-view"
_FRONTEND = Path(__file__).parent / "frontend"
MAP = "map"


@dataclass(frozen=True)
class View:
    """One way to look at the texts."""

    title: str
    """For the screen; pages translate it."""
    show: Callable[[MapSource, Stage], None]


VIEWS: dict[str, View] = {
    MAP: View(N_("Map"), overview.show),
    "before-after": View(N_("Before/after"), before_after.show),
    "seeds": View(N_("Four seeds"), seeds.show),
    "settings": View(N_("Other settings"), settings.show),
    "noise": View(N_("If it were noise"), noise.show),
    "misreadings": View(N_("Misreadings"), misreadings.show),
}
"""By name in the address."""


def choose() -> View:
    """Which view is shown."""
    st.html(_FRONTEND / "page.css")
    if projector.is_on():
        st.html(_FRONTEND / "projector.css")
    key, keep = address.widget(NAME, list(VIEWS), MAP, language=language())
    chosen = st.selectbox(
        _("View"),
        list(VIEWS),
        format_func=lambda name: _(VIEWS[name].title),
        key=key,
        on_change=keep,
        label_visibility="collapsed",
        width=145 if projector.is_on() else 165,
    )
    return VIEWS[chosen]
