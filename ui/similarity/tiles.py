"""Small heatmaps of the same sentences, a button for each layer and pooling."""

import base64
from pathlib import Path

import numpy as np
import streamlit as st

from simcse_core.meaning.grid import Grid, SimilarityGrid, SpearmanGrid
from ui.frame import address
from ui.frame.components import component
from ui.frame.translation import _
from ui.shared.color_range import HIGHEST
from ui.shared.matrix.colors import CosineColors
from ui.shared.matrix.view import to_bytes
from ui.shared.names import pooling_name

KEY = "grid-tiles"
_SCRIPT = Path(__file__).parent / "frontend" / "tiles.js"


def show(
    grid: SimilarityGrid,
    scores: SpearmanGrid | None,
    current: tuple[int, str],
    unrelated: Grid | None = None,
) -> None:
    """The heatmaps, layers from left to right and poolings from top to bottom; a click opens one on the page.

    Args:
        grid: cosines by layer and pooling.
        scores: the number under each; None while it is not known.
        current: layer and pooling of the page.
        unrelated: what is white in each, the middle of unrelated sentences there; None is 0 everywhere.
    """
    size = len(next(iter(grid.similarity.values())))
    data = {
        "layers": [str(layer) for layer in grid.layers],
        "corner": _("Layer"),
        "size": size,
        "scale": CosineColors().for_browser(),
        "poolings": [
            {
                "title": pooling_name(pooling),
                "tiles": [_tile(grid, scores, current, unrelated, (row, column)) for row in range(len(grid.layers))],
            }
            for column, pooling in enumerate(grid.poolings)
        ],
    }
    key = f"{KEY}-alone" if scores is None else KEY  # both are drawn in one run of the page
    component("simcse_tiles", _SCRIPT)(key=key, data=data, height="stretch", on_opened_change=lambda: _open(key))


def _tile(
    grid: SimilarityGrid,
    scores: SpearmanGrid | None,
    current: tuple[int, str],
    unrelated: Grid | None,
    place: tuple[int, int],
) -> dict[str, object]:
    layer, pooling = grid.layers[place[0]], grid.poolings[place[1]]
    white = 0.0 if unrelated is None else min(max(float(unrelated.values[place]), 0.0), HIGHEST)
    cells = (grid.similarity[layer, pooling] - white) / (1 - white)
    score = float("nan") if scores is None else float(scores.values[place])
    label = _("Layer {layer}, {pooling}: mean cosine {mean:.2f}").format(
        layer=layer, pooling=pooling_name(pooling), mean=grid.mean.values[place]
    )
    if not np.isnan(score):
        label = _("{setting}, Spearman {score:.2f}").format(setting=label, score=score)
    return {
        "layer": layer,
        "pooling": pooling,
        "cells": base64.b64encode(to_bytes(cells)).decode(),
        "score": "" if np.isnan(score) else f"{score:.2f}",
        "label": label,
        "best": scores is not None and scores.best == (layer, pooling),
        "current": current == (layer, pooling),
    }


def _open(key: str) -> None:
    match st.session_state.get(key, {}).get("opened"):
        case [int(layer), str(pooling), *_time]:
            address.put("layer", layer)
            address.put("pooling", pooling)
            address.put("look", "pair")
