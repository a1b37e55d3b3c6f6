"""The page Search without a browser: what it says, and what it does with bad input."""

from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.data import bundled
from simcse_core.encoding.model import SimCSE
from simcse_core.uses.search.encoders import Sides
from ui.frame.page import PAGES
from ui.search import first
from ui.search.corpus import SearchCorpus
from ui.search.results import STEPS
from ui.shared import cache, stored

ROOT = Path(__file__).parent.parent.parent.parent

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page hands to its components in JavaScript, by their names."""
    drawn: dict[str, Any] = {}

    def component(name: str, _entry: Path) -> Any:
        def draw(*, key: str, data: Mapping[str, Any], **_options: object) -> Any:
            drawn[name] = data
            return type("Result", (), {"text": None})()

        return draw

    for module in ("ui.search.lists", "ui.search.repeats", "ui.shared.word_effects"):
        monkeypatch.setattr(f"{module}.component", component)
    return drawn


def open_search(
    language: str = "en", query: str | None = None, parameters: Mapping[str, str] | None = None, *, loaded: bool = True
) -> AppTest:
    if loaded:
        cache.encoder(cache.EncoderSettings("me5-small" if language == "zh_CN" else "minilm"))
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(PAGES["search"].path)
    for parameter, value in {"language": language, **(parameters or {})}.items():
        page.query_params[parameter] = value
    page.run()
    if query is not None:
        page.session_state["search-query-state"].text = query
        page.run()
    return page


def said(page: AppTest) -> str:
    elements = [*page.markdown, *page.caption, *page.info, *page.error, *page.warning]
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_first_lists_do_not_wait_for_the_model(
    pictures: dict[str, Any], monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(cache, "loading", lambda _name: Future[Any]())
    page = open_search(language, loaded=False)
    assert not page.exception
    meaning, words = pictures["simcse_search_lists"]["lists"]
    assert len(meaning["hits"]) == 10
    assert words["hits"]


def test_while_the_model_loads_words_are_found_at_once(
    pictures: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "loading", lambda _name: Future[Any]())
    page = open_search(query="a bicycle", loaded=False)
    assert not page.exception
    meaning, words = pictures["simcse_search_lists"]["lists"]
    assert meaning["hits"] == []
    assert "bicycle" in words["hits"][0]["text"]


def test_what_is_stored_is_what_the_models_find(minilm: SimCSE, me5_small: SimCSE) -> None:
    for model, query in ((minilm, first.QUERIES[0]), (me5_small, "早上起雾")):
        kept = stored.first_search(model.name)
        assert kept is not None
        assert kept.query == query
        texts = SearchCorpus.of_data(bundled.load(kept.data)).texts
        sides = Sides.of(model)
        cosines = sides.document.encode([texts[row] for row in kept.rows[:5]]) @ sides.query.encode([query])[0]
        assert kept.scores[:5] == pytest.approx(cosines.tolist(), abs=2e-3)
        assert len(kept.reached) == len(STEPS)


def test_each_list_says_where_the_other_has_its_texts(pictures: dict[str, Any]) -> None:
    page = open_search()
    picture = pictures["simcse_search_lists"]
    meaning, words = ([hit["row"] for hit in one["hits"]] for one in picture["lists"])
    for hit in picture["lists"][0]["hits"]:
        assert (hit["there"] == "") == (hit["row"] in words)
    assert f"In both lists: {len(set(meaning) & set(words))}." in said(page)
    assert picture["selected"] == next(row for row in meaning if row not in words)
    assert picture["spread"]["reached"][0] == 300


def test_a_query_without_words_in_the_texts_finds_by_meaning_alone(pictures: dict[str, Any]) -> None:
    open_search(query="Zugvögel")
    meaning, words = pictures["simcse_search_lists"]["lists"]
    assert len(meaning["hits"]) == 10
    assert (words["hits"], words["empty"]) == ([], "No text contains a word of the query.")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "Type what you are looking for."),
        (" \n ", "Type what you are looking for."),
        ("x" * 30_000, "the limit is 20,000"),
    ],
)
def test_a_query_that_cannot_be_searched_for_is_said(pictures: dict[str, Any], query: str, message: str) -> None:
    page = open_search(query=query)
    assert not page.exception
    assert message in said(page)


def test_a_query_in_a_language_the_model_cannot_read_is_a_warning(pictures: dict[str, Any]) -> None:
    page = open_search(query="今天早上有雾，什么也看不见。")
    assert "cannot read" in said(page)


def test_right_texts_are_marked_where_the_data_knows_the_query(pictures: dict[str, Any]) -> None:
    page = open_search(parameters={"search-data": "answers-en"})
    assert not page.exception
    hits = pictures["simcse_search_lists"]["lists"][0]["hits"]
    assert any(hit["right"] for hit in hits)
    assert "Right:" in said(page)


@pytest.mark.parametrize("parameters", [{"beside": "both"}, {"beside": "model", "b-model": "minilm", "b-layer": "3"}])
def test_meaning_stands_beside_both_joined_or_another_encoder(
    pictures: dict[str, Any], parameters: dict[str, str]
) -> None:
    page = open_search(parameters=parameters)
    assert not page.exception
    first_list, second_list = pictures["simcse_search_lists"]["lists"]
    assert first_list["title"] != second_list["title"]
    assert len(second_list["hits"]) == 10


def test_duplicates_are_groups_of_close_texts(pictures: dict[str, Any]) -> None:
    page = open_search(parameters={"view": "same"})
    assert not page.exception
    groups = pictures["simcse_search_groups"]["groups"]
    assert all(float(text["score"]) >= 0.65 for group in groups for text in group)
    assert f"{len(groups)} groups of near duplicates" in said(page)


def test_quality_compares_meaning_with_words_over_all_queries_of_the_data() -> None:
    page = open_search(parameters={"view": "quality", "search-data": "answers-en"})
    assert not page.exception
    assert page.table[0].value.shape == (3, 4)
    assert "of 60 queries" in said(page)
    assert "95 % range" in said(page)


def test_pasted_texts_are_searched_in_place_of_bundled_ones(pictures: dict[str, Any]) -> None:
    page = open_search()
    page.session_state["search-paste-state"].text = "<b>one</b> fog\n**two**"
    page.run()
    assert not page.exception
    texts = {hit["text"] for hit in pictures["simcse_search_lists"]["lists"][0]["hits"]}
    assert texts == {"<b>one</b> fog", "**two**"}
