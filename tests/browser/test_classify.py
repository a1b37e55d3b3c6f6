"""The page Classify in a browser: a matrix to walk through, and texts labelled by keys alone."""

import re

from playwright.sync_api import Page, expect

from simcse_core.data import bundled
from simcse_core.data.kinds import Labelled
from tests.browser.serving import Server, visit


def test_a_cell_shows_its_texts_by_mouse_and_by_keys(tab: Page, server: Server) -> None:
    visit(tab, server, "classify", "?language=en")
    matrix = tab.locator(".confusion")
    expect(matrix.locator("tbody tr")).to_have_count(8)
    rail = tab.locator(".st-key-stage-rail")
    cell = matrix.get_by_role("button", name=re.compile(r"^events → reserve book"))
    cell.click()
    expect(rail).to_contain_text("events, but predicted reserve book")
    expect(cell).to_have_attribute("aria-pressed", "true")
    cell.focus()
    cell.press("ArrowDown")
    tab.keyboard.press("Enter")
    expect(rail).to_contain_text("lost card, but predicted reserve book")
    tab.get_by_text("TF-IDF", exact=False).first.wait_for()
    expect(tab.get_by_test_id("stException")).to_have_count(0)


def test_texts_are_labelled_by_keys_alone_and_the_labels_go_on(tab: Page, server: Server) -> None:
    data = bundled.load("intents-en")
    assert isinstance(data, Labelled)
    label_of = dict(zip(data.text, data.label, strict=True))
    visit(tab, server, "classify", "?language=en&classify-view=label")
    text, count = tab.locator(".labelling-text"), tab.locator(".labelling-count")
    expect(text).not_to_be_empty()
    expect(tab.locator(".labelling")).to_be_focused()
    for done in range(1, 13):
        expect(text).to_have_attribute("data-empty", "false")
        key = data.classes.index(label_of[text.inner_text()]) + 1
        tab.keyboard.press(str(key))
        expect(count).to_contain_text(f"{done} of 200")
    expect(tab.locator(".st-key-stage-finding")).to_contain_text("With 1")
    before = text.inner_text()
    tab.keyboard.press("s")
    expect(text).not_to_have_text(before)
    tab.keyboard.press("Backspace")
    expect(text).to_have_text(before)
    tab.keyboard.press("Backspace")
    expect(count).to_contain_text("11 of 200")
    tab.get_by_role("link", name="Map", exact=True).click()
    expect(tab.get_by_role("heading", name="What groups")).to_be_visible()
    tab.go_back()
    expect(count).to_contain_text("11 of 200")
    tab.get_by_role("button", name="Race with these labels").click()
    expect(tab.get_by_text("labelled.csv: ")).to_be_visible()
    expect(tab.get_by_test_id("stException")).to_have_count(0)
