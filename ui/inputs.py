"""Inputs that several pages share: sentences, the encoder's settings, a data set."""

import hashlib
from dataclasses import dataclass

import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.kinds import Dataset
from simcse_core.data.readers import TABLE_ENDINGS, TEXT_ENDINGS, data_from_bytes, split_lines, texts_from_bytes
from simcse_core.encoding.catalogue import CATALOGUE, can_read_instead
from simcse_core.encoding.head import HEADS
from simcse_core.encoding.pooling import poolings
from simcse_core.errors import DataError
from simcse_core.limits import check_texts, limits
from ui import address, cache, defaults
from ui.page import plain
from ui.translation import _, language
from ui.typing_area import typing_area


def sentences() -> list[str]:
    """A sample set, an uploaded file or what is typed: one sentence a line.

    Raises:
        DataError, InputError: the file cannot be used, or there are too many sentences.
    """
    samples = bundled.samples()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        address.read("sample", list(samples))
        name = st.selectbox(
            _("Sample"),
            list(samples),
            format_func=lambda name: samples[name].title[language()],
            key="sample",
            persist_state="session",
        )
        address.write("sample", next(iter(samples)))
        with st.popover(_("Upload"), icon=":material/upload:"):
            file = st.file_uploader(
                _("A text file with one sentence a line, or a table with the column text"),
                type=[ending[1:] for ending in TEXT_ENDINGS + TABLE_ENDINGS],
                max_upload_size=limits().max_file_megabytes,
            )
    default = "\n".join(samples[name].sentences[language()])
    problem: DataError | None = None
    if file is not None:
        try:
            default = "\n".join(texts_from_bytes(file.getvalue(), file.name))
        except DataError as error:
            problem = error
    texts = split_lines(typing_area(_("Sentences, one a line"), default=default, key="sentences"))
    if file is None and texts == samples[name].sentences[language()]:
        st.caption(samples[name].look_for[language()])
    if problem is not None:
        raise problem
    check_texts(texts, limits().max_heatmap_texts, "max_heatmap_texts")
    return texts


def encoder_settings() -> cache.EncoderSettings:
    """Model, layer, pooling and head. A frozen model has no layers and no tokens, and the widgets say so."""
    model = model_choice("encoder")
    card = CATALOGUE[model]
    layers = card.layers
    if layers is None:
        st.caption(
            _("This model is frozen: it gives sentence vectors only, so there are no layers or poolings to choose.")
        )
        return cache.EncoderSettings(model)
    address.read("layer", range(layers + 1))
    address.read("pooling", poolings.names())
    address.read("head", list(HEADS))
    st.session_state.setdefault("layer", layers)
    st.session_state.setdefault("pooling", card.pooling)
    with st.container():
        layer = st.slider(
            _("Layer"),
            0,
            layers,
            key="layer",
            persist_state="session",
            help=_("0 is the word embeddings, the last one is the model's output."),
        )
        pooling = st.selectbox(
            _("Pooling"),
            poolings.names(),
            key="pooling",
            persist_state="session",
            help="\n".join(f"- `{entry.name}`: {_(entry.summary)}" for entry in poolings.entries()),
        )
        head = st.selectbox(
            _("Linear head"),
            list(HEADS),
            key="head",
            persist_state="session",
            help="\n".join(f"- `{name}`: {_(text)}" for name, text in HEADS.items()),
        )
    for name, default in (("layer", layers), ("pooling", card.pooling), ("head", next(iter(HEADS)))):
        address.write(name, default)
    # What the model does by itself counts as not set, so that these are the vectors that are there already.
    return cache.EncoderSettings(
        model,
        layer=None if layer == layers else layer,
        pooling=None if pooling == card.pooling else pooling,
        head=None if head == "none" else head,
    )


@dataclass(frozen=True)
class Upload:
    """A file that somebody brought."""

    content: bytes
    name: str


def data_set(key: str) -> tuple[Dataset, str | Upload]:
    """A bundled data set or an uploaded one.

    Args:
        key: prefix of the widgets' keys.

    Returns:
        The data, and where it comes from: the bundled name, or the upload.

    Raises:
        DataError: the upload cannot be used.
    """
    names = bundled.names()
    name = st.selectbox(
        _("Data"),
        names,
        index=names.index(defaults.DATA[language()]),
        format_func=_data_title,
        key=f"{key}-data-{language()}",
        persist_state="session",
    )
    with st.popover(_("Use your own data"), icon=":material/upload:"):
        file = st.file_uploader(
            _("A table with the columns text and label (CSV, TSV, JSONL or Parquet)"),
            type=[ending[1:] for ending in TABLE_ENDINGS + TEXT_ENDINGS],
            max_upload_size=limits().max_file_megabytes,
            key=f"{key}-upload",
        )
        st.caption(_("One row per text. The first row names the columns."))
    if file is None:
        return bundled.load(name), name
    upload = Upload(file.getvalue(), file.name)
    data = _parsed(upload)
    st.caption(_("Using your file {name} instead.").format(name=plain(file.name)))
    return data, upload


@st.cache_data(max_entries=8, show_spinner=False)
def _parsed(upload: Upload) -> Dataset:
    return data_from_bytes(upload.content, upload.name)


def warn_about(texts: list[str], model: str) -> None:
    """Say which texts the model cannot do justice to."""
    check = cache.check(tuple(texts), model)
    if check.unreadable:
        numbers = ", ".join(str(at + 1) for at in check.unreadable[:8]) + (" …" if len(check.unreadable) > 8 else "")
        message = _("{model} cannot read these sentences: {numbers}. Their cosines mean nothing.").format(
            model=model, numbers=numbers
        )
        if (other := can_read_instead(model)) is not None:
            message += " " + _("Choose the model {other}.").format(other=CATALOGUE[other].title)
        st.warning(plain(message), icon=":material/translate:")
    if check.truncated:
        numbers = ", ".join(str(at + 1) for at in check.truncated[:8]) + (" …" if len(check.truncated) > 8 else "")
        st.warning(_("Too long for the model, only the beginning counts: {numbers}.").format(numbers=numbers))


def content_key(texts: list[str], settings: cache.EncoderSettings) -> str:
    """A short key for the vectors of these texts under these settings."""
    return hashlib.sha256(repr((texts, settings)).encode("utf-8", "surrogatepass")).hexdigest()


def model_choice(key: str) -> str:
    """A model of the catalogue. It starts with the one that reads the language of the interface."""
    names = list(CATALOGUE)
    return str(
        st.selectbox(
            _("Model"),
            names,
            index=names.index(defaults.MODEL[language()]),
            format_func=lambda name: f"{CATALOGUE[name].title} · {_(CATALOGUE[name].languages)}",
            key=f"{key}-model-{language()}",
            persist_state="session",
        )
    )


def _data_title(name: str) -> str:
    titles = {
        "intents-en": _("Library desk, English"),
        "intents-zh": _("Library desk, Chinese"),
    }
    return titles.get(name, name)
