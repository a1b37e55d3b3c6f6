"""The entry that was clicked: its answer, how close both sides of it are, and why."""

import streamlit as st

from ui.answers import ranking
from ui.answers.looks import Work
from ui.answers.ranking import Ranking
from ui.frame.errors import plain
from ui.frame.translation import _


def show(found: Ranking, made: Work) -> None:
    """The entry beside the figure."""
    match = ranking.selected(found)
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(match.question)}**")
        st.markdown(plain(match.answer))
        side = _("its question") if match.matched == "question" else _("its answer")
        st.caption(_("Similarity {similarity:.3f}, by {side}.").format(similarity=match.similarity, side=side))
