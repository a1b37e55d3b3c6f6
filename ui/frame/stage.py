"""The stage of a page: a figure with its controls and its finding, and beside it a rail.

All of it fits into the window, so nothing that is seen or asked for needs a scrolled page:

    title                                       one line
    controls, in one row           | rail       what is typed and chosen,
    figure, with the height left   |            and what a click asked for;
    finding, one sentence          |            longer than the window, it scrolls by itself
    below                                       secondary tables, the only thing to scroll to

On a phone they stand one under the other: controls, figure, finding, rail.

    places = stage.begin("search")
    with places.rail, errors.user_errors():
        query = st.text_input(…)
    with places.controls:
        method = st.segmented_control(…)
    with places.figure, errors.user_errors():
        st.plotly_chart(figure, height="stretch")
    with places.finding:
        st.markdown(sentence)

A figure takes the height that is left: `height="stretch"` for a chart of Streamlit, `height: 100%` in the CSS of a
component. Whatever in it is taller (a long list) scrolls inside the figure's place.
"""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.frame import page
from ui.frame.components import component
from ui.frame.translation import _

_FRONTEND = Path(__file__).parent / "frontend"


@dataclass(frozen=True)
class Stage:
    """The places of a stage; each is a container to draw into, in any order."""

    controls: DeltaGenerator
    """A row above the figure: few and short, with labels collapsed where the choices speak for themselves."""
    figure: DeltaGenerator
    finding: DeltaGenerator
    """One sentence on what is to be seen."""
    rail: DeltaGenerator
    below: DeltaGenerator


def begin(name: str) -> Stage:
    """Draw what all pages share, and the empty stage of a page. The first call of a page that has a stage.

    Args:
        name: of the page in `page.PAGES`.
    """
    page.begin(name, title=False)
    st.html(_FRONTEND / "stage.css")
    stage = st.container(key="stage", gap=None)
    with stage:
        heading = st.container(key="stage-title", gap=None)
        controls = st.container(key="stage-controls", horizontal=True, vertical_alignment="bottom", gap="small")
        figure = st.container(key="stage-figure", height="stretch", gap="small")
        finding = st.container(key="stage-finding", gap=None)
        rail = st.container(key="stage-rail", gap="small")
    heading.title(_(page.PAGES[name].question), anchor=False)
    with heading:
        places = {"figure": _("Figure"), "rail": _("Settings and details")}
        component("simcse_stage_focus", _FRONTEND / "stage_focus.js")(key="stage-focus", data={"places": places})
    return Stage(controls, figure, finding, rail, st.container(key="stage-below"))
