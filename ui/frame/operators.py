"""Whoever runs the server may act for everybody on the pages: with a code that only its terminal shows."""

import hmac
import os
import secrets
import sys
import time
from functools import cache

import streamlit as st

from ui.frame import users
from ui.frame.translation import _

VARIABLE = "SIMCSE_OPERATOR_CODE"
WRONG_SECONDS = 1.0
"""After a wrong code: nobody tries them all."""
_IS_ON, _TYPED, _WRONG = "is-operator", "operator-code", "operator-code-wrong"


def announce() -> None:
    """Say the code where only the operator reads it; one that the operator has set is known."""
    if not _set():
        print(
            f"simcse_core: the operator's code is {code()} (page Runs: cancel, rename and delete for everybody; "
            f"{VARIABLE} sets another one)",
            file=sys.stderr,
            flush=True,
        )


@cache
def code() -> str:
    """The code of this server: `SIMCSE_OPERATOR_CODE`, or one by chance that is another at the next start."""
    return _set() or secrets.token_hex(5)


def _set() -> str:
    return os.environ.get(VARIABLE, "").strip()


def acting() -> str | None:
    """For whom this session changes runs: the id of its browser, or None, which is the operator."""
    return None if st.session_state.get(_IS_ON) else users.current()


def switch() -> None:
    """Asks for the code; with the right one this session acts as the operator until it is left."""
    with st.expander(_("I run this server"), icon=":material/admin_panel_settings:"):
        if acting() is None:
            st.markdown(_("You act as the operator: you can cancel, rename and delete everybody's runs."))
            st.button(_("Leave"), key="operator-leave", on_click=_leave)
            return
        st.text_input(
            _("Operator's code"),
            type="password",
            key=_TYPED,
            on_change=_enter,
            autocomplete="off",
            help=_("It is printed in the server's terminal, or set there with SIMCSE_OPERATOR_CODE."),
        )
        if st.session_state.pop(_WRONG, False):
            st.error(_("This is not the code. The server's terminal shows it, unless SIMCSE_OPERATOR_CODE sets it."))


def _enter() -> None:
    typed = st.session_state.pop(_TYPED, "").strip()
    if not typed:
        return
    if hmac.compare_digest(typed.encode("utf-8", "replace"), code().encode("utf-8", "replace")):
        st.session_state[_IS_ON] = True
    else:
        time.sleep(WRONG_SECONDS)
        st.session_state[_WRONG] = True


def _leave() -> None:
    st.session_state[_IS_ON] = False
