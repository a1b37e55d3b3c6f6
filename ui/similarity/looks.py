"""The heatmap, and the larger looks that take its place or stand beside it."""

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Picture:
    """The sentences of the page and all that the looks have in common."""

    texts: list[str]
    settings: cache.EncoderSettings
    similarity: Matrix
    unreadable: tuple[int, ...]
    """Positions of lines that the model cannot read; none while it is loading."""
    summary: Summary
    view: heatmap.View

    @property
    def is_loaded(self) -> bool:
        return cache.is_loaded(self.settings.model)


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
    unreadable = cache.check(tuple(texts), settings).unreadable if cache.is_loaded(settings.model) else ()
    summary = _summary(texts, settings, similarity, unreadable)
    with places.controls:
        content = inputs.content_key(texts, settings)
        view = view_options.choose(similarity, summary, content=content, unrelated=unrelated)
    with numbers:
        heatmap.twin(similarity, texts)
    picture = Picture(texts, settings, similarity, unreadable, summary, view)
    if look in ("beside", "grid") and picture.is_loaded:
        _show_larger(look, picture, places, asked)
    else:
        _show_heatmap(look, picture, places, asked)


def _show_larger(look: str, picture: Picture, places: Stage, asked: DeltaGenerator) -> None:
    """What takes the heatmap's place, of sentences that the model can read."""
    texts, settings, view = picture.texts, picture.settings, picture.view
    with asked, st.container(key="similarity-asked", gap="small"), errors.user_errors():
        if picture.unreadable:
            inputs.warn_about(texts, settings)
            pair.use_reader(settings.model, key="reader")
        elif look == "beside":
            beside.show(texts, picture.similarity, settings, view, places)
        else:
            grid.show(texts, settings, view, places)


def _show_heatmap(look: str, picture: Picture, places: Stage, asked: DeltaGenerator) -> None:
    """The heatmap, with what was clicked or asked for in the rail."""
    texts, similarity, settings, summary = picture.texts, picture.similarity, picture.settings, picture.summary
    cell = pair.selected(texts, heatmap.clicked(texts, key=KEY, view=picture.view))
    hint = _("Click a cell to take the pair apart.")
    with places.figure:
        heatmap.figure(similarity, texts, key=KEY, view=picture.view, selected=cell, summary=summary, hint=hint)
    with places.finding:
        of_spread = spread.finding(texts, similarity, settings) if look == "spread" and picture.is_loaded else None
        _say(picture, of_spread)
    if not picture.is_loaded:
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
            take_away.show(texts, similarity, summary, settings, picture.view)


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


def _say(picture: Picture, said: str | None) -> None:
    """What is to be seen, in one sentence, of lines that the model can read.

    Args:
        picture: of the page.
        said: instead of the closest and the farthest pair.
    """
    readable = len(picture.texts) - len(picture.unreadable)
    if readable >= 2:
        st.markdown(said or heatmap.in_words(picture.summary, readable))
    if picture.is_loaded:
        inputs.warn_about(picture.texts, picture.settings)
        if picture.unreadable:
            pair.use_reader(picture.settings.model, key="reader")
    if (colors := view_options.in_words(picture.view, picture.similarity)) and not projector.is_on():
        st.caption(colors)  # on a projector the figure needs the height; its legend says the same
