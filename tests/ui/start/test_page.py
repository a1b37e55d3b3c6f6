"""The page Start without a browser: what its picture is told, and what it says."""

import math
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from ui.frame.page import PAGES
from ui.frame.translation import LANGUAGES
from ui.shared import cache, stored
from ui.start import arrows, figures
from ui.start.questions import QUESTIONS

ROOT = Path(__file__).parent.parent.parent.parent
MODELS = {"en": "minilm", "zh_CN": "me5-small"}

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page hands to its components in JavaScript, by their names."""
    drawn: dict[str, Any] = {}

    def component(name: str, _entry: Path) -> Any:
        def draw(*, key: str, data: Mapping[str, Any], **_options: object) -> None:
            drawn[name] = data

        return draw

    for module in ("ui.start.arrows", "ui.start.questions"):
        monkeypatch.setattr(f"{module}.component", component)
    return drawn


@pytest.fixture
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """It never arrives."""
    monkeypatch.setattr(cache, "loading", lambda _name: Future[Any]())


def start_page(language: str = "en", **parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for name, value in {"language": language, **parameters}.items():
        page.query_params[name] = value
    return page.run()


def type_sentence(page: AppTest, number: int, text: str) -> AppTest:
    """AppTest runs no JavaScript: what the field would report is put where the page keeps it."""
    page.session_state[f"start-{number}-state"].text = text
    return page.run()


def finding(page: AppTest) -> str:
    return next(str(one.value) for one in page.markdown if "**" in str(one.value) and "°" in str(one.value))


@pytest.mark.usefixtures("no_model")
@pytest.mark.parametrize("language", list(LANGUAGES))
def test_arrows_heatmap_and_finding_do_not_wait_for_the_model(pictures: dict[str, Any], language: str) -> None:
    page = start_page(language)
    assert not page.exception
    look = stored.first_look(MODELS[language])
    for picture in (pictures["simcse_start_arrows"], pictures["simcse_start_cells"]):
        assert picture["texts"] == look.texts
        assert picture["pair"] == [0, 2]
        np.testing.assert_allclose(picture["cosines"], look.similarity, atol=1e-6)
    cosine = look.similarity[0][2]
    assert f"**{cosine:.2f}**" in finding(page)
    assert f"**{math.degrees(math.acos(cosine)):.1f}°**" in finding(page)
    assert "384" in finding(page)


def test_the_address_names_the_two_sentences_and_nonsense_in_it_does_no_harm(pictures: dict[str, Any]) -> None:
    page = start_page(arrows="4-7")
    assert pictures["simcse_start_arrows"]["pair"] == [3, 6]
    assert "Sentences 4 and 7" in finding(page)
    for nonsense in ("4-4", "9-1", "<b>"):
        assert "Sentences 1 and 3" in finding(start_page(arrows=nonsense))


def test_a_typed_sentence_turns_its_arrow_and_changes_its_row(pictures: dict[str, Any]) -> None:
    page = start_page()
    before = np.array(pictures["simcse_start_cells"]["cosines"])
    cache.loading("minilm").result()
    page = type_sentence(page, 3, "Outside it rained\n the whole morning!")
    assert not page.exception
    picture = pictures["simcse_start_cells"]
    assert picture["texts"][2] == "Outside it rained the whole morning!"
    after = np.array(picture["cosines"])
    assert 0.5 < after[0, 2] < 0.999
    assert after[0, 2] != pytest.approx(before[0, 2], abs=1e-4)
    unchanged = [0, 1, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(after[np.ix_(unchanged, unchanged)], before[np.ix_(unchanged, unchanged)], atol=2e-3)

    page = type_sentence(page, 3, " \n")  # on the way to another sentence
    assert pictures["simcse_start_cells"]["texts"][2] == "Outside it rained the whole morning!"
    page.button(key="start-reset").click().run()
    assert pictures["simcse_start_cells"]["texts"] == stored.first_look("minilm").texts
    assert not page.get("button")


@pytest.mark.usefixtures("no_model")
def test_while_the_model_is_loading_the_stored_picture_stays_and_the_page_says_so(pictures: dict[str, Any]) -> None:
    page = type_sentence(start_page(), 1, "Something else.")
    assert not page.exception
    assert pictures["simcse_start_cells"]["texts"] == stored.first_look("minilm").texts
    assert any("until then the stored ones are shown" in str(one.value) for one in page.markdown)
    assert any("loading" in str(one.value) for one in page.caption)


def test_a_sentence_that_is_too_long_is_said(pictures: dict[str, Any]) -> None:
    page = start_page()
    cache.loading("minilm").result()
    page = type_sentence(page, 1, "x" * 30_000)
    assert not page.exception
    assert "30,000 characters" in page.error[0].value.replace("\\", "")


def test_the_angle_of_rounded_cosines_is_one() -> None:
    assert [arrows.angle(cosine) for cosine in (1.0000001, 1, 0.5, 0, -1, -1.0000001)] == pytest.approx(
        [0, 0, 60, 90, 180, 180]
    )


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.figure.__name__)
def test_the_figure_of_a_question_lies_inside_its_card(question: Any, language: str) -> None:
    """Every coordinate, so that nothing is cut or missing."""
    elements = question.figure(language)
    assert len(elements) >= 4
    assert question.page in PAGES
    for name, attributes, _text in elements:
        if name == "polyline":
            points = [tuple(map(float, point.split(","))) for point in attributes["points"].split()]
            xs, ys = zip(*points, strict=True)
        else:
            letter_x, letter_y = ("cx", "cy") if name == "circle" else ("x", "y")
            xs = (attributes[letter_x], attributes[letter_x] + attributes.get("width", 0))
            ys = (attributes[letter_y], attributes[letter_y] + attributes.get("height", 0))
        assert min(xs) >= 0
        assert max(xs) <= figures.WIDTH
        assert min(ys) >= 0
        assert max(ys) <= figures.HEIGHT
