"""How well the right entries are found, beside BM25, and which questions go wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import streamlit as st

from simcse_core.data.kinds import Answers
from simcse_core.data.writers import safe
from simcse_core.errors import DataError
from simcse_core.meaning.intervals import Interval, difference, interval
from simcse_core.meaning.items import Items
from simcse_core.uses.answering import labelled, no_answer
from simcse_core.uses.answering import quality as measured
from simcse_core.uses.answering.labelled import Ranked
from ui.answers import question
from ui.answers.lists import List
from ui.answers.tuning import Judged
from ui.frame import address, waiting
from ui.frame.errors import plain
from ui.frame.translation import N_, _
from ui.shared import cache
from ui.shared.prompt_and_dim import sides
from ui.shared.ranges import in_table

METRICS = {
    "mrr": N_("MRR"),
    "map": N_("MAP"),
    "precision_at_1": N_("precision at 1"),
    "recall_at_3": N_("among the first 3"),
    "handled": N_("with threshold"),
}
KEY = "answers-mistakes"


@dataclass(frozen=True)
class Mistake:
    """A question that is handled badly."""

    place: int
    """Among what people asked."""
    what: str
    given: str
    """The question of the closest entry."""
    right: str
    """The question of the entry that answers; empty where none does."""
    similarity: float


def show(chosen: List, judged: Judged, words: Judged, threshold: float, model: str) -> None:
    """The numbers, and the questions that go wrong at this threshold.

    Args:
        chosen: the list.
        judged: what people asked, by the encoder.
        words: the same by BM25.
        threshold: from which similarity on there is an answer.
        model: its title.
    """
    table(
        {
            model: (of_questions(judged), _handled(judged)),
            "BM25": (of_questions(words), _handled(words)),
        },
        ("mrr", "precision_at_1", "recall_at_3"),
    )
    st.caption(
        _(
            "MRR: the mean of 1 / place of the first right entry; the MAP too, where no entries share an answer. With "
            "threshold: the share of all questions with the right answer, or rightly none, by a threshold fitted on "
            "others. In brackets the 95 % range."
        )
    )
    _mistakes(chosen, judged, threshold)


def of_questions(judged: Judged) -> Items:
    """Question by question.

    Raises:
        DataError: no question has an answer.
    """
    return measured.items(judged.similarities, judged.entries, judged.same_answer)


def _handled(judged: Judged) -> Interval | None:
    try:
        return no_answer.fit(judged.similarities, judged.entries, judged.same_answer).handled
    except DataError:  # all are right, or none is
        return None


def table(
    rows: Mapping[str, tuple[Items, Interval | None]], metrics: Sequence[str], *, ahead_of_first: bool = False
) -> None:
    """Two rows with intervals, and their paired difference.

    Args:
        rows: by name, plain text: results question by question, and the share that is handled well.
        metrics: that are shown.
        ahead_of_first: whether the difference says how much better the second is, and not the first.
    """
    shown = {name: [_in_words(interval(items, metric)) for metric in metrics] for name, (items, _own) in rows.items()}
    first, second = list(rows)
    better, other = (second, first) if ahead_of_first else (first, second)
    gains = [difference(rows[better][0], rows[other][0], metric) for metric in metrics]
    columns = {" ": [*map(plain, shown), _("difference")]}
    for place, metric in enumerate(metrics):
        columns[_(METRICS[metric])] = [*(cells[place] for cells in shown.values()), _gain(gains[place])]
    if any(own is not None for _items, own in rows.values()):
        title = METRICS["handled"]
        columns[_(title)] = [*(_in_words(one) for _items, one in rows.values()), ""]
    st.table(columns, hide_index=True)


def _in_words(value: Interval | None) -> str:
    return in_table(value) or "–"


def _gain(value: Interval) -> str:
    noise = "  \n" + _("inside the noise") if value.low <= 0 <= value.high else ""
    return (in_table(value, "{:+.2f}") or "–") + noise


def mistakes(chosen: List, judged: Judged, threshold: float) -> list[Mistake]:
    """The questions that get a wrong answer, or none though there is one; those farthest from the threshold first."""
    found = []
    rows = zip(judged.asked, judged.similarities, judged.best, judged.is_right, strict=True)
    for place, (asked, similarities, best, is_right) in enumerate(rows):
        answered = bool(best >= threshold)
        if is_right if answered else asked.entry is None:
            continue
        if not answered:
            what = _("right answer held back") if is_right else _("not found, held back")
        elif asked.entry is None:
            what = _("answered, though nothing answers it")
        else:
            what = _("wrong answer")
        given = chosen.faq.entries[int(similarities.argmax())].question
        right = "" if asked.entry is None else chosen.faq.entries[asked.entry].question
        found.append(Mistake(place, what, given, right, float(best)))
    return sorted(found, key=lambda one: -abs(one.similarity - threshold))


def _mistakes(chosen: List, judged: Judged, threshold: float) -> None:
    found = mistakes(chosen, judged, threshold)
    if not found:
        st.success(_("At this threshold every question is handled well."), icon=":material/check:")
        return
    st.subheader(
        _("{n} of {count} are wrong at {threshold:.2f}; tick one to see it").format(
            n=len(found), count=len(judged.asked), threshold=threshold
        ),
        anchor=False,
    )

    def look() -> None:
        rows = st.session_state[KEY].selection.rows
        if rows:
            question.ask(chosen, found[rows[0]].place)
            address.put("answers-look", "ask")

    st.dataframe(
        {
            _("asked"): [safe(judged.asked[one.place].question) for one in found],
            _("what goes wrong"): [one.what for one in found],
            _("similarity"): [round(one.similarity, 3) for one in found],
            _("closest entry"): [safe(one.given) for one in found],
            _("entry that answers"): [safe(one.right) for one in found],
        },
        hide_index=True,
        key=KEY,
        column_config={
            _("asked"): st.column_config.TextColumn(width=250),
            _("what goes wrong"): st.column_config.TextColumn(width=190),
            _("similarity"): st.column_config.NumberColumn(width=75, format="%.3f"),
        },
        on_select=look,
        selection_mode="single-row",
        height="stretch",
    )


def show_labelled(data: Answers, settings: cache.EncoderSettings, model: str) -> None:
    """Right answers among wrong ones, question by question: for data of the kind answers.

    Raises:
        DataError: no question has both.
    """
    by_model = _by_model(data, settings)
    by_words = _by_words(data.name, len(data), data)
    table({model: (by_model.items, None), "BM25": (by_words.items, None)}, labelled.METRICS)
    st.caption(
        _("{n} questions rank their right and wrong answers; {dropped} have only one sort and are left out.").format(
            n=by_model.metrics.questions, dropped=by_model.metrics.dropped
        )
    )


def _by_model(data: Answers, settings: cache.EncoderSettings) -> Ranked:
    of_questions, of_answers = sides(settings)
    with waiting.progress_bar(_("Reading the questions and answers")) as report:
        columns = [
            cache.embeddings(data.question, of_questions, report),
            cache.embeddings(data.answer, of_answers, report),
        ]
    return labelled.ranked_by_embeddings(data, *columns)


@st.cache_resource(max_entries=16, show_spinner=False)
def _by_words(name: str, count: int, _data: Answers) -> Ranked:
    return labelled.ranked_by_words(_data)
