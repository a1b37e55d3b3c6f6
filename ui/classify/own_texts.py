"""Texts to label: bundled, uploaded or pasted, some of them labelled already; and the names of the classes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.cells import cell_text, is_blank, split_lines
from simcse_core.data.files import TABLE_ENDINGS, TEXT_ENDINGS, File
from simcse_core.data.kinds import Labelled
from simcse_core.errors import InputError
from simcse_core.limits import check_texts, limits
from ui.classify import stored
from ui.classify.session import KEYS, LabellingSession
from ui.frame import uploads
from ui.frame.errors import UnansweredError, plain
from ui.frame.translation import _, language
from ui.shared import data_choice, reading

KEY = "classify-own"
FEWEST = 10
"""Texts that a classifier can be made from at all."""


@dataclass(frozen=True)
class OwnTexts:
    """What is to be labelled."""

    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    """Of each text; empty where it has none yet."""
    token: str
    classes: tuple[str, ...] = ()
    """That the texts bring along, where nobody names others."""


def choose() -> OwnTexts:
    """Asks for texts without labels; before there are any, those of the bundled intents.

    Raises:
        DataError: a file cannot be used.
        InputError: there are too few texts, or too many.
    """
    with st.popover(_("My own texts"), icon=":material/upload:", width="stretch", key=f"{KEY}-{_came()}"):
        file = st.file_uploader(
            _("Texts, one a line, or a table with the column text; a column label may hold the labels so far"),
            type=[ending[1:] for ending in TEXT_ENDINGS + TABLE_ENDINGS],
            max_upload_size=limits().max_file_megabytes,
            key=f"{KEY}-upload",
        )
        pasted = _paste()
        if file is not None:
            resolved = reading.choose_reading(file.name, uploads.content(file), file.file_id, KEY)
            if resolved is None:
                raise UnansweredError("Choose above which text {file} holds.", file=file.name)
            return checked(of_file(resolved, file.file_id))
    handed = data_choice.handed_over(KEY)
    if handed is not None and not pasted:
        st.caption(_("Using your file {name} instead.").format(name=plain(handed.name)))
        st.button(_("Remove"), key=f"{KEY}-forget", type="tertiary", on_click=data_choice.hand_over, args=(KEY, None))
        return checked(of_file(File(handed.name, handed.content), handed.token))
    if pasted:
        lines = tuple(split_lines(pasted))
        return checked(OwnTexts(_("pasted texts"), lines, ("",) * len(lines), _hash(pasted)))
    return of_bundled()


def of_bundled() -> OwnTexts:
    """The bundled intents without their labels."""
    name = stored.data_name(language())
    data = bundled.load(name)
    assert isinstance(data, Labelled)
    return OwnTexts(name, data.text, ("",) * len(data), name, data.classes)


def of_file(file: File, token: str) -> OwnTexts:
    """The texts of a file, with the labels that it has."""
    if not file.is_table or file.holds_texts():
        texts = tuple(file.texts())
        return OwnTexts(file.name, texts, ("",) * len(texts), token)
    table = file.table()
    place = table.place("text", file.name)
    label = table.place("label", file.name) if table.has("label") else None
    found: list[str] = []
    labels: list[str] = []
    for row, cells in table.rows:
        found.append(cell_text(cells[place], row, "text", file.name))
        cell = None if label is None else cells[label]
        labels.append("" if cell is None or is_blank(str(cell)) else cell_text(cell, row, "label", file.name))
    return OwnTexts(file.name, tuple(found), tuple(labels), token)


def checked(own: OwnTexts) -> OwnTexts:
    """The texts, each once.

    Raises:
        InputError: there are too few, or too many.
    """
    first: dict[str, str] = {}
    for text, label in zip(own.texts, own.labels, strict=True):
        first[text] = first.get(text) or label
    if len(first) < FEWEST:
        raise InputError(
            "{file} has {given} different texts: at least {least} are needed to label some and to measure on others.",
            file=own.name,
            given=len(first),
            least=FEWEST,
        )
    check_texts(list(first), limits().max_map_points, "max_map_points")
    return OwnTexts(own.name, tuple(first), tuple(first.values()), own.token, own.classes)


def class_names(own: OwnTexts) -> tuple[str, ...]:
    """Asks what the classes are called, one a line; those of labels that are there already are among them.

    Raises:
        InputError: there are more than there are keys.
        UnansweredError: there are fewer than two.
    """
    from_labels = tuple(dict.fromkeys(label for label in own.labels if label))
    key = f"{KEY}-classes-{own.token}"
    if key not in st.session_state:
        st.session_state[key] = st.session_state.get(f"{key}-typed", "\n".join(own.classes or from_labels))
    typed = st.text_area(_("Classes, one a line"), key=key, height=110, placeholder=_("refund\ndelivery\nother"))
    st.session_state[f"{key}-typed"] = typed
    names = tuple(dict.fromkeys([*split_lines(typed), *from_labels]))
    if len(names) > len(KEYS):
        raise InputError(
            "{given} classes are too many to label by keys: the limit is {most}. Begin with the most frequent ones, "
            "and one for all others.",
            given=len(names),
            most=len(KEYS),
        )
    if len(names) < 2:
        raise UnansweredError(
            "Name at least two classes under Classes and model, one a line; then label with the keys 1, 2, …"
        )
    return names


def session_of(own: OwnTexts, classes: Sequence[str]) -> LabellingSession:
    """The labelling of these texts in this session, with its labels; other classes change only what can be chosen."""
    sessions: dict[str, LabellingSession] = st.session_state.setdefault(f"{KEY}-sessions", {})
    if own.token not in sessions:
        given = {row: label for row, label in enumerate(own.labels) if label}
        sessions[own.token] = LabellingSession(own.texts, tuple(classes), given)
    session = sessions[own.token]
    session.classes = tuple(classes)
    return session


def _paste() -> str:
    with st.form(f"{KEY}-paste", border=False):
        text = st.text_area(_("Or paste texts, one a line"), height=120, key=f"{KEY}-pasted-text")
        if st.form_submit_button(_("Label these texts")):
            st.session_state[f"{KEY}-pasted"] = text
    pasted: str = st.session_state.get(f"{KEY}-pasted", "")
    if pasted.strip():
        st.button(_("Remove the pasted texts"), on_click=lambda: st.session_state.pop(f"{KEY}-pasted", None))
    return pasted if pasted.strip() else ""


def _came() -> str:
    """Another popover, which is closed, when something has come."""
    file = getattr(st.session_state.get(f"{KEY}-upload"), "file_id", "")
    return f"{file}-{_hash(st.session_state.get(f'{KEY}-pasted', ''))}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def title(own: OwnTexts) -> str:
    """What the texts are called on the screen."""
    return plain(data_choice.data_title(own.name) if own.name in bundled.names() else own.name)
