"""The picture of the page Search: two ranked lists, with lines between the places of the same text."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import streamlit as st

from simcse_core.plain import shortened
from ui.frame import projector
from ui.frame.components import component
from ui.frame.translation import _
from ui.search.results import DEPTH, STEPS, Listing

KEY = "search-lists"
_SCRIPT = Path(__file__).parent / "frontend" / "lists.js"
LONGEST = 240
"""Characters of a text in a list; the whole stands in the rail."""


@dataclass(frozen=True)
class Picture:
    """What is drawn."""

    first: Listing | None
    """None while its model is loading."""
    second: Listing | None
    count: int
    """Of hits in each list."""
    searched: int
    """Of texts."""
    right: Collection[int] = ()
    """Rows that the data says belong to the query."""
    threshold: float | None = None
    selected: int | None = None
    """A row."""
    first_title: str = ""
    second_title: str = ""
    encoder: str = ""
    """Whose cosines the threshold belongs to."""


def show(picture: Picture, *, about: str) -> None:
    """Draw it.

    Args:
        picture: what is drawn.
        about: names query and texts; a click belongs to it.
    """
    first, second = picture.first, picture.second
    data = {
        "about": about,
        "encoder": picture.encoder,
        "lists": [
            _list(first, second, picture, picture.first_title),
            _list(second, first, picture, picture.second_title),
        ],
        "selected": picture.selected,
        "spread": None if first is None or not first.reached else _spread(first, picture),
        "projector": projector.is_on(),
        "words": _words(),
    }
    component("simcse_search_lists", _SCRIPT)(
        key=KEY,
        data=data,
        height="stretch",
        on_selected_change=lambda: None,
        on_threshold_change=lambda: None,
    )


def selected(about: str) -> int | None:
    """The row that was clicked last, if it belongs to what is shown."""
    click: object = st.session_state.get(KEY, {}).get("selected")
    match click:
        case {"about": str(clicked), "row": int(row)} if clicked == about:
            return row
    return None


def threshold(encoder: str) -> float | None:
    """The threshold that was set last for an encoder; None before."""
    moved: object = st.session_state.get(KEY, {}).get("threshold")
    match moved:
        case {"of": str(of), "value": int() | float() as value} if of == encoder:
            return float(value)
    return None


def _list(listing: Listing | None, other: Listing | None, picture: Picture, title: str) -> dict[str, object]:
    if listing is None:
        return {"title": title, "note": "", "empty": _("The model is loading."), "hits": []}
    others = {} if other is None else other.ranks
    hits = [
        {
            "row": hit.row,
            "score": number(listing, hit.score),
            "value": hit.score,
            "share": share,
            "text": shortened(hit.text, LONGEST),
            "right": hit.row in picture.right,
            "there": "" if other is None else _there(others.get(hit.row), picture.count, other),
            "rank": others.get(hit.row, 0) if others.get(hit.row, DEPTH) <= picture.count else 0,
        }
        for hit, share in zip(listing.hits[: picture.count], listing.shares(picture.count), strict=True)
    ]
    return {"title": title, "note": scale_in_words(listing), "empty": _nothing(listing), "hits": hits}


def number(listing: Listing, score: float) -> str:
    """A score with the digits that mean something."""
    digits = {"dense": 2, "bm25": 1, "hybrid": 4}[listing.method]
    return f"{score:.{digits}f}".replace("-", "−")


def scale_in_words(listing: Listing) -> str:
    """What a bar of this list is."""
    if listing.method == "dense":
        middle = number(listing, listing.middle or 0.0)
        return _("Cosine, {middle} (median) to 1").format(middle=middle)
    if listing.method == "bm25":
        return _("BM25, 0 to the best hit")
    return _("Joined ranks; full: first in both")


def _there(rank: int | None, count: int, other: Listing) -> str:
    """Where the other list has a text that it does not show."""
    if rank is not None:
        return "" if rank <= count else _("there: {rank}").format(rank=rank)
    if other.method == "bm25" and len(other.hits) < DEPTH:
        return _("no word in common")
    return _("there: > {depth}").format(depth=DEPTH) if len(other.hits) >= DEPTH else _("not there")


def _nothing(listing: Listing) -> str:
    if listing.method == "bm25":
        return _("No text contains a word of the query.")
    return _("There are no texts to search.")


def _spread(listing: Listing, picture: Picture) -> dict[str, object]:
    """Every text's cosine, as counts, from the lowest to the highest that occurs."""
    reached = [*listing.reached, 0]
    counts = [high - low for high, low in pairwise(reached)]
    places = [place for place, count in enumerate(counts) if count]
    first, last = max(places[0] - 1, 0), min(places[-1] + 2, len(counts) - 1)
    return {
        "start": float(STEPS[first]),
        "counts": counts[first : last + 1],
        "reached": listing.reached[first : last + 1],
        "searched": picture.searched,
        "threshold": picture.threshold,
    }


def _words() -> Mapping[str, str]:
    return {
        "only": _("only here"),
        "right": _("right"),
        "threshold": _("Threshold"),
        "reach": _("Threshold {threshold}: {n} of {all} texts"),
        "spread": _("How many texts have which cosine with the query"),
        "hit": _("{rank}. {text} Score {score}."),
        "other": _("{rank} in the other list."),
    }
