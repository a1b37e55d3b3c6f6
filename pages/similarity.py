"""Similarity: type or paste sentences, and the heatmap follows."""

import streamlit as st

from simcse_core.meaning.similarity import cosine_similarity
from ui import cache, defaults, heatmap, inputs, page, stored
from ui.translation import _, language

page.begin("similarity")
left, right = st.columns([2, 3], gap="large")
with left, page.user_errors():
    texts = inputs.sentences()
    settings = inputs.encoder_settings()
    with right:
        look = stored.first_look(language())
        stored_settings = cache.EncoderSettings(defaults.MODEL[language()])
        if not texts:
            st.info(_("Type or paste at least two sentences on the left, one a line."), icon=":material/edit:")
        elif texts == look.texts and settings == stored_settings and not cache.is_loaded(settings.model):
            heatmap.show(look.matrix, texts, key="heatmap")
        else:
            with page.user_errors():
                vectors = cache.embeddings(tuple(texts), settings)
                inputs.warn_about(texts, settings.model)
                heatmap.show(cosine_similarity(vectors), texts, key="heatmap")
