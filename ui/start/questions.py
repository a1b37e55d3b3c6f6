"""The eight questions that the app answers by doing, as cards; each opens the state where its answer is seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ui.frame import page, projector
from ui.frame.components import component
from ui.frame.translation import N_, _, language
from ui.start import figures
from ui.start.stored import crowded_at

_FRONTEND = Path(__file__).parent / "frontend"
IN_A_ROW = 4


@dataclass(frozen=True)
class Question:
    """A card."""

    text: str
    page: str
    """Its name in `page.PAGES`."""
    parameters: Mapping[str, str]
    """Of the page's address."""
    figure: Callable[[str], Sequence[figures.Element]]
    alt: str
    """What the figure shows."""


QUESTIONS = (
    Question(
        N_("Why is a cosine an angle?"),
        "similarity",
        {"cell": "1-3"},
        figures.cosine_is_an_angle,
        N_("Two arrows and the angle between them"),
    ),
    Question(
        N_("Why is everything 0.9?"),
        "similarity",
        {"look": "spread", "layer": str(crowded_at()[0]), "pooling": crowded_at()[1], "range": "fixed"},
        figures.everything_is_close,
        N_("The cosines of unrelated sentences: around 0 by the model as it comes, near 0.9 in a lower layer"),
    ),
    Question(
        N_("Which layer and which pooling?"),
        "similarity",
        {"look": "grid"},
        figures.layers_and_poolings,
        N_("A cell for each layer and pooling, the darker the better"),
    ),
    Question(
        N_("How does padding leak?"),
        "losses",
        {"break": "padding"},
        figures.padding_leaks,
        N_("The cosine of a text with itself: it stays at 1 with a mask, and falls without one as padding grows"),
    ),
    Question(
        N_("Why can the sigmoid of a cosine alone not say “unrelated”?"),
        "losses",
        {"break": "sigmoid_alone"},
        figures.sigmoid_alone,
        N_("The sigmoid of all cosines from −1 to 1: it comes near neither 0 nor 1"),
    ),
    Question(
        N_("What does the temperature do?"),
        "losses",
        {"break": "no_temperature"},
        figures.temperature,
        N_("The softmax of the same cosines at two temperatures: flat at 1, one tall bar at 0.05"),
    ),
    Question(
        N_("Which in-batch negatives are false?"),
        "losses",
        {"break": "same_class"},
        figures.false_negatives,
        N_("A batch of eight texts as cells; those of the same class off the diagonal stand out"),
    ),
    Question(
        N_("Why is a map not a ruler?"),
        "map",
        {"map-view": "misreadings"},
        figures.map_is_no_ruler,
        N_("The same texts on two maps: a pair far apart on one of them and close on the other"),
    ),
)
"""In the order of the cards."""


def cards() -> None:
    """Draw them; the link of a card covers it wholly."""
    st.html(_FRONTEND / "questions.css")
    st.header(_("Eight questions that you can answer here by doing"), anchor=False)
    rows = [QUESTIONS[start : start + IN_A_ROW] for start in range(0, len(QUESTIONS), IN_A_ROW)]
    columns = [column for _row in rows for column in st.columns(IN_A_ROW, gap="small")]
    for number, (column, question) in enumerate(zip(columns, QUESTIONS, strict=True), 1):
        with column.container(border=True, height="stretch", gap="xsmall", key=f"question-card-{number}"):
            _card(number, question)


def _card(number: int, question: Question) -> None:
    target = page.PAGES[question.page]
    component("simcse_question_figure", _FRONTEND / "figure.js")(
        key=f"question-figure-{number}",
        data={
            "size": [figures.WIDTH, figures.HEIGHT],
            "elements": question.figure(language()),
            "alt": _(question.alt),
        },
    )
    kept = {"language": language(), **({projector.NAME: "1"} if projector.is_on() else {})}
    st.page_link(target.path, label=f"**{number}** {_(question.text)}", query_params={**kept, **question.parameters})
    st.caption(_(target.title))
