"""Figures with one field for each layer and pooling."""

import numpy as np
import plotly.graph_objects as go

from simcse_core.meaning.grid import Grid, SimilarityGrid
from ui.shared import colors
from ui.shared.color_range import HIGHEST
from ui.shared.names import pooling_name

TILE = 120
"""Pixels of a small heatmap, about."""


def tiles(grid: SimilarityGrid, *, layer_title: str, unrelated: Grid | None = None) -> go.Figure:
    """The same sentences' heatmap for each layer (from left to right) and pooling (from top to bottom).

    Args:
        grid: cosines by layer and pooling.
        layer_title: "layer {layer}" in the language of the page.
        unrelated: what is white in each field, the middle of unrelated sentences there; None is 0 everywhere.
    """
    n = len(next(iter(grid.similarity.values())))
    gap = max(1, round(n / 5))
    step = n + gap
    canvas = np.full((len(grid.poolings) * step - gap, len(grid.layers) * step - gap), np.nan, dtype=np.float32)
    means = grid.mean.values
    figure = go.Figure()
    for column, layer in enumerate(grid.layers):
        for row, pooling in enumerate(grid.poolings):
            white = 0.0 if unrelated is None else min(max(float(unrelated.values[column, row]), 0.0), HIGHEST)
            place = np.s_[row * step : row * step + n, column * step : column * step + n]
            canvas[place] = (grid.similarity[layer, pooling] - white) / (1 - white)
            figure.add_annotation(
                x=column * step + (n - 1) / 2,
                y=row * step - 0.5,
                text=f"{means[column, row]:.2f}",
                showarrow=False,
                yanchor="bottom",
            )
    figure.add_trace(
        go.Heatmap(z=canvas, zmin=-1, zmax=1, colorscale=colors.cosine_scale(), showscale=False, hoverinfo="skip")
    )
    middles = [index * step + (n - 1) / 2 for index in range(max(len(grid.layers), len(grid.poolings)))]
    figure.update_xaxes(
        tickvals=middles[: len(grid.layers)],
        ticktext=[layer_title.format(layer=layer) for layer in grid.layers],
        side="bottom",
        showgrid=False,
        zeroline=False,
        ticks="",
    )
    figure.update_yaxes(
        tickvals=middles[: len(grid.poolings)],
        ticktext=list(map(pooling_name, grid.poolings)),
        range=[len(grid.poolings) * step - gap - 0.5, -0.5 - 1.2 * gap - n / 10],
        showgrid=False,
        zeroline=False,
        ticks="",
        automargin=True,
    )
    figure.update_layout(
        height=80 + TILE * len(grid.poolings), margin={"l": 0, "r": 0, "t": 8, "b": 24}, dragmode=False
    )
    return figure


def values(grid: Grid, *, layer_title: str) -> go.Figure:
    """One number for each layer (from left to right) and pooling (from top to bottom), coloured like cosines."""
    figure = go.Figure(
        go.Heatmap(
            z=grid.values.T,
            x=[layer_title.format(layer=layer) for layer in grid.layers],
            y=list(map(pooling_name, grid.poolings)),
            zmin=-1,
            zmax=1,
            colorscale=colors.cosine_scale(),
            xgap=2,
            ygap=2,
            showscale=False,
            texttemplate="%{z:.3f}",
            textfont={"size": 13},
            hoverinfo="skip",
        )
    )
    figure.update_yaxes(autorange="reversed", automargin=True, ticks="", showgrid=False, zeroline=False)
    figure.update_xaxes(ticks="", showgrid=False, zeroline=False)
    figure.update_layout(height=64 + 56 * len(grid.poolings), margin={"l": 0, "r": 0, "t": 8, "b": 24}, dragmode=False)
    return figure
