"""Two encoders over one list: a model and a run, or any two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from simcse_core.encoding.catalogue import CATALOGUE, is_here
from simcse_core.errors import DataError
from simcse_core.home import RUN_ID
from ui.answers import looks, quality, ranking
from ui.answers.looks import Work
from ui.answers.question import Question
from ui.answers.tuning import judged_words
from ui.frame import users
from ui.frame.errors import plain
from ui.frame.translation import _, language
from ui.shared import cache, inputs, models
from ui.shared.tuner import before_after, forgetting
from ui.shared.tuner.before_after import Comparison, Side

KEY = "answers-compare"


@dataclass(frozen=True)
class Pair:
    """Two encoders with the same list; a run stands behind the model that it started from."""

    first: Work
    second: Work

    @property
    def names(self) -> tuple[str, str]:
        """Different ones, plain text."""
        first, second = self.first.model, self.second.model
        return (first, second) if first != second else (f"{first} (1)", f"{second} (2)")


def choose(settings: cache.EncoderSettings) -> cache.EncoderSettings:
    """The other encoder, in the rail."""
    with st.popover(_("Compared with another model"), icon=":material/compare_arrows:", width="stretch"):
        return inputs.encoder_settings("other-", model=_start(settings.model), is_search=True)


def _start(model: str) -> str:
    """A run is compared with the model it began with, a model with the newest run, else with another model."""
    if RUN_ID.fullmatch(model):
        return models.base_of(model)
    runs = models.finished_runs(users.current())
    return next(iter(runs), next((name for name in _others() if name != model), model))


def _others() -> list[str]:
    """Models on this machine that can read the language; not those that pages of other languages begin with."""
    cards = [card for card in CATALOGUE.values() if not card.default_for or language() in card.default_for]
    return [card.name for card in cards if is_here(card.name)]


def pair(made: Work, other: Work) -> Pair:
    """In their order: the run comes second."""
    if RUN_ID.fullmatch(made.settings.model) and not RUN_ID.fullmatch(other.settings.model):
        return Pair(other, made)
    return Pair(made, other)


def compared(both: Pair) -> Comparison | None:
    """Their scores of what people asked; None where nothing is known of that, or one of them is always right."""
    sides = [
        Side(name, one.judged.best, one.judged.is_right, missed_too=~one.judged.has_none)
        for name, one in zip(both.names, (both.first, both.second), strict=True)
        if one.judged is not None
    ]
    if len(sides) < 2:
        return None
    comparison = Comparison(*sides)
    return comparison if comparison.has_both() else None


def show(both: Pair, asked: Question) -> Comparison | None:
    """Histograms over what people asked; without such questions the entries that are closest to one question."""
    comparison = compared(both)
    if comparison is None:
        _closest(both, asked)
    else:
        before_after.show(comparison, key=KEY, words=judged_words())
    return comparison


def _closest(both: Pair, asked: Question, most: int = 8) -> None:
    if not asked.text:
        return
    columns: Mapping[str, Sequence[str]] = {
        plain(name): [
            f"{match.similarity:.2f} {plain(match.question)}" for match in looks.ranked(one, asked).matches[:most]
        ]
        for name, one in zip(both.names, (both.first, both.second), strict=True)
    }
    st.table(dict(columns), hide_index=True)


def show_question(both: Pair, asked: Question) -> None:
    """What both say to the question, beside the figure."""
    for name, one in zip(both.names, (both.first, both.second), strict=True):
        found: ranking.Ranking = looks.ranked(one, asked)
        best = found.matches[0]
        with st.container(border=True, gap="xxsmall"):
            st.caption(plain(f"{name} · {best.similarity:.2f}"))
            st.markdown(plain(best.answer) if found.has_answer else _("No good answer in this list."))
            if found.question.known is not None:
                right = best.row in found.right if found.has_answer else not found.right
                st.caption(_("Right.") if right else _("Wrong."))


def show_numbers(both: Pair) -> None:
    """Metrics of both with the paired difference, and what was forgotten."""
    try:
        rows = {
            name: (quality.of_questions(one.judged), one.suggestion.handled)
            for name, one in zip(both.names, (both.first, both.second), strict=True)
            if one.judged is not None
        }
        quality.table(rows, ("mrr", "precision_at_1", "recall_at_3"), ahead_of_first=True)
    except DataError as error:
        st.caption(plain(str(error)))
    forgetting.show(both.first.settings, both.second.settings, both.names, key=f"{KEY}-forgotten")
