"""The cosine heatmap with its twin in words and numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data.writers import safe, to_csv
from simcse_core.meaning.similarity import Summary, summarise, top_pairs
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.shared import charts
from ui.shared.matrix.colors import CosineColors
from ui.shared.matrix.view import clicked_anew, matrix_view

TABLE_UP_TO = 50
PAIRS_SHOWN = 100

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
    small: bool = False,
    selected: Cell | None = None,
    alt: str | None = None,
    summary: Summary | None = None,
    hint: str = "",
) -> None:
    """The picture alone; a single sentence has none.

    Args:
        similarity: (N, N) as typed.
        texts: N sentences as typed.
        key: of the widget; `clicked` asks for the cell that was clicked.
        view: order and colours.
        height: pixels; None takes the height of its place.
        labels: whether the sentences stand at the rows; else their numbers do.
        small: one of several beside each other.
        selected: two sentences whose cell is outlined.
        alt: what the picture is, when it is not a matrix of cosines.
        summary: of the matrix, if it is known.
        hint: what a click does.
    """
    if len(texts) < 2:
        return
    order = list(range(len(texts)) if view.order is None else view.order)
    alt = alt or _("Heatmap of the cosine similarity of {n} sentences. {summary}").format(
        n=len(texts), summary=in_words(summary or summarise(similarity), len(texts)).replace("**", "")
    )
    matrix_view(
        similarity if view.order is None else similarity[np.ix_(order, order)],
        [texts[position] for position in order],
        key=key,
        alt=alt,
        colors=view.colors,
        height=height,
        labels=labels,
        small=small,
        hint=hint,
        selected=(order.index(selected[0]), order.index(selected[1])) if selected else None,
        numbers=_numbers_in(view),
    )


def clicked(texts: Sequence[str], *, key: str, view: View = AS_TYPED) -> Cell | None:
    """The two sentences, as typed, whose cell has just been clicked; None when that was before."""
    order = list(range(len(texts)) if view.order is None else view.order)
    cell = clicked_anew([texts[position] for position in order], key=key, numbers=_numbers_in(view))
    return None if cell is None else (order[cell[0]], order[cell[1]])


def _numbers_in(view: View) -> list[int] | None:
    return None if view.order is None else [position + 1 for position in view.order]


def twin(similarity: Matrix, texts: Sequence[str]) -> None:
    """The same as a table: all numbers, or the closest and farthest pairs when there are too many."""
    if len(texts) < 2:
        return
    if len(texts) <= TABLE_UP_TO:
        with st.expander(_("The numbers"), icon=":material/table:", key="all-numbers"):
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
    """The closest and the farthest of n sentences and the mean, as a sentence."""
    closest, farthest = summary.closest, summary.farthest
    if n == 2:
        return _("The cosine of the two sentences is **{cosine:.2f}**.").format(cosine=closest.similarity)
    return _(
        "Lines {a} and {b} are closest, with a cosine of **{high:.2f}**; lines {c} and {d} are farthest apart, with "
        "**{low:.2f}**; the mean of all pairs is **{mean:.2f}**."
    ).format(
        a=closest.first + 1,
        b=closest.second + 1,
        high=closest.similarity,
        c=farthest.first + 1,
        d=farthest.second + 1,
        low=farthest.similarity,
        mean=summary.mean,
    )
