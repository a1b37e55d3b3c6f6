"""Map: all texts as points, what groups they form, and which of what is seen is real."""

import streamlit as st

from ui.frame import errors, stage
from ui.map import encoded, sources, view
from ui.shared import inputs

places = stage.begin("map")
with places.figure, errors.user_errors():
    with places.rail:
        texts = sources.choose()
        model_box = st.container()
    with places.controls:
        chosen = view.choose()
    with model_box:
        settings = sources.encoder(texts)
    source = encoded.source(texts, settings)
    if source is not None:
        chosen.show(source, places)
        with places.rail, errors.user_errors():
            inputs.warn_about(list(texts.texts), settings)
