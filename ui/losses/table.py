"""The page Losses as tables: what each loss did, and which sentence is which point."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from simcse_core.learning.circle import names_of
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.losses.inputs import TypedStart
from ui.losses.view import Shown


def show(shown: list[Shown], words: Mapping[str, str]) -> None:
    """Start and end of each circle.

    Args:
        shown: the circles.
        words: as for `view.circles`.
    """
    st.header(_("From start to end"), anchor=False)
    rows = {
        plain(f"{one.title} · {one.setting}" if one.setting else one.title): {
            _("loss value"): _from_to(one.motion.losses, 3),
            words.get("matches") or _("matches"): _from_to(one.matches, 2),
            words.get("mismatches") or _("mismatches"): _from_to(one.motion.mismatches, 2),
            words.get("nearest") or _("nearest mismatch"): _from_to(one.motion.nearest, 2),
            _("length of the gradient"): _from_to(one.motion.gradients, 3),
        }
        for one in shown
    }
    st.table(pd.DataFrame.from_dict(rows, orient="index").rename_axis(_("loss")))
    st.caption(
        _(
            "Matches and mismatches: mean cosine of the pairs that belong together and of those that do not. Nearest "
            "mismatch: mean cosine of each point with its nearest mismatch. A loss value says nothing about another "
            "loss."
        )
    )
    if {"cross_entropy", "supcon"} <= {one.id for one in shown}:
        st.caption(
            _(
                "Where a batch is compared with itself, cross_entropy and supcon are the same formula; here only their "
                "temperatures differ. In training cross_entropy has one match for each text, supcon the whole class."
            )
        )
    rates = {one.motion.rate for one in shown}
    if shown[0].verdict and rates != {0.0}:
        st.caption(
            _("The mistake uses the same step size as the correct version.")
            if len(rates) == 1
            else _("Each circle has a step size of its own: its fastest point begins with 6 degrees.")
        )
    st.caption(
        _(
            "No point moves more than 6 degrees a step. On a circle points block each other's way; with hundreds of "
            "dimensions there is nearly always a way around."
        )
    )


def sentences(typed: TypedStart) -> None:
    """Which sentence is which point."""
    table = pd.DataFrame(
        {
            _("label"): [plain(label) for label in typed.sentences.labels],
            _("sentence"): [plain(text) for text in typed.sentences.texts],
        },
        index=pd.Index(names_of(typed.sentences.classes), name=_("point")),
    )
    st.table(table)


def _from_to(values: NDArray[np.float64], digits: int) -> str:
    if not np.isfinite(values[0]):
        return "–"
    first, last = (f"{value:.{digits}f}".replace("-", "−") for value in np.round(values[[0, -1]], digits) + 0.0)
    return f"{first} → {last}"
