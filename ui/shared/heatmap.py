"""The cosine heatmap with its twin in words and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data.writers import safe, to_csv
from simcse_core.meaning.similarity import Summary, summarise, top_pairs
from ui.frame import projector
from ui.frame.components import component
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.shared import charts
from ui.shared.matrix.colors import CosineColors
from ui.shared.matrix.view import matrix_view

PLOTLY_UP_TO = 300
"""Above so many sentences the picture is drawn on a canvas: Plotly would take seconds."""
TABLE_UP_TO = 50
PAIRS_SHOWN = 100

_CLICKS = Path(__file__).parent / "frontend" / "chart_clicks.js"

Matrix = NDArray[np.float32]
Cell = tuple[int, int]


@dataclass(frozen=True)
class View:
    """How a matrix is shown. Numbers and their meaning stay the same."""

    order: tuple[int, ...] | None = None
    """Positions of the sentences in the order shown; None as typed. Sentences keep the number of their line."""
    colors: CosineColors = CosineColors()  # noqa: RUF009 - it is frozen


AS_TYPED = View()


def figure(
    similarity: Matrix,
    texts: Sequence[str],
    *,
    key: str,
    view: View = AS_TYPED,
    height: int | None = None,
    labels: bool = True,
    selected: Cell | None = None,
    alt: str | None = None,
    summary: Summary | None = None,
    clickable: bool = False,
) -> None:
    """The picture alone; a single sentence has none.

    Args:
        similarity: (N, N) as typed.
        texts: N sentences as typed.
        key: of the widget; `clicked` asks for the cell that was clicked.
        view: order and colours.
        height: pixels; None chooses by N.
        labels: whether the sentences stand at the rows.
        selected: two sentences whose cell is outlined.
        alt: what the picture is, when it is not a matrix of cosines.
        summary: of the matrix, if it is known.
        clickable: whether `clicked` will ask.
    """
    if len(texts) < 2:
        return
    order = list(range(len(texts)) if view.order is None else view.order)
    ordered_similarity = similarity if view.order is None else similarity[np.ix_(order, order)]
    ordered = [texts[position] for position in order]
    outlined = (order.index(selected[0]), order.index(selected[1])) if selected else None
    alt = alt or _("Heatmap of the cosine similarity of {n} sentences. {summary}").format(
        n=len(texts), summary=in_words(summary or summarise(similarity), len(texts)).replace("**", "")
    )
    if len(texts) > PLOTLY_UP_TO:
        numbers = None if view.order is None else [position + 1 for position in order]
        matrix_view(
            ordered_similarity, ordered, key=key, alt=alt, colors=view.colors, selected=outlined, numbers=numbers
        )
        return
    drawn = charts.heatmap(
        ordered_similarity,
        ordered,
        numbers=[position + 1 for position in order],
        colors=view.colors,
        height=height,
        labels=labels,
        outlined=outlined,
    )
    with st.container(key=f"{key}-box"):
        projector.chart(drawn, key=f"{key}-plotly", alt=alt)
    if clickable:
        data = {"box": f"{key}-box", "content": content_key(ordered)}
        component("simcse_chart_clicks", _CLICKS)(key=key, data=data, on_cell_change=lambda: None, height=1)


def clicked(texts: Sequence[str], *, key: str, view: View = AS_TYPED) -> Cell | None:
    """The two sentences, as typed, whose cell has just been clicked; None when that was before."""
    order = list(range(len(texts)) if view.order is None else view.order)
    match st.session_state.get(key, {}).get("cell"):
        case [int(row), int(column), str(content), time] if st.session_state.get(f"{key}-seen") != time:
            st.session_state[f"{key}-seen"] = time
            of_these = len(texts) > PLOTLY_UP_TO or content == content_key([texts[position] for position in order])
            if of_these and max(row, column) < len(texts):
                return order[row], order[column]
    return None


def content_key(texts: Sequence[str]) -> str:
    return str(hash(tuple(texts)))


def twin(similarity: Matrix, texts: Sequence[str]) -> None:
    """The same as a table: all numbers, or the closest and farthest pairs when there are too many."""
    if len(texts) < 2:
        return
    if len(texts) <= TABLE_UP_TO:
        with st.expander(_("The numbers"), icon=":material/table:", expanded=True):
            numbers(similarity, texts)
    else:
        pairs = st.expander(
            _("The closest and the farthest pairs"), icon=":material/table:", key="all-pairs", on_change="rerun"
        )
        if pairs.open:  # thousands of sentences have millions of pairs
            with pairs:
                _pairs(similarity, texts)


def numbers(similarity: Matrix, texts: Sequence[str]) -> None:
    """The matrix as a table of text."""
    columns = [str(number) for number in range(1, len(texts) + 1)]
    rows = [plain(f"{number} {charts.shorten(text, 40)}") for number, text in enumerate(texts, 1)]
    st.table(pd.DataFrame(similarity, columns=columns, index=pd.Index(rows, name=_("sentence"))).map(two_digits))


def two_digits(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00")  # a minus sign would need an explanation


def _pairs(similarity: Matrix, texts: Sequence[str]) -> None:
    closest = top_pairs(similarity, PAIRS_SHOWN)
    are_closest = {(pair.first, pair.second) for pair in closest}
    farthest = top_pairs(similarity, PAIRS_SHOWN, farthest=True)
    pairs = [*closest, *(pair for pair in reversed(farthest) if (pair.first, pair.second) not in are_closest)]
    columns = {
        _("cosine"): [round(pair.similarity, 6) for pair in pairs],
        _("sentence"): [safe(f"{pair.first + 1} {texts[pair.first]}") for pair in pairs],
        _("other sentence"): [safe(f"{pair.second + 1} {texts[pair.second]}") for pair in pairs],
    }
    st.dataframe(columns, hide_index=True)
    st.download_button(
        _("These pairs (CSV)"),
        lambda: to_csv(list(columns), zip(*columns.values(), strict=True)).encode("utf-8-sig"),
        "pairs.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key="all-pairs-csv",
    )


def in_words(summary: Summary, n: int) -> str:
    """The closest and the farthest of n sentences and the average, as a sentence."""
    closest, farthest = summary.closest, summary.farthest
    if n == 2:
        return _("The cosine of the two sentences is **{cosine:.2f}**.").format(cosine=closest.similarity)
    return _(
        "Closest: {a} and {b}, cosine **{high:.2f}**. Farthest: {c} and {d}, cosine **{low:.2f}**. "
        "On average two different sentences have **{mean:.2f}**."
    ).format(
        a=closest.first + 1,
        b=closest.second + 1,
        high=closest.similarity,
        c=farthest.first + 1,
        d=farthest.second + 1,
        low=farthest.similarity,
        mean=summary.mean,
    )
