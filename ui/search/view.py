"""The figures of the page: two lists beside each other, groups of duplicates, and how good each way of searching is."""

from collections.abc import Sequence

import streamlit as st

from simcse_core.encoding.texts import Embeddings
from ui.frame import waiting
from ui.frame.errors import plain
from ui.frame.translation import _, joined
from ui.search import choices, details, first, lists, quality, repeats, results
from ui.search.choices import Encoders
from ui.search.corpus import SearchCorpus
from ui.search.results import Encoded, Listing, Where
from ui.shared import cache, inputs
from ui.shared.prompt_and_dim import sides

STOPPED = "search-stopped"
STOPPABLE_FROM = 1_000
"""Fewer texts are encoded before anybody could stop it."""


def listings(
    query: str, corpus: SearchCorpus, encoders: Encoders, beside: str, where: Where
) -> tuple[Listing | None, Listing | None]:
    """Both lists; None for one whose model is loading or whose encoding was stopped.

    Args:
        query: one text.
        corpus: to search.
        encoders: of the lists.
        beside: what the second list is, one of `choices.BESIDE`.
        where: columns with the values that count.
    """
    second = by_words = results.by_words(query, corpus, where, _("By words")) if beside == "words" else None
    name = choices.name_of(encoders.first, encoders.second) if beside == "model" else _("By meaning")
    meaning = _by_meaning(query, corpus, encoders.first, where, name)
    if beside == "words":
        second = by_words
    elif beside == "model":
        second = _by_meaning(query, corpus, encoders.second, where, choices.name_of(encoders.second, encoders.first))
    elif meaning is not None and cache.is_loaded(encoders.first.model):
        encoded = results.encoded(corpus, encoders.first)
        second = results.by_both(query, encoded, _embedding(query, encoders.first), where, _("Both joined"))
    return meaning, second


def _by_meaning(
    query: str, corpus: SearchCorpus, settings: cache.EncoderSettings, where: Where, title: str
) -> Listing | None:
    if not cache.is_loaded(settings.model):
        return first.listing(corpus, settings, title) if not where and first.is_first(query, corpus, settings) else None
    encoded = encode(corpus, settings)
    if encoded is None:
        return None
    return results.by_meaning(query, encoded, _embedding(query, settings), where, title)


def _embedding(query: str, settings: cache.EncoderSettings) -> Embeddings:
    return cache.embeddings([query], sides(settings)[0])


def encode(corpus: SearchCorpus, settings: cache.EncoderSettings) -> Encoded | None:
    """A corpus with its embeddings; None where somebody stopped it, which the page says."""
    if results.is_encoded(corpus, settings):
        return results.encoded(corpus, settings)
    if st.session_state.get(STOPPED) == corpus.key:
        st.info(_("Stopped. What is read already is kept."), icon=":material/pause:")
        st.button(_("Go on"), icon=":material/play_arrow:", on_click=_stop, args=(None,), key=f"go-{settings.model}")
        return None
    place = st.empty()
    if len(corpus.texts) >= STOPPABLE_FROM:
        key = f"stop-{settings.model}"
        place.button(_("Stop"), icon=":material/stop:", on_click=_stop, args=(corpus.key,), key=key)
    with waiting.progress_bar(_("Reading the texts")) as report:
        encoded = results.encoded(corpus, settings, report)
    place.empty()
    return encoded


def _stop(corpus: str | None) -> None:
    st.session_state[STOPPED] = corpus


def show_lists(
    query: str,
    corpus: SearchCorpus,
    found: tuple[Listing | None, Listing | None],
    encoders: Encoders,
    count: int,
    where: Where,
) -> int | None:
    """The picture of both lists.

    Returns:
        The row to look at: the one that was clicked, else the first one that meaning alone finds.
    """
    about = inputs.content_key([query, corpus.key, repr(where)], encoders.first)[:16]
    encoder = repr(encoders.first)
    row = lists.selected(about)
    row = _interesting(found, count) if row is None else row
    meaning, second = found
    picture = lists.Picture(
        meaning,
        second,
        count,
        meaning.reached[0] if meaning is not None and meaning.reached else len(corpus.texts),
        quality.right_for(query, corpus),
        lists.threshold(encoder),
        row,
        _("By meaning") if meaning is None else meaning.title,
        _("By words") if second is None else second.title,
        encoder,
    )
    lists.show(picture, about=about)
    return row


