"""Map: all texts as points, by PCA at once and by UMAP when it is ready, with the true neighbours of each text."""

import streamlit as st

from ui import cache, inputs, page
from ui.map_view import MapTexts, choose_text, show_maps, show_neighbours
from ui.translation import _

page.begin("map")
left, right = st.columns([5, 2], gap="large")  # the maps come first on a phone too
with right, page.user_errors():
    data, _source = inputs.data_set("map")
    settings = inputs.encoder_settings()
    texts = MapTexts.of(data)
    with left, page.user_errors():
        vectors = cache.embeddings(texts.texts, settings)
        show_maps(vectors, texts, content=inputs.content_key(list(texts.texts), settings))
        inputs.warn_about(list(texts.texts), settings.model)
        with right:
            show_neighbours(vectors, texts, choose_text(texts))
    st.caption(
        _(
            "A map cannot keep all distances. On a UMAP neither the size of a group nor the distance between two "
            "groups means anything, and another seed gives another picture."
        )
    )
