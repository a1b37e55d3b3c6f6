"""A question and a possible answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds.cell_types import MatchColumn, TextColumn
from simcse_core.data.kinds.dataset import Dataset, Metric, Positions, kind, normalised
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.meaning.evaluation import (
    AnswerMetrics,
    Metrics,
    answer_average_precisions,
    evaluate_answers,
    ranks_of_right_answers,
    reciprocal_ranks,
)
from simcse_core.meaning.items import Items, as_floats
from simcse_core.meaning.similarity import pair_cosines, without_rounding


@kind("answers")
@dataclass(frozen=True)
class Answers(Dataset):
    """A question and a possible answer: 1 right, 0 wrong. A question with several answers stands in several rows."""

    question: TextColumn
    answer: TextColumn
    label: MatchColumn

    title = "Answers: questions with right and wrong answers"
    rows_are = "questions and answers"
    is_likely = False
    metrics = (
        Metric(
            "map",
            "mean average precision",
            "Mean average precision: each question ranks its answers by cosine; 1 when the right ones come first.",
            is_main=True,
        ),
        Metric("mrr", "mean reciprocal rank", "Mean reciprocal rank: 1 / rank of the first right answer."),
        Metric(
            "precision_at_1",
            "precision at 1",
            "Precision at 1: the share of questions whose closest answer is right.",
        ),
    )

    def positive_pairs(self, scale_max: float | None = None) -> Positions:
        return self.first_two(np.array(self.label) == 1)

    def check_contrast(self) -> None:
        if 1 not in self.label:
            raise DataError("{file} has no row with the label 1: there is nothing to bring together.", file=self.name)

    def is_measurable(self) -> bool:
        return bool(self._questions_with_both())

    def strata(self, folds: int) -> NDArray[np.int64]:
        """Right and wrong answers, of questions that have both and of others."""
        both = self._questions_with_both()
        rows = zip(self.question, self.label, strict=True)
        return np.array([label + 2 * (normalised(question) in both) for question, label in rows])

    def _questions_with_both(self) -> set[str]:
        """The questions that have a right and a wrong answer, normalised."""
        rows = [(normalised(question), label) for question, label in zip(self.question, self.label, strict=True)]
        wrong, right = ({question for question, label in rows if label == wanted} for wanted in (0, 1))
        return wrong & right

    def evaluate(
        self, columns: Sequence[Embeddings], unique: Embeddings, *, scale_max: float | None = None
    ) -> AnswerMetrics:
        return evaluate_answers(columns[0], columns[1], [*map(normalised, self.question)], self.label)

    def items(self, columns: Sequence[Embeddings]) -> Items:
        questions = [*map(normalised, self.question)]
        return items_of_ranks(ranks_of_right_answers(columns[0], columns[1], questions, self.label))

    def row_results(self, columns: Sequence[Embeddings], metrics: Metrics) -> dict[str, list[Any]]:
        """The cosine, and the rank among the answers to the same question; a wrong answer that is as close is first."""
        cosines = without_rounding(pair_cosines(columns[0], columns[1]))
        rows_of: dict[str, list[int]] = {}
        for row, question in enumerate(map(normalised, self.question)):
            rows_of.setdefault(question, []).append(row)
        ranks = [0] * len(self)
        for rows in rows_of.values():
            for rank, row in enumerate(sorted(rows, key=lambda row: (-cosines[row], self.label[row])), 1):
                ranks[row] = rank
        return {"cosine": as_floats(cosines), "rank": ranks}

    def reason_undefined(self, names: Sequence[str], items: Items) -> str:
        return "no question has both a right and a wrong answer"


def items_of_ranks(ranks: Sequence[NDArray[np.int64]]) -> Items:
    """Question by question; ranks as `ranks_of_right_answers` gives them."""
    firsts = reciprocal_ranks(ranks)
    return Items(
        {
            "map": as_floats(answer_average_precisions(ranks)),
            "mrr": as_floats(firsts),
            "precision_at_1": as_floats(firsts == 1),
        }
    )
