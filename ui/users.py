"""Who sits at the browser: a random id in a cookie, so that runs are found again. It is no login."""

import re
import secrets
from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

COOKIE = "simcse_user"
_ID = re.compile(r"[0-9a-f]{32}")
_KEY = "user-id"


def current() -> str:
    """The id of this browser.

    On a first visit it is made here and a script keeps it in a cookie; should another tab have been faster, this tab
    goes over to the other's id when it is loaded anew.
    """
    if _KEY not in st.session_state:
        given = st.context.cookies.get(COOKIE, "")
        st.session_state[_KEY] = given if _ID.fullmatch(given) else secrets.token_hex(16)
    own: str = st.session_state[_KEY]
    return own


def remember() -> None:
    """Keep the id in the browser. Part of every page's frame."""
    if st.context.cookies.get(COOKIE, "") != current():
        _cookie()(key="user-cookie", data={"name": COOKIE, "value": current()}, height=0)


@st.cache_resource(show_spinner=False)
def _cookie() -> ComponentRenderer:
    script = (Path(__file__).parent / "frontend" / "user_cookie.js").read_text(encoding="utf-8")
    return st.components.v2.component("simcse_user_cookie", js=script)
