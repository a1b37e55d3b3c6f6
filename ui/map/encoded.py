"""The embeddings of the texts: those that came with them, stored ones, or those of the model that is chosen."""

import threading
from collections import OrderedDict

import streamlit as st

from simcse_core.encoding.texts import Embeddings
from ui.frame.translation import language
from ui.map.source import MapSource, MapTexts, content_of
from ui.shared import cache, stored
from ui.shared.cache import EncoderSettings
from ui.shared.encoding import encode

MEGABYTES = 400
"""Of embeddings as arrays, for all sessions: stacking 20,000 cached rows for each click would take 0.1 s."""


class Arrays:
    """Embeddings by their content; beyond a size, those that were not used for the longest time are forgotten."""

    def __init__(self, megabytes: float = MEGABYTES) -> None:
        self._most = megabytes * 1e6
        self._arrays: OrderedDict[str, Embeddings] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, content: str) -> Embeddings | None:
        with self._lock:
            if content in self._arrays:
                self._arrays.move_to_end(content)
            return self._arrays.get(content)

    def put(self, content: str, rows: Embeddings) -> None:
        with self._lock:
            self._arrays[content] = rows
            while len(self._arrays) > 1 and sum(array.nbytes for array in self._arrays.values()) > self._most:
                self._arrays.popitem(last=False)


def source(texts: MapTexts, settings: EncoderSettings) -> MapSource | None:
    """The texts with their embeddings; None while the model loads, or where somebody stopped it: the page says so.

    Args:
        texts: to map.
        settings: of the encoder; not asked where the texts brought vectors.
    """
    if texts.vectors is not None:
        content = content_of(texts, texts.made_by)
        return MapSource(texts, texts.vectors, texts.made_by, content, language())
    content = content_of(texts, settings)
    rows = _arrays().get(content)
    if rows is None:
        rows = _encoded(texts, settings)
        if rows is None:
            return None
        rows.flags.writeable = False
        _arrays().put(content, rows)
    return MapSource(texts, rows, settings, content, language())


def _encoded(texts: MapTexts, settings: EncoderSettings) -> Embeddings | None:
    rows = stored.embeddings(texts.texts, settings) if texts.is_bundled else None
    if rows is not None:
        return rows
    if not cache.is_loaded(settings.model):
        cache.until_loaded(settings.model)
        return None
    return encode(texts.texts, settings, texts.key)


@st.cache_resource(show_spinner=False)
def _arrays() -> Arrays:
    return Arrays()
