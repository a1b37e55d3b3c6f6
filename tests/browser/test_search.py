"""The page Search in a real browser: results follow the typing, clicks say why, and a threshold counts at once."""

import re

from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.serving import IDLE, SECONDS, Server, visit


def lists(tab: Page) -> Locator:
    expect(tab.locator(".search-lists[data-painted]")).to_be_visible()
    return tab.locator(".search-column")


def test_results_follow_the_typing_and_a_click_says_why(tab: Page, server: Server) -> None:
    visit(tab, server, "search", "?language=en")
    meaning, words = lists(tab).nth(0), lists(tab).nth(1)
    expect(meaning.locator(".search-hit").first).to_contain_text("Fog forms")
    expect(words.locator(".search-hit").first).to_contain_text("attracts slugs")
    expect(tab.locator(".search-line").first).to_be_attached()
    expect(tab.locator(".shaded-most")).to_have_count(2, timeout=3 * SECONDS)  # the model has loaded

    query = tab.get_by_role("textbox", name="Query")
    query.fill("bats <b>use</b> echoes")
    expect(words.locator(".search-hit").first).to_contain_text("echoes")
    expect(meaning.locator(".search-hit").first).to_contain_text("ats")
    expect(query).to_be_focused()
    tab.wait_for_url("**q=bats*")
    assert tab.locator(".search-lists b, .shaded-words b").count() == 0, "a query is never HTML"

    hit = meaning.locator(".search-hit").nth(1)
    hit.click()
    expect(hit).to_have_attribute("aria-pressed", "true")
    why = tab.locator(".shaded-text")
    expect(why.nth(0)).to_contain_text("bats <b>use</b> echoes")
    expect(why.nth(1)).to_have_text(re.compile(re.escape(hit.locator(".search-text").inner_text()[:30])))
    expect(tab.locator(".shaded-most")).to_have_count(2)
    hit.press("ArrowDown")
    expect(meaning.locator(".search-hit").nth(2)).to_be_focused()
    tab.keyboard.press("ArrowRight")
    expect(words.locator(".search-hit:focus")).to_have_count(1)


def test_a_threshold_counts_while_it_moves_and_dims_what_is_below(tab: Page, server: Server) -> None:
    visit(tab, server, "search", "?language=en")
    lists(tab)
    threshold = tab.get_by_role("slider", name="Threshold")
    reach = tab.locator(".search-reach")
    expect(reach).to_contain_text("300 of 300 texts")
    threshold.fill("0.47")
    expect(reach).to_have_text("Threshold 0.47: 3 of 300 texts")
    expect(lists(tab).nth(0).locator(".search-below")).to_have_count(7)
    tab.wait_for_selector(IDLE)
    expect(reach).to_have_text("Threshold 0.47: 3 of 300 texts")


def test_a_file_of_my_own_is_searched_by_its_column_and_filtered_by_the_others(
    tab: Page,
    server: Server,
) -> None:
    visit(tab, server, "search", "?language=en")
    lists(tab)
    expect(tab.locator(".shaded-most")).to_have_count(2, timeout=3 * SECONDS)
    tab.get_by_role("button", name="Everyday sentences").click()
    content = "topic,utterance\nweather,Thick fog all day.\nfood,Warm bread.\nweather,Clear skies tonight.\n"
    file: FilePayload = {"name": "mine.csv", "mimeType": "text/csv", "buffer": content.encode()}
    tab.locator("input[type=file]").set_input_files(file)
    hits = lists(tab).nth(0).locator(".search-hit")
    expect(hits).to_have_count(3)
    expect(hits.first).to_contain_text("Thick fog")
    tab.keyboard.press("Escape")
    tab.get_by_role("button", name="all-MiniLM-L6-v2").click()
    tab.wait_for_selector(IDLE)  # a list that opens while the page is drawn anew closes again
    topic = tab.get_by_role("combobox", name="topic")
    topic.press_sequentially("food")
    topic.press("Enter")
    expect(hits).to_have_count(1)
