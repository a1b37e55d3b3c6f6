"""Every layer with every pooling: the sentences as small heatmaps, and how well each setting ranks scored pairs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.files import TABLE_ENDINGS
from simcse_core.data.kinds import Dataset, Scored, kind_of
from simcse_core.data.language import language_of
from simcse_core.encoding.catalogue import with_layers
from simcse_core.errors import DataError
from simcse_core.limits import limits
from simcse_core.meaning.grid import Grid, SimilarityGrid, SpearmanGrid, similarity_grid, spearman_grid
from simcse_core.meaning.intervals import difference, interval
from ui.frame import address, uploads, waiting
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import LANGUAGES, _, joined
from ui.shared import cache, inputs, models
from ui.shared.data_choice import Upload, opened
from ui.shared.heatmap import View
from ui.shared.names import pooling_name
from ui.shared.turns import Results, Turn, tokens_in
from ui.similarity import stored, tiles

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE


def show(texts: Sequence[str], settings: cache.EncoderSettings, view: View, places: Stage) -> None:
    """Small heatmaps in the figure's place, the best of them in the finding, what is measured in the rail.

    Args:
        texts: N sentences; the first few of them are enough to see it.
        settings: of the encoder; its layer and pooling are marked.
        view: its colours may start where unrelated sentences lie, then those of each small heatmap do.
        places: figure and finding.

    Raises:
        DataError: the file holds no scored pairs.
    """
    card = models.card(settings.model)
    if card.is_frozen:
        with places.figure:
            st.info(_("This model gives sentence embeddings only: it has no layers and no poolings to compare."))
            st.button(
                _("Show it with {model}").format(model=plain(with_layers().title)),
                icon=":material/visibility:",
                on_click=_with_layers,
            )
        return
    every_layer = replace(settings, layer=None, pooling=None)
    current = ((card.layers or 0) if settings.layer is None else settings.layer, settings.pooling or card.pooling or "")
    most = limits().max_grid_texts
    grid = _similarity_grid(tuple(texts[:most]), every_layer, cache.bert(every_layer))
    unrelated = _unrelated(texts, every_layer) if view.colors.white else None
    with places.figure:
        picture = st.empty()
    data = _scored_data(language_of(texts))
    scores = _stored(data, every_layer)
    if scores is None:
        with picture.container(height="stretch", gap=None):
            tiles.show(grid, None, current, unrelated)
        scores = _spearman_grid(data, every_layer, places)
    with picture.container(height="stretch", gap=None):
        tiles.show(grid, scores, current, unrelated)
    places.finding.markdown(_finding(data, scores, current))
    _explain(grid, scores, unrelated, len(texts))


def _explain(grid: SimilarityGrid, scores: SpearmanGrid, unrelated: Grid | None, count: int) -> None:
    """What the small pictures and their numbers are, and both as tables."""
    meaning = _("All purple means that these embeddings hardly tell the sentences apart.")
    if unrelated is not None:
        meaning = _("No colour is the median cosine of unrelated sentences, measured for each picture.")
    st.caption(
        joined(
            _("Each small picture is the heatmap in another layer and pooling; a click opens it there."),
            meaning,
            _("The number under it is Spearman's rank correlation of cosine and score; the highest is underlined."),
            _("Of the first {n} sentences.").format(n=limits().max_grid_texts)
            if count > limits().max_grid_texts
            else "",
        )
    )
    with st.expander(_("Spearman and mean cosine as numbers"), icon=":material/table:"):
        st.caption(_("Spearman of each layer and pooling"))
        _table(scores)
        st.caption(_("Mean cosine of each layer and pooling"))
        _table(grid.mean)


def _finding(data: Dataset, scores: SpearmanGrid, current: tuple[int, str]) -> str:
    """Which setting ranks the pairs best, and whether that of the page is worse."""
    name, best = plain(data.name), scores.best
    if best is None:
        return _("{name}: every cosine or every score is the same, so there is no rank correlation.").format(name=name)
    highest = interval(scores.items[best], "spearman")
    range_ = _("**{value:.2f}** (95 % range {low:.2f} to {high:.2f})").format(
        value=highest.value, low=highest.low, high=highest.high
    )
    template = (
        _("On {n:,} bundled pairs, Spearman is highest in {setting}: {range}.")
        if _is_bundled(data)
        else _("On the {n:,} pairs of {name}, Spearman is highest in {setting}: {range}.")
    )
    first = template.format(n=len(data), name=name, setting=_setting(best), range=range_)
    if current == best or current not in scores.items:
        return first
    here = interval(scores.items[current], "spearman").value
    gain = difference(scores.items[best], scores.items[current], "spearman")
    second = (
        _("The setting of this page, {setting}, has **{value:.2f}**.")
        if gain.low > 0
        else _("The setting of this page, {setting}, has **{value:.2f}**: these pairs do not tell the two apart.")
    )
    return joined(first, second.format(setting=_setting(current), value=here))


def _setting(cell: tuple[int, str]) -> str:
    return _("layer {layer} with pooling {pooling}").format(layer=cell[0], pooling=pooling_name(cell[1]))


def _is_bundled(data: Dataset) -> bool:
    return any(data == stored.data(language) for language in LANGUAGES)


def _scored_data(language: str) -> Scored:
    """The bundled pairs of a language, or those of a file that somebody brings.

    Raises:
        DataError: the file holds no scored pairs, or too many.
    """
    # With another key it is another popover, which is closed, so that it does not cover what it has changed.
    came = getattr(st.session_state.get("grid-upload"), "file_id", "")
    with st.popover(_("Measure on a scored file"), icon=":material/upload:", key=f"grid-own-{came}"):
        file = st.file_uploader(
            _("A table with the columns sentence1, sentence2 and score"),
            type=[ending[1:] for ending in TABLE_ENDINGS],
            max_upload_size=limits().max_file_megabytes,
            key="grid-upload",
        )
        st.caption(_("Higher scores mean closer sentences."))
    data = (
        stored.data(language)
        if file is None
        else opened(Upload(uploads.content(file), file.name, file.file_id), "grid").data
    )
    if not isinstance(data, Scored):
        raise DataError(
            "{file} holds {kind}; this needs the columns sentence1, sentence2, score.",
            file=data.name,
            kind=kind_of(data),
        )
    if len(data) > (most := limits().max_grid_pairs):
        raise DataError(
            "{file} has {given:,} pairs: the limit here is {most:,} (SIMCSE_MAX_GRID_PAIRS). Take a sample of them.",
            file=data.name,
            given=len(data),
            most=most,
        )
    return data


def _with_layers() -> None:
    card = with_layers()
    address.put("model", card.name)
    if not card.multilingual:
        address.put("sample", "side_by_side")


def _table(grid: Grid) -> None:
    rows = pd.Index([str(layer) for layer in grid.layers], name=_("Layer"))
    st.dataframe(pd.DataFrame(grid.values.round(3), columns=list(map(pooling_name, grid.poolings)), index=rows))


def _unrelated(texts: Sequence[str], settings: cache.EncoderSettings) -> Grid:
    unrelated = tuple(bundled.unrelated(language_of(texts)))
    return _similarity_grid(unrelated, settings, cache.bert(settings)).middle


def _similarity_grid(texts: tuple[str, ...], settings: cache.EncoderSettings, model: "SimCSE") -> SimilarityGrid:
    return _pictures().get((texts, settings), tokens_in(texts), lambda _turn: similarity_grid(model, texts))


def _stored(data: Scored, settings: cache.EncoderSettings) -> SpearmanGrid | None:
    """Of a bundled model on the bundled pairs; None where it has to be computed."""
    language = next((code for code in LANGUAGES if data == stored.data(code)), None)
    if language is None or settings != cache.EncoderSettings(settings.model):
        return None
    return stored.grid(settings.model, language)


def _spearman_grid(data: Scored, settings: cache.EncoderSettings, places: Stage) -> SpearmanGrid:
    model = cache.bert(settings)
    content = inputs.content_key([data.name, *data.sentence1, *data.sentence2, str(data.score)], settings)
    tokens = tokens_in(data.sentence1) + tokens_in(data.sentence2)

    def compute(turn: Turn) -> SpearmanGrid:
        def step(done: int, total: int) -> None:
            report(done, total)
            turn.give_way(tokens * (total - done) // total)

        return spearman_grid(model, data.sentence1, data.sentence2, data.score, on_progress=step)

    with places.finding, waiting.progress_bar(_("Measuring the pairs")) as report:
        return _grids().get(content, tokens, compute)


@st.cache_resource(show_spinner=False)
def _pictures() -> Results[SimilarityGrid]:
    return Results(30, cache.turns())


@st.cache_resource(show_spinner=False)
def _grids() -> Results[SpearmanGrid]:
    return Results(30, cache.turns())
