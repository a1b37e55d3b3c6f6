"""The cosine heatmap with its twin in words and numbers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data.writers import to_csv
from simcse_core.meaning.similarity import mean_off_diagonal, ranked_pairs
from ui import charts
from ui.page import plain
from ui.translation import _

TABLE_UP_TO = 50
PAIRS_SHOWN = 100

Matrix = NDArray[np.float32]


def figure(
    similarity: Matrix, texts: Sequence[str], *, key: str, height: int | None = None, labels: bool = True
) -> None:
    """The picture alone; a single sentence has none."""
    if len(texts) < 2:
        return
    st.plotly_chart(
        charts.heatmap(similarity, texts, height=height, labels=labels),
        key=key,
        config={"displayModeBar": False},
        alt=_("Heatmap of the cosine similarity of {n} sentences. {summary}").format(
            n=len(texts), summary=in_words(similarity)
        ),
    )


def twin(similarity: Matrix, texts: Sequence[str], *, key: str) -> None:
    """The same as a table: all numbers, or the closest and farthest pairs when there are too many; and as a file."""
    if len(texts) < 2:
        return
    if len(texts) <= TABLE_UP_TO:
        with st.expander(_("The numbers"), icon=":material/table:", expanded=True):
            numbers(similarity, texts)
    else:
        with st.expander(_("The closest and the farthest pairs"), icon=":material/table:"):
            _pairs(similarity, texts)
    st.download_button(
        _("Download as CSV"),
        to_csv(["", *texts], ([text, *map(float, row.round(6))] for text, row in zip(texts, similarity, strict=True))),
        "similarity.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"{key}-csv",
    )


def numbers(similarity: Matrix, texts: Sequence[str]) -> None:
    """The matrix as a table of text."""
    columns = [str(number) for number in range(1, len(texts) + 1)]
    rows = [plain(f"{number} {charts.shorten(text, 40)}") for number, text in enumerate(texts, 1)]
    st.table(pd.DataFrame(similarity, columns=columns, index=pd.Index(rows, name=_("sentence"))).map(_two_digits))


def _two_digits(value: float) -> str:
    return f"{value:.2f}".replace("-0.00", "0.00")


def _pairs(similarity: Matrix, texts: Sequence[str]) -> None:
    pairs = ranked_pairs(similarity)
    chosen = pairs if len(pairs) <= 2 * PAIRS_SHOWN else [*pairs[:PAIRS_SHOWN], *pairs[-PAIRS_SHOWN:]]
    st.dataframe(
        {
            _("cosine"): [round(pair.similarity, 3) for pair in chosen],
            _("sentence"): [f"{pair.first + 1} {texts[pair.first]}" for pair in chosen],
            _("other sentence"): [f"{pair.second + 1} {texts[pair.second]}" for pair in chosen],
        },
        hide_index=True,
    )


def in_words(similarity: Matrix) -> str:
    """The closest and the farthest pair and the average, as a sentence."""
    if len(similarity) < 2:
        return _("One sentence has nothing to be compared with. Add another line.")
    pairs = ranked_pairs(similarity)
    closest, farthest = pairs[0], pairs[-1]
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
        mean=mean_off_diagonal(similarity),
    )
