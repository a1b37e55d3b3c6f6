"""What is searched: bundled texts, pasted ones, or a file with its other columns and its right matches."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.cells import split_lines
from simcse_core.data.columns import Sample
from simcse_core.data.files import File
from simcse_core.data.kinds import KINDS, Answers, Dataset, Pairs, Triplets
from simcse_core.data.readers import data_from_bytes, table_sample
from simcse_core.errors import InputError
from simcse_core.limits import check_texts, limits
from simcse_core.plain import shortened
from simcse_core.uses.search.corpus import Corpus, open_corpus
from ui.frame import address
from ui.frame.errors import UnansweredError, plain
from ui.frame.translation import _, language
from ui.shared import data_choice, reading
from ui.shared.data_choice import Upload
from ui.shared.typing_area import offer_other_text, typing_area

BUNDLED = "texts"
"""The bundled set that the page begins with, by its name without its language."""
PASTE = "search-paste"
FILTERED_VALUES = 60
"""A column of more different values is no choice."""

Rows = tuple[int, ...]


@dataclass(frozen=True)
class SearchCorpus:
    """Texts to search, with what stands beside them."""

    name: str
    """Of the bundled data or the file; "" for pasted texts."""
    key: str
    """Tells these texts from all others, for caches."""
    texts: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """N cells each."""
    right: Mapping[str, Rows] = field(default_factory=dict)
    """Queries that the data brings, and the rows that belong to each."""
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Which column of the file holds the texts, where that is not called so."""
    is_bundled: bool = False

    @property
    def source(self) -> str:
        """How Python and the command line call the same texts; "" where they stand in no file of this form."""
        if self.right:  # texts of one side alone
            return ""
        return self.name.removesuffix(".csv") if self.is_bundled else self.name

    @classmethod
    def of(cls, name: str, corpus: Corpus, mapping: Mapping[str, str] | None = None) -> "SearchCorpus":
        """The rows of a corpus of the core.

        Raises:
            DataError: a row cannot be used.
            InputError: there are no texts, or too many for a page.
        """
        rows = list(corpus)
        texts = tuple(text for text, _others in rows)
        check_texts(texts, limits().max_search_texts, "max_search_texts")
        columns = {
            column: tuple(others[place] for _text, others in rows) for place, column in enumerate(corpus.columns)
        }
        return cls(name, _key(name, texts, columns), texts, columns, {}, mapping or {})

    @classmethod
    def of_data(cls, data: Dataset) -> "SearchCorpus":
        """A data set. Of pairs, answers and triplets what answers is searched; what asks are its queries."""
        if not isinstance(data, Pairs | Answers | Triplets):
            return cls.of(data.name, open_corpus(data))
        asking, answering, matches = _sides(data)
        texts = tuple(dict.fromkeys(answering))
        check_texts(texts, limits().max_search_texts, "max_search_texts")
        place = {text: row for row, text in enumerate(texts)}
        right: dict[str, list[int]] = {}
        for query, text, is_match in zip(asking, answering, matches, strict=True):
            if is_match:
                right.setdefault(query, []).append(place[text])
        rows = {query: tuple(dict.fromkeys(found)) for query, found in right.items()}
        return cls(data.name, _key(data.name, texts, rows), texts, {}, rows)

    @property
    def filters(self) -> list[str]:
        """Columns whose values can be chosen from."""
        return [name for name, cells in self.columns.items() if 1 < len(set(cells)) <= FILTERED_VALUES]


def _sides(data: "Pairs | Answers | Triplets") -> tuple[tuple[str, ...], tuple[str, ...], tuple[bool, ...]]:
    """What asks, what answers, and whether it is right."""
    if isinstance(data, Triplets):
        count = len(data.anchor)
        texts = (*data.positive, *data.negative)
        return (*data.anchor, *data.anchor), texts, (*(True,) * count, *(False,) * count)
    if isinstance(data, Answers):
        return data.question, data.answer, tuple(label == 1 for label in data.label)
    return data.sentence1, data.sentence2, tuple(label == 1 for label in data.label)


