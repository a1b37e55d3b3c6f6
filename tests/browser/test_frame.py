"""The frame of every page in a real browser: the bar on top, its menu on a phone, theme, language, Back."""

import re

from playwright.sync_api import Page, expect

from tests.browser.serving import IDLE, Server, visit

BACKGROUND = "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
LOSSES = re.compile("losses=bce(%2C|,)supcon")
TYPED = "Mine, and not lost."


def test_theme_and_language_change_without_losing_what_was_typed(tab: Page, server: Server) -> None:
    visit(tab, server, "answers", "?language=en")
    expect(tab).to_have_title("Answers · SimCSE Explorer")
    assert tab.evaluate("document.documentElement.lang") == "en"
    area = tab.locator("textarea").first
    area.fill(TYPED)
    light = tab.evaluate(BACKGROUND)
    button = tab.get_by_role("button", name="Dark theme")
    button.click()
    tab.wait_for_function(f"{BACKGROUND} !== '{light}'")
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(area).to_have_value(TYPED)

    tab.get_by_text("中文", exact=True).click()
    tab.wait_for_function("document.documentElement.lang === 'zh-CN'")
    expect(tab).to_have_title("问答 · SimCSE Explorer")
    expect(tab.get_by_test_id("stSkipToContent")).to_have_text("跳到正文")
    tab.get_by_role("link", name="搜索", exact=True).click()
    expect(tab).to_have_title("搜索 · SimCSE Explorer")
    assert tab.evaluate(BACKGROUND) != light, "the theme holds on the next page"
    tab.get_by_role("button", name="深色主题").click()
    tab.wait_for_function(f"{BACKGROUND} === '{light}'")


def test_on_a_phone_the_pages_are_in_a_menu(tab: Page, server: Server) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    visit(tab, server, "search", "?language=en")
    link = tab.get_by_role("link", name="Losses", exact=True)
    expect(link).not_to_be_visible()
    menu = tab.get_by_role("button", name="Pages")
    menu.click()
    expect(link).to_be_visible()
    tab.keyboard.press("Escape")
    expect(link).not_to_be_visible()
    expect(menu).to_be_focused()
    menu.press("Enter")
    link.click()
    expect(tab.get_by_role("heading", name="What does each loss")).to_be_visible()
    expect(link).not_to_be_visible()


def test_back_from_similarity_to_losses_takes_one_press_and_shows_what_the_address_says(
    tab: Page, server: Server
) -> None:
    visit(tab, server, "losses", "?language=en&losses=bce,supcon")
    tab.get_by_role("link", name="Similarity", exact=True).click()
    expect(tab.get_by_role("heading", name="How close")).to_be_visible()
    tab.wait_for_selector(IDLE)
    tab.get_by_role("slider").first.press("ArrowLeft")
    tab.wait_for_url("**layer=5**")
    tab.get_by_role("link", name="Losses", exact=True).click()
    expect(tab.get_by_role("heading", name="What does each loss")).to_be_visible()
    tab.wait_for_url(LOSSES)
    tab.go_back()
    expect(tab.get_by_role("heading", name="How close")).to_be_visible()
    tab.wait_for_url("**layer=5**")
    tab.wait_for_selector(IDLE)
    tab.go_back()
    expect(tab.get_by_role("heading", name="What does each loss")).to_be_visible()
    tab.wait_for_url(LOSSES)
