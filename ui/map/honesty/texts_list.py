"""Texts with a number each, in the rail."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.plain import shortened
from ui.frame.errors import plain
from ui.frame.translation import _
from ui.map.honesty.maps import Sample

SHOWN = 8
LONGEST = 90


def show(
    title: str, sample: Sample, shares: NDArray[np.float32], *, unit: str, most: int = SHOWN, ascending: bool = True
) -> None:
    """The texts with the smallest shares, or the largest.

    Args:
        title: above them.
        sample: of the texts.
        shares: (n,) in [0, 1], one for each text.
        unit: of the column of shares.
        most: how many are shown.
        ascending: whether the smallest come first.
    """
    order = np.argsort(shares if ascending else -shares, kind="stable")[:most]
    st.header(title, anchor=False)
    st.table(
        {
            unit: [f"{shares[row]:.0%}" for row in order],
            _("text"): [plain(shortened(sample.texts[row], LONGEST)) for row in order],
        },
        hide_index=True,
    )
