"""Embeddings that somebody brings: an array with a file of texts beside it, or a Parquet table."""

from io import BytesIO
from pathlib import Path

import streamlit as st

from simcse_core.data.columns import SYNONYMS
from simcse_core.data.files import TABLE_ENDINGS, TEXT_ENDINGS
from simcse_core.data.kinds import normalised
from simcse_core.data.readers import texts_from_bytes
from simcse_core.data.vectors import Vectors, read_vectors
from simcse_core.limits import limits
from simcse_core.uses.search.corpus import as_text
from ui.frame import uploads
from ui.frame.translation import _
from ui.map.source import LABEL, MapTexts
from ui.shared.data_choice import Upload, hash_of

NPY = ".npy"


def has_vectors(brought: Upload) -> bool:
    """Whether a file holds embeddings: an array, or a table with a column of lists of numbers."""
    ending = Path(brought.name.lower()).suffix
    return ending == NPY or (ending == ".parquet" and _has_lists(brought.token, brought))


@st.cache_data(max_entries=32, show_spinner=False)
def _has_lists(token: str, _brought: Upload) -> bool:
    import pyarrow
    from pyarrow import parquet, types

    try:
        schema = parquet.read_schema(BytesIO(_brought.content))
    except (pyarrow.ArrowException, OSError):
        return False  # who reads it says what is wrong
    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return any(
        any(is_list(field.type) for is_list in lists)
        and (types.is_floating(field.type.value_type) or types.is_integer(field.type.value_type))
        for field in schema
    )


def read(brought: Upload) -> MapTexts:
    """The texts with their embeddings; where the file holds no texts, another one may, else rows have numbers.

    Raises:
        DataError: a row is no vector, all are the same, or the texts are not as many.
        InputError: there are too few texts.
    """
    vectors = _vectors(brought.token, brought)
    if vectors.texts is None:
        beside = st.file_uploader(
            _("The texts of these embeddings, one a line or in a column text"),
            type=[ending[1:] for ending in (*TABLE_ENDINGS, *TEXT_ENDINGS)],
            max_upload_size=limits().max_file_megabytes,
            key=f"map-beside-{brought.token}",
        )
        if beside is not None:
            content = uploads.content(beside)
            return _with_texts(brought.token, hash_of(content), vectors, beside.name, content)
        st.caption(_("Until they are uploaded, each row is named by its number."))
    if not vectors.were_unit:
        st.caption(_("The embeddings were scaled to length 1, because closeness is measured by the cosine."))
    return _as_texts(brought.token, vectors, vectors.texts)


@st.cache_resource(max_entries=4, show_spinner=False)  # read-only, as below
def _vectors(token: str, _brought: Upload) -> Vectors:
    return read_vectors(_brought.content, _brought.name)


@st.cache_resource(max_entries=4, show_spinner=False)
def _with_texts(token: str, digest: str, _vectors: Vectors, _name: str, _content: bytes) -> MapTexts:
    both = _vectors.with_texts(texts_from_bytes(_content, _name), _name)
    return _of(both, both.texts)


@st.cache_resource(max_entries=4, show_spinner=False)
def _as_texts(token: str, _vectors: Vectors, _texts: tuple[str, ...] | None) -> MapTexts:
    return _of(_vectors, _texts)


def _of(vectors: Vectors, texts: tuple[str, ...] | None) -> MapTexts:
    rows = texts or tuple(f"#{row}" for row in range(1, len(vectors.embeddings) + 1))
    columns = {_name(name): tuple(as_text(cell) for cell in cells) for name, cells in vectors.columns.items()}
    return MapTexts.of(vectors.name, rows, columns, vectors.embeddings)


def _name(column: str) -> str:
    return LABEL if normalised(column) in (LABEL, *SYNONYMS[LABEL]) else column
