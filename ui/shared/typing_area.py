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
class _Kept:
    """What a text area holds, for as long as the session lasts."""

    source: str
    default: str
    text: str
    revision: int = 0
    """Grows whenever the page, and not the user, replaces the text."""
    sample: str = ""
    """What the source offers now."""
    mine: str | None = None
    """What the user had written before the page replaced it."""

    def replace(self, text: str) -> None:
        if self.text != self.default:
            self.mine = self.text
        self.default = self.text = text
        self.revision += 1


def put(key: str, text: str) -> None:
    """Fill a text area, as an upload does. What the user had written can be brought back."""
    if (kept := st.session_state.get(f"{key}-kept")) is not None:
        kept.replace(text)
        kept.default = ""  # it is the user's own: no change of language or sample may lose it


def typing_area(
    label: str, *, default: str, source: str, key: str, note: Callable[[str], str] = lambda _text: ""
) -> str:
    """What stands in the text area, 0.3 s after the last key.

    Args:
        label: above the area.
        default: what it starts with.
        source: names where the default comes from. Another source replaces what was typed, and a button brings it
            back; another default of the same source (another language) replaces only what nobody has changed.
        key: of the widget; the text outlives a change of page.
        note: what to say under a text, beside its number of lines.
    """
    kept: _Kept = st.session_state.setdefault(f"{key}-kept", _Kept(source, default, default))
    if kept.source != source or (kept.default != default and kept.text == kept.default):
        kept.replace(default)
        kept.source = source
    state_key = f"{key}-{hashlib.sha256(f'{kept.source}{kept.revision}{kept.default}'.encode()).hexdigest()[:12]}"
    (kept.text,) = checked([kept.text])  # lone surrogates cannot be sent to the browser
    result = component("simcse_typing_area", _SCRIPT)(
        key=state_key,
        data={
            "label": label,
            "text": kept.text,
            "revision": state_key,
            "name": f"{key}-{source}",
            "sample": default,
            "count": _("Lines: {n}"),
            "note": note(st.session_state.get(state_key, {}).get("text") or kept.text),
        },
        on_text_change=lambda: None,
    )
    if result.text is not None:
        (kept.text,) = checked([result.text])
    kept.sample = default
    return kept.text


def offer_other_texts(key: str) -> None:
    """A button to the text that is not there now: what the user had written, or the sample it began with."""
    kept: _Kept = st.session_state[f"{key}-kept"]

    def bring_back() -> None:
        kept.text, kept.mine = kept.mine or "", None
        kept.revision += 1

    def reset() -> None:
        kept.mine, kept.text, kept.default = kept.text, kept.sample, kept.sample
        kept.revision += 1

    if kept.mine is not None:
        st.button(_("Back to my sentences"), icon=":material/undo:", key=f"{key}-undo", on_click=bring_back)
    elif kept.text != kept.sample:
        st.button(_("Back to the sample"), icon=":material/restart_alt:", key=f"{key}-reset", on_click=reset)
