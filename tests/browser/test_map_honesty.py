"""The page Map in a real browser beside its map: other seeds and settings, noise, misreadings, and two models."""

import re

from playwright.sync_api import Page, expect

from tests.browser.serving import IDLE, SECONDS, Server, visit


def test_small_maps_are_there_at_once_and_what_is_looked_at_in_one_is_marked_in_all(
    tab: Page,
    server: Server,
) -> None:
    visit(tab, server, "map", "?language=en&map-view=seeds")
    expect(tab.locator(".panels[data-painted]")).to_be_visible(timeout=3 * SECONDS)
    maps = tab.locator(".panels canvas[role=img]")
    expect(maps).to_have_count(4)
    expect(tab.locator(".st-key-stage-finding")).to_contain_text("Two of these 4 maps share")
    reading = tab.locator(".panels-reading")
    expect(reading).to_contain_text("Point at a text")
    before = maps.nth(2).screenshot()
    maps.nth(0).focus()
    tab.keyboard.press("ArrowRight")
    expect(reading).not_to_contain_text("Point at a text")
    text = reading.inner_text()
    tab.keyboard.press("Enter")
    tab.wait_for_selector(IDLE)
    tab.keyboard.press("Tab")
    expect(reading).to_have_text(text)
    assert maps.nth(2).screenshot() != before, "it is marked on the third map too"

    visit(tab, server, "map", "?language=en&map-view=settings")
    expect(tab.locator(".panels[data-painted]")).to_be_visible(timeout=3 * SECONDS)
    expect(tab.locator(".panels canvas[role=img]")).to_have_count(12)
    current = tab.locator(".panels-panel[data-current]")
    expect(current.get_by_role("button")).to_have_accessible_name(re.compile("n_neighbors 15, min_dist 0.1: Use"))
    tab.get_by_role("button", name="n_neighbors 5, min_dist 0.5: Use").click()
    expect(current.get_by_role("button")).to_have_accessible_name(re.compile("n_neighbors 5, min_dist 0.5: Use"))


def test_noise_misreadings_and_two_models_speak_of_this_very_map(tab: Page, server: Server) -> None:
    visit(tab, server, "map", "?language=en&map-view=noise&map-method=pca")
    said = tab.locator(".st-key-stage-finding")
    expect(said).to_contain_text("On the map of noise", timeout=3 * SECONDS)
    expect(tab.locator(".st-key-stage-rail table")).to_contain_text("groups in the original space")

    visit(tab, server, "map", "?language=en&map-view=misreadings&map-method=pca")
    switches = tab.locator(".st-key-stage-rail").get_by_role("switch")
    expect(switches).to_have_count(5)
    expect(switches.nth(0)).to_be_checked()
    figures = ("width here", "distances between groups", "random vectors", "variance", "next axes")
    for number, words in enumerate(figures):
        if number:
            tab.locator(".st-key-stage-rail label:has(input[role=switch])").nth(number).click()
        expect(switches.nth(number)).to_be_checked()
        expect(said).to_contain_text(words)
        expect(tab.locator(".st-key-stage-rail input[role=switch]:checked")).to_have_count(1)

    visit(tab, server, "map", "?language=en&map-view=before-after&map-method=pca&before-model=minilm&before-layer=2")
    expect(said).to_contain_text("of a text's 15 nearest neighbours change", timeout=3 * SECONDS)
    moved = tab.locator(".st-key-stage-rail").get_by_role("radio")
    expect(moved).to_have_count(8)
    heading = tab.locator(".st-key-stage-rail h2")
    expect(heading).to_contain_text("Neighbours of")
    first = heading.inner_text()
    tab.locator(".st-key-stage-rail label:has(input[type=radio])").nth(1).click()
    expect(heading).not_to_have_text(first)
    expect(tab.get_by_role("button", name=re.compile("Play", re.IGNORECASE))).to_be_visible()
