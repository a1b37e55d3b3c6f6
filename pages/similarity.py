"""Similarity: type or paste sentences, and the heatmap follows."""

import streamlit as st

from ui.frame import errors, stage
from ui.frame.translation import _, language
from ui.shared import cache, defaults, inputs
from ui.similarity import looks, reading

places = stage.begin("similarity")
with places.rail:
    # What somebody asks for stands at the top, then what is typed and set.
    asked, typed, chosen, numbers = (st.container(gap="small") for _box in range(4))

settings = cache.EncoderSettings(defaults.model(language()))
with chosen, errors.user_errors():  # the sentences are shown even if the settings are invalid
    settings = reading.encoder()
with typed, errors.user_errors():
    texts = inputs.sentences(settings, on_sample=reading.read_sample)
    with places.figure, errors.user_errors():
        if not texts:
            st.info(_("Type or paste at least two sentences, one a line."), icon=":material/edit:")
        elif len(texts) == 1:
            st.info(_("One sentence has nothing to be compared with. Add another line."), icon=":material/edit:")
        else:
            looks.show(texts, settings, places, asked, numbers)