def _key(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def choose() -> SearchCorpus:
    """Bundled texts; pasted ones or a file in their place. Errors as for `SearchCorpus.of`."""
    names = data_choice.offered(list(KINDS))
    default = f"{BUNDLED}-{bundled.ending(language())}"
    key, keep = address.widget(
        "search-data", names, default if default in names else f"{BUNDLED}-en", language=language()
    )
    title = _title(st.session_state[key])
    with st.popover(title, icon=":material/article:", width="stretch", key="search-texts"):
        name = st.selectbox(_("Texts to search"), names, format_func=data_choice.data_title, key=key, on_change=keep)
        st.caption(_("Or texts of your own, pasted or from a file:"))
        pasted = split_lines(typing_area(_("Paste texts, one a line"), default="", source="paste", key=PASTE))
        offer_other_text(PASTE)
        brought = data_choice.upload("search", ("texts", "labelled", "pairs", "answers"))
    if pasted:
        return _pasted(tuple(pasted))
    return _bundled(name) if brought is None else _brought(brought)


def _title(name: str) -> str:
    """What is searched now, as far as it is known before it is read."""
    area = st.session_state.get(f"{PASTE}-state")
    if area is not None and area.text.strip():
        return _("The texts that you pasted")
    file = st.session_state.get("search-upload")
    return data_choice.data_title(name) if file is None else plain(shortened(file.name, 30))


@st.cache_resource(max_entries=16, show_spinner=False)  # read-only
def _bundled(name: str) -> SearchCorpus:
    return replace(SearchCorpus.of_data(bundled.load(name)), is_bundled=True)


@st.cache_resource(max_entries=8, show_spinner=False)
def _pasted(texts: tuple[str, ...]) -> SearchCorpus:
    check_texts(texts, limits().max_search_texts, "max_search_texts")
    return SearchCorpus.of("", open_corpus(texts))


def _brought(upload: Upload) -> SearchCorpus:
    """A file; where no column is called `text` and it is of no kind, the page asks which one is searched."""
    file = reading.choose_reading(upload.name, upload.content, upload.token, "search")
    if file is None:
        raise UnansweredError("Choose above which text {file} holds.", file=upload.name)
    assert isinstance(file.content, bytes)
    sample = table_sample(file.content, file.name)
    if not sample.columns or sample.columns == ["text"]:
        return _of_table(upload.token, "", file)
    names = {name.strip().lower() for name in sample.columns}
    for kind in ("answers", "pairs", "triplets", "scored"):
        if set(KINDS[kind].columns) <= names:
            return _of_kind(upload.token, file)
    return _of_table(upload.token, _text_column(sample, upload.token), file)


def _text_column(sample: Sample, token: str) -> str:
    """Which column is searched: `text`, or the one that somebody chooses; the longest cells are the first guess."""
    names = [name for name in sample.columns if name.strip()]
    if not names:
        raise InputError("The file has no column names. Add a row of names above the data.")
    called = [name for name in names if name.strip().lower() == "text"]
    lengths = {name: sum(map(len, sample.cells(sample.columns.index(name)))) for name in names}
    longest = max(names, key=lambda name: lengths[name])
    return st.selectbox(
        _("Which column holds the texts?"),
        names,
        index=names.index(called[0] if called else longest),
        format_func=plain,
        key=f"search-column-{token}",
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _of_kind(token: str, _file: File) -> SearchCorpus:
    assert isinstance(_file.content, bytes)
    return SearchCorpus.of_data(data_from_bytes(_file.content, _file.name, {}))


@st.cache_resource(max_entries=8, show_spinner=False)
def _of_table(token: str, column: str, _file: File) -> SearchCorpus:
    mapping = {} if column.strip().lower() in ("", "text") else {"text": column}
    return SearchCorpus.of(_file.name, open_corpus(_file, mapping), mapping)


def choose_filters(corpus: SearchCorpus) -> dict[str, list[str]]:
    """Which rows are searched, by the other columns; nothing chosen means all."""
    where: dict[str, list[str]] = {}
    for column in corpus.filters:
        values = list(dict.fromkeys(corpus.columns[column]))
        chosen = st.multiselect(
            plain(column),
            values,
            format_func=plain,
            placeholder=_("all"),
            key=f"search-filter-{corpus.key}-{column}",
        )
        if chosen:
            where[column] = chosen
    return where
