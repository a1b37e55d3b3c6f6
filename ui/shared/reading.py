"""Asks how to read a file where this is ambiguous: which sheet of a workbook, which encoding."""

from dataclasses import dataclass

import streamlit as st

from simcse_core.data.decoding import EncodingError, Guess, decode
from simcse_core.data.files import File
from ui.frame.errors import plain
from ui.frame.translation import _

_NOT_TEXT = (".parquet", ".xlsx")


@dataclass(frozen=True)
class _Doubts:
    """What a file does not say of itself: which sheet, which encoding."""

    sheets: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()


def choose_reading(name: str, content: bytes, token: str, key: str) -> File | None:
    """A file with its sheet and its encoding; where these are in doubt, the page asks for them.

    Args:
        name: of the file.
        content: of the file.
        token: its own for each file that is brought.
        key: prefix of the widgets' keys.

    Returns:
        The file; None until the user has answered.

    Raises:
        DataError: it cannot be read in any way.
    """
    doubts = _doubts(token, name, content)
    if len(doubts.sheets) > 1:
        sheet = st.selectbox(_("Sheet"), doubts.sheets, key=f"{key}-sheet-{token}")
        return _plainly(token, "", sheet, File(name, content, sheet=sheet))
    if not doubts.guesses:
        return File(name, content)
    excerpts = {guess.encoding: guess.excerpt for guess in doubts.guesses}
    encoding = st.radio(
        _("The file is not in UTF-8. Which of these is the text?"),
        list(excerpts),
        index=None,
        format_func=lambda encoding: plain(f"{excerpts[encoding]} ({encoding})"),
        key=f"{key}-encoding-{token}",
    )
    if encoding is None:
        st.caption(_("If none is right, save the file in UTF-8 and upload it again."))
        return None
    return _plainly(token, encoding, "", File(name, content, encoding))


def is_plain(name: str, content: bytes, token: str) -> bool:
    """Whether there is nothing to ask. Errors as for `choose_reading`."""
    doubts = _doubts(token, name, content)
    return len(doubts.sheets) <= 1 and not doubts.guesses


@st.cache_data(max_entries=64, show_spinner=False)
def _doubts(token: str, name: str, _content: bytes) -> _Doubts:
    file = File(name, _content)
    try:
        if file.ending not in _NOT_TEXT:
            decode(_content, name)
    except EncodingError as error:
        return _Doubts(guesses=error.guesses)
    return _Doubts(tuple(file.sheets()))


@st.cache_resource(max_entries=16, show_spinner=False)  # read-only
def _plainly(token: str, encoding: str, sheet: str, _file: File) -> File:
    return _file.plainly()
