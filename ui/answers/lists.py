"""Which list of questions and answers is asked: a bundled one, or one that the user writes or brings."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.cells import split_lines
from simcse_core.data.faq import Asked, Faq, asked_from_table, bundled_faq, bundled_names, faq_from_bytes, open_faq
from simcse_core.data.files import TABLE_ENDINGS, File
from simcse_core.data.kinds import Answers, normalised
from simcse_core.data.readers import table_sample
from simcse_core.errors import DataError
from simcse_core.limits import check_texts, limits
from ui.frame import address, uploads
from ui.frame.errors import UnansweredError, plain
from ui.frame.translation import _, explain, language
from ui.shared import data_choice, reading
from ui.shared.data_choice import Upload

KEY = "answers"
OWN = "own"
_EXAMPLE = "When do you open?\tAt nine, on Sundays at ten.\nWhere are you?\tAt the harbour, next to the ferry."


@dataclass(frozen=True)
class List:
    """A list of questions and answers, with what tells it from others."""

    faq: Faq
    key: str
    """For caches."""
    source: str
    """Name of bundled data; empty for the user's own."""
    labelled: Answers | None = None
    """Data with right and wrong answers for each question, where the list was made of such."""

    @property
    def title(self) -> str:
        """Plain text."""
        return self.faq.title or (data_choice.data_title(self.source) if self.source else self.faq.name)


def choose() -> List:
    """The list that is asked.

    Raises:
        DataError: what the user brings cannot be used.
        InputError: it is too long.
    """
    names = _offered()
    default = bundled_faq(language()).name
    key, keep = address.widget(f"{KEY}-list", names, default, language=language())
    name = st.selectbox(_("List of questions and answers"), names, format_func=_title, key=key, on_change=keep)
    chosen = _bundled(name) if name != OWN else _own()
    check_texts([*chosen.faq.questions, *chosen.faq.answers], limits().max_similarity_texts, "max_similarity_texts")
    return chosen


def _offered() -> list[str]:
    """Those in the language of the interface first."""
    ending = f"-{bundled.ending(language())}"
    lists = sorted(bundled_names(), key=lambda name: not name.endswith(ending))
    return [*lists, *data_choice.offered(["answers"]), OWN]


def _title(name: str) -> str:
    if name == OWN:
        return _("My own list")
    if name in bundled_names():
        return f"{_bundled(name).faq.title} · {name.rpartition('-')[2].upper()}"
    return data_choice.data_title(name)


@st.cache_resource(max_entries=16, show_spinner=False)
def _bundled(name: str) -> List:
    if name in bundled_names():
        return List(open_faq(name), name, name)
    data = bundled.load(name)
    assert isinstance(data, Answers)
    return List(open_faq(data), name, name, data)


def _own() -> List:
    """Written into a text area, or brought as a file."""
    with st.popover(_("Write or upload"), icon=":material/edit:", width="stretch"):
        text = st.text_area(
            _("A question and its answer a line, with a tab or a vertical bar (|) between them"),
            value=st.session_state.get(f"{KEY}-own-text", _EXAMPLE),
            key=f"{KEY}-own-area",
            height=160,
        )
        st.session_state[f"{KEY}-own-text"] = text
        brought = _upload(f"{KEY}-file", _("Or a table with the columns question and answer"))
        asked = _upload(f"{KEY}-asked-file", _("What people asked: a table with question and answer; none is empty"))
    written = _written(text) if brought is None else _opened(brought)
    if asked is not None:
        written = _with_asked(written, asked)
    return written


def _upload(key: str, label: str) -> Upload | None:
    file = st.file_uploader(
        label, type=[ending[1:] for ending in TABLE_ENDINGS], max_upload_size=limits().max_file_megabytes, key=key
    )
    return None if file is None else Upload(uploads.content(file), file.name, file.file_id)


def _written(text: str) -> List:
    pairs = []
    for number, line in enumerate(split_lines(text), 1):
        question, sign, answer = line.partition("\t" if "\t" in line else "|")
        if not sign or not question.strip() or not answer.strip():
            raise DataError(
                "Line {number} of the list, {given!r}, has no question and answer. Put a tab or a vertical bar (|) "
                "between the two.",
                number=number,
                given=line[:60],
            )
        pairs.append((question.strip(), answer.strip()))
    if not pairs:
        raise UnansweredError("Write a question and its answer, or upload a list.")
    faq = replace(open_faq(pairs), name=_("My own list"))
    return List(faq, hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), "")


def _opened(brought: Upload) -> List:
    file = reading.choose_reading(brought.name, brought.content, brought.token, f"{KEY}-file")
    if file is None:
        raise UnansweredError("Choose above which text {file} holds.", file=brought.name)
    content = file.content
    assert isinstance(content, bytes)
    columns = _columns(file.name, content)
    faq, labelled = _read(brought.token, tuple(columns.items()), file.name, content)
    return List(faq, repr((brought.token, file.name, sorted(columns.items()))), "", labelled)


@st.cache_resource(max_entries=16, show_spinner=False)
def _read(token: str, columns: tuple[tuple[str, str], ...], name: str, _content: bytes) -> tuple[Faq, Answers | None]:
    """The list in a file, and the data of right and wrong answers where it holds such."""
    faq = faq_from_bytes(_content, name, dict(columns))
    try:
        data = data_choice.parsed(Upload(_content, name, token), columns)
    except DataError:  # two columns alone are no data of any kind
        return faq, None
    return faq, data if isinstance(data, Answers) else None


def _columns(name: str, content: bytes) -> Mapping[str, str]:
    """Which columns hold questions and answers, where their names do not say so."""
    names = table_sample(content, name).columns
    if {"question", "answer"} <= {normalised(column) for column in names} or len(names) < 2:
        return {}
    st.caption(_("The columns have other names. Say which is which:"))
    columns: dict[str, str] = {}
    for place, ours in enumerate(("question", "answer")):
        columns[ours] = st.selectbox(f"`{ours}`", names, index=place, key=f"{KEY}-{ours}-{name}")
    if len(set(columns.values())) < 2:
        raise UnansweredError("Questions and answers are two columns: choose another one for one of them.")
    return columns


def _with_asked(chosen: List, brought: Upload) -> List:
    """The list with what people asked; what cannot be used is said, and the list stays."""
    try:
        file = File(brought.name, brought.content).plainly()
        asked: tuple[Asked, ...] = asked_from_table(file.table(), chosen.faq, brought.name)
    except DataError as error:
        st.error(plain(explain(error)))
        return chosen
    return replace(chosen, faq=replace(chosen.faq, asked=asked), key=f"{chosen.key} {brought.token}")
