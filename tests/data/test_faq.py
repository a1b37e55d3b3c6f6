"""Lists of questions and answers: the bundled ones, those that people bring, and what people asked."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from simcse_core.data import bundled
from simcse_core.data.faq import (
    Asked,
    Entry,
    Faq,
    asked_from_source,
    bundled_faq,
    bundled_names,
    faq_from_bytes,
    open_faq,
    read_asked,
)
from simcse_core.data.kinds import normalised
from simcse_core.data.language import language_of
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import DataError

LANGUAGES = ("en", "zh_CN")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bundled_list_is_what_the_data_card_says(language: str) -> None:
    faq = bundled_faq(language)
    asked = Counter(one.entry for one in faq.asked)
    without = asked.pop(None)
    assert 40 <= len(faq) <= 60
    assert set(asked) == set(range(len(faq)))
    assert set(asked.values()) == {3}
    assert without == 18
    assert Counter(one.is_near for one in faq.asked if one.entry is None) == {True: 10, False: 8}
    counts = f"| `faq-{bundled.ending(language)}` | {len(faq)} | {len(faq.asked) - 18} | 10 | 8 |"
    assert counts in (bundled.FOLDER / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_bundled_question_stands_twice_and_all_are_in_their_language(language: str) -> None:
    faq = bundled_faq(language)
    texts = [*faq.questions, *faq.answers, *(one.question for one in faq.asked)]
    assert [text for text, times in Counter(map(normalised, texts)).items() if times > 1] == []
    assert language_of([" ".join(texts)]) == language
    assert language == "zh_CN" or " ".join(texts).isascii()


def test_bundled_lists_are_no_data_sets_of_a_kind() -> None:
    assert bundled_names() == ["faq-en", "faq-zh"]
    assert not set(bundled_names()) & set(bundled.names())


def test_the_default_model_can_read_the_english_list(minilm: SimCSE) -> None:
    faq = bundled_faq()
    assert minilm.check([*faq.questions, *faq.answers, *(one.question for one in faq.asked)]).unreadable == ()


def test_a_language_without_a_list_has_the_english_one() -> None:
    assert bundled_faq("fr") is not None
    assert bundled_faq("fr").name == "faq-en"


PAIRS = [("When do you open?", "At nine."), ("Where are you?", "At the harbour.")]
ENTRIES = tuple(Entry(*pair) for pair in PAIRS)


@pytest.mark.parametrize(
    "source",
    [
        PAIRS,
        list(ENTRIES),
        pd.DataFrame(PAIRS, columns=["question", "answer"]),
        {"Question": [pair[0] for pair in PAIRS], "answer": [pair[1] for pair in PAIRS]},
        Faq("mine", ENTRIES),
    ],
    ids=["pairs", "entries", "frame", "columns", "list"],
)
def test_a_list_comes_from_whatever_holds_one(source: Any) -> None:
    assert open_faq(source).entries == ENTRIES


def test_a_list_comes_from_a_file_whose_columns_have_other_names(tmp_path: Path) -> None:
    file = tmp_path / "help.csv"
    file.write_text("id,Q,A\n1,When do you open?,At nine.\n")
    assert open_faq(file, {"question": "Q", "answer": "A"}).entries == ENTRIES[:1]
    with pytest.raises(DataError, match="map them: question=Q,answer=A"):
        open_faq(file)


def test_of_labelled_answers_the_right_ones_are_entries_and_questions_without_one_were_asked() -> None:
    content = b"question,answer,label\nA?,yes,1\nA?,no,0\nB?,no,0\nB?,never,0\n"
    faq = faq_from_bytes(content, "data.csv")
    assert (faq.entries, faq.asked) == ((Entry("A?", "yes"),), (Asked("B?", None),))


@pytest.mark.parametrize(
    ("content", "name", "complaint"),
    [
        (b"", "faq.csv", "is empty"),
        (b"question,answer\n", "faq.csv", "has no rows"),
        (b"question,answer\nA?,\n", "faq.csv", "row 2: 'answer' is empty"),
        (b"text,label\nA?,x\n", "faq.csv", "the columns question and answer"),
        (b"just a line\n", "faq.txt", "is a text file"),
        (b'["A?"]', "faq.json", "texts without answers"),
        (b'{"question": "A?", "answer": ["a", "b"]}\n', "faq.jsonl", "holds a list"),
        (b"PK\x03\x04", "faq.docx", "ends in none of"),
        (b"question,answer,label\nA?,no,0\n", "faq.csv", "no right answer"),
        (b"question,answer,label\nA?,no,maybe\n", "faq.csv", "is not 0 or 1"),
    ],
)
def test_a_file_that_is_no_list_is_refused_in_words(content: bytes, name: str, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        faq_from_bytes(content, name)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ([], "no rows"),
        (5, "int is no list of questions"),
        (["only a text"], "Entry 1 is 'only a text'"),
        ([("one", "two", "three")], "a question and its answer"),
        (pd.DataFrame({"question": [["a", "b"]], "answer": ["c"]}), "row 1: 'question' holds a list"),
        ({"question": ["a"], "answer": ["b", "c"]}, "differ in length"),
        ("nowhere", "no bundled list of that name"),
        ("nowhere.csv", "There is no file nowhere.csv"),
    ],
    ids=str,
)
def test_what_is_no_list_is_refused_in_words(source: Any, complaint: str) -> None:
    with pytest.raises(DataError, match=complaint):
        open_faq(source)


def test_what_people_asked_names_an_answer_a_question_or_nothing(tmp_path: Path) -> None:
    faq = open_faq(PAIRS)
    file = tmp_path / "asked.csv"
    file.write_text("question,answer\nOpen yet?,AT NINE.\nAddress?,Where are you?\nLead melts when?,\n")
    assert [one.entry for one in read_asked(file, faq)] == [0, 1, None]
    file.write_text("question,answer\nOpen yet?,At ten.\n")
    with pytest.raises(DataError, match=r"row 2: the answer 'At ten\.' is none of the list"):
        read_asked(file, faq)


def test_what_people_asked_comes_as_pairs_with_positions() -> None:
    faq = open_faq(PAIRS)
    assert asked_from_source([("Open yet?", 0), ("Lead?", None)], faq) == (Asked("Open yet?", 0), Asked("Lead?", None))
    with pytest.raises(DataError, match=r"names entry 2, but there are 2 \(0 to 1\)"):
        asked_from_source([("Open yet?", 2)], faq)
    with pytest.raises(DataError, match="Question 1 is"):
        asked_from_source([("Open yet?", "0")], faq)


def test_the_bundled_files_are_json_of_one_shape() -> None:
    for name in bundled_names():
        stored = json.loads((bundled.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        assert set(stored) == {"title", "about", "entries", "unanswered"}
        assert all(set(entry) == {"question", "answer", "asked"} for entry in stored["entries"])
