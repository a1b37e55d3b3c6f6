"""The interface in English and Chinese.

Every text of a page goes through `_`; `make messages` collects the texts into `ui/locales`, where the Chinese lines
are written. The catalogues are read as they are, so there is no compiled file to forget.
"""

import gettext
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

import streamlit as st
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from simcse_core.errors import UserError
from ui.frame import address

LANGUAGES = {"en": "English", "zh_CN": "中文"}
KEY = "language"
LOCALES = Path(__file__).parent.parent / "locales"


def language() -> str:
    """The chosen language; before any choice, Chinese for browsers that ask for it and English for all others."""
    asked = "zh_CN" if (st.context.locale or "").lower().startswith("zh") else "en"
    return address.remembered(KEY, list(LANGUAGES), asked)


def _(message: str) -> str:
    """The message in the language of this session."""
    return _catalogue(language()).gettext(message) if message else ""


def N_(message: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Marks a message that is translated later, where it is shown."""
    return message


def joined(*sentences: str) -> str:
    """Sentences one behind the other; Chinese ones have no space between them."""
    return ("" if language() == "zh_CN" else " ").join(filter(None, sentences))


def enumeration(names: Sequence[str]) -> str:
    """Names one after the other, the last one with "and"."""
    return format_list(list(names), locale=language())


def explain(error: UserError) -> str:
    """A user's error in the language of this session."""
    return _(error.template).format(**error.values)


@cache
def _catalogue(name: str) -> gettext.NullTranslations:
    path = LOCALES / name / "LC_MESSAGES" / "messages.po"
    if not path.exists():  # English is what the code says
        return gettext.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
