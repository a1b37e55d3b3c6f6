"""Texts of the corpus that say nearly the same: groups of them, with how close they are."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st

from simcse_core.plain import shortened
from simcse_core.uses.search.duplicates import Duplicates
from simcse_core.uses.search.nearest import cosines
from ui.frame import address, projector
from ui.frame.components import component
from ui.frame.translation import _
from ui.search.lists import LONGEST
from ui.search.results import Encoded
from ui.shared import cache

KEY = "search-groups"
_SCRIPT = Path(__file__).parent / "frontend" / "groups.js"
THRESHOLDS = tuple(range(50, 101))
"""In hundredths."""
START = 75
STARTS = {"minilm": 65, "me5-small": 95}
"""Where the choice starts, in hundredths: on the bundled texts it finds what says the same in other words, and nothing
else (12 pairs by minilm, 16 by me5-small)."""
MOST_GROUPS = 100
"""Drawn; the file to download has all."""
MOST_PAIRS = 50_000


@dataclass(frozen=True)
class Member:
    """A text of a group."""

    row: int
    text: str
    cosine: float
    """With the first text of its group."""


@dataclass(frozen=True)
class Repeats:
    """What was found at a threshold."""

    threshold: float
    groups: tuple[tuple[Member, ...], ...]
    is_complete: bool

    @property
    def spare(self) -> int:
        """Texts that could go, if one of each group stayed."""
        return sum(len(group) - 1 for group in self.groups)


def choose_threshold(settings: cache.EncoderSettings) -> float:
    """From which cosine on two texts count as the same; models differ in where that is, so each has its own."""
    start = STARTS.get(settings.model, START)
    key, keep = address.widget(f"same-{settings.model}", THRESHOLDS, start)
    chosen: int = st.select_slider(
        _("Duplicates from this cosine on"),
        THRESHOLDS,
        format_func=lambda hundredths: f"{hundredths / 100:.2f}",
        key=key,
        on_change=keep,
    )
    return chosen / 100


def find(encoded: Encoded, threshold: float) -> Repeats:
    """All groups of a corpus. Errors as for `Index.duplicates`."""
    with st.spinner(_("Comparing every pair of texts …")):
        found = _found(encoded.corpus.key, hash(encoded.embeddings[:8].tobytes()), threshold, encoded)
    groups = (_group(encoded, rows) for rows in found.clusters)
    closest_first = sorted(groups, key=lambda group: (-len(group), -group[-1].cosine))
    return Repeats(threshold, tuple(closest_first), found.is_complete)


@st.cache_data(max_entries=24, show_spinner=False)
def _found(corpus: str, embeddings: int, threshold: float, _encoded: Encoded) -> Duplicates:
    """Once for the same texts, told apart by the corpus and the first embeddings."""
    return _encoded.index.duplicates(threshold, most=MOST_PAIRS)


def _group(encoded: Encoded, rows: tuple[int, ...]) -> tuple[Member, ...]:
    first = encoded.embeddings[rows[0]].astype(np.float64)
    close = cosines(encoded.embeddings[list(rows)], first)
    members = [Member(row, encoded.corpus.texts[row], float(cosine)) for row, cosine in zip(rows, close, strict=True)]
    return (members[0], *sorted(members[1:], key=lambda one: -one.cosine))


def show(repeats: Repeats, *, about: str) -> None:
    """The groups, the largest first; a click asks why a text is in its group."""
    if not repeats.groups:
        st.info(_("No two texts are that close. Lower the threshold to see the closest ones."), icon=":material/check:")
        return
    selected = pair(about)
    data = {
        "about": about,
        "groups": [
            [{"row": one.row, "text": shortened(one.text, LONGEST), "score": f"{one.cosine:.2f}"} for one in group]
            for group in repeats.groups[:MOST_GROUPS]
        ],
        "selected": None if selected is None else selected[1],
        "threshold": repeats.threshold,
        "projector": projector.is_on(),
        "label": _("Groups of near-duplicate texts"),
    }
    component("simcse_search_groups", _SCRIPT)(key=KEY, data=data, on_selected_change=lambda: None)


def pair(about: str) -> tuple[int, int] | None:
    """The first row of a group and the one that was clicked, if they belong to what is shown."""
    click: object = st.session_state.get(KEY, {}).get("selected")
    match click:
        case {"about": str(clicked), "first": int(first), "row": int(row)} if clicked == about:
            return first, row
    return None


def in_words(repeats: Repeats, count: int) -> str:
    """How much is there twice."""
    if not repeats.groups:
        return _("All {n:,} texts differ.").format(n=count)
    said = _("{groups:,} groups of near duplicates. {spare:,} of {n:,} texts could be removed.").format(
        groups=len(repeats.groups), spare=repeats.spare, n=count
    )
    return said if repeats.is_complete else said + " " + _("There are more: only the closest pairs were compared.")
