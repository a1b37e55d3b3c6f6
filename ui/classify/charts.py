"""The figures of the page, but for the confusion matrix. Labels of users are escaped here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from simcse_core.meaning.intervals import Interval
from ui.shared import colors
from ui.shared.charts import shortened

MODEL, COMPARED, BASELINE = colors.OKABE_ITO[0], colors.OKABE_ITO[3], colors.TFIDF
"""The encoder that was chosen, the one it is compared with, and TF-IDF."""
RIGHT, WRONG = colors.OKABE_ITO[0], colors.OKABE_ITO[1]
CURRENT = colors.OKABE_ITO[2]
"""What is chosen now, such as a threshold."""
BARS_MARGIN = {"l": 0, "r": 12, "t": 4, "b": 52}


@dataclass(frozen=True)
class Line:
    """One curve with the range that should hold the truth."""

    name: str
    x: Sequence[float]
    y: Sequence[Interval]
    color: str
    dash: str = "solid"


def bands(lines: Sequence[Line], *, x_name: str, y_name: str, log: bool = False) -> go.Figure:
    """Curves with their ranges over a number of texts; shares as per cent."""
    figure = go.Figure()
    for line in lines:
        rgb = ", ".join(str(int(line.color[start : start + 2], 16)) for start in (1, 3, 5))
        known = [
            value if value.low == value.low else Interval(value.value, value.value, value.value) for value in line.y
        ]
        figure.add_trace(
            go.Scatter(
                x=[*line.x, *reversed(line.x)],
                y=[*(value.high for value in known), *(value.low for value in reversed(known))],
                mode="lines",
                fill="toself",
                fillcolor=f"rgba({rgb}, 0.16)",
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
            )
        )
        figure.add_trace(
            go.Scatter(
                x=line.x,
                y=[value.value for value in line.y],
                mode="lines+markers" if len(line.x) <= 40 else "lines",
                name=shortened(line.name, 40),
                line={"color": line.color, "width": 2.5, "dash": line.dash},
                marker={"size": 7},
                hovertemplate="%{x}: %{y:.1%}<extra></extra>",
            )
        )
    figure.update_xaxes(title={"text": x_name, "standoff": 10}, zeroline=False, type="log" if log else "linear")
    figure.update_yaxes(title={"text": y_name, "standoff": 8}, tickformat=".0%", zeroline=False)
    figure.update_layout(**_quiet(len(lines) > 1))
    return figure


def coverage(
    lines: Mapping[str, tuple[Sequence[float], Sequence[float], str]],
    point: tuple[float, float],
    *,
    x_name: str,
    y_name: str,
) -> go.Figure:
    """Accuracy over the share of texts that are answered, with the point of the chosen threshold.

    Args:
        lines: by name, shares that are answered, the accuracy on them, and a colour.
        point: share and accuracy at the threshold.
        x_name, y_name: at the axes.
    """
    figure = go.Figure(
        [
            go.Scatter(
                x=list(shares),
                y=list(accuracies),
                mode="lines",
                name=shortened(name, 40),
                line={"color": color, "width": 2.5},
                hovertemplate="%{x:.0%}: %{y:.1%}<extra></extra>",
            )
            for name, (shares, accuracies, color) in lines.items()
        ]
    )
    figure.add_trace(
        go.Scatter(
            x=[point[0]],
            y=[point[1]],
            mode="markers",
            marker={"size": 14, "color": CURRENT, "line": {"width": 2, "color": "#FFFFFF"}},
            showlegend=False,
            hoverinfo="skip",
        )
    )
    figure.update_xaxes(title={"text": x_name, "standoff": 10}, tickformat=".0%", range=[0, 1.02], zeroline=False)
    figure.update_yaxes(title={"text": y_name, "standoff": 8}, tickformat=".0%", zeroline=False)
    figure.update_layout(**_quiet(len(lines) > 1))
    return figure


def reliability(
    believed: Sequence[float], right: Sequence[float], counts: Sequence[int], *, x_name: str, y_name: str
) -> go.Figure:
    """For texts of like probability: how many of them are right. On the diagonal the probabilities can be believed.

    Args:
        believed: (B) mean probability of a group.
        right: (B) the share of it that is right.
        counts: (B) how many texts are in it; the larger the point.
    """
    most = max([*counts, 1])
    diagonal = go.Scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": colors.START, "dash": "dot", "width": 2}, hoverinfo="skip"
    )
    points = go.Scatter(
        x=list(believed),
        y=list(right),
        mode="lines+markers",
        line={"color": MODEL, "width": 2},
        marker={"size": [8 + 16 * (count / most) ** 0.5 for count in counts], "color": MODEL},
        customdata=list(counts),
        hovertemplate="%{x:.0%} → %{y:.0%} (%{customdata})<extra></extra>",
    )
    figure = go.Figure([diagonal, points])
    figure.update_xaxes(title={"text": x_name, "standoff": 10}, tickformat=".0%", range=[0, 1.04], zeroline=False)
    figure.update_yaxes(title={"text": y_name, "standoff": 8}, tickformat=".0%", range=[0, 1.04], zeroline=False)
    figure.update_layout(**{**_quiet(False), "showlegend": False})
    return figure


def class_bars(names: Sequence[str], probabilities: Sequence[float], *, threshold: float | None = None) -> go.Figure:
    """A bar for each class, the most likely on top.

    Args:
        names: the classes, the most likely first.
        probabilities: theirs.
        threshold: below which no class is named; a line, where there is one.
    """
    places = list(range(len(names)))
    bars = go.Bar(
        x=list(probabilities),
        y=places,
        orientation="h",
        marker={"color": [MODEL, *[colors.START] * (len(names) - 1)]},
        text=[f"{probability:.0%}" for probability in probabilities],
        textposition="outside",
        constraintext="none",
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure = go.Figure(bars)
    figure.update_xaxes(range=[0, 1.12], tickformat=".0%", tickvals=[0, 0.25, 0.5, 0.75, 1], zeroline=False)
    figure.update_yaxes(
        tickvals=places,
        ticktext=[shortened(name, 28) for name in names],
        autorange="reversed",
        automargin=True,
        ticks="",
        showgrid=False,
    )
    if threshold is not None:
        figure.add_vline(x=threshold, line={"color": CURRENT, "width": 2, "dash": "dash"})
    figure.update_layout(**{**_quiet(False), "bargap": 0.35, "margin": BARS_MARGIN, "height": 60 + 34 * len(names)})
    return figure


def word_effects(words: Sequence[str], effects: Sequence[float], *, title: str) -> go.Figure:
    """A bar for each word: to the right (purple) it speaks for the class, to the left (orange) against it.

    Args:
        words: in the order of the text.
        effects: by how much the probability falls without the word.
        title: of the axis.
    """
    places = list(range(len(words)))
    reach = 1.25 * max([abs(effect) for effect in effects] + [0.02])
    bars = go.Bar(
        x=list(effects),
        y=places,
        orientation="h",
        marker={"color": [colors.PUOR[8] if effect >= 0 else colors.PUOR[1] for effect in effects]},
        text=[f"{100 * effect:+.0f}".replace("-0", "0").replace("+0", "0") for effect in effects],
        textposition="outside",
        constraintext="none",
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure = go.Figure(bars)
    figure.update_xaxes(range=[-reach, reach], tickformat="+.0%", zeroline=True, title={"text": title, "standoff": 10})
    figure.update_yaxes(
        tickvals=places,
        ticktext=[shortened(word, 24) for word in words],
        autorange="reversed",
        automargin=True,
        ticks="",
        showgrid=False,
    )
    figure.update_layout(**{**_quiet(False), "margin": BARS_MARGIN, "height": 80 + 26 * len(words)})
    return figure


def _quiet(legend: bool) -> dict[str, object]:
    return {
        "margin": {"l": 64, "r": 12, "t": 8, "b": 52},
        "dragmode": False,
        "showlegend": legend,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    }
