"""Search: which texts of a corpus fit a query, by meaning beside by words."""

import streamlit as st

from ui.frame import errors, stage
from ui.frame.translation import _
from ui.search import choices, corpus, details, quality, repeats, take_away, view
from ui.search.corpus import SearchCorpus
from ui.shared import cache


def search(texts: SearchCorpus, query: str, encoders: choices.Encoders, beside: str) -> None:
    """Two lists beside each other, and why a text is in them."""
    with settings_box:
        count = choices.count()
        where = corpus.choose_filters(texts)
    if not query:
        places.figure.info(_("Type what you are looking for."), icon=":material/edit:")
        return
    with places.figure:
        found = view.listings(query, texts, encoders, beside, where)
        row = view.show_lists(query, texts, found, encoders, count, where)
    places.finding.markdown(view.in_words(query, texts, found, count))
    with places.rail, errors.user_errors():
        if row is not None:
            details.show(row, query, texts, found, encoders.first)
        view.warn_about(query, found, encoders, count)
    with places.controls.popover(_("Take away"), icon=":material/download:"):
        take_away.show(query, texts, [one for one in found if one is not None], encoders.first, where, count)


def duplicates(texts: SearchCorpus, settings: cache.EncoderSettings) -> None:
    """Texts that say nearly the same."""
    with places.rail:
        threshold = repeats.choose_threshold(settings)
    with places.figure:
        found = view.show_duplicates(texts, settings, threshold)
    if found is None:
        return
    places.finding.markdown(repeats.in_words(found, len(texts.texts)))
    with places.rail, errors.user_errors():
        view.show_pair(texts, settings)
    with places.controls.popover(_("Take away"), icon=":material/download:"):
        take_away.show_groups(found, texts)


def measured(texts: SearchCorpus, encoders: choices.Encoders) -> None:
    """How often each way of searching finds what is right."""
    with places.rail:
        metric = choices.metric()
    with places.figure:
        found = view.show_quality(texts, encoders, metric)
    if found is not None:
        places.finding.markdown(quality.in_words(found, metric))


places = stage.begin("search")
with places.figure, errors.user_errors():
    with places.rail:
        query_box = st.container()
        texts = corpus.choose()
    with places.controls:
        figure = choices.view(is_judged=bool(quality.judged(texts)))
        beside = choices.beside(figure)
        settings_box = st.popover(choices.model_title(), icon=":material/tune:", key="search-settings")
    with settings_box:
        first, rarely, second = (st.container() for _box in range(3))
        encoders = choices.encoders(first, rarely, second if beside == "model" else None)
    match figure:
        case "same":
            duplicates(texts, encoders.first)
        case "quality":
            measured(texts, encoders)
        case _:
            with query_box:
                query = choices.query(texts)
            search(texts, query, encoders, beside)
