"""The page Classify without a browser: each view in both languages, and what it says to bad files."""

from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ui.frame.page import PAGES
from ui.shared import background, data_choice
from ui.shared.data_choice import Upload
from ui.shared.work_note import Note, Stopped

ROOT = Path(__file__).parent.parent.parent.parent
TOPICS = {"card": "My card number {} is lost.", "loan": "May I keep book {} longer?", "room": "Is room {} free today?"}
ROWS = "text,label\n" + "".join(f"{text.format(n)},{label}\n" for n in range(12) for label, text in TOPICS.items())

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def work_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def submit(_worker: str, _content: str, work: Callable[..., Any], *arguments: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(work(*arguments))
        except Stopped as stopped:
            future.set_exception(stopped)
        return future

    monkeypatch.setattr(background, "submit", submit)


def opened(language: str = "en", content: str = "", name: str = "mine.csv", **parameters: str) -> AppTest:
    """The page, with a file that somebody has brought."""
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=90)
    page.switch_page(PAGES["classify"].path)
    for parameter, value in {"language": language, **parameters}.items():
        page.query_params[parameter] = value
    if content:
        file = Upload(content.encode(), name, data_choice.hash_of(content.encode()))
        page.session_state["classify-handed-over"] = file
    return page.run()


def words(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.error, *page.info, *page.warning]
    return "\n".join(str(element.value) for element in elements)


@pytest.mark.parametrize(
    ("language", "view"),
    [("en", "amount"), ("en", "try"), ("en", "label"), ("zh_CN", "abstain")],
)
def test_every_view_opens_with_something_to_see(language: str, view: str) -> None:
    page = opened(language, **{"classify-view": view})
    assert not page.exception
    assert not page.error
    assert "%" in words(page) or view == "label"
    assert ("就是在这些文本上选出的" in words(page)) == (view == "abstain")  # of the threshold at first


def test_the_result_stands_there_before_a_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.shared.cache.encoder", lambda *_arguments: pytest.fail("a model was needed"))
    page = opened()
    assert not page.exception
    assert "of 200 texts are right (95 % range" in words(page)
    assert "TF-IDF" in words(page)


def test_a_corrected_label_counts_when_one_asks_for_it_and_can_be_undone() -> None:
    page = opened(content=ROWS.replace("My card number 3 is lost.,card", "My card number 3 is lost.,room"))
    assert not page.exception
    (box,) = [one for one in page.selectbox if one.label.startswith("Label of “My card number 3")]
    box.select("card").run()
    (again,) = [one for one in page.button if one.label == "Recompute with 1 corrections"]
    again.click().run()
    assert "**100.0%** of 36 texts are right" in words(page)
    assert "1 corrections are in these results." in words(page)
    (undo,) = [one for one in page.button if one.label == "Undo"]
    undo.click().run()
    assert not page.exception
    assert any(one.label == "Recompute with 0 corrections" for one in page.button)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,label\n" + "".join(f"text {n},same\n" for n in range(20)), "without a second class"),
        ("text,label\nonly,a\n", "without a second class"),
        ("text\n" + "".join(f"text {n}\n" for n in range(20)), "texts without labels"),
        ("text,label\na,1\nb,True\nc,0\nd,false\n", "written in two ways"),
        ("sentence1,sentence2,label\na,b,1\nc,d,0\n", "columns text and label"),
        ("text,label\na,\nb,x\n", "'label' is empty"),
        (f"{ROWS}I am alone.,alone\n", "One text only"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_the_page_stays(content: str, said: str) -> None:
    page = opened(content=content)
    assert not page.exception
    assert said in words(page).replace("\\", "")
    assert [one for one in page.selectbox if one.label == "Data"]


def test_labels_1_and_1_0_are_one_class() -> None:
    rows = "".join(
        f"{text.format(n)},{label}\n"
        for n in range(9)
        for label, text in (("1", TOPICS["card"]), ("0", TOPICS["loan"]))
    )
    page = opened(content="text,label\n" + rows.replace(",1\n", ",1.0\n", 3))
    assert not page.exception
    assert "**100.0%** of 18 texts are right" in words(page)


def test_stopped_work_says_so_and_goes_on_when_asked(tmp_path: Path) -> None:
    note = Note(tmp_path / "note")
    report = note.reporter()
    report(1, 4)
    done, total, seconds = note.read()
    assert (done, total) == (1, 4)
    assert seconds >= 0
    note.stop()
    with pytest.raises(Stopped):
        report(2, 4)
