"""How often each way of searching finds what the data says belongs to a query."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.intervals import Interval, difference, interval
from simcse_core.meaning.items import Items, as_floats
from simcse_core.uses.search.index import Hit, Method
from ui.frame import projector, waiting
from ui.frame.errors import plain
from ui.frame.translation import N_, _, joined
from ui.search.corpus import SearchCorpus
from ui.search.results import DEPTH, Encoded, counted
from ui.shared import cache, charts
from ui.shared.colors import of_category
from ui.shared.prompt_and_dim import sides
from ui.shared.ranges import in_table

LABEL = "label"
MOST_QUERIES = 300
"""A seeded sample of more."""
METRICS = {"first": N_("Right text first"), "ten": N_("Right text in the first 10"), "mrr": N_("MRR")}


@dataclass(frozen=True)
class Judged:
    """A query with the rows that are right for it."""

    text: str
    right: frozenset[int]
    itself: int | None = None
    """The row of the query, where it is one of the texts; it is no hit."""


@dataclass(frozen=True)
class Quality:
    """Query by query, for each way of searching; the first two are compared."""

    items: dict[str, Items]
    """By what the way is called."""
    count: int
    of: int
    """So many queries there are; `count` of them were measured."""
    are_labels: bool
    """Whether texts of one label count as right: then queries depend on each other, and no interval would hold."""


def judged(corpus: SearchCorpus) -> tuple[Judged, ...]:
    """Queries that the data brings with right texts; of labelled texts each is a query for others of its label."""
    if corpus.right:
        return tuple(Judged(query, frozenset(rows)) for query, rows in corpus.right.items())
    labels = corpus.columns.get(LABEL, ())
    rows_of: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        rows_of.setdefault(label, []).append(row)
    return tuple(
        Judged(text, frozenset(rows_of[label]) - {row}, row)
        for row, (text, label) in enumerate(zip(corpus.texts, labels, strict=False))
        if len(rows_of[label]) > 1
    )


def right_for(query: str, corpus: SearchCorpus) -> frozenset[int]:
    """The rows that the data says belong to a query that it knows; none for others."""
    return frozenset(corpus.right.get(query, ()))


def measure(texts: Sequence[Encoded], settings: Sequence[cache.EncoderSettings], names: Sequence[str]) -> Quality:
    """Search for every query that the data brings, in each way.

    Args:
        texts: the corpus, as each encoder reads it.
        settings: of each encoder.
        names: of the encoders; with one, words and both joined are measured too, with two words alone.
    """
    every = judged(texts[0].corpus)
    sample = every if len(every) <= MOST_QUERIES else tuple(random.Random(0).sample(every, MOST_QUERIES))
    by_encoder = [_items(one.corpus.key, "dense", of, one, sample) for one, of in zip(texts, settings, strict=True)]
    by_words = _items(texts[0].corpus.key, "bm25", None, texts[0], sample)
    items = {**dict(zip(names, by_encoder, strict=True)), _("By words"): by_words}
    if len(texts) == 1:
        items[_("Both joined")] = _items(texts[0].corpus.key, "hybrid", settings[0], texts[0], sample)
    return Quality(items, len(sample), len(every), not texts[0].corpus.right)


def by_words(encoded: Encoded) -> Items:
    """Query by query, what BM25 finds."""
    return _items(encoded.corpus.key, "bm25", None, encoded, judged(encoded.corpus))


def _items(
    corpus: str, method: Method, settings: cache.EncoderSettings | None, encoded: Encoded, queries: Sequence[Judged]
) -> Items:
    """Of one way of searching; kept for the same texts and encoder."""
    written = [one.text for one in queries]
    embeddings = None
    if settings is not None:
        with waiting.progress_bar(_("Reading the queries")) as report:
            embeddings = cache.embeddings(written, sides(settings)[0], report)
    return _searched(corpus, method, settings, encoded, queries, embeddings)


@st.cache_data(max_entries=48, show_spinner=False)
def _searched(
    corpus: str,
    method: Method,
    settings: cache.EncoderSettings | None,
    _encoded: Encoded,
    _queries: Sequence[Judged],
    _embeddings: Embeddings | None,
) -> Items:
    index = counted(_encoded.corpus) if method == "bm25" else _encoded.index
    hits = index.search([one.text for one in _queries], top_k=DEPTH + 1, method=method, embeddings=_embeddings)
    return _measured(_queries, hits)


def _measured(queries: Sequence[Judged], found: Sequence[Sequence[Hit]]) -> Items:
    """(Q,) of each metric; a right text after the first `DEPTH` counts as not found."""
    ranks = np.array([_rank(query, hits) for query, hits in zip(queries, found, strict=True)])
    return Items({"first": as_floats(ranks == 1), "ten": as_floats(ranks <= 10), "mrr": as_floats(1 / ranks)})


def _rank(query: Judged, hits: Sequence[Hit]) -> float:
    """Of the first right text, from 1; infinite where there is none."""
    others = (hit for hit in hits if hit.row != query.itself)
    return next((float(rank) for rank, hit in enumerate(others, 1) if hit.row in query.right), np.inf)


def show(quality: Quality, metric: str) -> None:
    """A point with its range for each way of searching, and the numbers."""
    values = {name: interval(items, metric) for name, items in quality.items.items()}
    drawn = list(values.values())
    if quality.are_labels:
        drawn = [Interval(one.value, one.value, one.value) for one in drawn]
    colors = [of_category(place) for place in range(len(drawn))]
    projector.chart(
        charts.intervals(list(map(charts.shortened, values)), drawn, colors, _(METRICS[metric])),
        key="search-quality",
        alt=joined(*(f"{name}: {one.value:.2f}." for name, one in values.items())),
    )
    st.table(
        {
            "": list(map(plain, quality.items)),
            **{
                _(title): [_number(interval(items, name), quality.are_labels) for items in quality.items.values()]
                for name, title in METRICS.items()
            },
        },
        hide_index=True,
    )


def _number(value: Interval, without_range: bool) -> str:
    if without_range or not np.isfinite(value.low):
        return f"{value.value:.2f}"
    return in_table(value)


def in_words(quality: Quality, metric: str) -> str:
    """Whether the first way of searching finds more than the second, by more than chance."""
    (first, items), (second, others), *_rest = quality.items.items()
    by = difference(items, others, metric)
    said = _("{metric}: {first} {value:.2f}, {second} {other:.2f}, of {n:,} queries.").format(
        metric=_(METRICS[metric]),
        first=plain(first),
        value=interval(items, metric).value,
        second=plain(second),
        other=interval(others, metric).value,
        n=quality.count,
    )
    if quality.count < quality.of:
        said = joined(said, _("They are a random sample of {n:,}.").format(n=quality.of))
    if quality.are_labels:
        why = _("Any other text of the same label counts as right. Texts rank each other, so there is no 95 % range.")
        return joined(said, why)
    if by.low > 0 or by.high < 0:
        template = _("The difference is {by:+.2f} (95 % range {low:+.2f} to {high:+.2f}).")
    else:
        template = _("The difference, {by:+.2f}, is inside the noise (95 % range {low:+.2f} to {high:+.2f}).")
    return joined(said, template.format(by=by.value, low=by.low, high=by.high))