def _interesting(found: Sequence[Listing | None], count: int) -> int | None:
    """The first row that only the first list shows, else its first; else that of the second list."""
    for listing, other in (found, reversed(found)):
        if listing is not None and listing.hits:
            rows = [hit.row for hit in listing.hits[:count]]
            there = set() if other is None else {hit.row for hit in other.hits[:count]}
            return next((row for row in rows if row not in there), rows[0])
    return None


def in_words(query: str, corpus: SearchCorpus, found: tuple[Listing | None, Listing | None], count: int) -> str:
    """What one list finds that the other misses, and which are right where the data says so."""
    meaning, second = found
    if meaning is None or second is None:
        return _("Words are counted at once; meaning needs the model, which is loading.") if second is not None else ""
    rows, others = ({hit.row for hit in listing.hits[:count]} for listing in (meaning, second))
    said = _("In both lists: {both}. Orange, in one list only: {alone} ({first}), {others} ({second}).").format(
        both=len(rows & others),
        first=plain(meaning.title),
        alone=len(rows - others),
        second=plain(second.title),
        others=len(others - rows),
    )
    if second.method == "bm25" and len(second.hits) < results.DEPTH:
        without = len(rows - set(second.ranks))
        said = joined(said, _("{n} of the closest share no word with the query.").format(n=without) if without else "")
    if right := quality.right_for(query, corpus):
        said = joined(
            said,
            _("Right: {first} of {n} here, {second} there.").format(
                first=len(rows & right), second=len(others & right), n=len(right)
            ),
        )
    return said


def show_duplicates(corpus: SearchCorpus, settings: cache.EncoderSettings, threshold: float) -> repeats.Repeats | None:
    """The groups of a corpus; None while it is not encoded."""
    if not cache.is_loaded(settings.model):
        cache.until_loaded(settings.model)
        return None
    encoded = encode(corpus, settings)
    if encoded is None:
        return None
    found = repeats.find(encoded, threshold)
    repeats.show(found, about=_about_groups(corpus, settings))
    return found


def show_quality(corpus: SearchCorpus, encoders: Encoders, metric: str) -> quality.Quality | None:
    """How often each way of searching finds what is right; None while a model is loading or a corpus is not read."""
    settings = list(dict.fromkeys((encoders.first, encoders.second)))
    encoded = []
    for one in settings:
        if not cache.is_loaded(one.model):
            cache.until_loaded(one.model)
            return None
        if (texts := encode(corpus, one)) is None:
            return None
        encoded.append(texts)
    names = [_("By meaning")]
    if len(settings) > 1:
        names = [choices.name_of(encoders.first, encoders.second), choices.name_of(encoders.second, encoders.first)]
    found = quality.measure(encoded, settings, names)
    quality.show(found, metric)
    return found


def warn_about(query: str, found: Sequence[Listing | None], encoders: Encoders, count: int) -> None:
    """Say what a model cannot read or has to cut, of the query and of what it found."""
    for listing, settings in zip(found, (encoders.first, encoders.second), strict=True):
        if listing is not None and listing.method == "dense" and cache.is_loaded(settings.model):
            texts = [query, *(hit.text for hit in listing.hits[:count])]
            inputs.warn_about(list(dict.fromkeys(texts)), sides(settings)[1])


def show_pair(corpus: SearchCorpus, settings: cache.EncoderSettings) -> None:
    """Why a text is in its group."""
    pair = repeats.pair(_about_groups(corpus, settings))
    if pair is None:
        st.caption(
            _(
                "Each group stands below its first text. The number is the cosine with it, the bar goes from the "
                "threshold to 1. Click a text to see which words bring the two together."
            )
        )
        return
    details.show_pair(corpus.texts[pair[0]], corpus.texts[pair[1]], sides(settings)[1])


def _about_groups(corpus: SearchCorpus, settings: cache.EncoderSettings) -> str:
    return inputs.content_key([corpus.key], settings)[:16]
