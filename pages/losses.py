"""Losses: the same points under each chosen loss, and what happens when a loss is used wrongly."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from simcse_core.learning.circle import PRESETS, Batch
from ui.frame import errors, page, projector
from ui.frame.translation import _
from ui.losses import breaking, inputs, run, table, view


def compare(start: Batch, typed: inputs.TypedStart | None = None) -> None:
    """The chosen losses on one batch, with the targets as labelled or as clicked."""
    edited = view.edited_targets(start)
    batch = start if edited is None else replace(start, targets=edited)
    circles = [run.run(name, batch, options[name]) for name in names]
    legend = view.class_names(batch, typed.sentences.labels if typed else ())
    view.circles(circles, batch, legend=legend, edited=edited is not None, compact=typed is not None)
    table.show(circles, {})


def broken(name: str) -> None:
    """One mistake: in words, and on circles."""
    with run.loading():
        failed = breaking.failure(name)
    circles = breaking.shown(failed)
    batch = view.batch_of(failed.panels[0])
    words, story = breaking.words(name), breaking.story(name, failed.numbers)
    view.circles(circles, batch, legend=view.class_names(batch), words=words, story=story)
    table.show(circles, words)


page.begin("losses")
with errors.user_errors():
    large = projector.is_on()
    introduction = _(
        "Each point is a text. All losses start from the same points and move them step by step. The inner ring is the "
        "start; each trail runs outward in time."
    )
    choices: DeltaGenerator
    mistakes: DeltaGenerator
    if large:  # the picture needs the room; what can be chosen is folded away
        choices = mistakes = st.popover(_("Batch, losses, mistakes"), icon=":material/tune:")
    else:
        st.markdown(introduction)
        choices, mistakes = st.container(horizontal=True), st.container()
    with mistakes:
        mistake = inputs.mistake()
    with choices:
        name = inputs.batch_choice(disabled=mistake is not None)
        names = inputs.losses_to_compare(disabled=mistake is not None)
        options = inputs.options_of(names, disabled=mistake is not None, folded=not large)
    picture = st.container()
    if mistake is None and name == inputs.TYPED:
        left, picture = (st.container(), picture) if large else picture.columns([3, 7], gap="medium")
        with left, errors.user_errors():
            typed = inputs.typed_sentences()
            with picture:
                compare(typed.batch, typed)
            table.sentences(typed)
    else:
        with picture, errors.user_errors():
            if mistake is not None:
                broken(mistake)
            else:
                compare(PRESETS[name])
    if large:
        st.markdown(introduction)
