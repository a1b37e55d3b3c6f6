"""The page Answers without a browser: what it shows at once, what it says of a question, and what it refuses."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.data.faq import Asked, Entry, Faq, bundled_faq
from simcse_core.encoding.prompts import Prompts
from simcse_core.meaning.intervals import Interval
from simcse_core.uses.answering.matching import Compared
from tests.encoding.tiny import tiny
from ui.answers import encoded, ranking, take_away, tuning
from ui.answers.lists import OWN, List
from ui.answers.looks import LOOKS, Work
from ui.answers.question import STARTS, Question
from ui.answers.tuning import Judged, Suggestion
from ui.frame.page import PAGES
from ui.shared import cache
from ui.shared.tuner.setting import Setting

ROOT = Path(__file__).parent.parent.parent.parent
EVIL = "<img src=x onerror=alert(1)>"

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def open_answers(language: str = "en", own: str | None = None, **parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(PAGES["answers"].path)
    for parameter, value in {"language": language, **parameters}.items():
        page.query_params[parameter.replace("_", "-")] = value
    if own is not None:
        page.query_params["answers-list"] = OWN
        page.session_state["answers-own-text"] = own
    return page.run()


def ask(page: AppTest, text: str) -> AppTest:
    page.session_state["answers-question-state"].text = text
    return page.run()


def words(page: AppTest) -> str:
    """Everything that is written on the page, without escapes."""
    kinds = ("markdown", "title", "caption", "error", "info", "success", "code")
    elements = [element for kind in kinds for element in getattr(page, kind)]
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_bundled_question_is_answered_before_the_model_has_loaded(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "is_loaded", lambda _model: False)
    monkeypatch.setattr(cache, "embeddings", lambda *_arguments: pytest.fail("the model was asked"))
    page = open_answers(language)
    assert not page.exception
    assert ("**Right:**" if language == "en" else "**正确**：") in words(page)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("look", list(LOOKS))
def test_every_look_opens_in_both_languages(look: str, language: str) -> None:
    page = open_answers(language, answers_look=look)
    assert not page.exception
    assert not page.error


def test_the_first_questions_come_with_the_lists() -> None:
    for name, text in STARTS.items():
        assert text in [one.question for one in bundled_faq(name.replace("faq-zh", "zh_CN").replace("faq-", "")).asked]


def test_a_question_without_an_answer_gets_none_and_that_is_right() -> None:
    page = ask(open_answers(), "Who won the football match last night?")
    assert "**Right:** nothing in the list answers this" in words(page)


def test_an_own_list_is_written_line_by_line_and_its_answer_found() -> None:
    page = open_answers(own=f"When do you open?\tAt nine.\nWhere are you? | At the harbour {EVIL}.")
    page = ask(page, "What is your address?")
    assert not page.error
    assert f"At the harbour {EVIL}." in words(page)
    assert f"At the harbour {EVIL}." not in [element.value for element in page.markdown], "it is escaped"


def test_a_list_of_one_entry_works() -> None:
    page = ask(open_answers(own="When do you open?\tAt nine."), "When can I come?")
    assert not page.exception
    assert not page.error


@pytest.mark.parametrize(
    ("own", "message"),
    [
        ("When do you open? At nine.", "Line 1 of the list, 'When do you open? At nine.', has no question and answer."),
        ("When do you open?\t", "Line 1 of the list"),
    ],
)
def test_a_line_without_an_answer_is_named(own: str, message: str) -> None:
    page = open_answers(own=own)
    assert message in words(page)
    assert not page.exception


def test_an_empty_list_is_asked_for() -> None:
    assert "Write a question and its answer, or upload a list." in words(open_answers(own=" \n "))


def test_an_empty_question_is_asked_for() -> None:
    assert "Type a question." in words(ask(open_answers(), "  "))


def test_without_questions_that_people_asked_the_page_says_what_is_missing() -> None:
    page = open_answers(own="When do you open?\tAt nine.", answers_look="quality")
    assert "It is not known what people ask this list" in words(page)


def test_data_of_the_kind_answers_are_measured_question_by_question() -> None:
    page = open_answers(answers_list="answers-en", answers_look="quality")
    assert not page.exception
    assert "60 questions rank their right and wrong answers" in words(page)
    table = page.table[0].value
    assert list(table.columns)[1:] == ["MRR", "MAP", "precision at 1"]
    assert [str(cell) for cell in table.iloc[:, 0]] == ["all-MiniLM-L6-v2", "BM25", "difference"]


def test_the_quality_of_the_bundled_list_stands_beside_bm25() -> None:
    table = open_answers(answers_look="quality").table[0].value
    first, baseline = (float(str(table["precision at 1"].iloc[row]).split()[0]) for row in (0, 1))
    assert first > baseline


def test_a_threshold_in_the_address_holds_the_answer_back() -> None:
    page = open_answers(answers_threshold="0.95")
    assert "**Right entry, held back:**" in words(page)


def test_script_and_command_name_list_threshold_and_question() -> None:
    said = words(open_answers(answers_look="take", answers_threshold="0.5"))
    assert "threshold=0.5" in said
    assert f"answers.ask({STARTS['faq-en']!r})" in said
    assert "--faq faq-en" in said
    assert "--threshold 0.5" in said


def work(faq: Faq, settings: cache.EncoderSettings, judged: Judged | None = None) -> Work:
    return Work(List(faq, "own", ""), settings, "both", judged, Suggestion(0.5), Setting(0.5))


def test_a_formula_in_a_list_is_no_formula_in_its_files() -> None:
    faq = Faq("own", (Entry("=HYPERLINK(1)", "=1+1"), Entry("When?", "At nine; +2 h")), (Asked("@SUM(1)", 0),))
    made = work(faq, cache.EncoderSettings(), Judged(faq.asked, np.array([[0.9, 0.1]]), faq.same_answer))
    rows = list(csv.reader(take_away.entries(made).decode("utf-8-sig").splitlines()))
    assert rows == [["question", "answer"], ["'=HYPERLINK(1)", "'=1+1"], ["When?", "At nine;' +2 h"]]
    _header, replied = csv.reader(take_away.replies(made).decode("utf-8-sig").splitlines())
    assert replied == ["'@SUM(1)", "'=1+1", "0.9", "'=HYPERLINK(1)", "'=HYPERLINK(1)"]


def test_the_entry_that_is_first_is_right_where_it_has_the_answer_that_was_meant() -> None:
    entries = (Entry("When?", "At nine."), Entry("Where?", "Here."), Entry("Opening hours?", "at nine."))
    faq, asked = Faq("own", entries), Asked("What time?", 0)
    scores, words = np.array([[0.2, 0.4, 0.9]]), np.array([0.0, 2.0, 1.0])
    matches = Compared(scores, scores > 1).matches(0, entries, 3)
    found = ranking.Ranking(Question(asked.question, asked), matches, words, 0.5, "model", faq.right_entries(0))
    assert "**Right:** the entry that answers is first, with 0.90. BM25 puts it in place 2." in ranking.finding(found)
    assert Judged((asked,), scores, faq.same_answer).is_right.tolist() == [True]


@pytest.mark.parametrize("always", [None, Interval(0.6, 0.5, 0.7)])
def test_where_always_answering_is_better_the_page_says_so(always: Interval | None) -> None:
    judged = Judged((Asked("When?", 0), Asked("Why?", None)), np.array([[0.9], [0.2]]), (0,))
    said = tuning.finding(Suggestion(0.5, Interval(0.4, 0.3, 0.5), always), judged, Setting(0.5))
    assert "40% right" in said
    assert ("Always giving the closest answer: 60%." in said) == (always is not None)


@pytest.mark.parametrize("settings", [{}, {"prompt": "query,document"}, {"prompt": ""}, {"prompt": "cats: ", "dim": 8}])
def test_page_and_script_read_with_the_same_prompts(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny(layers=1)
    texts = {"query": "cats: ", "document": "Stocks fell: "}
    model.prompts = Prompts(texts) if settings else Prompts(texts, "query")  # by itself it uses none, or one
    monkeypatch.setattr(cache, "encoder", lambda of: model.configured(prompt=of.prompt, dim=of.dim))
    monkeypatch.setattr(cache, "is_loaded", lambda _model: True)
    monkeypatch.setattr(
        "simcse_core.encoding.catalogue.load", lambda _name, **given: model.configured(dim=given["dim"])
    )
    faq = Faq("own", (Entry("When do you open?", "At nine."), Entry("A cat", "A dog")))
    made = work(faq, cache.EncoderSettings("tiny", **settings))
    on_page = encoded.compared(["Where?"], faq, made.settings, "both").similarities
    script = take_away.python(made, "Where?").replace(repr(take_away.LIST_FILE), "faq")
    ran: dict[str, Any] = {"faq": faq}
    exec(script, ran)
    np.testing.assert_allclose(ran["answers"].compare(["Where?"]).similarities, on_page, atol=1e-6)
