"""Similarity: type or paste sentences, and the heatmap follows."""

import streamlit as st

from simcse_core.meaning.similarity import cosine_similarity
from ui import cache, defaults, heatmap, inputs, page, stored
from ui.translation import _, language

page.begin("similarity")
# Sentences, picture, settings: side by side on a wide screen, in this order on a phone.
left, middle, right = st.columns([6, 9, 4], gap="medium")
below = st.container()

with right:
    settings = inputs.encoder_settings()
with left, page.user_errors():
    texts = inputs.sentences()
    look = stored.first_look(language())
    if not texts:
        middle.info(_("Type or paste at least two sentences, one a line."), icon=":material/edit:")
    else:
        with middle, page.user_errors():
            if (
                texts == look.texts
                and settings == cache.EncoderSettings(defaults.MODEL[language()])
                and not cache.is_loaded(settings.model)
            ):
                similarity = look.matrix
            else:
                similarity = cosine_similarity(cache.embeddings(tuple(texts), settings))
            heatmap.figure(similarity, texts, key="heatmap")
            st.markdown(heatmap.in_words(similarity))
            if cache.is_loaded(settings.model):
                inputs.warn_about(texts, settings.model)  # below the picture, which stays where it is
            with below:
                heatmap.twin(similarity, texts, key="heatmap")
