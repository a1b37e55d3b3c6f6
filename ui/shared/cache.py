"""What all sessions of a server share: models that load in the background, and embeddings that were computed before."""

import gc
import hashlib
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data import bundled
from simcse_core.data.language import language_of
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.encoding.protocol import Encoder
from simcse_core.encoding.texts import TextCheck
from simcse_core.errors import ModelError
from simcse_core.meaning.similarity import Background, Matrix, Summary, cluster_order, cosine_similarity, summarise
from ui.frame.errors import plain
from ui.frame.translation import _, joined
from ui.shared import defaults
from ui.shared.turns import Turns, parts, tokens_in

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE

CACHE_MEGABYTES = 200
"""Of embeddings, for all sessions together."""
UNREADABLE_FROM = 0.1
"""A model cannot read a language when so large a share of its sentences is unreadable."""
CACHED_MATRIX_FROM = 1_000
"""Smaller matrices are computed again: it takes no longer than a look into the cache."""


@dataclass(frozen=True)
class EncoderSettings:
    """Everything that embeddings depend on besides the texts."""

    model: str = "minilm"
    layer: int | None = None
    pooling: str | None = None
    head: str | None = None
    prompt: str | None = None
    dim: int | None = None


@st.cache_resource(show_spinner=False)
def _loader() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="model-loader")


@st.cache_resource(max_entries=12, show_spinner=False)
def loading(name: str) -> "Future[Encoder]":
    """A model that is loading. All sessions share it, so nobody may change it; training works on copies."""
    unpacked = _unpacked()
    return _loader().submit(_load, name, lambda done, total: unpacked.update({name: (done, total)}))


@st.cache_resource(show_spinner=False)
def _unpacked() -> dict[str, tuple[int, int]]:
    """How many bytes of how many are unpacked, of models that their packages store packed."""
    return {}


def _load(name: str, on_unpack: Callable[[int, int], None]) -> Encoder:
    from simcse_core.encoding.catalogue import load

    # While torch is imported, this thread and the server share one interpreter lock. With shorter turns the server
    # answers ten times as often, and the first page paints seconds earlier.
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        model = load(name, on_fetch=on_unpack)
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
    loading(defaults.model(language))


def is_loaded(name: str) -> bool:
    """Whether a model is ready; it begins to load if nobody has asked for it yet."""
    return loading(name).done()


@st.fragment(run_every=2.0)
def until_loaded(model: str) -> None:
    """A note in place of what needs a model that is still loading; draws the page again when it has loaded.

    Looked at twice a second, a busy machine took more than 120 s to load minilm instead of 36: Streamlit collects all
    garbage after each look.
    """
    if is_loaded(model):
        st.rerun()
    st.caption(":material/hourglass_top: " + loading_in_words(model))


def loading_in_words(model: str) -> str:
    """What is being done with a model that is loading; some are unpacked before their first use on a machine."""
    done, total = _unpacked().get(model, (0, 0))
    if done == total:
        return _("The model is loading, once for everybody …")
    title = CATALOGUE[model].title if model in CATALOGUE else model
    return _("Preparing {model}, once for this machine: {percent} %").format(
        model=plain(title), percent=100 * done // total
    )


def encoder(settings: EncoderSettings) -> Encoder:
    """A model with its settings; while it loads, the page says so.

    Raises:
        UserError: the model or a setting does not exist.
    """
    future = loading(settings.model)
    if not future.done():
        started = time.monotonic()
        with st.container():
            note = st.empty()
            while not future.done():
                seconds = _("({seconds:.0f} s)").format(seconds=time.monotonic() - started)
                note.caption(f":material/hourglass_top: {joined(loading_in_words(settings.model), seconds)}")
                try:
                    future.result(timeout=0.5)
                except TimeoutError:
                    continue
            note.empty()
    if (error := future.exception()) is not None:
        loading.clear(settings.model)  # the next attempt tries again
        raise error
    model = future.result()
    if settings == EncoderSettings(settings.model):
        return model
    return _configured(settings, model)


@st.cache_resource(max_entries=24, show_spinner=False)
def _configured(settings: EncoderSettings, _model: Encoder) -> Encoder:
    from simcse_core.encoding.frozen import FrozenEncoder
    from simcse_core.encoding.model import SimCSE

    if isinstance(_model, FrozenEncoder):
        return _model.configured(prompt=settings.prompt, dim=settings.dim)
    assert isinstance(_model, SimCSE)
    return _model.configured(
        pooling=settings.pooling,
        layer=settings.layer,
        head=settings.head,
        prompt=settings.prompt,
        dim=settings.dim,
    )


def bert(settings: EncoderSettings) -> "SimCSE":
    """As `encoder`, for what needs layers or tokens.

    Raises:
        ModelError: the model has none.
    """
    from simcse_core.encoding.model import SimCSE

    model = encoder(settings)
    if not isinstance(model, SimCSE):
        raise ModelError("{name} gives sentence embeddings only: it has no layers and no tokens.", name=model.name)
    return model


