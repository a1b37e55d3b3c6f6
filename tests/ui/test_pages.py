"""The pages without a browser: what they say, and what they do with bad input."""

import ast
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.state.query_params import QueryParams
from streamlit.testing.v1 import AppTest

from simcse_core.data.kinds import Labelled
from simcse_core.errors import ModelError
from ui.frame.page import PAGES
from ui.shared import cache, data_choice

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

Open = Callable[..., AppTest]


@pytest.fixture
def open_page() -> Open:
    """A page, drawn once with a language and parameters in its address."""

    def draw(name: str, language: str = "en", **parameters: str) -> AppTest:
        page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        if name != "start":
            page.switch_page(PAGES[name].path)
        for parameter, value in {"language": language, **parameters}.items():
            page.query_params[parameter] = value
        return page.run()

    return draw


def words(page: AppTest) -> str:
    """Everything that is written on the page."""
    elements = [*page.markdown, *page.title, *page.header, *page.subheader, *page.caption, *page.error, *page.info]
    return "\n".join(str(element.value) for element in elements)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("name", list(PAGES))
def test_every_page_opens_in_both_languages_without_an_error(open_page: Open, name: str, language: str) -> None:
    page = open_page(name, language)
    assert not page.exception
    assert not page.error
    heading = page.title[0].value
    assert heading.isascii() == (language == "en")


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("start", "ui.shared.stored.first_look"),
        ("similarity", "ui.shared.inputs.encoder_settings"),
        ("losses", "ui.losses.inputs.batch_choice"),
        ("start", "ui.frame.page._take_up_runs"),
    ],
)
def test_what_goes_wrong_on_a_page_is_told_in_words_and_the_rest_is_there(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, name: str, broken: str
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ModelError("The run {run} is damaged.", run="x")

    monkeypatch.setattr(broken, fail)
    page = open_page(name)
    assert not page.exception
    assert [error.value.replace("\\", "") for error in page.error] == ["The run x is damaged."]
    assert page.title or page.table
    if name == "similarity":
        assert page.table[0].value.shape == (8, 8)


@pytest.mark.parametrize("name", ["start", "similarity", "losses"])
def test_the_address_is_written_when_something_has_changed_and_not_in_each_run(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    page = open_page(name, projector="1")
    written: list[str] = []
    monkeypatch.setattr(QueryParams, "_send_query_param_msg", lambda parameters: written.append(str(parameters)))
    page.run()
    assert written == []
    page.toggle[0].set_value(False).run()
    assert not page.exception
    assert "projector" not in written[-1]


@pytest.mark.parametrize("script", sorted(path.name for path in (ROOT / "pages").glob("*.py")))
def test_all_that_a_page_does_after_its_frame_is_guarded(script: str) -> None:
    """A guard around less is a red box for everybody when a model in their list is damaged."""
    code = (ROOT / "pages" / script).read_text(encoding="utf-8")
    unguarded = [node for node in ast.parse(code).body if _calls_a_view(node)]
    assert [ast.unparse(node) for node in unguarded] == []


VIEWS = {"inputs", "losses_inputs", "race_inputs", "race_view", "runs_view", "heatmap", "my_races"}


def _calls_a_view(node: ast.stmt) -> bool:
    """Whether a statement of a page calls what may say that something is wrong, outside of a guard."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return False
    if isinstance(node, ast.With) and any("user_errors" in ast.unparse(item) for item in node.items):
        return False
    if isinstance(node, ast.With | ast.If):
        return any(_calls_a_view(inner) for inner in (*node.body, *getattr(node, "orelse", [])))
    calls = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
    return any(isinstance(func, ast.Attribute) and ast.unparse(func.value) in VIEWS for func in calls)


def type_sentences(page: AppTest, text: str) -> AppTest:
    """AppTest runs no JavaScript: what the text area would report is put where the page keeps it."""
    page.session_state["sentences-state"].text = text
    return page.run()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_first_heatmap_does_not_wait_for_the_model(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    """With a model that never arrives, the page is complete all the same."""
    monkeypatch.setattr(cache, "loading", lambda _name: Future[Any]())
    page = open_page("similarity", language)
    assert page.table[0].value.shape == (8, 8)


def test_similarity_shows_the_matrix_as_text(open_page: Open) -> None:
    page = type_sentences(open_page("similarity"), "A cat sleeps.\nA kitten naps.\nStocks fell.")
    table = page.table[0].value
    assert table.shape == (3, 3)
    assert table.iloc[0, 0] == "1.00"
    assert float(table.iloc[0, 1]) > 0.5 > float(table.iloc[0, 2])
    assert "Lines 1 and 2 are closest" in words(page)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Type or paste at least two sentences"),
        ("  \n \n", "Type or paste at least two sentences"),
        ("Only one.", "One sentence has nothing to be compared with"),
        ("a\n" * 100_000, "100,000 texts are too many here: the limit is 5,000"),
        ("x" * 1_000_000, "1,000,000 characters: the limit is 20,000"),
    ],
)
def test_bad_sentences_get_a_clear_message(open_page: Open, text: str, message: str) -> None:
    page = type_sentences(open_page("similarity"), text)
    assert not page.exception
    assert message in words(page).replace("\\", "")


def test_tags_and_markdown_in_a_sentence_are_shown_as_they_are(open_page: Open) -> None:
    page = type_sentences(open_page("similarity"), "<script>alert(1)</script>\n**bold** $x$")
    rows = list(page.table[0].value.index)
    assert rows[0].replace("\\", "") == "1 <script>alert(1)</script>"
    assert "\\<script" in rows[0]
    assert "\\*\\*bold" in rows[1]


def test_chinese_for_the_english_model_is_a_warning_that_names_another(open_page: Open) -> None:
    page = type_sentences(open_page("similarity"), "今天天气很好。\n图书馆几点开门？")
    assert "multilingual-e5-small" in page.warning[0].value.replace("\\", "")


def test_settings_in_the_address_are_followed(open_page: Open) -> None:
    page = open_page("similarity", layer="2", pooling="max", sample="negation")
    assert page.slider(key="layer-").value == 2
    assert page.selectbox(key="pooling-en").value == "max"
    assert page.selectbox(key="sample-en").value == "negation"
    nonsense = open_page("similarity", layer="99", pooling="<b>", sample="../x", language="klingon")
    assert not nonsense.exception
    assert nonsense.slider(key="layer-").value == 6


def test_a_frozen_model_offers_no_layers(open_page: Open) -> None:
    page = open_page("similarity", "zh_CN", model="use-multilingual")
    assert not page.slider
    assert "冻结" in words(page)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_training_shows_a_finished_race_at_once(open_page: Open, language: str) -> None:
    page = open_page("training", language)
    assert page.table[0].value.shape[0] == {"en": 5, "zh_CN": 6}[language]  # the Chinese race has a row for its start
    assert "cross_entropy" in words(page)


def test_a_race_that_does_not_exist_is_said(open_page: Open) -> None:
    page = open_page("training", race="nothing")
    assert not page.exception
    assert "There is no race" in page.error[0].value.replace("\\", "")


def test_data_too_small_to_split_is_said(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = Labelled("tiny.csv", ("a", "b", "c"), ("x", "y", "x"))
    monkeypatch.setattr(data_choice, "choose_data", lambda _key, **_: data_choice.ChosenData(tiny, "tiny.csv"))
    page = open_page("training")
    assert not page.exception
    assert "at least two classes need 4 different texts" in page.error[0].value.replace("\\", "")
