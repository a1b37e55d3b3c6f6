"""The circles of the page Losses in a real browser: they play, they can be taken apart, and clicks change them."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.serving import Server, visit


def circles(tab: Page, frame: int = 60) -> Locator:
    view = tab.locator(f".circles[data-frame='{frame}']")
    expect(view).to_be_visible()
    return view


def beads(view: Locator) -> list[str]:
    """Where the points are."""
    places: list[str] = view.locator(".circles-bead > g").evaluate_all(
        "all => all.map(g => g.getAttribute('transform'))"
    )
    return places


def test_points_move_from_the_start_to_the_end_step_by_step_or_playing(tab: Page, server: Server) -> None:
    visit(tab, server, "losses")
    view = circles(tab)
    assert len(beads(view)) == 27
    first = view.get_by_role("img", name=re.compile("^bce. Step 60 of 60: loss 0.006"))
    expect(first).to_be_visible()
    tab.get_by_role("button", name="Back to the start").press("Enter")
    start = beads(circles(tab, 0))
    assert start[:9] == start[9:18] == start[18:]  # the same start for each
    tab.get_by_role("button", name="One step forward").click()
    assert beads(circles(tab, 1)) != start
    expect(tab.locator(".circles-unseen")).to_contain_text("Step 1 of 60")
    tab.get_by_role("button", name="One step back").click()
    circles(tab, 0)
    tab.get_by_role("slider", name="Speed").fill("40")
    tab.get_by_role("button", name="Play", exact=True).click()
    expect(tab.get_by_role("button", name="Pause")).to_be_visible()
    played = beads(circles(tab))
    step = tab.get_by_role("slider", name="Step", exact=True)
    step.fill("30")
    assert beads(circles(tab, 30)) != played
    step.fill("60")
    assert beads(circles(tab)) == played  # where the steps end too


def test_a_click_on_the_target_changes_the_run_and_can_be_taken_back(tab: Page, server: Server) -> None:
    visit(tab, server, "losses")
    end = beads(circles(tab))
    tab.get_by_role("button", name="Target", exact=True).click()
    matrix = tab.get_by_role("table", name="Target")
    cell = matrix.get_by_role("button", name="A1, B1: mismatch")
    cell.click()
    expect(matrix.get_by_role("button", name="A1, B1: left out")).to_have_text("0")
    expect(matrix.get_by_role("button", name="B1, A1: left out")).to_be_visible()
    labelled = tab.get_by_role("button", name="As labelled")
    expect(labelled).to_be_enabled()
    assert beads(circles(tab)) != end  # after it has played anew
    matrix.get_by_role("button", name="A1, B1").press("ArrowRight")
    expect(matrix.get_by_role("button", name="A1, B2")).to_be_focused()
    tab.locator(".circles-name", has_text="triplet").click()
    tab.get_by_role("button", name="Probability", exact=True).click()
    expect(tab.get_by_text("This loss has none")).to_be_visible()
    tab.get_by_role("button", name="Target", exact=True).click()
    labelled.click()
    expect(labelled).to_be_disabled()
    expect(matrix.get_by_role("button", name="A1, B1: mismatch")).to_be_visible()
    assert beads(circles(tab)) == end


def test_a_setting_beside_a_circle_changes_the_run(tab: Page, server: Server) -> None:
    visit(tab, server, "losses", "?losses=cross_entropy")
    end = beads(circles(tab))
    tab.get_by_role("combobox", name="cross_entropy: temperature").select_option("1")
    tab.wait_for_url("**cross_entropy-temperature=1**")
    expect(tab.locator(".circles-bead > g").first).not_to_have_attribute("transform", end[0])
    assert beads(circles(tab)) != end


OUTSIDE = """() => {
    const texts = [...document.querySelectorAll(".st-key-stage-rail [data-testid=stMarkdown]")].slice(0, 2)
    const places = {
        explanation: [...texts, ...document.querySelectorAll(".st-key-stage-rail h2")],
        finding: [document.querySelector(".st-key-stage-finding p")],
        circle: [...document.querySelectorAll(".circles-rim")],
        number: [...document.querySelectorAll(".circles-numbers div:first-child dd")],
        player: [document.querySelector(".circles-bar")],
    }
    const bar = document.querySelector(".circles-bar").getBoundingClientRect()
    const isSeen = (element) => {
        const box = element.getBoundingClientRect()
        return box.height > 0 && box.top >= 0 && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth
    }
    const isFree = (element) => element.getBoundingClientRect().bottom <= bar.top + 1
    return [
        ...Object.entries(places).filter(([, all]) => !all.length || !all.every(isSeen)).map(([name]) => name),
        ...(places.number.every(isFree) ? [] : ["the player covers a number"]),
    ]
}"""
WINDOWS = [(1280, 720, ""), (1920, 1080, ""), (1280, 720, "&projector=1")]


@pytest.mark.parametrize("name", ["sigmoid_alone", "padding", "one_class"])  # long words, twelve frames, four circles
def test_explanation_circles_and_number_of_a_mistake_are_seen_together(
    tab: Page,
    server: Server,
    name: str,
) -> None:
    shown = None
    for width, height, parameters in WINDOWS:
        tab.set_viewport_size({"width": width, "height": height})
        if parameters != shown:
            visit(tab, server, "losses", f"?language=en&break={name}{parameters}")
            shown = parameters
        expect(tab.locator(".circles[data-painted]")).to_be_visible()
        tab.wait_for_function(f"({OUTSIDE})().length === 0", timeout=10_000)
        least = 20 if parameters else 14 if width < 1800 else 18
        assert tab.evaluate("parseFloat(getComputedStyle(document.querySelector('.circles')).fontSize)") >= least


def test_a_mistake_on_a_phone_without_motion_fits_and_axe_finds_nothing(
    browser: Browser,
    server: Server,
) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, reduced_motion="reduce", locale="en-GB")
    page = phone.new_page()
    visit(page, server, "losses", "?break=same_class")
    circles(page)
    expect(page.get_by_text("the cosine within a class falls")).to_be_visible()
    expect(page.locator(".circles-panel")).to_have_count(2)  # and nothing plays by itself
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(300)
        assert [violation["id"] for violation in Axe().run(page, ".st-key-stage").response["violations"]] == []
    phone.close()
