"""Texts that somebody brings: pasted, in a text file, or in a table whose other columns come along."""

import streamlit as st

from simcse_core.data.cells import split_lines
from simcse_core.data.columns import Sample
from simcse_core.data.files import TABLE_ENDINGS, TEXT_ENDINGS, File
from simcse_core.data.guessing import guess_columns
from simcse_core.data.kinds import KINDS
from simcse_core.data.readers import data_from_bytes, table_sample
from simcse_core.errors import InputError
from simcse_core.limits import limits
from simcse_core.uses.search.corpus import open_corpus
from ui.frame import uploads
from ui.frame.errors import UnansweredError, plain
from ui.frame.translation import _
from ui.map import own_vectors
from ui.map.own_vectors import NPY
from ui.map.source import LABEL, MapTexts
from ui.shared import reading
from ui.shared.data_choice import Upload
from ui.shared.typing_area import offer_other_text, typing_area

KEY = "map"
PASTE = "map-paste"
SEVERAL_TEXTS = ("answers", "pairs", "triplets", "scored")
"""Kinds of data with several texts in a row: each different text becomes a point."""


def paste() -> MapTexts | None:
    """Texts that are typed or pasted, one a line; None before. Errors as for `MapTexts.of`."""
    lines = split_lines(typing_area(_("Paste texts, one a line"), default="", source="paste", key=PASTE))
    offer_other_text(PASTE)
    return _pasted(tuple(lines)) if lines else None


def upload() -> Upload | None:
    """A file that somebody brings; None before."""
    file = st.file_uploader(
        _("A table (CSV, TSV, Excel, JSON or Parquet), or texts, one a line"),
        type=[ending[1:] for ending in (*TABLE_ENDINGS, *TEXT_ENDINGS, NPY)],
        max_upload_size=limits().max_file_megabytes,
        key=f"{KEY}-upload",
    )
    st.caption(
        _(
            "The column text is mapped; label and all other columns can colour the map. Embeddings of your own: an "
            "array in a .npy file, or a Parquet column of lists."
        )
    )
    return None if file is None else Upload(uploads.content(file), file.name, file.file_id)


def read(brought: Upload) -> MapTexts:
    """The texts of a file; where no column is called `text` and it is of no kind, the page asks which one is mapped.

    Raises:
        DataError: the file cannot be used.
        InputError: there are too few texts, or too many.
        UnansweredError: something about it is still to be said.
    """
    if own_vectors.has_vectors(brought):
        return own_vectors.read(brought)
    file = reading.choose_reading(brought.name, brought.content, brought.token, KEY)
    if file is None:
        raise UnansweredError("Choose above which text {file} holds.", file=brought.name)
    assert isinstance(file.content, bytes)
    sample = table_sample(file.content, file.name)
    if not sample.columns or sample.columns == ["text"]:
        return _of_table(brought.token, (), file)
    names = {name.strip().lower() for name in sample.columns}
    if any(set(KINDS[kind].columns) <= names for kind in SEVERAL_TEXTS):
        return _of_kind(brought.token, file)
    text = _text_column(sample, brought.token)
    label = guess_columns(sample)["labelled"].get(LABEL)
    mapping = {"text": text, **({LABEL: label} if label is not None and label != text else {})}
    return _of_table(brought.token, tuple(mapping.items()), file)


def _text_column(sample: Sample, token: str) -> str:
    """Which column holds the texts: `text`, or the one that somebody chooses; the longest cells are the first guess."""
    names = [name for name in sample.columns if name.strip()]
    if not names:
        raise InputError("The file has no column names. Add a row of names above the data.")
    if called := [name for name in names if name.strip().lower() == "text"]:
        return called[0]
    lengths = {name: sum(map(len, sample.cells(sample.columns.index(name)))) for name in names}
    longest = max(names, key=lambda name: lengths[name])
    return st.selectbox(
        _("Which column holds the texts?"),
        names,
        index=names.index(longest),
        format_func=plain,
        key=f"{KEY}-column-{token}",
    )


@st.cache_resource(max_entries=8, show_spinner=False)  # read-only, as below
def _pasted(texts: tuple[str, ...]) -> MapTexts:
    return MapTexts.of_corpus(open_corpus(texts))


@st.cache_resource(max_entries=8, show_spinner=False)
def _of_kind(token: str, _file: File) -> MapTexts:
    assert isinstance(_file.content, bytes)
    return MapTexts.of_data(data_from_bytes(_file.content, _file.name, {}))


@st.cache_resource(max_entries=8, show_spinner=False)
def _of_table(token: str, columns: tuple[tuple[str, str], ...], _file: File) -> MapTexts:
    mapping = {ours: theirs for ours, theirs in columns if theirs.strip().lower() != ours}
    return MapTexts.of_corpus(open_corpus(_file, mapping))
