"""Settings that outlive a page and stand in its address, so that a view can be shared by its link.

Streamlit forgets a widget that a page does not draw, and its own binding to the address writes the label a user sees,
which changes with the language. Here the option's name is kept, in the session and in the address, and each widget
starts from it.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import streamlit as st

T = TypeVar("T", str, int)

_STORE = "remembered"
_ENTERED = "entered-page"
_SAID = "address-at-entry"


def enter(page: str) -> None:
    """A page is opened, by a link or with Back: what its address says now holds, whatever was chosen before.

    Only then: while a page is open, the browser may still send the address of before the last choice.
    """
    if st.session_state.get(_ENTERED) != page:
        st.session_state[_ENTERED] = page
        st.session_state[_SAID] = st.query_params.to_dict()


def remembered(name: str, options: Sequence[T], default: T) -> T:
    """What the address said when the page was opened, else the choice of this session, else the default."""
    said = st.session_state.get(_SAID, {}).pop(name, None)
    if said is not None and (linked := next((option for option in options if str(option) == said), None)) is not None:
        _store()[name] = linked
    choice = choice_of(name)
    if choice in options:
        return choice
    parameter = st.query_params.get(name)
    return next((option for option in options if str(option) == parameter), default)


def choice_of(name: str) -> Any:
    """What was chosen in this session, or said by the address with which the page was opened; None for nothing."""
    return st.session_state.get(_SAID, {}).get(name, _store().get(name))


def widget(
    name: str, options: Sequence[T], default: T, *, language: str = "", always: bool = False
) -> tuple[str, Callable[[], None]]:
    """Prepare a widget: give it the returned key and the returned callback, and no value of its own.

    Args:
        name: of the setting, as it stands in the address.
        options: what can be chosen.
        default: when nothing is chosen; it is not mentioned in the address.
        language: of the labels. Labels of one language must never be taken for values under another.
        always: the default is mentioned too.
    """
    value = remembered(name, options, default)
    key = f"{name}-{language}"
    st.session_state[key] = value
    if value != default:
        _store()[name] = value  # a value from the address holds on the next page too
        write(name, value)
    else:
        write(name, value if always else None)

    def keep() -> None:
        for option in options:
            if option == st.session_state[key]:  # the value of a switch is True, which equals 1
                put(name, option)

    return key, keep


def text_widget(name: str) -> tuple[str, Callable[[], None]]:
    """As `widget`, for a line of text; an empty one is not mentioned in the address."""
    said = st.session_state.get(_SAID, {}).pop(name, None)
    if said is not None:
        _store()[name] = said
    choice = choice_of(name)
    value = st.query_params.get(name, "") if choice is None else str(choice)
    key = f"{name}-"
    st.session_state[key] = value
    if value:
        _store()[name] = value
    write(name, value or None)
    return key, lambda: put(name, st.session_state[key])


def put(name: str, value: str | int) -> None:
    """Choose for the user; a widget of this name shows it in the next run of the page."""
    _store()[name] = value
    write(name, value)


def write(name: str, value: str | int | None) -> None:
    """Put a parameter into the address, or take it out; nothing is sent to the browser when nothing changes.

    `frontend/head.js` keeps such changes out of the browser's history, so that one press of Back leaves the page.
    """
    if value is None:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != str(value):
        st.query_params[name] = str(value)


def link() -> str:
    """The address of this view with the choices of this session."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(st.query_params.to_dict())}"


def _store() -> dict[str, Any]:
    store: dict[str, Any] = st.session_state.setdefault(_STORE, {})
    return store
