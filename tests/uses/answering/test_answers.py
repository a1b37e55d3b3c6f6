"""`Answers`: a list that questions are put to, with a fake encoder whose similarities are written by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simcse_core import Answers, Index
from simcse_core.data.faq import Asked, Entry, Faq, asked_from_source, bundled_faq
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.prompts import Prompts
from simcse_core.errors import DataError, InputError, OptionError
from simcse_core.uses.answering.matching import AGAINST
from tests.encoding.tiny import tiny
from tests.uses.fakes import Words

FAQ = Faq(
    "help",
    (Entry("open", "nine"), Entry("where", "harbour"), Entry("price", "coins")),
    (
        Asked("open", 0),
        Asked("nine", 0),
        Asked("where", 1),
        Asked("coins", 2),
        Asked("price x", 2),
        Asked("harbour x", 1),
        Asked("x", None),
        Asked("price x x x", None),
        Asked("open y y y y", None),
    ),
)


def answers(faq: Any = FAQ, **settings: Any) -> Answers:
    settings.setdefault("model", Words())
    return Answers(faq, **settings)


def test_the_closest_entry_answers_and_says_by_which_side() -> None:
    reply = answers(threshold=None).ask("coins", top_k=2)
    assert (reply.answer, reply.matches[0].row, reply.matches[0].matched) == ("coins", 2, "answer")
    assert len(reply.matches) == 2
    assert reply.matches[0].similarity == pytest.approx(1)


@pytest.mark.parametrize("against", AGAINST)
def test_what_counts_is_what_was_asked_for(against: Any) -> None:
    reply = answers(threshold=None, against=against).ask("coins")
    # By questions alone all are equally far, and the first one stands first.
    assert reply.matches[0].answer == {"questions": "nine"}.get(against, "coins")
    assert reply.matches[0].similarity == pytest.approx(0 if against == "questions" else 1)


def test_below_the_threshold_there_is_no_good_answer() -> None:
    tool = answers(threshold=0.9)
    assert tool.ask("open x").answer is None
    assert tool.ask("open x").matches[0].answer == "nine"
    tool.threshold = 0.7
    assert tool.ask("open x").answer == "nine"
    tool.threshold = None
    assert tool.ask("x").has_answer


def test_the_threshold_is_fitted_on_what_people_asked() -> None:
    tool = answers()
    assert tool.fitted is not None
    assert tool.threshold is not None
    assert np.sqrt(1 / 10) < tool.threshold < np.sqrt(1 / 2)  # between "price x x x" and "price x"
    assert tool.fitted.decisions.accuracy.value == 1
    assert tool.fitted.always.value == pytest.approx(6 / 9)


def test_a_wrong_answer_that_costs_more_raises_the_threshold() -> None:
    asked = [("open", 0), ("price x", 2), ("where x", None), ("x", None), ("nine x", 0)]
    tool = answers()
    low = tool.fit_threshold(asked, no_answer_cost=10)
    high = tool.fit_threshold(asked, wrong_answer=10)
    assert low < np.sqrt(1 / 2) < high


def test_without_such_questions_unrelated_sentences_stay_below_the_threshold() -> None:
    model = Words()
    tool = answers(FAQ.entries, model=model)
    assert tool.fitted is None
    assert tool.threshold is not None
    assert len(model.encoded) >= 200


def test_how_often_the_right_entry_comes_first() -> None:
    measured = answers().evaluate()
    assert (measured.questions, measured.mrr.value, measured.precision_at_1.value) == (6, 1, 1)
    assert measured.precision_at_1.low < 0.8  # of three entries


def test_entries_that_share_an_answer_are_all_right() -> None:
    entries = (Entry("open", "nine"), Entry("where", "harbour"), Entry("price", " Nine"), Entry("where", "harbour"))
    faq = Faq("help", entries)
    asked = asked_from_source(
        {"question": ["price", "where", "open", "x"], "answer": ["nine", "harbour", "nine", ""]}, faq
    )
    assert [one.entry for one in asked] == [0, 1, 0, None]
    assert faq.same_answer == (0, 1, 0, 1)
    assert [sorted(faq.right_entries(entry)) for entry in (0, 3, None)] == [[0, 2], [1, 3], []]
    tool = answers(faq, threshold=None)
    assert tool.evaluate(asked).precision_at_1.value == tool.evaluate(asked).mrr.value == 1
    tool.fit_threshold(asked)
    assert tool.fitted is not None
    assert tool.fitted.always.value == 3 / 4
    assert (tool.fitted.decisions.true_positives, tool.fitted.decisions.true_negatives) == (3, 1)


def test_where_nothing_asked_is_found_unrelated_sentences_stay_below_the_threshold() -> None:
    misleading = Faq("help", FAQ.entries, (Asked("open", 1), Asked("x", None)))
    tool = answers(misleading)
    assert tool.fitted is None
    assert tool.threshold == answers(FAQ.entries).threshold
    assert tool.threshold is not None


def test_embeddings_that_are_there_are_not_made_again() -> None:
    model = Words()
    made = model.encode(FAQ.questions), model.encode(FAQ.answers)
    model.encoded.clear()
    tool = answers(model=model, embeddings=made, threshold=None)
    assert model.encoded == []
    assert tool.ask("harbour").answer == "harbour"
    with pytest.raises(InputError, match="3 and 2 embeddings do not fit 3 entries"):
        answers(embeddings=(made[0], made[1][:2]))


def with_prompts(*, include_prompt: bool = True) -> SimCSE:
    model = tiny(layers=1)
    model.prompts = Prompts({"query": "cats: ", "document": "Stocks fell: "})
    model.include_prompt = include_prompt
    return model


@pytest.mark.parametrize("include_prompt", [True, False])
@pytest.mark.parametrize("prompt", [None, "query,document"])
def test_questions_and_answers_are_read_with_the_prompts_of_a_search(
    prompt: str | None, *, include_prompt: bool
) -> None:
    model = with_prompts(include_prompt=include_prompt)
    query, document = (model.configured(prompt=name) for name in ("query", "document"))
    tool = Answers(FAQ.entries, model=model, prompt=prompt, threshold=None)
    for against, reader, texts in (("questions", query, FAQ.questions), ("answers", document, FAQ.answers)):
        tool.against = against  # type: ignore[assignment]
        expected = query.encode(["where"]) @ reader.encode(texts).T
        np.testing.assert_allclose(tool.compare(["where"]).similarities, expected, atol=1e-6)


def test_a_prompt_that_is_named_or_in_use_stands_before_both() -> None:
    model = with_prompts()
    for one, prompt in ((model, "query"), (model, ""), (model.configured(prompt="document"), None)):
        tool, reader = Answers(FAQ.entries, model=one, prompt=prompt, threshold=None), one.configured(prompt=prompt)
        rows = reader.encode([*FAQ.questions, *FAQ.answers])
        both = np.maximum(reader.encode(["where"]) @ rows[:3].T, reader.encode(["where"]) @ rows[3:].T)
        np.testing.assert_allclose(tool.compare(["where"]).similarities, both, atol=1e-6)


def test_settings_count_for_an_encoder_that_is_loaded_too() -> None:
    tool = Answers(FAQ.entries, model=tiny(layers=2), layer=1, pooling="cls", dim=8, threshold=None)
    rows = tiny(layers=2).configured(layer=1, pooling="cls", dim=8).encode(["where", *FAQ.questions])
    tool.against = "questions"
    np.testing.assert_allclose(tool.compare(["where"]).similarities, rows[:1] @ rows[1:].T, atol=1e-6)


def test_a_model_may_be_named_by_its_path(tmp_path: Path) -> None:
    tiny(layers=1).save(tmp_path / "model")
    assert len(Answers(FAQ.entries, model=tmp_path / "model", threshold=None).ask("where").matches) == 3
    assert Index.build(["where", "open"], tmp_path / "model").search("where", top_k=1)[0].row == 0


def test_progress_counts_both_sides() -> None:
    told: list[tuple[int, int]] = []
    Answers(FAQ.entries, model=with_prompts(), threshold=None, on_progress=lambda *done: told.append(done))
    assert told[-1] == (6, 6)
    assert [done for done, _all in told] == sorted(done for done, _all in told)


def test_equally_close_entries_stand_in_the_order_of_the_list() -> None:
    assert [match.row for match in answers(threshold=None).ask("x").matches] == [0, 1, 2]


@pytest.mark.parametrize(
    ("ask", "error", "complaint"),
    [
        (lambda tool: tool.ask("  "), InputError, "Question 1 is empty"),
        (lambda tool: tool.ask_all("open"), InputError, "Give a list of texts"),
        (lambda tool: tool.ask("open", top_k=0), OptionError, "top_k is 0"),
        (lambda tool: tool.ask("x" * 30_000), InputError, "the limit is"),
        (lambda tool: tool.fit_threshold([]), DataError, "No questions were asked"),
        (lambda tool: tool.fit_threshold([("open", 0)]), DataError, "is right for each of the 1 questions"),
        (lambda tool: tool.fit_threshold([("x", None), ("y", None)]), DataError, "Add questions that an entry answers"),
        (lambda tool: tool.evaluate([("x", None)]), DataError, "No question has an answer"),
        (lambda tool: tool.evaluate([]), DataError, "No question has an answer"),
    ],
)
def test_what_cannot_be_answered_or_measured_is_said(
    ask: Callable[[Answers], object], error: type[Exception], complaint: str
) -> None:
    with pytest.raises(error, match=complaint):
        ask(answers())


@pytest.mark.parametrize("threshold", ["high", 2, True, float("nan")])
def test_an_impossible_threshold_is_refused(threshold: Any) -> None:
    with pytest.raises(OptionError, match="a cosine from -1 to 1"):
        answers(threshold=threshold)


def test_an_unknown_side_is_refused() -> None:
    with pytest.raises(OptionError, match=f"Choose one of: {', '.join(AGAINST)}"):
        answers(against="titles")


def test_the_bundled_list_is_answered_better_than_by_words(minilm: Any) -> None:
    from simcse_core.uses.answering.lexical import lexical_scores
    from simcse_core.uses.answering.quality import quality

    faq = bundled_faq()
    part = Faq("part", faq.entries, tuple(one for one in faq.asked if one.entry is not None and one.entry < 8))
    tool = Answers(part, model=minilm, threshold=None)
    scores = lexical_scores([one.question for one in part.asked], part.entries)
    lexical = quality(scores, [one.entry for one in part.asked])
    assert tool.evaluate().mrr.low > lexical.mrr.value
