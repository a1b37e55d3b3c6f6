"""Losses: the same points under each chosen loss, and what happens when a loss is used wrongly."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from simcse_core.learning.circle import PRESETS, Batch
from ui import breaking, losses_inputs, losses_run, losses_table, losses_view, page, projector
from ui.translation import _


def compare(start: Batch, own: losses_inputs.OwnStart | None = None) -> None:
    """The chosen losses on one batch, with the targets as labelled or as clicked."""
    edited = losses_view.kept_targets(start)
    batch = start if edited is None else replace(start, targets=edited)
    shown = [losses_run.run(name, batch, options[name]) for name in names]
    legend = losses_view.class_names(batch, own.sentences.labels if own else ())
    losses_view.circles(shown, batch, legend=legend, edited=edited is not None, compact=own is not None)
    losses_table.show(shown, {})


def broken(name: str) -> None:
    """One mistake: in words, and on circles."""
    with losses_run.loading():
        failed = breaking.failure(name)
    shown = breaking.shown(failed)
    batch = losses_view.batch_of(failed.panels[0])
    words, story = breaking.words(name), breaking.story(name, failed.numbers)
    losses_view.circles(shown, batch, legend=losses_view.class_names(batch), words=words, story=story)
    losses_table.show(shown, words)


page.begin("losses")
with page.user_errors():
    large = projector.is_on()
    introduction = _(
        "Each point is a text. All losses start from the same points and push them step by step; the trails lead back "
        "to the start."
    )
    choices: DeltaGenerator
    mistakes: DeltaGenerator
    if large:  # the picture needs the room; what can be chosen is folded away
        choices = mistakes = st.popover(_("Batch, losses, mistakes"), icon=":material/tune:")
    else:
        st.markdown(introduction)
        choices, mistakes = st.container(horizontal=True), st.container()
    with mistakes:
        mistake = losses_inputs.mistake()
    with choices:
        name = losses_inputs.batch_choice(disabled=mistake is not None)
        names = losses_inputs.chosen_losses(disabled=mistake is not None)
        options = losses_inputs.options_of(names, disabled=mistake is not None, folded=not large)
    picture = st.container()
    if mistake is None and name == losses_inputs.OWN:
        left, picture = (st.container(), picture) if large else picture.columns([3, 7], gap="medium")
        with left, page.user_errors():
            own = losses_inputs.own_sentences()
            with picture:
                compare(own.batch, own)
            losses_table.sentences(own)
    else:
        with picture, page.user_errors():
            if mistake is not None:
                broken(mistake)
            else:
                compare(PRESETS[name])
    if large:
        st.markdown(introduction)
