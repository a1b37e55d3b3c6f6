"""Losses: the same points under each chosen loss, and what happens when a loss is used wrongly."""

from dataclasses import replace

import streamlit as st

from simcse_core.learning.circle import PRESETS, Batch
from ui.frame import errors, stage
from ui.frame.translation import _, language
from ui.losses import breaking, details, findings, inputs, padding, real_cosines, run, table, view
from ui.shared.data_choice import data_title


def compare(start: Batch, typed: inputs.TypedStart | None = None) -> None:
    """The chosen losses on one batch, with the targets as labelled or as clicked."""
    edited = details.edited_targets(start)
    batch = start if edited is None else replace(start, targets=edited)
    circles = [run.run(name, batch, *inputs.options_of(name)) for name in names]
    legend = view.class_names(batch, typed.sentences.labels if typed else ())
    with places.figure:
        view.circles(circles, batch, legend=legend)
    places.finding.markdown(findings.compared(circles))
    with places.rail:
        details.show(circles, batch, edited=edited is not None)
    with places.below:
        table.show(circles, {})


def broken(name: str) -> None:
    """One mistake: on circles, and in words."""
    with places.figure, run.loading():
        failed = breaking.failure(name)
    circles, batch = breaking.shown(name, failed), view.batch_of(failed.panels[0])
    words, story = breaking.words(name), breaking.story(name, failed.numbers)
    with places.figure:
        view.circles(circles, batch, legend=view.class_names(batch), words=words)
    places.finding.markdown(story.seen)
    with places.rail:
        st.header(_("Why?"), anchor=False)
        st.markdown(errors.plain(story.why))
        st.header(_("Instead"), anchor=False)
        st.markdown(errors.plain(story.remedy))
        if name == "same_class":
            data, rate = breaking.same_class_rate()
            st.caption(errors.plain(f"{data_title(data)}: {rate}"))
            linter = {"language": language(), "look": "linter", "training-data": data}
            st.page_link(
                "pages/training.py", label=_("How often in my data?"), icon=":material/rule:", query_params=linter
            )
        details.show(circles, batch, tokens=padding.shown() if name == "padding" else None)
    with places.below:
        table.show(circles, words)


def typed() -> None:
    """The user's own sentences: on a circle where it can keep their cosines, else as what they are."""
    with typing:
        start = inputs.typed_sentences()
    if start.fit.is_faithful:
        compare(start.fit.batch, start)
    else:
        with places.figure:
            real_cosines.show(start)
        places.finding.markdown(findings.refused(start))
    with places.below:
        table.sentences(start)


places = stage.begin("losses")
with places.figure, errors.user_errors():
    with places.controls:
        shown = inputs.view()
    if shown == "break":
        with places.controls:
            mistake = inputs.mistake()
        broken(mistake)
    else:
        with places.rail:
            typing = st.container()
            names = inputs.losses_to_compare()
        if shown == inputs.TYPED:
            typed()
        else:
            with places.controls:
                batch = inputs.batch_choice()
            compare(PRESETS[batch])
