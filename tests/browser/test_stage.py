"""Pages with a stage fit into the window: on a laptop, on a large screen and on a projector."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.serving import Server, visit

STAGED = ("similarity", "losses", "search", "classify", "answers", "map")
WINDOWS = [(1280, 720, ""), (1920, 1080, ""), (1280, 720, "&projector=1")]
OUTSIDE = """() => {
    const main = document.querySelector("[data-testid=stMain]")
    const places = ["title", "controls", "figure", "finding", "rail"]
        .map((name) => [name, document.querySelector(`.st-key-stage-${name}`)?.getBoundingClientRect()])
    const left = document.querySelector("[data-testid=stMainBlockContainer]").getBoundingClientRect().left
    const hasTables = document.querySelector(".st-key-stage-below table")
    const isOutside = (box) => box && (box.bottom > innerHeight || box.right > innerWidth || box.left < left)
    return [
        ...places.filter(([, box]) => isOutside(box)).map(([name]) => name),
        // Only tables below the stage may be scrolled to.
        ...(main.scrollHeight > main.clientHeight && !hasTables ? ["the page scrolls"] : []),
        ...(main.scrollWidth > main.clientWidth ? ["the page scrolls sideways"] : []),
    ]
}"""


@pytest.mark.parametrize("name", STAGED)
def test_figure_finding_and_rail_are_inside_the_window(tab: Page, server: Server, name: str) -> None:
    shown = None
    for width, height, parameters in WINDOWS:
        tab.set_viewport_size({"width": width, "height": height})
        if parameters != shown:
            visit(tab, server, name, f"?language=en{parameters}")
            shown = parameters
        figure = tab.locator(".st-key-stage-figure")
        expect(figure.locator("table, svg, canvas, [role=list]").first).to_be_visible()
        expect(tab.locator(".st-key-stage-finding")).to_be_visible()
        outside = tab.evaluate(OUTSIDE)
        for _look in range(40):  # a page that is being laid out for another window settles
            if not outside:
                break
            tab.wait_for_timeout(250)
            outside = tab.evaluate(OUTSIDE)
        assert outside == []
        box = figure.bounding_box()
        assert box is not None
        assert box["height"] > height / 2, "the figure takes the room that is left"


def test_on_a_phone_figure_finding_and_rail_stand_one_under_the_other(tab: Page, server: Server) -> None:
    tab.set_viewport_size({"width": 390, "height": 844})
    visit(tab, server, "search", "?language=en")
    tops = [tab.locator(f".st-key-stage-{name}").bounding_box() for name in ("title", "figure", "finding", "rail")]
    heights = [box["y"] for box in tops if box is not None]
    assert len(heights) == 4
    assert heights == sorted(heights)
