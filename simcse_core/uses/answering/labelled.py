"""How well right answers are found among wrong ones, by a model and by BM25: for data of the kind answers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simcse_core.data.kinds import Answers, Dataset, normalised
from simcse_core.data.kinds.answers import items_of_ranks
from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import DataError, ModelError
from simcse_core.meaning.evaluation import AnswerMetrics, answer_metrics, ranks_of_right
from simcse_core.meaning.intervals import Interval, difference, interval
from simcse_core.meaning.items import Items
from simcse_core.uses.search.encoders import Sides
from simcse_core.uses.search.lexical import Lexical

METRICS = ("mrr", "map", "precision_at_1")


@dataclass(frozen=True)
class Ranked:
    """Questions that ranked their answers."""

    metrics: AnswerMetrics
    items: Items

    @property
    def intervals(self) -> dict[str, Interval]:
        """By metric, over the questions."""
        return {metric: interval(self.items, metric) for metric in METRICS}

    def over(self, other: "Ranked") -> dict[str, Interval]:
        """By metric, how much better than another that ranked the same answers; paired question by question."""
        return {metric: difference(self.items, other.items, metric) for metric in METRICS}


def ranked_by_model(
    sides: Sides, data: Dataset, *, precision: str = "float32", on_progress: Progress | None = None
) -> Ranked:
    """Each question ranks its answers by cosine.

    Args:
        sides: the encoder, as it reads questions and as it reads answers.
        data: of the kind answers.
        precision: as for `SimCSE.encode`.
        on_progress: receives (texts done, texts in all).

    Raises:
        DataError: as for `check_answers`.
        ModelError: the embeddings are no numbers.
    """
    answers = check_answers(data)
    encoded = sides.encode(answers.question, answers.answer, precision=precision, on_progress=on_progress)
    if not all(np.isfinite(rows).all() for rows in encoded):
        raise ModelError("{name} gives embeddings that are not numbers: its weights are ruined.", name=sides.query.name)
    return ranked_by_embeddings(answers, *encoded)


def ranked_by_embeddings(data: Answers, questions: Embeddings, answers: Embeddings) -> Ranked:
    """As `ranked_by_model`, where the (N, D) embeddings of the rows' questions and answers are there already."""
    parts = [questions, answers]
    metrics = data.evaluate(parts, np.concatenate(parts))
    assert isinstance(metrics, AnswerMetrics)
    return Ranked(metrics, data.items(parts))


def ranked_by_words(data: Dataset, on_progress: Callable[[int, int], None] | None = None) -> Ranked:
    """Each question ranks its answers by BM25; how rare a word is, all answers of the data say together.

    Args:
        data: of the kind answers.
        on_progress: receives (questions done, questions in all).

    Raises:
        DataError: as for `check_answers`.
    """
    answers = check_answers(data)
    places = {text: place for place, text in enumerate(dict.fromkeys(answers.answer))}
    counted = Lexical.of(places)
    rows_of: dict[str, list[int]] = {}
    for row, question in enumerate(map(normalised, answers.question)):
        rows_of.setdefault(question, []).append(row)
    scores = np.zeros(len(answers))
    for done, (question, rows) in enumerate(rows_of.items(), 1):
        found = counted.search(question, len(places))
        of_text = np.zeros(len(places))
        of_text[found.rows] = found.scores
        scores[rows] = of_text[[places[answers.answer[row]] for row in rows]]
        if on_progress is not None:
            on_progress(done, len(rows_of))
    questions = [*map(normalised, answers.question)]
    ranks = ranks_of_right(scores, questions, answers.label)
    return Ranked(answer_metrics(ranks, len(rows_of) - len(ranks)), items_of_ranks(ranks))


def check_answers(data: Dataset) -> Answers:
    """The data, if they are questions with right and wrong answers.

    Raises:
        DataError: they are of another kind, or no question has both.
    """
    if not isinstance(data, Answers):
        raise DataError(
            "{file} holds {kind}. Right and wrong answers have the columns question, answer and label (1 or 0); for a "
            "list of questions with their answers use --faq.",
            file=data.name,
            kind=data.kind,
        )
    if set(data.label) == {1}:
        raise DataError("All answers in {file} are right. Add wrong ones to tell them from.", file=data.name)
    if set(data.label) == {0}:
        raise DataError("All answers in {file} are wrong. Add right ones.", file=data.name)
    if not data.is_measurable():
        raise DataError(
            "No question of {file} has both a right and a wrong answer. Add the other ones to some questions.",
            file=data.name,
        )
    return data
