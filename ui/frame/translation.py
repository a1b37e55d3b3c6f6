"""The interface in every language that has a catalogue in `ui/locales`.

Every text of a page goes through `_`; `make messages` collects the texts into `ui/locales`, where the lines of
each language are written. The catalogues are read as they are, so there is no compiled file to forget.
"""

import gettext
from collections.abc import Sequence
from functools import cache, reduce
from io import BytesIO
from pathlib import Path

import streamlit as st
from babel import Locale
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from simcse_core.errors import UserError
from ui.frame import address

KEY = "language"
LOCALES = Path(__file__).parent.parent / "locales"


def languages_in(folder: Path) -> dict[str, str]:
    """English, which the code speaks, and every language with a catalogue in a folder: its code -> its own name."""
    codes = ["en", *sorted(path.parent.parent.name for path in folder.glob("*/LC_MESSAGES/messages.po"))]
    return {code: (Locale.parse(code).get_language_name() or code).capitalize() for code in codes}


LANGUAGES = languages_in(LOCALES)


def language() -> str:
    """The chosen language; before any choice, the one that the browser asks for, and English where there is no such."""
    asked = _without_region(st.context.locale or "")
    preset = next((code for code in LANGUAGES if _without_region(code) == asked), "en")
    return address.remembered(KEY, list(LANGUAGES), preset)


def _without_region(code: str) -> str:
    """ "zh" of "zh-TW" and of "zh_CN"."""
    return code.replace("-", "_").partition("_")[0].lower()


def _(message: str) -> str:
    """The message in the language of this session."""
    return catalogue(language()).gettext(message) if message else ""


def N_(message: str) -> str:  # noqa: N802 - the name that gettext tools look for
    """Marks a message that is translated later, where it is shown."""
    return message


def joined(*sentences: str) -> str:
    """Sentences one behind the other, with what the language has between them: nothing in Chinese."""
    written = list(filter(None, sentences))
    template = _("{sentence} {next_one}")
    return reduce(lambda text, sentence: template.format(sentence=text, next_one=sentence), written) if written else ""


def in_every_language(message: str) -> str:
    """A message in all languages, for somebody who may read only one of them."""
    return " / ".join(dict.fromkeys(catalogue(code).gettext(message) for code in LANGUAGES))


def enumeration(names: Sequence[str]) -> str:
    """Names one after the other, the last one with "and"."""
    return format_list(list(names), locale=language())


def explain(error: UserError) -> str:
    """A user's error in the language of this session."""
    return _(error.template).format(**error.values)


@cache
def catalogue(name: str) -> gettext.NullTranslations:
    path = LOCALES / name / "LC_MESSAGES" / "messages.po"
    if not path.exists():  # English is what the code says
        return gettext.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
