"""Which view of the page is shown, and what all of them share: the data and what is asked of them."""

from typing import TYPE_CHECKING

import streamlit as st

from ui.classify import abstain, amount, answer, label_own, result, take_away, trial
from ui.classify import data as classify_data
from ui.classify.data import KEY
from ui.classify.question import Question, ask
from ui.frame import address, errors
from ui.frame.stage import Stage
from ui.frame.translation import N_, _, language
from ui.shared import cache, inputs

if TYPE_CHECKING:
    from ui.classify.computing import Outcome

RESULT, AMOUNT, ABSTAIN, TRIAL, OWN = "result", "amount", "abstain", "try", "label"
VIEWS = {
    RESULT: N_("Result"),
    AMOUNT: N_("How many?"),
    ABSTAIN: N_("Abstain"),
    TRIAL: N_("Try it"),
    OWN: N_("Label"),
}


def choose() -> str:
    """The view, by its name in the address."""
    key, keep = address.widget(f"{KEY}-view", list(VIEWS), RESULT, language=language())
    chosen = st.segmented_control(
        _("View"),
        list(VIEWS),
        format_func=lambda name: _(VIEWS[name]),
        key=key,
        on_change=keep,
        required=True,
        label_visibility="collapsed",
    )
    return chosen or RESULT


def show(view: str, places: Stage) -> None:
    """Draw a view into its places."""
    if view == OWN:
        label_own.show(places)
        return
    with places.rail, errors.user_errors():
        data = classify_data.choose()
        question = ask(data)
        with places.figure, errors.user_errors():
            _answer(view, question, places)


def _answer(view: str, question: Question, places: Stage) -> None:
    match view:
        case "amount":
            amount.show(question, places)
        case "try":
            trial.show(question, places)
        case _:
            _results(view, question, places)


def _results(view: str, question: Question, places: Stage) -> None:
    with places.controls:
        look = result.controls(question) if view == RESULT else None
    outcome: Outcome | None = answer.outcome(question)
    if outcome is None:
        return
    with places.rail.container(horizontal=True, gap="xsmall"):
        result.show_classes(outcome)
        take_away.show(question, outcome)
    if look is not None:
        result.show(question, outcome, look, places)
    else:
        abstain.show(question, outcome, places)
    with places.rail:
        if not question.is_first and cache.is_loaded(question.settings.model):
            inputs.warn_about(list(question.data.texts), question.settings)
