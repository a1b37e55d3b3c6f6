"""One result: its whole text, where it stands in both lists, and which words made it match."""

from collections.abc import Sequence

import streamlit as st

from simcse_core.errors import InputError
from simcse_core.uses.search.index import Hit
from ui.frame.errors import plain
from ui.frame.translation import _, explain, joined
from ui.search.corpus import SearchCorpus
from ui.search.lists import number
from ui.search.results import DEPTH, Listing
from ui.shared import cache, word_effects
from ui.shared.prompt_and_dim import sides
from ui.shared.word_effects import WordsOfText


def show(
    row: int, query: str, corpus: SearchCorpus, listings: Sequence[Listing | None], settings: cache.EncoderSettings
) -> None:
    """What there is to say of a text that was found.

    Args:
        row: of the corpus.
        query: that found it.
        corpus: what was searched.
        listings: both lists; None for one whose model is loading.
        settings: of the encoder of the first list.
    """
    text = corpus.texts[row]
    st.header(_("Why it matched"), anchor=False)
    st.caption(plain(" · ".join(_place(row, listing) for listing in listings if listing is not None)))
    _words(_("Query"), query, text, *sides(settings))
    others = {column: cells[row] for column, cells in corpus.columns.items() if cells[row]}
    if others:
        st.caption("  \n".join(f"{plain(column)}: {plain(cell)}" for column, cell in others.items()))


def _place(row: int, listing: Listing) -> str:
    """The rank and the score in a list."""
    rank = listing.ranks.get(row)
    if rank is None:
        missing = _("not found") if len(listing.hits) < DEPTH else _("after {depth}").format(depth=DEPTH)
        return f"{listing.title}: {missing}"
    hit: Hit = listing.hits[rank - 1]
    return _("{list}: {rank}. ({score})").format(list=listing.title, rank=rank, score=number(listing, hit.score))


def show_pair(first: str, second: str, settings: cache.EncoderSettings) -> None:
    """Why two texts of a corpus are close."""
    st.header(_("Why they are close"), anchor=False)
    _words(_("First of the group"), first, second, settings, settings)


def _words(
    label: str, query: str, text: str, settings: cache.EncoderSettings, text_settings: cache.EncoderSettings
) -> None:
    common = word_effects.common_words(query, text)
    texts = [WordsOfText.plain(label, query), WordsOfText.plain(_("Text"), text)]
    said = ""
    if query == text:
        said = _("Both are the same.")
    elif cache.is_loaded(settings.model) and cache.check((query, text), text_settings).unreadable:
        said = _("The model cannot read this pair, so its cosine means nothing.")
    elif cache.is_loaded(settings.model):
        try:
            effects = word_effects.effects(query, text, settings, text_settings)
            both = zip(texts, effects.words, effects.effects, strict=True)
            texts = [WordsOfText(one.label, one.text, words, of_words) for one, words, of_words in both]
            said = _(
                "Shaded by what the cosine loses without the word: purple brings the two closer, orange keeps them "
                "apart."
            )
        except InputError as error:
            said = plain(explain(error))
    word_effects.shaded(texts, common=common, key="search-why")
    underlined = _("No word in common: BM25 finds nothing.")
    if common:
        underlined = _("Underlined: in both; BM25 counts only these words.")
    st.caption(joined(said, underlined))
    if not cache.is_loaded(settings.model):
        cache.until_loaded(settings.model)
