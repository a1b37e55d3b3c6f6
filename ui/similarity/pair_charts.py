"""Figures about one pair of sentences, and about how cosines are spread."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from simcse_core.meaning.attribution import Word
from simcse_core.meaning.similarity import Background
from ui.shared import colors
from ui.shared.charts import shortened

CLOSER, FARTHER = colors.PUOR[8], colors.PUOR[1]
BACKGROUND = "#8A8796"
_BINS = np.linspace(-1, 1, 81)


def word_effects(words: Sequence[Word], effects: NDArray[np.float32], *, reach: float, title: str) -> go.Figure:
    """A bar for each word: to the right (purple) it brings the sentences closer, to the left (orange) apart.

    Args:
        words: in the order of the sentence.
        effects: (W,) what the cosine loses without the word.
        reach: of the axis, so that two sentences can be compared.
        title: of the axis.
    """
    places = list(range(len(words)))
    bars = go.Bar(
        x=effects,
        y=places,
        orientation="h",
        marker={"color": [CLOSER if effect >= 0 else FARTHER for effect in effects]},
        text=[f"{effect:+.2f}".replace("-0.00", "0.00").replace("+0.00", "0.00") for effect in effects],
        constraintext="none",
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    layout = {
        "xaxis": {
            "range": [-reach, reach],
            "zeroline": True,
            "title": {"text": title, "standoff": 10},
            "automargin": True,
        },
        "yaxis": {
            "tickvals": places,
            "ticktext": [shortened(word.text, 24) for word in words],
            "autorange": "reversed",
            "automargin": True,
            "ticks": "",
            "showgrid": False,
        },
        "height": 72 + 24 * len(words),
        "margin": {"l": 0, "r": 0, "t": 4, "b": 40},
        "dragmode": False,
    }
    return go.Figure(bars, layout)


def word_pairs(values: NDArray[np.float32], rows: Sequence[str], columns: Sequence[str], *, reach: float) -> go.Figure:
    """Words of one sentence against words of another, orange below 0 and purple above.

    Args:
        values: (V, W).
        rows, columns: the V and W words.
        reach: the value of the deepest colour.
    """
    few = len(rows) <= 16 and len(columns) <= 16
    cells = go.Heatmap(
        z=values,
        x=list(range(len(columns))),
        y=list(range(len(rows))),
        zmin=-reach,
        zmax=reach,
        colorscale=colors.cosine_scale(),
        xgap=1,
        ygap=1,
        showscale=False,
        texttemplate=("%{z:.2f}" if reach == 1 else "%{z:.1f}") if few else None,
        textfont={"size": 11},
        customdata=[[f"{shortened(row)} · {shortened(column)}" for column in columns] for row in rows],
        hovertemplate="%{customdata}<br><b>%{z:.3f}</b><extra></extra>",
    )
    quiet = {"automargin": True, "ticks": "", "showgrid": False, "zeroline": False}
    layout = {
        "xaxis": {
            **quiet,
            "tickvals": list(range(len(columns))),
            "ticktext": [shortened(column, 20) for column in columns],
            "side": "top",
            "tickangle": -40 if len(columns) > 7 else 0,
        },
        "yaxis": {
            **quiet,
            "tickvals": list(range(len(rows))),
            "ticktext": [shortened(row, 20) for row in rows],
            "autorange": "reversed",
        },
        "height": 90 + 30 * len(rows),
        "margin": {"l": 0, "r": 0, "t": 10, "b": 4},
        "dragmode": False,
    }
    return go.Figure(cells, layout)


def spread(
    background: Background,
    *,
    page_pairs: tuple[NDArray[np.int64], NDArray[np.float64]] | None = None,
    marked: float | None = None,
    names: tuple[str, str],
    axis: str,
) -> go.Figure:
    """How often unrelated sentences have which cosine, beside the pairs of the page or beside one of them.

    Args:
        background: cosines of unrelated pairs.
        page_pairs: counts and edges of the page's pairs.
        marked: one cosine to point at.
        names: of the unrelated pairs and of the page's.
        axis: title of x.
    """
    counts, edges = np.histogram(background.cosines, _BINS)
    traces: list[go.Scatter | go.Bar] = [
        go.Scatter(
            x=(edges[:-1] + edges[1:]) / 2,
            y=100 * counts / counts.sum(),
            mode="lines",
            line={"color": BACKGROUND, "width": 2, "shape": "spline"},
            fill="tozeroy",
            fillcolor="rgba(138,135,150,0.25)",
            name=names[0],
            hovertemplate="%{x:.2f}: %{y:.1f} %<extra></extra>",
        )
    ]
    if page_pairs is not None and page_pairs[0].sum():
        traces.append(
            go.Bar(
                x=(page_pairs[1][:-1] + page_pairs[1][1:]) / 2,
                y=100 * page_pairs[0] / page_pairs[0].sum(),
                width=np.diff(page_pairs[1]) * 0.9,
                marker={"color": CLOSER, "opacity": 0.85},
                name=names[1],
                hovertemplate="%{x:.2f}: %{y:.1f} %<extra></extra>",
            )
        )
    mark = {"type": "line", "x0": marked, "x1": marked, "y0": 0, "y1": 1, "yref": "paper"}
    layout = {
        "xaxis": {
            "range": [-1.02, 1.02],
            "title": {"text": axis, "standoff": 10},
            "zeroline": False,
            "automargin": True,
        },
        "yaxis": {"ticksuffix": " %", "automargin": True, "rangemode": "tozero", "zeroline": False},
        "shapes": [] if marked is None else [{**mark, "line": {"color": CLOSER, "width": 4}}],
        "height": 190 if page_pairs is None else 240,
        "margin": {"l": 0, "r": 0, "t": 8, "b": 40},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "showlegend": page_pairs is not None,
        "dragmode": False,
    }
    return go.Figure(traces, layout)
