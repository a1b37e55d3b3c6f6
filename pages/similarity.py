"""Similarity: type or paste sentences, and the heatmap follows."""

import streamlit as st

from simcse_core.meaning.similarity import Matrix, Summary
from ui.frame import address, errors, page, projector, waiting
from ui.frame.translation import N_, _, language
from ui.shared import cache, defaults, heatmap, inputs, stored
from ui.similarity import beside, grid, pair, spread, take_away, view_options

LOOKS = {
    "pair": N_("A pair"),
    "spread": N_("Why is everything 0.9?"),
    "beside": N_("Side by side"),
    "grid": N_("Layers and poolings"),
    "take": N_("Take away"),
}


def matrix(texts: list[str], settings: cache.EncoderSettings) -> tuple[Matrix, float | None]:
    """(N, N) cosines, and the middle of unrelated ones; of the first sample stored ones while the model is loading."""
    look = stored.first_look(defaults.model(language()))
    if texts == look.texts and settings == cache.EncoderSettings(look.model) and not cache.is_loaded(settings.model):
        return look.matrix, look.unrelated
    with waiting.progress_bar(_("Reading the sentences")) as report:
        embeddings = cache.embeddings(texts, settings, report)
    return cache.similarity(inputs.content_key(texts, settings), embeddings), cache.unrelated(texts, settings)


def look_closer(
    texts: list[str], similarity: Matrix, summary: Summary, settings: cache.EncoderSettings, view: heatmap.View
) -> None:
    """One of the questions that follow from a heatmap."""
    key, keep = address.widget("look", list(LOOKS), "pair", language=language())
    look = st.segmented_control(
        _("Look closer"), list(LOOKS), format_func=lambda name: _(LOOKS[name]), required=True, key=key, on_change=keep
    )
    if not cache.is_loaded(settings.model):
        cache.until_loaded(settings.model)
        return
    with errors.user_errors():
        match look:
            case "spread":
                spread.show(texts, similarity, settings)
            case "beside":
                beside.show(texts, similarity, settings, view)
            case "grid":
                grid.show(texts, settings, view)
            case "take":
                take_away.show(texts, similarity, summary, settings, view)
            case _:
                pair.show(texts, similarity, summary.closest, settings, pair.selected(texts, None))


def show(texts: list[str], settings: cache.EncoderSettings) -> None:
    """The picture with its words and its numbers, and what can be asked about it."""
    picture = st.container()
    similarity, unrelated = matrix(texts, settings)
    content = inputs.content_key(texts, settings)
    summary = cache.summary(content, similarity)
    view = view_options.choose(similarity, summary, content=content, unrelated=unrelated)
    cell = pair.selected(texts, heatmap.clicked(texts, key="heatmap", view=view))
    with picture:
        heatmap.figure(similarity, texts, key="heatmap", view=view, selected=cell, summary=summary, clickable=True)
    st.markdown(heatmap.in_words(summary, len(texts)))
    st.caption(_("Click a cell to take the pair apart."))
    if cache.is_loaded(settings.model):
        inputs.warn_about(texts, settings)  # below the picture, which stays where it is
    with below:
        closer = st.container()
        heatmap.twin(similarity, texts)
        with closer:
            look_closer(texts, similarity, summary, settings, view)


page.begin("similarity")
# Sentences, picture, settings: side by side on a wide screen, in this order on a phone. On a projector the picture
# comes first and has the whole width.
if projector.is_on():
    middle = st.container()
    left, right = st.columns([3, 2], gap="medium")
else:
    left, middle, right = st.columns([6, 10, 4], gap="medium")
below = st.container()

settings = cache.EncoderSettings(defaults.model(language()))
with right, errors.user_errors():  # the sentences are shown even if the settings are invalid
    settings = inputs.encoder_settings()
with left, errors.user_errors():
    texts = inputs.sentences(settings)
    with middle, errors.user_errors():
        if not texts:
            st.info(_("Type or paste at least two sentences, one a line."), icon=":material/edit:")
        elif len(texts) == 1:
            st.info(_("One sentence has nothing to be compared with. Add another line."), icon=":material/edit:")
        else:
            show(texts, settings)
