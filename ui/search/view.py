"""What the page shows first: the bundled texts that it works on."""

from collections.abc import Sequence

import streamlit as st

from simcse_core.data.kinds import Dataset, text_columns
from ui.frame.errors import plain
from ui.frame.translation import _


def figure(data: Dataset, names: Sequence[str]) -> None:
    """The rows of a data set.

    Args:
        data: a data set.
        names: what to call its columns of texts.
    """
    columns = zip(names, text_columns(data), strict=True)
    st.table({name: list(map(plain, texts)) for name, texts in columns}, hide_index=True)


def finding(data: Dataset) -> None:
    """How much there is."""
    st.markdown(_("{n} rows.").format(n=len(data)))
