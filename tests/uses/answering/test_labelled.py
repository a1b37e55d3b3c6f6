"""Right answers among wrong ones, by a model and by BM25."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from bm25s import BM25

from simcse_core.data.kinds import Answers, Dataset, Texts
from simcse_core.encoding.prompts import Prompts
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.learning.measuring import measure
from simcse_core.meaning.evaluation import ranks_of_right
from simcse_core.uses.answering.labelled import check_answers, ranked_by_model, ranked_by_words
from simcse_core.uses.search.encoders import Sides
from simcse_core.uses.search.lexical import words
from tests.encoding.tiny import tiny

ROWS = [
    ("Who wrote it", "Anna wrote it", 1),
    ("Who wrote it", "It is long", 0),
    ("who wrote it", "A boat", 0),
    ("When was that", "In June", 1),
    ("When was that", "That was a boat when", 0),
    ("Only right", "yes", 1),
    ("Only wrong", "no", 0),
]


def data(rows: list[tuple[str, str, int]]) -> Answers:
    return Answers("made.csv", *zip(*rows, strict=True))


def test_words_rank_the_answers_of_each_question() -> None:
    ranked = ranked_by_words(data(ROWS))
    assert (ranked.metrics.questions, ranked.metrics.dropped) == (2, 2)
    assert ranked.items.values["mrr"] == [1.0, 0.5]
    assert ranked.metrics.precision_at_1 == 0.5


def test_the_scores_are_those_of_bm25s() -> None:
    texts = [answer for _question, answer, _label in ROWS]
    oracle = BM25(method="lucene")
    oracle.index([words(text) for text in texts], show_progress=False)
    scores = np.zeros(len(ROWS))
    for row, (question, _answer, _label) in enumerate(ROWS):
        known = [word for word in words(question) if word in oracle.vocab_dict]
        scores[row] = oracle.get_scores(known)[row] if known else 0
    expected = ranks_of_right(scores, [question.lower() for question, _answer, _label in ROWS], [r[2] for r in ROWS])
    assert ranked_by_words(data(ROWS)).items.values["mrr"] == [1 / ranks[0] for ranks in expected]


class Same:
    """Finds all texts equal."""

    name = "same"

    def encode(self, texts: Sequence[str], **_settings: object) -> Embeddings:
        return np.ones((len(texts), 1), dtype=np.float32)


def test_a_model_to_which_all_is_equal_gains_nothing_by_it() -> None:
    same: Any = Same()
    ranked = ranked_by_model(Sides(same, same), data(ROWS))
    assert ranked.metrics.precision_at_1 == 0
    assert ranked.metrics.mrr == pytest.approx((1 / 3 + 1 / 2) / 2)
    gain = ranked.over(ranked_by_words(data(ROWS)))["mrr"]
    assert gain.value == pytest.approx((1 / 3 - 1 + 0) / 2)


def test_questions_and_answers_have_each_their_prompt() -> None:
    model = tiny(layers=1)
    model.prompts = Prompts({"query": "cats: ", "document": "Stocks fell: "})
    by_name = ranked_by_model(Sides.of(model), data(ROWS))
    written = data([(f"cats: {question}", f"Stocks fell: {answer}", label) for question, answer, label in ROWS])
    plain = model.configured(prompt="")
    assert by_name.items == ranked_by_model(Sides(plain, plain), written).items
    assert by_name.items == measure(plain, written).items


@pytest.mark.parametrize(
    ("made", "complaint"),
    [
        (data([("A?", "a", 1), ("A?", "b", 1)]), "All answers in made.csv are right"),
        (data([("A?", "a", 0), ("B?", "b", 0)]), "All answers in made.csv are wrong"),
        (data([("A?", "a", 1), ("B?", "b", 0)]), "has both a right and a wrong answer"),
        (Texts("made.csv", ("a",)), "holds texts"),
    ],
    ids=["right", "wrong", "apart", "texts"],
)
def test_questions_without_a_right_and_a_wrong_answer_are_refused(made: Dataset, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        check_answers(made)
