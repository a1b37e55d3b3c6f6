"""A page with a map, for tests/browser/test_map_plot.py; its address says what is on it: ?n=300&look=classes."""

import numpy as np
import streamlit as st

from tests.ui.map_points import blobs
from ui.map.plot import plot
from ui.map.plot.view import touched

KEY = "demo"

st.set_page_config(page_title="Points", layout="wide")
count = int(st.query_params.get("n", "300"))
shown = blobs(
    count,
    color=st.query_params.get("color", "classes"),
    at=st.query_params.get("at", ""),
    third=st.query_params.get("third", "") == "1",
    steps=st.query_params.get("steps", "") == "1",
    small=st.query_params.get("small", "") == "1",
    found=st.checkbox("Search") if "bare" not in st.query_params else False,
    away=st.radio("Layout", ["two", "one"], horizontal=True) if "bare" not in st.query_params else "two",
    touched=touched(KEY, f"blobs-{count}", count),
)
result = plot(
    shown,
    key=KEY,
    alt=f"Map of {count} texts in five groups",
    height=int(st.query_params.get("height", "560")),
    on_touch=lambda: st.session_state.update(touches=st.session_state.get("touches", 0) + 1),
)
selected = 0 if result.selection is None else int(np.count_nonzero(result.selection))
st.text(f"chosen {result.chosen}, selected {selected}, touches {st.session_state.get('touches', 0)}")
