"""The page Losses without a browser: what it says, what it sends to the browser, and what it makes of bad input."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.learning.circle import FAILURES, PRESETS
from simcse_core.learning.losses import losses
from ui.frame.page import PAGES
from ui.losses import breaking, padding, run, view
from ui.shared import option_widgets
from ui.shared.stored import FOLDER

ROOT = Path(__file__).parent.parent.parent.parent
THREE = PRESETS["three"]

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def open_losses(language: str = "en", text: str | None = None, **parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(PAGES["losses"].path)
    for parameter, value in {"language": language, **parameters}.items():
        page.query_params[parameter] = value
    page.run()
    if text is not None:
        page.session_state["circle-sentences-state"].text = text
        page.run()
    return page


def sent(page: AppTest, component: str = "simcse_circles") -> dict[str, Any]:
    """What the circles were sent, or the details in the rail."""
    (message,) = [one for one in page.get("bidi_component") if one.proto.component_name == component]
    data: dict[str, Any] = json.loads(
        message.proto.mixed.json if message.proto.HasField("mixed") else message.proto.json
    )
    return data


def details(page: AppTest) -> dict[str, Any]:
    """What the rail says of each circle, by its title."""
    return {panel["title"]: panel for panel in sent(page, "simcse_circle_details")["panels"]}


def floats(text: str, *shape: int) -> Any:
    return np.frombuffer(base64.b64decode(text), dtype="<f4").reshape(shape)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_first_paint_shows_three_losses_from_start_to_end(language: str) -> None:
    page = open_losses(language)
    assert not page.exception
    assert not page.error
    assert page.title[0].value == {"en": "What does each loss pull together and push apart?"}.get(
        language, page.title[0].value
    )
    assert list(page.table[0].value.index) == ["bce", "cross\\_entropy", "triplet"]
    data = sent(page)
    assert [panel["title"] for panel in data["panels"]] == ["bce", "cross_entropy", "triplet"]
    starts = [floats(panel["angles"], 61, 9)[0] for panel in data["panels"]]
    for start in starts:
        np.testing.assert_allclose(start, starts[0], atol=1e-6)
    assert len({panel["angles"] for panel in data["panels"]}) == 3


def test_the_first_paint_needs_no_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> None:
        raise AssertionError("computed, not read")

    monkeypatch.setattr(run, "motion_and_cells", refuse)
    assert not open_losses().exception


@pytest.mark.parametrize("name", run.FIRST)
def test_what_is_stored_is_what_is_computed(name: str) -> None:
    options = tuple(sorted(losses[name].with_options({}).items()))
    found = run.stored(name, THREE, options)
    assert found is not None, "run `make assets`"
    motion, cells = run.compute(name, THREE, options)
    np.testing.assert_allclose(found[0].points, motion.points, atol=1e-4)
    np.testing.assert_allclose(found[1].gradients, cells.gradients, atol=1e-3)
    np.testing.assert_array_equal(found[1].targets, cells.targets)
    assert cells.shares is not None
    assert found[1].shares is not None
    np.testing.assert_allclose(found[1].shares, cells.shares, atol=1e-3)
    assert (found[1].logits is None) == (cells.logits is None)


def test_every_loss_has_a_circle_with_its_matrices() -> None:
    page = open_losses(losses=",".join(losses.names()))
    assert not page.exception
    assert [panel["title"] for panel in sent(page)["panels"]] == losses.names()
    panels = details(page)
    assert list(panels) == losses.names()
    for name, panel in panels.items():
        matrices = panel["matrices"]
        rows, columns = len(matrices["rows"]), len(matrices["columns"])
        shares = floats(matrices["shares"], 61, rows, columns)
        pushes = floats(matrices["pushes"], 61, rows, columns)
        for percent in (shares, pushes):
            total = np.abs(percent).sum(axis=(1, 2))
            assert ((np.abs(total - 100) < 0.01) | (total == 0)).all()
        assert matrices["editable"] == (name not in ("simcse", "center"))
    assert panels["center"]["matrices"]["columns"] == ["A", "B", "C"]
    assert panels["triplet"]["matrices"]["probabilities"] is None


def test_a_loss_and_its_setting_in_the_address_are_followed() -> None:
    page = open_losses(losses="supcon", **{"supcon-temperature": "1", "batch": "two"})
    assert [panel["title"] for panel in sent(page)["panels"]] == ["supcon"]
    (setting,) = sent(page)["panels"][0]["settings"]
    assert (setting["option"], setting["value"]) == ("temperature", "1")
    assert len(sent(page)["points"]) == 8
    warm, cold = (
        sent(page)["panels"][0]["angles"],
        sent(open_losses(losses="supcon", batch="two"))["panels"][0]["angles"],
    )
    assert warm != cold
    nonsense = open_losses(losses="<b>", batch="../x", **{"break": "everything", "bce-scale": "-1"})
    assert not nonsense.exception
    assert [panel["title"] for panel in sent(nonsense)["panels"]] == list(run.FIRST)


def test_losses_are_chosen_and_the_last_one_cannot_be_taken_away() -> None:
    page = open_losses()
    page.button_group(key="circle-losses").set_value(["simcse"]).run()
    assert [panel["title"] for panel in sent(page)["panels"]] == ["simcse"]
    page.button_group(key="circle-losses").set_value([]).run()
    assert [panel["title"] for panel in sent(page)["panels"]] == ["simcse"]


def test_options_have_a_few_values_within_their_range_with_the_default_among_them() -> None:
    for loss in losses.entries():
        defaults = loss.with_options({})
        for field in loss.fields:
            values = option_widgets.few_values(field)
            assert defaults[field.name] in values.values()
            assert 2 <= len(values) <= 9
            for value in values.values():
                loss.with_options({field.name: value})  # raises for what is out of range


def test_a_setting_chosen_beside_a_circle_holds_and_stands_in_the_address() -> None:
    page = open_losses(losses="bce")
    page.session_state["remembered"] = {"bce-scale": "20"}  # what the browser reports is put there
    page.run()
    scale, bias = sent(page)["panels"][0]["settings"]
    assert (scale["value"], bias["value"]) == ("20", "-5")
    assert page.query_params["bce-scale"] in ("20", ["20"])
    assert sent(page)["panels"][0]["learned"]["scale"][0] == 20  # where it starts; training learns it
    assert [name for name, _text in details(page)["bce"]["about"]] == ["", "scale", "bias"]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("name", list(FAILURES))
def test_every_mistake_is_shown_and_explained(name: str, language: str) -> None:
    page = open_losses(language, **{"break": name})
    assert not page.exception
    assert not page.error
    panels = sent(page)["panels"]
    assert {panel["verdict"] for panel in panels} == {"wrong", "right"}
    words = [one.value for one in page.markdown]
    story = breaking.story(name, breaking.failure(name).numbers)
    if language == "en":
        assert story.seen in words
        assert len(story.seen) < 210  # so that all of it is seen beside the circles, on a projector too
        assert len(story.why) < 330
        assert len(story.remedy) < 110
    assert not any("{" in text for text in words)
    assert len(page.table[0].value) == len(panels)
    assert not any(panel["matrices"]["editable"] for panel in details(page).values() if panel["matrices"])


@pytest.mark.parametrize("name", list(FAILURES))
def test_the_large_number_of_every_mistake_tells_right_from_wrong(name: str) -> None:
    panels = breaking.shown(name, breaking.failure(name))
    (right,) = [float(panel.telling[-1]) for panel in panels if panel.verdict == "right" and panel.telling is not None]
    for panel in panels:
        assert panel.telling_in_words
        if panel.verdict == "wrong":
            assert panel.telling is not None
            assert abs(float(panel.telling[-1]) - right) > 0.1


def test_the_view_is_chosen_above_the_figure() -> None:
    page = open_losses()
    page.button_group(key="circle-view-en").set_value("break").run()
    assert sent(page)["panels"][0]["verdict"] == "wrong"
    page.selectbox(key="break-en").select("padding").run()
    assert page.query_params["break"] in ("padding", ["padding"])
    page.button_group(key="circle-view-en").set_value("compare").run()
    assert sent(page)["panels"][0]["verdict"] == ""
    assert "break" not in page.query_params


def test_numbers_in_the_words_come_from_the_computation(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = FAILURES["plus_minus_one"]().numbers
    monkeypatch.setattr(breaking, "_", lambda text: text)
    assert "cost −17.1" in breaking.story("plus_minus_one", numbers).why
    assert "cost −3.0" in breaking.story("plus_minus_one", {**numbers, "clusters": -3}).why


def test_padding_shows_real_tokens_and_false_negatives_the_rate_of_the_linter() -> None:
    tokens = sent(open_losses(**{"break": "padding"}), "simcse_circle_details")["tokens"]
    assert (tokens["tokens"][0], tokens["pad"]) == ("[CLS]", "[PAD]")
    assert {sum(wins) for wins in tokens["wins"]} == {384}
    assert tokens["itself"][0] == 1 > tokens["itself"][-1]
    page = open_losses(**{"break": "same_class"})
    assert "In a batch of 32 random texts" in " ".join(caption.value for caption in page.caption)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_stored_tokens_are_those_of_the_model(language: str) -> None:
    file = FOLDER / f"padding_{language}.json"
    found = padding.compute(language)
    stored = json.loads(file.read_text(encoding="utf-8"))
    assert stored["tokens"] == found.tokens
    np.testing.assert_allclose(stored["itself"], found.itself, atol=0.002)
    np.testing.assert_allclose(stored["others"], found.others, atol=0.002)
    for before, now in zip(stored["wins"], found.wins, strict=True):
        assert np.abs(np.subtract(before, now)).max() <= 2


def test_own_sentences_become_points() -> None:
    page = open_losses(batch="own", text="pets: A cat sleeps.\npets: The cat is asleep.\n钱：Stocks <b>fell</b>.")
    assert not page.exception
    data = sent(page)
    assert [point["name"] for point in data["points"]] == ["A1", "A2", "B1"]
    assert [entry["label"] for entry in data["legend"]] == ["A pets", "B 钱"]
    (table,) = [one.value for one in page.table if "sentence" in one.value]
    assert list(table.index) == ["A1", "A2", "B1"]
    assert "\\<b" in table.iloc[2, 1]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_sample_of_own_sentences_fits_on_a_circle(language: str) -> None:
    page = open_losses(language, batch="own")
    assert not page.exception
    assert len(sent(page)["points"]) == 4


def test_sentences_that_no_circle_keeps_are_refused_and_shown_as_their_cosines() -> None:
    page = open_losses(batch="own", text="a: It rains.\nb: She bakes bread.\nc: We missed our flight.")
    assert not page.exception
    assert not [one for one in page.get("bidi_component") if one.proto.component_name.startswith("simcse_circle")]
    finding = next(one.value for one in page.markdown if "No circle keeps these cosines" in one.value)
    assert "more than 0.15 off" in finding
    assert [one for one in page.get("bidi_component") if one.proto.component_name == "simcse_matrix_view"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 sentences: the circle takes 2 to 12"),
        ("only: one", "1 sentences: the circle takes 2 to 12"),
        ("a: b\n" * 13, "13 sentences: the circle takes 2 to 12"),
        ("a: b\nc:", "Line 2 has the label 'c' and no sentence"),
        ("a: b\n" + "x" * 30_000, "Text 2 has 30,000 characters"),
    ],
)
def test_bad_sentences_get_a_clear_error_and_lose_nothing(text: str, message: str) -> None:
    page = open_losses(batch="own", text=text)
    assert not page.exception
    assert message in page.error[0].value.replace("\\", "").replace("\u2060", "")
    assert page.session_state["circle-sentences-state"].text == text
    assert not [one for one in page.get("bidi_component") if one.proto.component_name == "simcse_circles"]


def test_sentences_without_a_common_label_are_shown_with_a_word_about_it() -> None:
    page = open_losses(batch="own", text="A cat sleeps.\nStocks fell.")
    assert not page.exception
    assert "no match" in page.info[0].value.replace("\\", "").replace("\u2060", "")
    assert len(sent(page)["points"]) == 2


def edit(page: AppTest, targets: Any, batch: str = view.digest_of(THREE)) -> AppTest:
    """AppTest runs no JavaScript: what a click reports is put where the page keeps it."""
    page.session_state["circles-edited"] = {"batch": batch, "targets": targets}
    return page.run()


def test_an_edited_target_is_used_by_every_loss_and_forgotten_with_another_batch() -> None:
    page = open_losses()
    before, was = sent(page), details(page)
    assert not any(panel["matrices"]["edited"] for panel in was.values())
    targets = [list(row) for row in THREE.targets]
    targets[0][3] = targets[3][0] = 1
    after = sent(edit(page, targets))
    for old, new in zip(before["panels"], after["panels"], strict=True):
        assert new["angles"] != old["angles"]
    for panel in details(page).values():
        assert panel["matrices"]["targets"][3] == 1
        assert panel["matrices"]["edited"]
    page.selectbox(key="batch-en").select("two").run()
    assert not any(panel["matrices"]["edited"] for panel in details(page).values())


@pytest.mark.parametrize("targets", ["x", [], [[1]], [[2] * 9] * 9, [["1"] * 9] * 9, [1] * 9, {"a": 1}])
def test_what_is_no_target_matrix_is_ignored(targets: Any) -> None:
    page = edit(open_losses(), targets)
    assert not page.exception
    assert not any(panel["matrices"]["edited"] for panel in details(page).values())


def test_a_change_of_language_shows_nothing_new_to_the_circles() -> None:
    english, chinese = (sent(open_losses(language)) for language in ("en", "zh_CN"))
    assert english["digest"] == chinese["digest"]
    assert english["look"] != chinese["look"]
