"""Map: all texts as points, by PCA at once and by UMAP when it is ready, with the true neighbours of each text."""

import streamlit as st

from ui.frame import errors, page
from ui.frame.translation import _
from ui.map.view import MapTexts, choose_text, show_maps, show_neighbours
from ui.shared import cache, inputs
from ui.shared.data_choice import choose_data

page.begin("map")
left, right = st.columns([5, 2], gap="large")  # the maps come first on a phone too
with left, errors.user_errors():
    with right:
        data = choose_data("map").data
        often, finder, rarely = (st.container() for _place in range(3))
        settings = inputs.encoder_settings(places=(often, often, often, rarely))
    texts = MapTexts.of(data)
    content = inputs.content_key(list(texts.texts), settings)
    with finder:
        selected = choose_text(texts, content=content)
    with right:
        st.caption(
            _(
                "A map cannot keep all distances. On a UMAP neither the size of a group nor the distance between two "
                "groups means anything, and another seed gives another picture."
            )
        )
        st.caption(
            _("Drag to zoom, double-click to see everything again. Rings mark the chosen text and its neighbours.")
        )
    embeddings = cache.embeddings(texts.texts, settings)
    show_maps(embeddings, texts, content=content)
    show_neighbours(embeddings, texts, selected)
    inputs.warn_about(list(texts.texts), settings)
