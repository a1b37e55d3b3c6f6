"""Questions beside the entries of a list: by an encoder, and by BM25."""

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.data.faq import Faq
from simcse_core.encoding.texts import Embeddings
from simcse_core.uses.answering.matching import Against, Compared, Similarities, compare
from simcse_core.uses.search.lexical import Lexical
from ui.answers.lists import List
from ui.shared import cache, stored
from ui.shared.prompt_and_dim import sides

Report = Callable[[int, int], None]


def is_ready(texts: Sequence[str], settings: cache.EncoderSettings) -> bool:
    """Whether the embeddings of questions are there, or their model is."""
    return cache.is_loaded(settings.model) or stored.embeddings(texts, sides(settings)[0]) is not None


def compared(
    questions: Sequence[str], faq: Faq, settings: cache.EncoderSettings, against: Against, report: Report | None = None
) -> Compared:
    """(Q, N) the similarity of each question with each entry.

    Args:
        questions: Q texts.
        faq: with N entries.
        settings: of the encoder; two prompts in one ("query,document") are for questions and for answers.
        against: what a question is compared with.
        report: receives (texts done, texts to do).
    """
    of_questions, of_answers = sides(settings)
    asked = [*questions, *faq.questions]
    if of_questions == of_answers:
        rows = _rows([*asked, *faq.answers], of_questions, report)
        first, answers = rows[: len(asked)], rows[len(asked) :]
    else:
        first, answers = _rows(asked, of_questions, report), _rows(faq.answers, of_answers, report)
    return compare(first[: len(questions)], first[len(questions) :], answers, against)


def _rows(texts: Sequence[str], settings: cache.EncoderSettings, report: Report | None) -> Embeddings:
    """(N, D); stored ones while the model is loading."""
    if not cache.is_loaded(settings.model) and (rows := stored.embeddings(texts, settings)) is not None:
        return rows
    return cache.embeddings(texts, settings, report)


def by_words(questions: Sequence[str], chosen: List, against: Against) -> Similarities:
    """(Q, N) BM25's scores; 0 where no word is shared."""
    lexical = _lexical(chosen.key, against, chosen.faq)
    scores = np.zeros((len(questions), len(chosen.faq)))
    for place, question in enumerate(questions):
        ranking = lexical.search(question, len(chosen.faq))
        scores[place, ranking.rows] = ranking.scores
    return scores


@st.cache_resource(max_entries=24, show_spinner=False)
def _lexical(key: str, against: Against, _faq: Faq) -> Lexical:
    match against:
        case "questions":
            return Lexical.of(_faq.questions)
        case "answers":
            return Lexical.of(_faq.answers)
        case _:
            return Lexical.of(f"{entry.question} {entry.answer}" for entry in _faq.entries)


def places(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) the place of each entry by its score, from 1; 0 where it has none."""
    order = np.argsort(-scores, kind="stable")
    place = np.empty(len(scores), dtype=np.int64)
    place[order] = np.arange(1, len(scores) + 1)
    return np.where(scores > 0, place, 0)
