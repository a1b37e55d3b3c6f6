"""The start page: two sentences as arrows, a real heatmap at once, and eight questions to go on with."""

import streamlit as st

from ui.frame import serving


def draw() -> None:
    # Here, because the server imports this file too and is to start at once.
    from ui.frame import errors, stage
    from ui.frame.translation import language
    from ui.shared import defaults, stored
    from ui.start import arrows, questions, rail, sentences

    places = stage.begin("start")
    with places.figure, errors.user_errors():
        look, pair = stored.first_look(defaults.model(language())), sentences.pair()
        with places.controls:
            texts = sentences.edit(look.texts, pair)
        with places.rail:
            colors = rail.colors(look)
            shown = sentences.compared(look, texts, pair)
            arrows.cells(shown, colors)
            rail.about(look, shown, texts, colors)
        arrows.figure(shown, colors)
        places.finding.markdown(arrows.in_words(shown, rail.dimensions(look)))
    with places.below, errors.user_errors():
        questions.cards()


def warm_up() -> None:
    """Start what takes long to get ready, once with the server."""
    from ui.shared import projecting

    projecting.warm()


if st.runtime.exists():
    draw()
else:  # `streamlit run` imports this file once, for the server that it is to start
    serving.AT_START.append(warm_up)
    app = st.App(__file__, middleware=serving.middleware(), lifespan=serving.announced)
