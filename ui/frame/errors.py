"""What a user's mistake looks like on a page, and how their text becomes plain Markdown."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from simcse_core.errors import UserError
from simcse_core.plain import markdown
from ui.frame import translation


class UnansweredError(UserError):
    """Something is still to be said before a page can go on: shown as a question, not as a mistake."""


@contextmanager
def user_errors() -> Iterator[None]:
    """What a user can mend is shown in words, in place; everything else is a bug and shows itself."""
    try:
        yield
    except UnansweredError as question:
        st.info(plain(translation.explain(question)), icon=":material/help:")
    except UserError as error:
        st.error(plain(translation.explain(error)), icon=":material/error:")


def plain(text: str) -> str:
    """Text that Streamlit's Markdown shows letter for letter: in a table, a label, a button or a message too."""
    return markdown(text)
