"""A page with large matrices, for tests/browser/test_matrix.py."""

import streamlit as st

from tests.ui.matrices import topics
from ui.shared.matrix import view as matrix_module
from ui.shared.matrix.colors import CosineColors
from ui.shared.matrix.view import Picture, matrix_view, picture_button

matrix_module.PART_BYTES = 50_000  # the larger ones come in parts, as those of thousands of sentences do
st.set_page_config(page_title="Matrices", layout="wide")
st.title("Matrices")
count = 200 if st.checkbox("Fewer") else 300
similarity, texts = topics(count)

threshold = 0.9 if st.checkbox("Threshold") else None
clicked = matrix_view(
    similarity,
    texts,
    key="square",
    alt=f"Heatmap of {count} sentences in ten topics",
    colors=CosineColors(threshold=threshold),
    height=500,
    picture=Picture("Ten topics 十个主题", "made by a test", "topics.png", "Save picture"),
)
st.text("nothing" if clicked is None else f"{clicked[0]} and {clicked[1]}: {similarity[clicked]:.6f}")
matrix_view(
    similarity[:5, :8], texts[:5], columns=texts[:8], key="oblong", alt="Five sentences against eight", selected=(1, 2)
)
picture_button(similarity[:12, :12], texts[:12], key="few", label="Picture of a few", title="A few", footer="")
st.button("Run again")
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.text(f"run {st.session_state.runs}")
