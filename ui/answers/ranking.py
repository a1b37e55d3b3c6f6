"""One question, the answer to it, and the entries that are closest, with the threshold through them."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from simcse_core.uses.answering.matching import Match
from ui.answers import encoded
from ui.answers.lists import List
from ui.answers.question import Question
from ui.frame import projector
from ui.frame.components import component
from ui.frame.translation import _, joined
from ui.shared.tuner.axis import of_cosines

KEY = "answers-ranking"
MOST_ROWS = 16
"""As many as fit are shown, and those that have to be."""
_SCRIPT = Path(__file__).parent / "frontend" / "ranking.js"


@dataclass(frozen=True)
class Ranking:
    """What is known about one question."""

    question: Question
    matches: tuple[Match, ...]
    """All entries, the closest first."""
    words: "np.ndarray[Any, np.dtype[np.float64]]"
    """(N,) BM25's scores."""
    threshold: float
    model: str
    """Its title."""
    right: frozenset[int] = frozenset()
    """Positions of the entries that are known to answer; none where none does, or nobody knows."""

    @property
    def has_answer(self) -> bool:
        return self.matches[0].similarity >= self.threshold

    @property
    def best_by_words(self) -> int | None:
        """The entry that BM25 puts first; None where no word is shared."""
        return int(self.words.argmax()) if self.words.max() > 0 else None


def selected(ranking: Ranking) -> Match:
    """The entry that was clicked for this question, else the closest one."""
    of_question, row = st.session_state.get(f"{KEY}-selected", ("", -1))
    match = next((match for match in ranking.matches if match.row == row), ranking.matches[0])
    return match if of_question == ranking.question.text else ranking.matches[0]


def is_clicked(ranking: Ranking) -> bool:
    """Whether somebody has clicked an entry for this question."""
    return bool(st.session_state.get(f"{KEY}-selected", ("", -1))[0] == ranking.question.text)


def show(ranking: Ranking, chosen: List) -> None:
    """Draw it. A click on an entry is what `selected` gives next."""
    similarities = [match.similarity for match in ranking.matches]
    axis = of_cosines(min(*similarities, ranking.threshold), max(*similarities, ranking.threshold))
    data = {
        "question": ranking.question.text,
        "replies": _replies(ranking, chosen),
        "rows": _rows(ranking),
        "all": similarities,
        "axis": {**asdict(axis), "ticks": axis.ticks},
        "threshold": ranking.threshold,
        "threshold_text": _("threshold {threshold:.2f}").format(threshold=ranking.threshold),
        "selected": selected(ranking).row,
        "large": projector.is_on(),
        "words": {
            "other": "BM25",
            "right": _("right:"),
            "all": _("All {n} entries").format(n=len(chosen.faq)),
        },
    }
    text = ranking.question.text
    component("simcse_answers_ranking", _SCRIPT)(
        key=KEY, data=data, height="stretch", on_entry_change=lambda: _select(text)
    )


def _select(question: str) -> None:
    report: object = st.session_state.get(KEY, {}).get("entry")
    match report:
        case [int(row), *_when]:
            st.session_state[f"{KEY}-selected"] = (question, row)


def select(ranking: Ranking, row: int) -> None:
    """Choose an entry, as a click on it does."""
    st.session_state[f"{KEY}-selected"] = (ranking.question.text, row)


def _replies(ranking: Ranking, chosen: List) -> list[dict[str, Any]]:
    """What the model says, and what BM25 says where that differs."""
    best, other = ranking.matches[0], ranking.best_by_words
    same = other == best.row
    note = _("similarity {similarity:.2f}").format(similarity=best.similarity)
    if same:
        note += " · " + _("BM25 finds the same entry")
    first = {
        "by": ranking.model,
        "note": note,
        "has_answer": ranking.has_answer,
        "text": best.answer if ranking.has_answer else _("No good answer in this list."),
        "matched": (_matched(best) if ranking.has_answer else _("The closest question is “{question}”.")).format(
            question=best.question
        ),
    }
    if same:
        return [first]
    second = {"by": _("BM25 (shared words)"), "note": "", "has_answer": other is not None, "matched": ""}
    if other is None:
        second |= {"text": _("No entry shares a word with the question.")}
    else:
        entry = chosen.faq.entries[other]
        second |= {"text": entry.answer, "matched": _("It answers “{question}”.").format(question=entry.question)}
    return [first, second]


def _matched(match: Match) -> str:
    if match.matched == "question":
        return _("Its question is close: “{question}”")
    return _("The answer itself is close; it answers “{question}”")


def _rows(ranking: Ranking) -> list[dict[str, Any]]:
    """The closest entries; those that are right, or first for BM25, are shown wherever they stand."""
    wanted = {*ranking.right, ranking.best_by_words, selected(ranking).row}
    shown = [match for rank, match in enumerate(ranking.matches) if rank < MOST_ROWS or match.row in wanted]
    place = encoded.places(ranking.words)
    return [
        {
            "row": match.row,
            "similarity": match.similarity,
            "text": match.question,
            "is_right": match.row in ranking.right,
            "always": match.row in wanted,
            "other": str(place[match.row]) if place[match.row] else "–",
        }
        for match in shown
    ]


def finding(ranking: Ranking) -> str:
    """What is seen, in a sentence. Markdown."""
    best, known = ranking.matches[0], ranking.question.known
    if known is None:
        return _finding_of_unknown(ranking)
    if known.entry is None:
        if ranking.has_answer:
            return _("**Wrong:** nothing in the list answers this, yet an entry is above the threshold.")
        return _("**Right:** nothing in the list answers this, and no entry reaches the threshold.")
    place = next(number for number, match in enumerate(ranking.matches, 1) if match.row in ranking.right)
    places = encoded.places(ranking.words)[sorted(ranking.right)]
    by_words = int(min(places[places > 0], default=0))
    words = _("BM25 puts it in place {n}.").format(n=by_words) if by_words else _("BM25 does not find it.")
    if place > 1:
        return joined(_("**Wrong entry first:** the right one is in place {n}.").format(n=place), words)
    if not ranking.has_answer:
        said = _("**Right entry, held back:** {similarity:.2f} is below the threshold.")
    else:
        said = _("**Right:** the entry that answers is first, with {similarity:.2f}.")
    return joined(said.format(similarity=best.similarity), words)


def _finding_of_unknown(ranking: Ranking) -> str:
    best = ranking.matches[0]
    template = (
        _("The closest entry has {similarity:.2f}, above the threshold of {threshold:.2f}.")
        if ranking.has_answer
        else _("The closest entry has {similarity:.2f}, below the threshold of {threshold:.2f}.")
    )
    said = template.format(similarity=best.similarity, threshold=ranking.threshold)
    if len(ranking.matches) > 1:
        gap = best.similarity - ranking.matches[1].similarity
        said = joined(said, _("It is {gap:.2f} ahead of the second.").format(gap=gap))
    return said
