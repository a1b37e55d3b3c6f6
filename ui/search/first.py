"""The query that the page begins with, and what it finds before a model has loaded."""

from simcse_core.data import bundled
from simcse_core.encoding.catalogue import load
from simcse_core.uses.search.encoders import Sides
from simcse_core.uses.search.index import Hit, Index
from ui.frame.translation import N_
from ui.search import results
from ui.search.corpus import SearchCorpus
from ui.search.results import Encoded, Listing
from ui.shared import cache, stored
from ui.shared.prompt_and_dim import PAIR
from ui.shared.stored import StoredSearch

QUERIES = (N_("Fog in the early morning"), N_("Exercise keeps you healthy"), N_("A broken bicycle"))
"""On the bundled texts; the first one is there at once. Each finds by meaning what shares no word with it."""


def is_first(query: str, corpus: SearchCorpus, settings: cache.EncoderSettings) -> bool:
    """Whether this is what `listing` is about."""
    first = stored.first_search(settings.model)
    plain = cache.EncoderSettings(settings.model, prompt=settings.prompt if settings.prompt == PAIR else None)
    return first is not None and settings == plain and (query, corpus.name) == (first.query, f"{first.data}.csv")


def listing(corpus: SearchCorpus, settings: cache.EncoderSettings, title: str) -> Listing:
    """The stored list of the first query."""
    first = stored.first_search(settings.model)
    assert first is not None
    hits = tuple(Hit(row, corpus.texts[row], score) for row, score in zip(first.rows, first.scores, strict=True))
    return Listing("dense", title, hits, first.middle, tuple(first.reached))


def computed(model: str, data: str, query: str) -> StoredSearch:
    """What `listing` shows, computed anew."""
    texts = SearchCorpus.of_data(bundled.load(data))
    sides = Sides.of(load(model))
    embeddings = sides.document.encode(texts.texts)
    encoded = Encoded(texts, Index.of(texts.texts, embeddings), embeddings)
    found = results.by_meaning(query, encoded, sides.query.encode([query]), {}, "")
    assert found.middle is not None
    rows, scores = [hit.row for hit in found.hits], [hit.score for hit in found.hits]
    return StoredSearch(model, data, query, rows, scores, found.middle, list(found.reached))
