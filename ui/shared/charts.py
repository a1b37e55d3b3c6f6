"""Figures. What comes from users is escaped here: Plotly would read tags in labels and hover texts."""

from collections.abc import Sequence

import plotly.graph_objects as go

from simcse_core.meaning.intervals import Interval
from simcse_core.plain import markup

LONGEST_CHOICE = 300
"""Letters of a text in a list to choose from."""


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
