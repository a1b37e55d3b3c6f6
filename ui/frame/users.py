"""The id of a browser: a random number in a cookie, by which its runs are listed again. It is no login."""

import re
import secrets
from pathlib import Path

import streamlit as st

from ui.frame import address
from ui.frame.components import component
from ui.frame.translation import _

COOKIE = "simcse_user"
_SCRIPT = Path(__file__).parent / "frontend" / "user_cookie.js"
_ID = re.compile(r"[0-9a-f]{32}")
_KEY = "user-id"
_FORGETS = "user-cookie-refused"


def current() -> str:
    """The id of this browser.

    On a first visit it is made here, and a script keeps it in a cookie.
    """
    if _KEY not in st.session_state:
        st.session_state[_KEY] = _valid(st.context.cookies.get(COOKIE)) or secrets.token_hex(16)
    user: str = st.session_state[_KEY]
    return user


def remember() -> None:
    """Keep the id in the browser. Part of every page's frame."""
    if st.context.cookies.get(COOKIE) == current():
        return
    answer = component("simcse_user_cookie", _SCRIPT)(
        key="user-cookie",
        data={"name": COOKIE, "value": current()},
        height=0,
        on_id_change=_do_nothing,
        on_refused_change=_do_nothing,
    )
    if (earlier := _valid(answer.id)) is not None:  # another tab was faster: its id is this browser's
        st.session_state[_KEY] = earlier
    st.session_state[_FORGETS] = bool(answer.refused)


def say_if_forgotten() -> None:
    """Warn where the browser stores no cookie, as in a frame of another host, and offer to open a window."""
    if st.session_state.get(_FORGETS):
        st.warning(
            _(
                "The browser keeps nothing here, as inside another page: after a reload your runs are no longer yours, "
                "and files cannot be uploaded."
            ),
            icon=":material/open_in_new:",
        )
        st.link_button(_("Open in its own window"), address.link(), icon=":material/open_in_new:")


def _valid(value: object) -> str | None:
    """A browser can send anything: the value if it is an id."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _do_nothing() -> None:
    """A component reports a value only if it has a callback for it."""
