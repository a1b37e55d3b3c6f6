"""The heatmap, and the larger looks that take its place or stand beside it."""

from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from simcse_core.meaning.similarity import Matrix, Pair, Summary, summarise
from ui.frame import address, errors, projector, waiting
from ui.frame.stage import Stage
from ui.frame.translation import N_, _, language
from ui.shared import cache, defaults, heatmap, inputs, stored
from ui.similarity import beside, grid, pair, spread, take_away, view_options

KEY = "heatmap"
_STYLE = Path(__file__).parent / "frontend" / "similarity.css"
LOOKS = {
    "pair": N_("Heatmap"),
    "spread": N_("Why is everything 0.9?"),
    "beside": N_("Side by side"),
    "grid": N_("Layers and poolings"),
}


def show(
    texts: list[str], settings: cache.EncoderSettings, places: Stage, asked: DeltaGenerator, numbers: DeltaGenerator
) -> None:
    """The look that was chosen.

    Args:
        texts: N sentences, at least two.
        settings: of the encoder.
        places: of the page.
        asked: the top of the rail, for what somebody asks for.
        numbers: the end of the rail, for the table.
    """
    st.html(_STYLE)
    with places.controls:
        look = _choose()
    with places.finding:
        similarity, unrelated = _matrix(texts, settings)
    is_loaded = cache.is_loaded(settings.model)
    unreadable = cache.check(tuple(texts), settings).unreadable if is_loaded else ()
    summary = _summary(texts, settings, similarity, unreadable)
    with places.controls:
        view = view_options.choose(
            similarity, summary, content=inputs.content_key(texts, settings), unrelated=unrelated
        )
    with numbers:
        heatmap.twin(similarity, texts)
    if look in ("beside", "grid") and is_loaded:
        with asked, st.container(key="similarity-asked", gap="small"), errors.user_errors():
            if unreadable:
                _cannot_read(texts, settings)
            elif look == "beside":
                beside.show(texts, similarity, settings, view, places)
            else:
                grid.show(texts, settings, view, places)
        return
    cell = pair.selected(texts, heatmap.clicked(texts, key=KEY, view=view))
    with places.figure:
        heatmap.figure(
            similarity,
            texts,
            key=KEY,
            view=view,
            selected=cell,
            summary=summary,
            hint=_("Click a cell to take the pair apart."),
        )
    with places.finding:
        of_spread = spread.finding(texts, similarity, settings) if look == "spread" and is_loaded else None
        _say(texts, settings, summary, unreadable, of_spread)
        if said := view_options.in_words(view, similarity):
            st.caption(said)
    if not is_loaded:
        with places.finding:
            cache.until_loaded(settings.model)
        return
    with asked, errors.user_errors():
        if cell is not None:
            with st.container(key="pair-detail", gap="small"):
                pair.show(texts, similarity, settings, cell)
        if look == "spread":
            with st.container(key="similarity-asked", gap="small"):
                spread.show(texts, similarity, settings)
    take = places.controls.popover(_("Take away"), icon=":material/download:", key="take-away", on_change="rerun")
    if take.open:  # a large matrix is not sent twice with every key
        with take, errors.user_errors():
            take_away.show(texts, similarity, summary, settings, view)


def _choose() -> str:
    key, keep = address.widget("look", list(LOOKS), "pair", language=language())
    label, options, named = _("Look closer"), list(LOOKS), lambda name: _(LOOKS[name])
    if projector.is_on():  # their names would need two rows there
        look: str = st.selectbox(
            label, options, format_func=named, key=key, on_change=keep, label_visibility="collapsed", width=300
        )
        return look
    chosen = st.segmented_control(
        label, options, format_func=named, required=True, key=key, on_change=keep, label_visibility="collapsed"
    )
    return str(chosen)


def _matrix(texts: list[str], settings: cache.EncoderSettings) -> tuple[Matrix, float | None]:
    """(N, N) cosines, and the middle of unrelated ones; of the first sample stored ones while the model is loading."""
    look = stored.first_look(defaults.model(language()))
    if texts == look.texts and settings == cache.EncoderSettings(look.model) and not cache.is_loaded(settings.model):
        return look.matrix, look.unrelated
    with waiting.progress_bar(_("Reading the sentences")) as report:
        embeddings = cache.embeddings(texts, settings, report)
    return cache.similarity(inputs.content_key(texts, settings), embeddings), cache.unrelated(texts, settings)


def _summary(
    texts: list[str], settings: cache.EncoderSettings, similarity: Matrix, unreadable: tuple[int, ...]
) -> Summary:
    """Of the lines that the model can read, where it can read at least two."""
    readable = [position for position in range(len(texts)) if position not in set(unreadable)]
    if not unreadable or len(readable) < 2:
        return cache.summary(inputs.content_key(texts, settings), similarity)
    part = summarise(similarity[np.ix_(readable, readable)])

    def as_typed(found: Pair) -> Pair:
        return Pair(readable[found.first], readable[found.second], found.similarity)

    return Summary(as_typed(part.closest), as_typed(part.farthest), part.mean)


def _say(
    texts: list[str], settings: cache.EncoderSettings, summary: Summary, unreadable: tuple[int, ...], said: str | None
) -> None:
    """What is to be seen, in one sentence, of lines that the model can read.

    Args:
        said: instead of the closest and the farthest pair.
    """
    if len(texts) - len(unreadable) >= 2:
        st.markdown(said or heatmap.in_words(summary, len(texts) - len(unreadable)))
    if cache.is_loaded(settings.model):
        inputs.warn_about(texts, settings)
        if unreadable:
            pair.use_reader(settings.model, key="reader")


def _cannot_read(texts: list[str], settings: cache.EncoderSettings) -> None:
    inputs.warn_about(texts, settings)
    pair.use_reader(settings.model, key="reader")
