"""Answers: which answer fits a question, and when there is no good one."""

import streamlit as st

from ui.answers import comparison, details, encoded, lists, looks, question, ranking, take_away, tuning
from ui.frame import errors, stage
from ui.frame.errors import UnansweredError
from ui.frame.stage import Stage
from ui.frame.translation import _
from ui.shared import cache, inputs
from ui.shared.tuner import before_after


def ask(places: Stage, made: looks.Work, asked: question.Question) -> None:
    """The answer to one question, with the entries that are closest."""
    if not asked.text:
        raise UnansweredError("Type a question.")
    if not encoded.is_ready([asked.text], made.settings):
        cache.until_loaded(made.settings.model)
        looks.show_words_only(made.chosen, asked, made.against)
        return
    found = looks.ranked(made, asked)
    ranking.show(found, made.chosen)
    with places.finding:
        st.markdown(ranking.finding(found))
    with clicked if ranking.is_clicked(found) else closest, errors.user_errors():
        details.show(found, made)


def compare(places: Stage, made: looks.Work, asked: question.Question) -> None:
    """Another encoder beside the chosen one."""
    with clicked:
        other = comparison.choose(made.settings)
    both = comparison.pair(made, looks.work(made.chosen, other, made.against, is_other=True))
    found = comparison.show(both, asked)
    if found is not None:
        with places.finding:
            st.markdown(before_after.in_words(found, key=comparison.KEY))
        with places.below, errors.user_errors():
            comparison.show_numbers(both)
    if asked.text:
        with clicked:
            comparison.show_question(both, asked)


def show(places: Stage, made: looks.Work, look: str, asked: question.Question) -> None:
    """What was chosen to look at."""
    match look:
        case "threshold":
            looks.show_threshold(made)
        case "quality":
            looks.show_quality(made)
        case "compare":
            compare(places, made, asked)
        case "take":
            take_away.show(made, asked)
        case _:
            ask(places, made, asked)
    if look in ("threshold", "quality") and made.judged is not None:
        with places.finding:
            st.markdown(tuning.finding(made.suggestion, made.judged, made.now))


places = stage.begin("answers")
with places.controls:
    look = looks.choose()
with places.rail, errors.user_errors():
    chosen = lists.choose()
    asked = question.choose(chosen)
    with st.container(horizontal=True):
        against = looks.choose_against()
        with st.popover(_("Model"), icon=":material/tune:"), errors.user_errors():
            settings = inputs.encoder_settings(is_search=True)
    clicked, offered, closest = (st.container(gap="xsmall") for _place in range(3))
    with offered:
        question.offer(chosen)
    with places.figure, errors.user_errors():
        if not looks.is_stopped(chosen):
            show(places, looks.work(chosen, settings, against), look, asked)
            with places.finding:
                looks.warn(chosen, settings)
