"""Two sentences as arrows at their true angle, and the heatmap whose cells show their arrows.

Both are drawn in the browser from the same cosines: to look at a pair takes no round trip to the server.
"""

import math
from pathlib import Path
from typing import Any

import streamlit as st

from ui.frame import projector
from ui.frame.components import component
from ui.frame.translation import _, joined
from ui.shared.colors import of_category
from ui.shared.matrix.colors import CosineColors
from ui.start import sentences
from ui.start.sentences import Shown

_FRONTEND = Path(__file__).parent / "frontend"
_CELLS = "start-cells"


def angle(cosine: float) -> float:
    """In degrees, between the two vectors."""
    return math.degrees(math.acos(max(-1.0, min(1.0, cosine))))


def figure(shown: Shown, colors: CosineColors) -> None:
    """The arrows of the two sentences that are edited, or of the cell that is looked at; as high as its place."""
    words = {
        "cosine": _("cosine {cosine}"),
        "unrelated": _("unrelated: {angle}°"),
        "alt": _("Two arrows from one point. {a} and {b}: {angle}° apart, cosine {cosine}."),
    }
    data = {**_data(shown, colors), "words": words, "arrows": [of_category(0), of_category(2)]}
    component("simcse_start_arrows", _FRONTEND / "arrows.js")(key="start-arrows", data=data, height="stretch")


def cells(shown: Shown, colors: CosineColors) -> None:
    """The heatmap with its sentences. A click edits the two sentences of a cell."""
    words = {
        "grid": _(
            "Cosine similarity of {n} sentences; in a cell the arrow keys move and Enter edits its two sentences"
        ),
        "cell": _("{a} and {b}: cosine {cosine}, {angle}°"),
    }
    component("simcse_start_cells", _FRONTEND / "cells.js")(
        key=_CELLS,
        data={**_data(shown, colors), "words": words},
        on_picked_change=lambda: sentences.pick(str(st.session_state.get(_CELLS, {}).get("picked"))),
    )


def in_words(shown: Shown, dimensions: int) -> str:
    """The finding: what the arrows of the edited pair show, and why they may."""
    first, second = shown.pair
    cosine = float(shown.similarity[first, second])
    return joined(
        _("Sentences {a} and {b} are **{angle:.1f}°** apart: their cosine is **{cosine:.2f}**.").format(
            a=first + 1, b=second + 1, angle=angle(cosine), cosine=cosine
        ),
        _("Two vectors always lie in one plane, so the arrows show their true angle in {n} dimensions.").format(
            n=dimensions
        ),
    )


def _data(shown: Shown, colors: CosineColors) -> dict[str, Any]:
    return {
        "texts": list(shown.texts),
        "cosines": [[round(float(cosine), 6) for cosine in row] for row in shown.similarity],
        "pair": list(shown.pair),
        "unrelated": round(shown.unrelated, 6),
        "colors": colors.for_browser(),
        "projector": projector.is_on(),
    }
