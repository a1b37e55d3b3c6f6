"""What the colours of the map mean: a column, the group, the length, closeness to a query, or a doubted label."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.numerals import number
from ui.frame import address, projector
from ui.frame.errors import plain
from ui.frame.translation import _, language
from ui.map.computing import Suspects
from ui.map.plot import Classes, Numbers
from ui.map.source import LABEL, MapTexts

NAME = "map-color"
NONE, GROUP, LENGTH, QUERY, SUSPECT = "none", "group", "length", "query", "suspect"
GIVEN = LABEL
COLUMN = "column:"
NUMBERS_FROM = 9
"""A column of numbers with fewer different values is a column of classes."""
LEAST_REACH = 0.02
"""Cosines that differ by less have one colour."""
HIGHEST_SHARE = 0.98
"""The scale of lengths ends where all but a few texts are shorter."""


@dataclass(frozen=True)
class Coloring:
    """One choice."""

    name: str
    column: str = ""
    """Whose cells are the colours, where it is a column."""


def choose(texts: MapTexts, *, is_labelled: bool) -> Coloring:
    """Asks for the colours; labels are the first choice where there are any, else the groups."""
    names = _offered(texts, is_labelled=is_labelled)
    key, keep = address.widget(NAME, names, LABEL if is_labelled else GROUP, language=f"{language()}-{is_labelled}")
    chosen = st.selectbox(
        _("Colour"),
        names,
        format_func=lambda name: title(name) if projector.is_on() else _("Colour: {by}").format(by=title(name)),
        key=key,
        on_change=keep,
        label_visibility="collapsed",
        width=125 if projector.is_on() else 140,
    )
    return Coloring(chosen, chosen.removeprefix(COLUMN) if chosen.startswith(COLUMN) else "")


def _offered(texts: MapTexts, *, is_labelled: bool) -> list[str]:
    columns = [f"{COLUMN}{name}" for name in texts.columns if name != LABEL]
    return [
        *([LABEL] if is_labelled else []),
        GROUP,
        LENGTH,
        QUERY,
        *([SUSPECT] if is_labelled else []),
        *columns,
        NONE,
    ]


def title(name: str) -> str:
    """What a choice is called on the screen."""
    titles = {
        NONE: _("one for all"),
        GROUP: _("group"),
        LABEL: _("label"),
        LENGTH: _("length"),
        QUERY: _("query"),
        SUSPECT: _("doubt"),
    }
    return titles[name] if name in titles else plain(name.removeprefix(COLUMN))


def of_cells(cells: Sequence[str], name: str, shown: Callable[[str], str] = str) -> Classes | Numbers | None:
    """The colours of a column: numbers on a scale, all else as classes, the most frequent first.

    Args:
        cells: N; "" where nothing stands.
        name: of the column.
        shown: what a cell is called on the screen.
    """
    values = _numbers(cells)
    if values is not None and len(np.unique(values[~np.isnan(values)])) >= NUMBERS_FROM:
        return Numbers(values, float(np.nanmin(values)), float(np.nanmax(values)), name)
    names, first, places, counts = np.unique(
        np.array(cells, dtype=object).astype(str), return_index=True, return_inverse=True, return_counts=True
    )
    order = [place for place in np.lexsort((first, -counts)) if names[place]]
    if not order:
        return None
    rank = np.full(len(names), -1, dtype=np.int64)
    rank[order] = np.arange(len(order))
    return Classes(rank[places], [shown(str(names[place])) for place in order], name, _("none"))


def _numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """(N,) the cells as numbers, NaN where nothing stands; None where one is no number."""
    values = np.full(len(cells), np.nan)
    for row, cell in enumerate(cells):
        if cell:
            value = number(cell.strip())
            if value is None:
                return None
            values[row] = value
    return values if not np.isnan(values).all() else None


def of_lengths(texts: Sequence[str]) -> Numbers:
    """The number of characters of each text."""
    lengths = np.array([len(text) for text in texts], dtype=np.float64)
    high = float(np.quantile(lengths, HIGHEST_SHARE))
    return Numbers(lengths, float(lengths.min()), max(high, float(lengths.min()) + 1), _("characters"))


def of_cosines(cosines: NDArray[np.floating], query: str) -> Numbers:
    """The cosine of each text with a query; white is the median, the deepest colour the cosine farthest from it.

    Args:
        cosines: (N,).
        query: for the legend.
    """
    middle = float(np.median(cosines))
    reach = max(float(np.abs(cosines - middle).max()), LEAST_REACH)
    short = query if len(query) <= 24 else f"{query[:23]}…"
    return Numbers(
        cosines.astype(np.float64),
        middle - reach,
        middle + reach,
        _("cosine with “{query}”; no colour: the median").format(query=short),
        "cosine",
    )


def of_suspects(found: Suspects, rows: NDArray[np.int64], count: int) -> Classes:
    """Which labels a classifier doubts.

    Args:
        found: about the texts that have a label.
        rows: their rows on the map.
        count: of all texts.
    """
    values = np.full(count, -1, dtype=np.int64)
    values[rows[found.rows]] = np.where(found.is_issue, 0, 1)
    return Classes(values, (_("in doubt"), _("fits")), _("label"), _("no label"))


def of_groups(groups: NDArray[np.int32], names: Sequence[str]) -> Classes | None:
    """The groups of the original space, the largest first."""
    return Classes(groups, list(names), _("group"), _("in none")) if len(names) else None
