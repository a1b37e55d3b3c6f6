"""The frame of every page: title, question, navigation, language."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from simcse_core.runs import queue
from ui.frame import address, errors, operators, top_bar, translation, users
from ui.frame.translation import N_, _
from ui.shared import cache


@dataclass(frozen=True)
class Page:
    """A page in the navigation."""

    path: str
    title: str
    question: str
    """The question that the page answers."""
    icon: str


PAGES = {
    "start": Page(
        "app.py",
        N_("Start"),
        N_("Sentences become vectors, and their angle says how close they are"),
        ":material/home:",
    ),
    "similarity": Page(
        "pages/similarity.py",
        N_("Similarity"),
        N_("How close are these sentences?"),
        ":material/grid_on:",
    ),
    "losses": Page(
        "pages/losses.py",
        N_("Losses"),
        N_("What does each loss pull together and push apart?"),
        ":material/motion_photos_on:",
    ),
    "training": Page(
        "pages/training.py",
        N_("Training"),
        N_("Which loss suits my data?"),
        ":material/model_training:",
    ),
    "map": Page(
        "pages/map.py",
        N_("Map"),
        N_("What groups do my texts form?"),
        ":material/scatter_plot:",
    ),
    "search": Page(
        "pages/search.py",
        N_("Search"),
        N_("Which of my texts fit this query?"),
        ":material/search:",
    ),
    "classify": Page(
        "pages/classify.py",
        N_("Classify"),
        N_("Which class does each text belong to?"),
        ":material/category:",
    ),
    "answers": Page(
        "pages/answers.py",
        N_("Answers"),
        N_("Which answer fits this question?"),
        ":material/question_answer:",
    ),
    "runs": Page(
        "pages/runs.py",
        N_("Runs"),
        N_("What was trained here?"),
        ":material/inventory_2:",
    ),
}


def begin(name: str, *, title: bool = True) -> None:
    """Draw what all pages share. The first call of every page.

    Navigation is drawn here and not by Streamlit: its own needs `app.py` to run first, which a deep link on a fresh
    server does not do, and it cannot be translated.
    """
    page = PAGES[name]
    address.enter(name)
    # A picture of our own: Streamlit fetches a ":material/…:" icon for the browser's tab from the internet.
    icon = str(Path(__file__).parent / "frontend" / "icon.png")
    st.set_page_config(page_title=f"{_(page.title)} · SimCSE Explorer", page_icon=icon, layout="wide")
    st.html(Path(__file__).parent / "frontend" / "frame.css")
    top_bar.show(PAGES.values())
    users.remember()
    with errors.user_errors():
        _take_up_runs()
    cache.warm_up(translation.language())
    users.say_if_forgotten()
    if title:
        st.title(_(page.question), anchor=False)


@st.cache_resource(show_spinner=False)
def _take_up_runs() -> None:
    """Once after each start of the app: runs that waited, or that were cut off with the machine, go on."""
    operators.announce()
    queue.keep_watch()
