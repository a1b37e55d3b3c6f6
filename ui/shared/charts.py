"""Figures. What comes from users is escaped here: Plotly would read tags in labels and hover texts."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.colors import sample_colorscale

from simcse_core.meaning.intervals import Interval
from simcse_core.plain import markup
from ui.shared import colors as palette
from ui.shared.matrix.colors import NEUTRAL, NEUTRAL_ON_DARK, CosineColors, takes_light_ink

NUMBERS_UP_TO = 12
"""Cells show their numbers up to this many sentences."""
LOW, HIGH = 430, 600
"""Pixels of a heatmap with and without numbers. It stays as high while somebody types."""
CLASSES_UP_TO = 24
"""So many classes get a colour and shape of their own on a map; nobody could tell more apart."""
COSINES = CosineColors()
"""From -1 to 1."""
OUTLINE = (("#FFFFFF", 6), ("#000000", 2.5))
"""Of a cell that is pointed out: a white and a black line, which no scale and no category has."""
LABELS_UP_TO = 30
"""Up to this many sentences label the rows; above, only the hover text shows them."""

LONGEST_CHOICE = 300
"""Letters of a text in a list to choose from."""


def heatmap(
    similarity: NDArray[np.float32],
    texts: Sequence[str],
    *,
    numbers: Sequence[int] | None = None,
    colors: CosineColors = COSINES,
    height: int | None = None,
    labels: bool = True,
    outlined: tuple[int, int] | None = None,
) -> go.Figure:
    """A matrix of cosines, by default on the fixed scale from -1 (orange) over 0 (no colour) to 1 (purple).

    Args:
        similarity: (N, N).
        texts: N sentences; rows show number and sentence, columns the number.
        numbers: of the sentences; None counts from 1.
        colors: another range, or a threshold under which cells are grey.
        height: pixels; None chooses by N.
        labels: whether the sentences stand at the rows; else their numbers do.
        outlined: row and column of a cell to mark, with its mirror image.
    """
    n = len(texts)
    few, some = n <= NUMBERS_UP_TO, n <= LABELS_UP_TO
    # The sentences name rows and columns, so the hover text has both; they are sent once and not for every cell.
    numbers = numbers or range(1, n + 1)
    names = [f"{number}  {shortened(text, 60)}" for number, text in zip(numbers, texts, strict=True)]
    cells = go.Heatmap(
        z=similarity,
        x=names,
        y=names,
        zmin=colors.low,
        zmax=colors.high,
        colorscale=color_scale(colors),
        xgap=1 if some else 0,
        ygap=1 if some else 0,
        hovertemplate="%{y}<br>%{x}<br><b>%{z:.3f}</b><extra></extra>",
        colorbar={
            "orientation": "h",
            "thickness": 10,
            "len": 0.6,
            "x": 1,
            "xanchor": "right",
            "y": 0,
            "yanchor": "top",
            "tickvals": colors.ticks,
            "ticktext": list(map(colors.name, colors.ticks)),
            "outlinewidth": 0,
        },
    )
    every = 1 if n <= 30 else -(-n // 15)
    row_labels = [
        f"{shortened(text, 22)}  {number}" if labels else f"{number}"
        for number, text in zip(numbers, texts, strict=True)
    ]
    rows = range(n) if some else range(0, n, every)
    # Always a category: Plotly would read a label such as "7  1984" as a number, without the blanks.
    quiet = {"type": "category", "showgrid": False, "zeroline": False, "ticks": ""}
    layout = {
        "xaxis": {
            **quiet,
            "side": "top",
            "tickangle": 0,
            "tickvals": names[::every],
            "ticktext": [str(number) for number in numbers[::every]],
        },
        "yaxis": {
            **quiet,
            "autorange": "reversed",
            "automargin": True,
            "tickvals": [names[row] for row in rows],
            "ticktext": [row_labels[row] if some else str(numbers[row]) for row in rows],
        },
        "shapes": [
            _outline(row, column, *line)
            for row, column in ({outlined, outlined[::-1]} if outlined else ())
            for line in OUTLINE
        ],
        "height": height or (LOW if few else HIGH),
        "margin": {"l": 0, "r": 0, "t": 24, "b": 44},
        "uirevision": "keep",
    }
    written = _numbers(similarity + 0.0, names, colors, 11 if n <= 9 and labels else 10) if few else []
    return go.Figure(
        [cells, *written], layout
    )  # in one go: a figure that is updated piece by piece takes seven times as long


def _outline(row: int, column: int, color: str, width: float) -> dict[str, object]:
    return {
        "type": "rect",
        "x0": column - 0.5,
        "x1": column + 0.5,
        "y0": row - 0.5,
        "y1": row + 0.5,
        "line": {"color": color, "width": width},
    }


def color_scale(colors: CosineColors) -> list[list[object]]:
    """Plotly's colour scale for the theme of the page; what is under the threshold is one grey."""
    dark = palette.is_dark_page()
    stops, neutral = colors.stops(dark=dark), NEUTRAL_ON_DARK if dark else NEUTRAL
    scale: list[list[object]] = [[step / (len(stops) - 1), color] for step, color in enumerate(stops)]
    if colors.threshold is None:
        return scale
    least = min(max((colors.threshold - colors.low) / (colors.high - colors.low), 0.0), 1.0)
    if least == 1:
        return [[0.0, neutral], [1.0, neutral]]
    least_color = sample_colorscale(scale, [least])[0]
    above = [[position, color] for position, color in scale if float(str(position)) > least]
    return [[0.0, neutral], [least, neutral], [least, least_color], *above]


