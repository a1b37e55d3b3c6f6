"""A text area that follows the typing, with the number of lines under it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from simcse_core.encoding.texts import checked
from ui.frame.components import component
from ui.frame.translation import _

_SCRIPT = Path(__file__).parent / "frontend" / "typing_area.js"


@dataclass
class _AreaState:
    """The text of a text area, for as long as the session lasts."""

    source: str
    default: str
    text: str
    revision: int = 0
    """Grows whenever the page, and not the user, replaces the text."""
    sample: str = ""
    """What the source offers now."""
    previous: str | None = None
    """What the user had written before the page replaced it."""

    def replace(self, text: str) -> None:
        if self.text != self.default:
            self.previous = self.text
        self.default = self.text = text
        self.revision += 1


def put(key: str, text: str) -> None:
    """Fill a text area, as an upload does, also before its page was ever open. What the user had written can be brought
    back."""
    state: _AreaState | None = st.session_state.get(f"{key}-state")
    if state is None:
        st.session_state[f"{key}-put"] = text
        return
    state.replace(text)
    state.default = ""  # it is the user's own: no change of language or sample may lose it


def text_of(key: str, default: str) -> str:
    """The text of a text area, whether or not it is drawn now: what was typed, else what it starts with."""
    state: _AreaState | None = st.session_state.get(f"{key}-state")
    return default if state is None or state.text == state.default else state.text


def reset(key: str, sample: str) -> None:
    """Fill a text area with its sample again."""
    state: _AreaState | None = st.session_state.get(f"{key}-state")
    if state is not None and state.text != sample:
        state.replace(sample)


def typing_area(
    label: str,
    *,
    default: str,
    source: str,
    key: str,
    note: Callable[[str], str] = lambda _text: "",
    is_query: bool = False,
) -> str:
    """The text of a text area, 0.3 s after the last key.

    Args:
        label: above the area.
        default: what it starts with.
        source: names where the default comes from. Another source replaces what was typed, and a button brings it
            back; another default of the same source (another language) replaces only what nobody has changed.
        key: of the widget; the text outlives a change of page.
        note: what to say under a text, beside its number of lines.
        is_query: two lines high, without a count: one text is typed, and not a list of them.
    """
    state: _AreaState = st.session_state.setdefault(f"{key}-state", _AreaState(source, default, default))
    if state.source != source or (state.default != default and state.text == state.default):
        state.replace(default)
        state.source = source
    if (waiting := st.session_state.pop(f"{key}-put", None)) is not None:
        put(key, waiting)
    state_key = f"{key}-{hashlib.sha256(f'{state.source}{state.revision}{state.default}'.encode()).hexdigest()[:12]}"
    (state.text,) = checked([state.text])  # lone surrogates cannot be sent to the browser
    result = component("simcse_typing_area", _SCRIPT)(
        key=state_key,
        data={
            "label": label,
            "text": state.text,
            "revision": state_key,
            "name": f"{key}-{source}",
            "sample": default,
            "count": _("Lines: {n}"),
            "isQuery": is_query,
            "note": note(st.session_state.get(state_key, {}).get("text") or state.text),
        },
        on_text_change=lambda: None,
    )
    if result.text is not None:
        (state.text,) = checked([result.text])
    state.sample = default
    return state.text


def offer_other_text(key: str) -> None:
    """A button that brings back what the user had written, or the sample that the area began with."""
    state: _AreaState = st.session_state[f"{key}-state"]

    def bring_back() -> None:
        state.text, state.previous = state.previous or "", None
        state.revision += 1

    def reset() -> None:
        state.previous, state.text, state.default = state.text, state.sample, state.sample
        state.revision += 1

    if state.previous is not None:
        st.button(_("Back to my sentences"), icon=":material/undo:", key=f"{key}-undo", on_click=bring_back)
    elif state.text != state.sample:
        st.button(_("Back to the sample"), icon=":material/restart_alt:", key=f"{key}-reset", on_click=reset)