class EmbeddingCache:
    """Embeddings by settings and text: when somebody types, only the changed line has to be encoded."""

    def __init__(self, megabytes: float = CACHE_MEGABYTES) -> None:
        self._most = megabytes * 1e6
        self._bytes = 0
        self._rows: OrderedDict[tuple[EncoderSettings, bytes], NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def missing(self, texts: Sequence[str], settings: EncoderSettings) -> list[str]:
        """The distinct texts that are not in the cache."""
        with self._lock:
            return [text for text in dict.fromkeys(texts) if (settings, _digest(text)) not in self._rows]

    def add(self, texts: Sequence[str], settings: EncoderSettings, rows: NDArray[np.float32]) -> None:
        """Add a row for each text, and forget the rows that were not used for the longest time."""
        with self._lock:
            for text, row in zip(texts, rows, strict=True):
                key = (settings, _digest(text))
                self._bytes += 0 if key in self._rows else row.nbytes
                self._rows[key] = row.copy()
            while self._bytes > self._most:
                _key, oldest = self._rows.popitem(last=False)
                self._bytes -= oldest.nbytes

    def get(self, texts: Sequence[str], settings: EncoderSettings) -> NDArray[np.float32] | None:
        """(N, D), or None when one of the texts is not in the cache."""
        keys = [(settings, _digest(text)) for text in texts]
        with self._lock:
            cached = [self._rows.get(key) for key in keys]
            for key in keys:
                if key in self._rows:
                    self._rows.move_to_end(key)
        rows = [row for row in cached if row is not None]
        return np.stack(rows) if rows and len(rows) == len(texts) else None


@st.cache_resource(show_spinner=False)
def turns() -> Turns:
    """Every encoding uses all cores; two at once would only get into each other's way."""
    return Turns()


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@st.cache_resource(show_spinner=False)
def _embedding_cache() -> EmbeddingCache:
    return EmbeddingCache()


def embeddings(
    texts: Sequence[str], settings: EncoderSettings, on_progress: Callable[[int, int], None] | None = None
) -> NDArray[np.float32]:
    """(N, D) unit rows.

    Args:
        texts: N texts.
        settings: of the encoder.
        on_progress: receives (texts done, texts to do). When it ends the run of the page, what is done stays cached.
    """
    embedding_cache = _embedding_cache()
    missing = embedding_cache.missing(texts, settings)
    if not missing and (rows := embedding_cache.get(texts, settings)) is not None:
        return rows
    model = encoder(settings)
    if not texts:
        return model.encode(texts)
    missing.sort(key=len)  # texts of like length in one batch
    left, done = tokens_in(missing), 0
    with turns().turn(left) as turn:
        for part in parts(missing):
            if done:
                turn.give_way(left)
            # Another session may have encoded some of them meanwhile.
            if new := embedding_cache.missing(part, settings):
                embedding_cache.add(new, settings, model.encode(new))
            left, done = left - tokens_in(part), done + len(part)
            if on_progress is not None:
                on_progress(done, len(missing))
        rows = embedding_cache.get(texts, settings)
        return model.encode(texts) if rows is None else rows  # more texts than the cache holds


def similarity(content: str, rows: NDArray[np.float32]) -> Matrix:
    """(N, N) cosines; large ones are cached for the next look at the same texts.

    Args:
        content: a key for the embeddings.
        rows: (N, D) unit rows.
    """
    return _large_similarity(content, rows) if len(rows) >= CACHED_MATRIX_FROM else cosine_similarity(rows)


@st.cache_resource(max_entries=3, show_spinner=False)
def _large_similarity(content: str, _embeddings: NDArray[np.float32]) -> Matrix:
    return cosine_similarity(_embeddings)


@st.cache_resource(max_entries=20, show_spinner=False)
def summary(content: str, _similarity: Matrix) -> Summary:
    """As `summarise`, once for the same texts and settings."""
    return summarise(_similarity)


@st.cache_resource(max_entries=20, show_spinner=False)
def order_by_cluster(content: str, _similarity: Matrix) -> tuple[int, ...]:
    """As `cluster_order`, once for the same texts and settings."""
    return tuple(cluster_order(_similarity))


def background(settings: EncoderSettings, first: str, second: str) -> Background | None:
    """The cosines of unrelated sentences in a language, or in two, under these settings.

    Returns:
        None when the model cannot read one of the languages: its cosines would mean nothing.
    """
    model = encoder(settings)
    if not all(_reads(settings.model, language, model) for language in (first, second)):
        return None
    with st.spinner(_("Measuring unrelated sentences, once for everybody …")):
        rows = [embeddings(bundled.unrelated(language), settings) for language in dict.fromkeys((first, second))]
    return _background(settings, first, second, rows)


def unrelated(texts: Sequence[str], settings: EncoderSettings) -> float | None:
    """The middle of `background` in the language of the texts."""
    language = language_of(texts)
    measured = background(settings, language, language)
    return None if measured is None else measured.middle


@st.cache_resource(max_entries=48, show_spinner=False)
def _background(
    settings: EncoderSettings, first: str, second: str, _embeddings: Sequence[NDArray[np.float32]]
) -> Background:
    return Background.of(*_embeddings)


@st.cache_data(max_entries=100, show_spinner=False)
def _reads(name: str, language: str, _model: Encoder) -> bool:
    texts = bundled.unrelated(language)
    return len(_model.check(texts).unreadable) < UNREADABLE_FROM * len(texts)


def check(texts: tuple[str, ...], settings: EncoderSettings) -> TextCheck:
    """Which texts a model has to cut, with its prompt, or cannot read."""
    settings = EncoderSettings(settings.model, prompt=settings.prompt)  # nothing else matters
    return _check(texts, settings, encoder(settings))


@st.cache_data(max_entries=200, show_spinner=False)
def _check(texts: tuple[str, ...], settings: EncoderSettings, _model: Encoder) -> TextCheck:
    return _model.check(texts)
