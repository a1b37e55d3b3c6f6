"""What all sessions of a server share: models that load in the background, and vectors that were computed before."""

import gc
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.encoding.catalogue import Encoder
from simcse_core.encoding.texts import TextCheck
from ui.defaults import MODEL
from ui.translation import _


@dataclass(frozen=True)
class EncoderSettings:
    """Which vectors: everything that decides them besides the texts."""

    model: str = "minilm"
    layer: int | None = None
    pooling: str | None = None
    head: str | None = None


@st.cache_resource(show_spinner=False)
def _loader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="model-loader")


@st.cache_resource(max_entries=6, show_spinner=False)
def _loading(name: str) -> "Future[Encoder]":
    """A model on its way. It is shared by all sessions, so nobody may change it; training works on copies elsewhere."""
    return _loader().submit(_load, name)


def _load(name: str) -> Encoder:
    from simcse_core.encoding.catalogue import load

    # While torch is imported, this thread and the server share one interpreter lock. With shorter turns the server
    # answers ten times as often, and the first page paints seconds earlier.
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        model = load(name)
        model.encode(["warm up"])
    finally:
        sys.setswitchinterval(usual)
    # Streamlit collects all garbage after every rerun. What torch and transformers brought stays for good, so it is
    # taken out of the count: 23 instead of 479 ms a rerun.
    gc.collect()
    gc.freeze()
    return model


def warm_up(language: str) -> None:
    """Begin to load the language's model, so that it is there when a page needs it."""
    _loading(MODEL[language])


def is_loaded(name: str) -> bool:
    return _loading(name).done()


def encoder(settings: EncoderSettings) -> Encoder:
    """A model with its settings; while it loads, the page says so.

    Raises:
        UserError: the model or a setting does not exist.
    """
    future = _loading(settings.model)
    if not future.done():
        started = time.monotonic()
        with st.container():
            note = st.empty()
            while not future.done():
                seconds = time.monotonic() - started
                text = _("Loading the model, once for everybody … {seconds:.0f} s").format(seconds=seconds)
                note.caption(f":material/hourglass_top: {text}")
                try:
                    future.result(timeout=0.5)
                except TimeoutError:
                    continue
            note.empty()
    if (error := future.exception()) is not None:
        _loading.clear(settings.model)  # the next attempt tries again
        raise error
    model = future.result()
    if settings == EncoderSettings(settings.model):
        return model
    return _configured(settings, model)


@st.cache_resource(max_entries=24, show_spinner=False)
def _configured(settings: EncoderSettings, _model: Encoder) -> Encoder:
    from simcse_core.encoding.model import SimCSE

    if not isinstance(_model, SimCSE):
        return _model
    return _model.configured(pooling=settings.pooling, layer=settings.layer, head=settings.head)


@st.cache_data(max_entries=200, show_spinner=False)
def embeddings(texts: tuple[str, ...], settings: EncoderSettings) -> NDArray[np.float32]:
    """(N, D) unit rows."""
    return encoder(settings).encode(texts)


@st.cache_data(max_entries=200, show_spinner=False)
def check(texts: tuple[str, ...], model: str) -> TextCheck:
    """Which texts a model has to cut or cannot read."""
    return encoder(EncoderSettings(model)).check(texts)