def _numbers(values: NDArray[np.float32], names: Sequence[str], colors: CosineColors, size: int) -> list[go.Heatmap]:
    """The numbers in the cells, dark on light and light on dark. The cells of these two are invisible."""
    light = takes_light_ink(values, colors, dark=palette.is_dark_page())
    clear = [[0.0, "rgba(0,0,0,0)"], [1.0, "rgba(0,0,0,0)"]]
    return [
        go.Heatmap(
            z=np.where(cells, values, np.nan),
            x=names,
            y=names,
            colorscale=clear,
            showscale=False,
            texttemplate="%{z:.2f}",
            textfont={"size": size, "color": ink},
            hoverinfo="skip",
        )
        for cells, ink in ((light, palette.LIGHT_INK), (~light, palette.DARK_INK))
        if cells.any()
    ]


def scatter(
    points: NDArray[np.float32],
    texts: Sequence[str],
    labels: Sequence[str] | None,
    *,
    selected: int | None = None,
    neighbours: Sequence[int] = (),
    height: int = 460,
) -> go.Figure:
    """A map of texts, one colour and shape per label.

    Args:
        points: (N, 2).
        texts: N texts, for the hover.
        labels: N labels, or None for one colour.
        selected: position of a text to mark.
        neighbours: positions of its neighbours, marked too.
        height: pixels.

    Every point carries its own position as `customdata`, so that a selection says which text it is.
    """
    figure = go.Figure()
    for index, (group, members) in enumerate(_groups(labels, len(texts)).items()):
        figure.add_trace(
            go.Scatter(
                x=points[members, 0],
                y=points[members, 1],
                mode="markers",
                name=shortened(group) or "texts",
                customdata=members,
                text=[shortened(texts[position], 80) for position in members],
                hovertemplate="%{text}<extra></extra>",
                marker={
                    "color": palette.of_category(index),
                    "symbol": palette.symbol_of_category(index),
                    "size": 9 if len(texts) <= 600 else 5,
                    "line": {"width": 0.6, "color": "#3A3747"},
                },
                selected={"marker": {"opacity": 1.0}},
                unselected={"marker": {"opacity": 1.0}},
            )
        )
    rings = (
        (positions, size, name, line)
        for positions, size, name in (
            (list(neighbours), 15, "neighbours"),
            ([] if selected is None else [selected], 20, "selected"),
        )
        for line in OUTLINE
    )
    for positions, size, name, (color, width) in rings:
        if positions:
            figure.add_trace(
                go.Scatter(
                    x=points[positions, 0],
                    y=points[positions, 1],
                    mode="markers",
                    name=name,
                    showlegend=False,
                    hoverinfo="skip",
                    marker={"symbol": "circle-open", "size": size, "color": color, "line": {"width": width}},
                )
            )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False, scaleanchor="x")
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": -0.02, "yanchor": "top", "itemclick": "toggle"},
        uirevision="keep",
        dragmode="zoom",
    )
    return figure


