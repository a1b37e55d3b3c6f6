"""The slim bar on top of every page: its pages, the language, the projector, the theme; on a phone a menu."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from ui.frame import address, foreign_words, projector, translation
from ui.frame.components import component
from ui.frame.translation import N_, _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ui.frame.page import Page

_SCRIPT = Path(__file__).parent / "frontend" / "top_bar.js"


def show(pages: "Iterable[Page]") -> None:
    """Draw the bar. The address always names the language: a link is read as it was sent."""
    codes = list(translation.LANGUAGES)
    with st.container(key="top-bar", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key="top-brand", width="content"):
            st.markdown("**SimCSE Explorer**")
        links = st.container(key="top-links", horizontal=True, vertical_alignment="center", gap="xxsmall")
        with st.container(
            key="top-switches", horizontal=True, vertical_alignment="center", gap="small", width="content"
        ):
            key, keep = address.widget(translation.KEY, codes, translation.language(), always=True)
            st.segmented_control(
                translation.in_every_language(N_("Language")),
                codes,
                required=True,
                format_func=lambda code: translation.LANGUAGES[code],
                key=key,
                on_change=keep,
                label_visibility="collapsed",
            )
            projector.switch(_("Projector"))
            words = {"menu": _("Pages"), "dark": _("Dark theme")}
            data = {"language": translation.language().replace("_", "-"), "foreign": foreign_words.lines(), **words}
            component("simcse_top_bar", _SCRIPT)(key="top-buttons", data=data)
    with links:  # drawn after the language is known
        for page in pages:
            st.page_link(page.path, label=_(page.title), query_params={"language": translation.language()})
