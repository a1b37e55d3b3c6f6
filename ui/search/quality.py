"""How often each way of searching finds what the data says belongs to a query."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from simcse_core.meaning.intervals import Interval, difference, interval
from simcse_core.meaning.items import Items, as_floats
from simcse_core.uses.search.index import METHODS, Hit, Method
from ui.frame import projector, waiting
from ui.frame.translation import N_, _, joined
from ui.search.corpus import SearchCorpus
from ui.search.results import DEPTH, Encoded, counted
from ui.shared import cache, charts
from ui.shared.colors import OKABE_ITO
from ui.shared.prompt_and_dim import sides

LABEL = "label"
MOST_QUERIES = 300
"""A seeded sample of more."""
METRICS = {"first": N_("Right text first"), "ten": N_("Right text in the first 10"), "mrr": N_("MRR")}
NAMES: dict[Method, str] = {"dense": N_("By meaning"), "bm25": N_("By words"), "hybrid": N_("Both")}
COLORS: dict[Method, str] = dict(zip(METHODS, OKABE_ITO, strict=False))


@dataclass(frozen=True)
class Judged:
    """A query with the rows that are right for it."""

    text: str
    right: frozenset[int]
    itself: int | None = None
    """The row of the query, where it is one of the texts; it is no hit."""


@dataclass(frozen=True)
class Quality:
    """Query by query, for each method."""

    items: dict[Method, Items]
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


def measure(encoded: Encoded, settings: cache.EncoderSettings) -> Quality:
    """Search for every query that the data brings, in each way."""
    every = judged(encoded.corpus)
    sample = every if len(every) <= MOST_QUERIES else tuple(random.Random(0).sample(every, MOST_QUERIES))
    with waiting.progress_bar(_("Reading the queries")) as report:
        embeddings = cache.embeddings([one.text for one in sample], sides(settings)[0], report)
    items = _items(encoded.corpus.key, settings, encoded, sample, embeddings)
    return Quality(items, len(sample), len(every), not encoded.corpus.right)


@st.cache_data(max_entries=24, show_spinner=False)
def _items(
    corpus: str,
    settings: cache.EncoderSettings,
    _encoded: Encoded,
    _queries: Sequence[Judged],
    _embeddings: "np.ndarray[tuple[int, int], np.dtype[np.float32]]",
) -> dict[Method, Items]:
    texts = [one.text for one in _queries]
    found: dict[Method, Items] = {}
    for method in METHODS:
        index = counted(_encoded.corpus) if method == "bm25" else _encoded.index
        embeddings = None if method == "bm25" else _embeddings
        hits = index.search(texts, top_k=DEPTH + 1, method=method, embeddings=embeddings)
        found[method] = _measured(_queries, hits)
    return found


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
    values = {method: interval(items, metric) for method, items in quality.items.items()}
    drawn = (
        [Interval(one.value, one.value, one.value) for one in values.values()]
        if quality.are_labels
        else [*values.values()]
    )
    projector.chart(
        charts.intervals(
            [_(NAMES[method]) for method in values], drawn, [COLORS[method] for method in values], _(METRICS[metric])
        ),
        key="search-quality",
        alt=joined(*(f"{_(NAMES[method])}: {one.value:.2f}." for method, one in values.items())),
    )
    st.table(
        {
            "": [_(NAMES[method]) for method in values],
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
    return _("{value:.2f} ({low:.2f} to {high:.2f})").format(value=value.value, low=value.low, high=value.high)


def in_words(quality: Quality, metric: str) -> str:
    """Whether meaning finds more than words, by more than chance."""
    dense, words = quality.items["dense"], quality.items["bm25"]
    by = difference(dense, words, metric)
    said = _("{metric}: {dense:.2f} by meaning, {words:.2f} by words, of {n:,} queries.").format(
        metric=_(METRICS[metric]),
        dense=interval(dense, metric).value,
        words=interval(words, metric).value,
        n=quality.count,
    )
    if quality.are_labels:
        return joined(
            said,
            _("Any other text of the same label counts as right. Texts rank each other, so there is no 95 % range."),
        )
    if not by.low > 0 and not by.high < 0:
        return joined(
            said,
            _("The difference is inside the noise (95 % range {low:+.2f} to {high:+.2f}).").format(
                low=by.low, high=by.high
            ),
        )
    better = _("Meaning is better") if by.value > 0 else _("Words are better")
    return joined(
        said,
        _("{which} by {by:.2f} (95 % range {low:.2f} to {high:.2f}).").format(
            which=better, by=abs(by.value), low=min(abs(by.low), abs(by.high)), high=max(abs(by.low), abs(by.high))
        ),
    )
