"""What the page shows of a list: one question, the threshold, how good the answers are, two encoders, exports."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st

from simcse_core.uses.answering.matching import AGAINST, Against
from ui.answers import encoded, quality, ranking, tuning
from ui.answers.lists import List
from ui.answers.question import Question
from ui.answers.tuning import Judged, Suggestion
from ui.frame import address, waiting
from ui.frame.errors import plain
from ui.frame.translation import N_, _, language
from ui.shared import cache, inputs, models
from ui.shared.prompt_and_dim import sides
from ui.shared.tuner.setting import Setting

STOPPED = "answers-stopped"
STOPPABLE_FROM = 400
"""Fewer texts are read before anybody could stop it."""
LOOKS = {
    "ask": N_("Ask"),
    "threshold": N_("Threshold"),
    "quality": N_("Quality"),
    "compare": N_("Compare"),
    "take": N_("Take away"),
}
AGAINST_TITLES = {
    "both": N_("with questions and answers"),
    "questions": N_("with questions only"),
    "answers": N_("with answers only"),
}


def choose() -> str:
    """Which look; one of `LOOKS`."""
    key, keep = address.widget("answers-look", list(LOOKS), "ask", language=language())
    look = st.segmented_control(
        _("Look"),
        list(LOOKS),
        format_func=lambda name: _(LOOKS[name]),
        required=True,
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    return look or "ask"


def choose_against() -> Against:
    """What a question is compared with."""
    key, keep = address.widget("against", list(AGAINST_TITLES), "both", language=language())
    chosen = st.selectbox(
        _("What a question is compared with"),
        list(AGAINST_TITLES),
        format_func=lambda name: _(AGAINST_TITLES[name]),
        key=key,
        on_change=keep,
        label_visibility="collapsed",
    )
    return next((against for against in AGAINST if against == chosen), "both")


@dataclass(frozen=True)
class Work:
    """A list with an encoder, and what both make of the questions that people asked."""

    chosen: List
    settings: cache.EncoderSettings
    against: Against
    judged: Judged | None
    """None where the list says nothing of what people asked."""
    suggestion: Suggestion
    now: Setting

    @property
    def model(self) -> str:
        """Title of the encoder, plain text."""
        return models.card(self.settings.model).title


def work(chosen: List, settings: cache.EncoderSettings, against: Against, *, is_other: bool = False) -> Work:
    """Encode a list with what people asked of it, and see where the threshold stands.

    Args:
        chosen: the list.
        settings: of the encoder.
        against: what a question is compared with.
        is_other: whether it is the second encoder, whose threshold is the suggested one.
    """
    judged = judge(chosen, settings, against)
    suggestion = tuning.suggest(chosen, judged, settings, against)
    now = Setting(suggestion.threshold) if is_other else tuning.current(chosen, suggestion, settings, against)
    return Work(chosen, settings, against, judged, suggestion, now)


def is_stopped(chosen: List) -> bool:
    """Whether somebody has stopped the reading of this list; the page says so, and offers to go on."""
    if st.session_state.get(STOPPED) != chosen.key:
        return False
    st.info(_("Stopped. What is read already is kept."), icon=":material/pause:")
    st.button(_("Go on"), icon=":material/play_arrow:", on_click=_stop, args=(None,), key="answers-go-on")
    return True


@contextmanager
def _stoppable(chosen: List) -> Iterator[None]:
    """A button that stops what takes place inside the block, where that takes long."""
    button = st.empty()
    if len(chosen.faq) + len(chosen.faq.asked) >= STOPPABLE_FROM:
        button.button(
            _("Stop"),
            icon=":material/stop:",
            on_click=_stop,
            args=(chosen.key,),
            key=f"answers-stop-{secrets.token_hex(4)}",
        )
    yield
    button.empty()


def _stop(key: str | None) -> None:
    st.session_state[STOPPED] = key


def judge(chosen: List, settings: cache.EncoderSettings, against: Against) -> Judged | None:
    """What people asked, beside the entries."""
    asked = chosen.faq.asked
    with _stoppable(chosen), waiting.progress_bar(_("Reading the list")) as report:
        compared = encoded.compared([one.question for one in asked], chosen.faq, settings, against, report)
    return Judged(asked, compared.similarities, chosen.faq.same_answer) if asked else None


def ranked(made: Work, question: Question) -> ranking.Ranking:
    """The entries in the order in which they fit a question."""
    chosen = made.chosen
    compared = encoded.compared([question.text], chosen.faq, made.settings, made.against)
    return ranking.Ranking(
        question,
        compared.matches(0, chosen.faq.entries, len(chosen.faq)),
        encoded.by_words([question.text], chosen, made.against)[0],
        made.now.threshold,
        made.model,
        chosen.faq.right_entries(question.known.entry) if question.known else frozenset(),
    )


def warn(chosen: List, settings: cache.EncoderSettings) -> None:
    """Say which texts of the list the encoder cannot do justice to."""
    if cache.is_loaded(settings.model):
        inputs.warn_about([*chosen.faq.questions, *chosen.faq.answers], sides(settings)[1])


def show_words_only(chosen: List, question: Question, against: Against) -> None:
    """What BM25 says, while the model is loading."""
    scores = encoded.by_words([question.text], chosen, against)[0]
    if scores.max() > 0:
        entry = chosen.faq.entries[int(scores.argmax())]
        st.caption(_("Meanwhile, what BM25 finds by shared words:"))
        st.markdown(f"**{plain(entry.question)}**  \n{plain(entry.answer)}")


def show_threshold(made: Work) -> None:
    """The tuner."""
    if made.judged is None:
        st.info(plain(nothing_asked()), icon=":material/quiz:")
        return
    tuning.show([(made.model, made.judged)], made.now)


def show_quality(made: Work) -> None:
    """Metrics and mistakes."""
    if made.judged is not None:
        questions = [one.question for one in made.judged.asked]
        by_words = encoded.by_words(questions, made.chosen, made.against)
        words = Judged(made.judged.asked, by_words, made.judged.same_answer)
        quality.show(made.chosen, made.judged, words, made.now.threshold, made.model)
    elif made.chosen.labelled is not None:
        quality.show_labelled(made.chosen.labelled, made.settings, made.model)
    else:
        st.info(plain(nothing_asked()), icon=":material/quiz:")


def nothing_asked() -> str:
    """What to say where the list has no questions that people asked. Plain text."""
    return _(
        "It is not known what people ask this list, so there is nothing to measure. Choose 'My own list' and upload a "
        "table of their questions, each with the right answer, or with none."
    )
