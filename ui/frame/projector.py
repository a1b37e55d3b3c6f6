"""The projector switch: everything large enough to be read from the last row."""

from pathlib import Path
from typing import Literal

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from ui.frame import address, foreign_words

NAME = "projector"
_WINDOW = "simcse_window"
"""The cookie in which `frontend/head.js` says how large the window is."""
_STYLE = Path(__file__).parent / "frontend" / "projector.css"


def is_on() -> bool:
    return address.remembered(NAME, [0, 1], 0) == 1


def text_size() -> int:
    """Pixels of the text in a figure: what `--figure-text` is in the styles of the frame."""
    is_large = st.context.cookies.get(_WINDOW) == "large"
    if is_on():
        return 24 if is_large else 20
    return 18 if is_large else 14


def switch(label: str) -> None:
    """The switch itself, and the larger style while it is on."""
    key, keep = address.widget(NAME, [0, 1], 0)
    st.toggle(label, key=key, on_change=keep)
    if is_on():
        st.html(_STYLE)


def chart(figure: go.Figure, *, key: str, alt: str, height: Literal["content", "stretch"] = "content") -> None:
    """A Plotly figure with its name for screen readers, enlarged for a projector.

    Args:
        figure: to draw.
        key: of the chart.
        alt: what it shows, in words.
        height: "stretch" for all the height that its place has.
    """
    size = text_size()
    ink = "#ECEAF3" if st.context.theme.type == "dark" else "#3A3747"
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):  # Streamlit's own letters are small and pale
        axis.tickfont.update(color=ink, size=axis.tickfont.size or size)
        if axis.title.text:
            axis.title.font.update(color=ink, size=size)
    figure.update_layout(font_size=size, legend_font_size=size)
    if is_on():
        enlarge(figure)
    config = {"displayModeBar": False, **foreign_words.plotly_config()}
    st.plotly_chart(figure, key=key, config=config, alt=alt, height=height)


def enlarge(figure: go.Figure) -> None:
    """Larger text, markers and lines; in cells the largest numbers that fit."""
    size = max(text_size(), 20)  # also where a figure is enlarged without the switch
    figure.update_layout(font_size=size)
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        axis.update(tickfont_size=size)
        if axis.title.text:
            axis.title.font.size = size
    if any(axis.title.text for axis in figure.select_xaxes()) and figure.layout.margin.b is not None:
        figure.layout.margin.b += size  # the larger name stands below the larger numbers
        figure.layout.height = figure.layout.height and figure.layout.height + size
    for annotation in figure.layout.annotations:
        annotation.font.size = size
    for trace in figure.data:
        if trace.type == "heatmap":
            trace.colorbar.update(len=1, tickangle=0)
            if len(trace.colorbar.tickvals or ()) > 3:  # three have room, and their words
                trace.colorbar.update(nticks=3, tickvals=None, ticktext=None)
            if trace.textfont.size:
                trace.textfont.size = max(size, trace.textfont.size)
            if trace.texttemplate == "%{z:.2f}":
                trace.update(text=[[short(value) for value in row] for row in trace.z], texttemplate="%{text}")
        elif trace.type == "bar" and trace.orientation == "h":
            figure.layout.height *= 1.5
        elif trace.type == "scatter" and isinstance(trace.marker.size, int | float):
            trace.marker.size *= 1.6


def short(value: float) -> str:
    """A number between -1 and 1 without its leading zero, so that it fits into a cell; empty for none."""
    if not np.isfinite(value):
        return ""
    written = f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−")
    return written.replace("0.", ".", 1) if abs(value) < 0.995 else written.removesuffix(".00")
