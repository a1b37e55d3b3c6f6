"""What a query finds: by meaning, by words, and by both, with where every other text stands."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.uses.search.index import Hit, Index, Method
from simcse_core.uses.search.nearest import cosines, in_blocks
from ui.search.corpus import SearchCorpus
from ui.shared import cache
from ui.shared.prompt_and_dim import sides

DEPTH = 100
"""So far down a list is looked into for what the other list finds."""
STEPS = np.round(np.arange(-100, 101) / 100, 2)
"""Thresholds for which texts are counted."""
INDEXES = 6
"""In memory at once, for all sessions; 50,000 texts in 384 dimensions have 77 MB."""
FIRST_IN_BOTH = 2 / 61
"""The score of a text that is first in both lists, when they are joined."""

Where = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Listing:
    """One ranked list."""

    method: Method
    title: str
    hits: tuple[Hit, ...]
    """The best `DEPTH` at most."""
    middle: float | None = None
    """The median cosine of the query with all texts that are searched; None where scores are no cosines."""
    reached: tuple[int, ...] = ()
    """How many texts have a cosine of at least each of `STEPS`."""

    @property
    def ranks(self) -> dict[int, int]:
        """Row -> rank from 1."""
        return {hit.row: rank for rank, hit in enumerate(self.hits, 1)}

    def shares(self, count: int) -> list[float]:
        """(count,) how long the bars of the first hits are, from 0 to 1.

        Of cosines from the middle of all texts to 1; of BM25 from 0 to the best hit; of both together from 0 to the
        score of a text that is first in both.
        """
        scores = np.array([hit.score for hit in self.hits[:count]])
        low = 0.0 if self.middle is None else min(self.middle, 0.9999)
        high = {"dense": 1.0, "hybrid": FIRST_IN_BOTH}.get(self.method, float(scores.max(initial=0)) or 1.0)
        return [round(float(share), 4) for share in np.clip((scores - low) / (high - low), 0, 1)]


@dataclass(frozen=True)
class Encoded:
    """A corpus with its index."""

    corpus: SearchCorpus
    index: Index
    embeddings: Embeddings
    """(N, D)."""


Key = tuple[str, cache.EncoderSettings | None]


class IndexCache:
    """Indexes by what they hold; beyond `INDEXES` the one that was not used for the longest time is dropped."""

    def __init__(self) -> None:
        self._indexes: OrderedDict[Key, Encoded] = OrderedDict()
        self._lock = threading.Lock()

    def __contains__(self, key: Key) -> bool:
        with self._lock:
            return key in self._indexes

    def get(self, key: Key, make: Callable[[], Encoded]) -> Encoded:
        """The index of a key, made where it is not there; two sessions may both make it."""
        with self._lock:
            encoded = self._indexes.get(key)
        encoded = encoded or make()
        with self._lock:
            self._indexes[key] = encoded
            self._indexes.move_to_end(key)
            while len(self._indexes) > INDEXES:
                self._indexes.popitem(last=False)
        return encoded


@st.cache_resource(show_spinner=False)
def _indexes() -> IndexCache:
    return IndexCache()


def is_encoded(corpus: SearchCorpus, settings: cache.EncoderSettings) -> bool:
    """Whether a corpus has its index already, so that a query is answered at once."""
    return (corpus.key, sides(settings)[1]) in _indexes()


def encoded(corpus: SearchCorpus, settings: cache.EncoderSettings, on_progress: Progress | None = None) -> Encoded:
    """A corpus with its embeddings. Arguments and errors as for `cache.embeddings`."""
    document = sides(settings)[1]

    def make() -> Encoded:
        embeddings = cache.embeddings(corpus.texts, document, on_progress)
        return Encoded(corpus, Index.of(corpus.texts, embeddings, corpus.columns), embeddings)

    return _indexes().get((corpus.key, document), make)


def counted(corpus: SearchCorpus) -> Index:
    """A corpus whose words are counted; it needs no model, and finds nothing by meaning."""

    def make() -> Encoded:
        all_alike = np.ones((len(corpus.texts), 1), dtype=np.float32)  # an index has embeddings, needed or not
        return Encoded(corpus, Index.of(corpus.texts, all_alike, corpus.columns), all_alike)

    return _indexes().get((corpus.key, None), make).index


def by_words(query: str, corpus: SearchCorpus, where: Where, title: str) -> Listing:
    """BM25."""
    hits = counted(corpus).search(query, top_k=DEPTH, method="bm25", where=where)
    return Listing("bm25", title, tuple(hits))


def by_meaning(query: str, texts: Encoded, embedding: Embeddings, where: Where, title: str) -> Listing:
    """The closest embeddings, and how close all others are.

    Args:
        query: one text.
        texts: to search.
        embedding: (1, D) of the query.
        where: columns with the values that count.
        title: of the list.
    """
    hits = texts.index.search(query, top_k=DEPTH, where=where, embeddings=embedding)
    rows = texts.embeddings[_mask(texts.corpus, where)] if where else texts.embeddings
    exact = embedding[0].astype(np.float64)
    all_cosines = np.concatenate([np.zeros(0), *(cosines(block, exact) for block in in_blocks(rows))])
    return Listing("dense", title, tuple(hits), *spread(all_cosines))


def by_both(query: str, texts: Encoded, embedding: Embeddings, where: Where, title: str) -> Listing:
    """Both lists as one, by reciprocal rank fusion. Arguments as for `by_meaning`."""
    hits = texts.index.search(query, top_k=DEPTH, method="hybrid", where=where, embeddings=embedding)
    return Listing("hybrid", title, tuple(hits))


def spread(all_cosines: NDArray[np.float64]) -> tuple[float | None, tuple[int, ...]]:
    """The median of cosines, and how many reach each of `STEPS`; nothing of none."""
    if not len(all_cosines):
        return None, ()
    ordered = np.sort(all_cosines)
    reached = len(ordered) - np.searchsorted(ordered, STEPS, side="left")
    return round(float(np.median(ordered)), 6), tuple(map(int, reached))


def _mask(corpus: SearchCorpus, where: Where) -> NDArray[np.bool_]:
    """(N,) which rows are searched."""
    mask = np.ones(len(corpus.texts), dtype=bool)
    for column, wanted in where.items():
        mask &= np.isin(np.array(corpus.columns[column]), list(wanted))
    return mask
