"""Every layer with every pooling: the user's sentences as small heatmaps, or the rank correlation on a scored file."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.files import TABLE_ENDINGS
from simcse_core.data.kinds import Dataset, Scored, kind_of
from simcse_core.data.language import language_of
from simcse_core.encoding.catalogue import with_layers
from simcse_core.errors import DataError
from simcse_core.limits import limits
from simcse_core.meaning.grid import Grid, SimilarityGrid, similarity_grid, spearman_grid
from ui.frame import address, projector, uploads, waiting
from ui.frame.errors import plain
from ui.frame.translation import _, joined
from ui.shared import cache, inputs, models
from ui.shared.data_choice import Upload, opened
from ui.shared.heatmap import View
from ui.shared.names import pooling_name
from ui.shared.turns import Results, Turn, tokens_in
from ui.similarity import grid_charts

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE


def show(texts: Sequence[str], settings: cache.EncoderSettings, view: View) -> None:
    """The grid of the page's sentences, or of a scored file.

    Args:
        texts: N sentences; the first few of them are enough to see it.
        settings: of the encoder; its layer and pooling do not matter here.
        view: its colours may start where unrelated sentences lie, then those of each field do.

    Raises:
        DataError: the file holds no scored pairs.
    """
    if models.card(settings.model).is_frozen:
        st.info(_("This model gives sentence embeddings only: it has no layers and no poolings to compare."))
        st.button(
            _("Show it with {model}").format(model=plain(with_layers().title)),
            icon=":material/visibility:",
            on_click=_with_layers,
        )
        return
    every_layer = replace(settings, layer=None, pooling=None)
    with st.popover(_("Measure on a scored file"), icon=":material/upload:"):
        file = st.file_uploader(
            _("A table with the columns sentence1, sentence2 and score"),
            type=[ending[1:] for ending in TABLE_ENDINGS],
            max_upload_size=limits().max_file_megabytes,
            key="grid-upload",
        )
        st.caption(
            _("Higher scores mean closer sentences. Each layer and pooling is measured by Spearman's rank correlation.")
        )
    if file is not None:
        _scored(opened(Upload(uploads.content(file), file.name, file.file_id), "grid").data, every_layer)
        return
    most = limits().max_grid_texts
    if len(texts) > most:
        st.caption(_("Of the first {n} sentences.").format(n=most))
    grid = _similarity_grid(tuple(texts[:most]), every_layer, cache.bert(every_layer))
    unrelated = _unrelated(texts, every_layer) if view.colors.white else None
    projector.chart(
        grid_charts.tiles(grid, layer_title=_("layer {layer}"), unrelated=unrelated),
        key="grid-tiles",
        alt=_("A small heatmap of the sentences for each layer and pooling; the table has the mean cosine of each."),
    )
    meaning = _("All purple means that these embeddings hardly tell the sentences apart.")
    if unrelated is not None:
        meaning = _("No colour is the median cosine of unrelated sentences, measured for each picture.")
    caption = _(
        "Each small picture is the heatmap above in another layer and pooling, with the mean cosine of "
        "different sentences over it."
    )
    st.caption(joined(caption, meaning))
    with st.expander(_("Mean cosine of each layer and pooling"), icon=":material/table:"):
        _table(grid.mean)


def _scored(data: Dataset, settings: cache.EncoderSettings) -> None:
    name = data.name
    if not isinstance(data, Scored):
        raise DataError(
            "{file} holds {kind}; this needs the columns sentence1, sentence2, score.",
            file=data.name,
            kind=kind_of(data),
        )
    if len(data) > (most := limits().max_grid_pairs):
        raise DataError(
            "{file} has {given:,} pairs: the limit here is {most:,} (SIMCSE_MAX_GRID_PAIRS). Take a sample of them.",
            file=name,
            given=len(data),
            most=most,
        )
    grid = _spearman_grid(
        inputs.content_key([name, *data.sentence1, *data.sentence2, str(data.score)], settings), data, settings
    )
    best = (
        np.unravel_index(int(np.nanargmax(grid.values)), grid.values.shape) if not np.isnan(grid.values).all() else None
    )
    summary = (
        _("{name}: every cosine or every score is the same, so there is no rank correlation.").format(name=name)
        if best is None
        else _("{name}, {n:,} pairs: Spearman is highest in layer {layer} with {pooling}, {value:.3f}.").format(
            name=name,
            n=len(data),
            layer=grid.layers[best[0]],
            pooling=pooling_name(grid.poolings[best[1]]),
            value=grid.values[best],
        )
    )
    projector.chart(grid_charts.values(grid, layer_title=_("layer {layer}")), key="grid-values", alt=summary)
    st.markdown(plain(summary))
    with st.expander(_("Spearman of each layer and pooling"), icon=":material/table:"):
        _table(grid)


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


def _spearman_grid(content: str, data: Scored, settings: cache.EncoderSettings) -> Grid:
    model = cache.bert(settings)
    tokens = tokens_in(data.sentence1) + tokens_in(data.sentence2)

    def compute(turn: Turn) -> Grid:
        def step(done: int, total: int) -> None:
            report(done, total)
            turn.give_way(tokens * (total - done) // total)

        return spearman_grid(model, data.sentence1, data.sentence2, data.score, on_progress=step)

    with waiting.progress_bar(_("Measuring the pairs")) as report:
        return _grids().get(content, tokens, compute)


@st.cache_resource(show_spinner=False)
def _pictures() -> Results[SimilarityGrid]:
    return Results(30, cache.turns())


@st.cache_resource(show_spinner=False)
def _grids() -> Results[Grid]:
    return Results(30, cache.turns())