def _groups(labels: Sequence[str] | None, count: int) -> dict[str, list[int]]:
    """Positions by label in alphabetical order; what is beyond the largest classes goes together under "…"."""
    if labels is None:
        return {"": list(range(count))}
    largest = {label for label, _count in Counter(labels).most_common(CLASSES_UP_TO)}
    groups: dict[str, list[int]] = {label: [] for label in sorted(largest)}
    for position, label in enumerate(labels):
        groups.setdefault(label if label in largest else "…", []).append(position)
    return groups


def intervals(names: Sequence[str], values: Sequence[Interval], colors_of: Sequence[str], title: str) -> go.Figure:
    """A point with its range for each name, the first on top."""
    figure = go.Figure()
    for name, value, color in zip(names, values, colors_of, strict=True):
        figure.add_trace(
            go.Scatter(
                x=[value.value],
                y=[name],
                mode="markers",
                marker={"size": 12, "color": color},
                error_x={
                    "array": [value.high - value.value],
                    "arrayminus": [value.value - value.low],
                    "thickness": 2.5,
                    "width": 6,
                    "color": color,
                },
                showlegend=False,
                hovertemplate="%{x:.3f}<extra></extra>",
            )
        )
    figure.update_yaxes(autorange="reversed", automargin=True, ticks="")
    figure.update_xaxes(title={"text": title, "standoff": 14}, range=[min([0.0, *(value.low for value in values)]), 1])
    figure.update_layout(height=84 + 34 * len(names), margin={"l": 0, "r": 8, "t": 4, "b": 54}, dragmode=False)
    return figure


def lines(
    series: dict[str, list[tuple[float, float | None]]],
    *,
    x_last: int | None = None,
    x_name: str,
    y_name: str,
    colors_of: dict[str, str],
) -> dict[str, Any]:
    """An ECharts line chart whose node stays in place while its data grows.

    Args:
        series: by name, points (x, y) in order.
        x_last: where the x axis ends; None follows the data.
        x_name, y_name: at the axes.
        colors_of: by name.
    """
    return {
        "animation": False,
        "grid": {"left": 44, "right": 16, "top": 44, "bottom": 36},
        "legend": {"top": 0, "left": 0},
        "tooltip": {"trigger": "axis", "valueFormatter": "%.3f"},
        "xAxis": {"type": "value", "name": x_name, "nameLocation": "middle", "nameGap": 22, "min": 0, "max": x_last},
        "yAxis": {
            "type": "value",
            "name": y_name,
            "nameTextStyle": {"align": "left"},
            "scale": True,
        },
        "series": [
            {
                "type": "line",
                "name": name,
                "data": [list(point) for point in points],
                "showSymbol": len(points) < 15,
                "symbolSize": 7,
                "lineStyle": {"width": 2.5},
                "itemStyle": {"color": colors_of[name]},
            }
            for name, points in series.items()
        ],
    }


def shortened(text: str, longest: int = 34) -> str:
    """A shortened text that is safe inside a figure, which would read tags."""
    return markup(shorten(text, longest))


def numbered(texts: Sequence[str], position: int) -> str:
    """A text in a list to choose from: unlike any other, and short enough for thousands of them in one message."""
    return f"{position + 1}  {shorten(texts[position], LONGEST_CHOICE)}"


def shorten(text: str, longest: int) -> str:
    """A text of limited width on one line. A Chinese character is as wide as two letters."""
    width, letters = 0, []
    for letter in " ".join(text.split()):
        width += 2 if ord(letter) > 0x2E7F else 1
        if width > longest:
            letters.append("…")
            break
        letters.append(letter)
    return "".join(letters)
