"""The app as its users see it: a real server, a real browser."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.serving import IDLE, PATHS, Server, visit

HEATMAP = ".matrix-view[data-painted]"
FIGURES = {
    "start": ".start-arrows svg",
    "similarity": HEATMAP,
    "losses": ".circles[data-painted]",
    "map": ".st-key-stage-figure canvas",
    "training": ".curves-stage svg path",
    "search": ".search-lists[data-painted]",
    "classify": ".st-key-stage-figure table",
    "answers": ".ranking-rows li",
    "runs": "[data-testid=stMain] a",
}
"""What a page waits for that has no Plotly chart at first."""


def type_sentences(tab: Page, text: str) -> None:
    area = tab.locator("textarea").first
    area.fill("")
    area.press_sequentially(text, delay=5)


def wait_for_labels(tab: Page, *labels: str) -> None:
    """Wait until the heatmap that is painted has these sentences at its rows; they are on a canvas."""
    tab.wait_for_function(
        """labels => {
            const matrix = globalThis.simcseMatrices?.get("heatmap")?.matrix
            const painted = document.querySelector(".matrix-view")?.dataset.painted
            return matrix && matrix.digest === painted && labels.every((label) => matrix.rowTexts.includes(label))
        }""",
        arg=list(labels),
    )


def cell_of(tab: Page, row: int, column: int) -> tuple[float, float]:
    """Where a cell of the heatmap is in the window, counted from 0; everything is shown, up to nine sentences."""
    view = tab.locator(HEATMAP).first
    expect(view).to_have_attribute("data-cell-size", re.compile(r"\d"))
    size = float(view.get_attribute("data-cell-size") or "nan")
    box: dict[str, float] = view.locator("canvas").first.evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            const first = data.findIndex((byte, at) => at % 4 === 3 && byte > 250) >> 2
            const { x, y } = canvas.getBoundingClientRect()
            return { x: x + (first % canvas.width), y: y + Math.floor(first / canvas.width) }
        }"""
    )
    return box["x"] + (column + 0.5) * size, box["y"] + (row + 0.5) * size


def test_a_deep_link_to_similarity_follows_the_typing_and_speaks_chinese(tab: Page, server: Server) -> None:
    visit(tab, server, "similarity")
    expect(tab.get_by_role("heading", name="How close are these sentences?")).to_be_visible()
    type_sentences(tab, "A cat sleeps.\nA kitten naps.\nStocks fell sharply.")
    rows = tab.locator("[data-testid=stTable] tbody tr")
    expect(rows).to_have_count(3)
    expect(rows.nth(2)).to_contain_text("Stocks fell sharply.")
    expect(tab.locator("textarea").first).to_be_focused()
    numbers = [float(number) for number in rows.nth(0).locator("td").all_text_contents()[-3:]]
    assert numbers[0] == 1
    assert numbers[1] > 0.5 > numbers[2]
    wait_for_labels(tab, "Stocks fell sharply.")

    tab.get_by_role("radio", name="中文").or_(tab.get_by_text("中文", exact=True)).first.click()
    expect(tab.get_by_role("heading", name="这些句子有多接近")).to_be_visible()
    assert "language=zh_CN" in tab.url
    tab.get_by_role("link", name="分布图").click()
    expect(tab.locator("h1")).not_to_contain_text("What")
    assert "language=zh_CN" in tab.url


def test_settings_and_language_survive_the_first_walk_through_the_pages(tab: Page, server: Server) -> None:
    visit(tab, server, "start", "?language=zh_CN")
    tab.get_by_role("link", name="相似度", exact=True).first.click()
    expect(tab.get_by_role("heading", name="这些句子有多接近")).to_be_visible()
    tab.get_by_text("English", exact=True).click()
    expect(tab.get_by_role("heading", name="How close")).to_be_visible()
    visit(tab, server, "similarity", "?language=en&layer=2&pooling=cls")
    for page in ("Map", "Similarity"):
        go_to_settings(tab, page)
        expect(tab.get_by_role("slider")).to_have_value("2")
        tab.wait_for_url(lambda url: "layer=2" in url and "pooling=cls" in url)
    visit(tab, server, "start", "?language=en")  # a fresh session
    for page in ("Similarity", "Map", "Similarity"):
        go_to_settings(tab, page)
        expect(tab.get_by_role("slider")).to_have_value("6")
        assert "layer" not in tab.url


def go_to_settings(tab: Page, page: str) -> None:
    """Click on the link of a page; the Map has the settings of the model behind its name."""
    tab.get_by_role("link", name=page, exact=True).first.click()
    if page == "Map":
        expect(tab.get_by_role("heading", name="What groups")).to_be_visible()
        tab.wait_for_selector(IDLE)  # a popover that opens while the page is drawn anew closes again
        tab.get_by_role("button", name="all-MiniLM-L6-v2").click()


def test_what_was_typed_survives_the_language_and_comes_back_after_a_sample(tab: Page, server: Server) -> None:
    visit(tab, server, "similarity", "?language=en")
    type_sentences(tab, "My own first line.\nMy own second line.")
    rows = tab.locator("[data-testid=stTable] tbody tr")
    expect(rows).to_have_count(2)
    tab.get_by_text("中文", exact=True).click()
    expect(tab.get_by_role("heading", name="这些句子有多接近")).to_be_visible()
    expect(tab.locator("textarea").first).to_have_value("My own first line.\nMy own second line.")
    tab.get_by_text("English", exact=True).click()
    expect(tab.get_by_role("heading", name="How close are these sentences?")).to_be_visible()
    tab.wait_for_selector(IDLE)  # a list that opens while the page is drawn anew closes again
    tab.get_by_test_id("stSelectbox").first.click()
    tab.get_by_role("option", name="Four mixed topics").click()
    expect(rows).to_have_count(12)
    assert "sample=topics" in tab.url
    tab.get_by_role("button", name="Back to my sentences").click()
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("My own first line.")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("今天天气很好。\n图书馆几点开门？".encode("gbk"), "图书馆几点开门"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not a text file"),
    ],
)
def test_an_uploaded_file_fills_the_text_or_says_why_not(
    tab: Page, server: Server, content: bytes, expected: str
) -> None:
    visit(tab, server, "similarity", "?language=en")
    tab.get_by_role("button", name="Upload").first.click()
    tab.locator("input[type=file]").set_input_files({"name": "f.txt", "mimeType": "text/plain", "buffer": content})
    expect(tab.get_by_text(expected).first).to_be_visible()
    rows = tab.locator("[data-testid=stTable] tbody tr")
    expect(rows).to_have_count(2 if "图" in expected else 8)  # a bad file loses nothing


def test_tags_typed_as_a_sentence_stay_text_everywhere(tab: Page, server: Server) -> None:
    visit(tab, server, "similarity")
    evil = "<img src=x onerror=alert(1)>"
    type_sentences(tab, f"{evil}\n<b>bold</b> **stars** $x$")
    rows = tab.locator("[data-testid=stTable] tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text(evil)
    expect(rows.nth(1)).to_contain_text("<b>bold</b> **stars** $x$")
    wait_for_labels(tab, evil)
    assert tab.locator("img[src=x]").count() == 0


def test_typing_keeps_cursor_and_undo(tab: Page, server: Server) -> None:
    visit(tab, server, "similarity")
    type_sentences(tab, "One cat.\nTwo dogs.")
    rows = tab.locator("[data-testid=stTable] tbody tr")
    expect(rows).to_have_count(2)
    area = tab.locator("textarea").first
    area.press("ArrowUp")
    area.press("End")
    area.press_sequentially(" Now.")
    expect(rows.nth(0)).to_contain_text("One cat. Now.")
    assert area.evaluate("area => area.selectionStart") == len("One cat. Now.")
    area.press("Control+z")
    expect(rows.nth(0)).not_to_contain_text("Now.")


def test_a_race_survives_a_reload_and_can_be_cancelled(tab: Page, server: Server) -> None:
    visit(tab, server, "training", "?language=en")
    expect(tab.get_by_text("A race recorded on")).to_be_visible()
    tab.get_by_role("button", name="Start the race").click()
    tab.wait_for_url("**race=**")
    bars = tab.get_by_test_id("stProgress")
    expect(bars.first).to_contain_text("s left")
    tab.reload()
    expect(bars.nth(2)).to_contain_text("waiting")
    tab.get_by_role("button", name="Cancel the race").click()
    for bar in range(3):
        expect(bars.nth(bar)).to_contain_text("cancelled")
    expect(tab.get_by_role("button", name="Cancel the race")).to_have_count(0)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("name", list(PATHS))
def test_every_page_is_accessible_named_and_fits_a_phone(tab: Page, server: Server, name: str, language: str) -> None:
    tab.emulate_media(color_scheme="dark" if language == "zh_CN" else "light")  # both themes, at no extra time
    visit(tab, server, name, f"?language={language}")
    tab.locator(FIGURES.get(name, ".js-plotly-plot")).first.wait_for()
    if name == "similarity":
        tab.get_by_test_id("stPopover").nth(1).wait_for()  # what takes the heatmap away waits for the model
    tab.wait_for_selector(IDLE)
    assert tab.get_by_test_id("stException").count() == 0
    assert [violation["id"] for violation in Axe().run(tab).response["violations"]] == []
    charts = tab.locator("[data-testid=stPlotlyChart], [data-testid=stEchartsChart]")
    for chart in charts.all():
        names = chart.evaluate(
            "node => [node, ...node.querySelectorAll('*')].map(n => n.getAttribute('aria-label') || '')"
        )
        assert any(len(given) > 12 for given in names), "a chart without an alt text"
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.wait_for_timeout(500)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.locator("h1").first.bounding_box()["width"] <= 390  # type: ignore[index]


@pytest.mark.parametrize("look", ["", "&projector=1"])
def test_a_clicked_cell_shows_cosine_angle_percentile_and_words_inside_the_window(
    tab: Page, server: Server, look: str
) -> None:
    visit(tab, server, "similarity", f"?language=en{look}")
    tab.get_by_test_id("stPopover").nth(1).wait_for()  # the model is there
    tab.mouse.click(*cell_of(tab, 7, 6))
    detail = tab.locator(".st-key-pair-detail")
    expect(detail.get_by_test_id("stMetric").nth(0)).to_contain_text("0.63")
    expect(detail.get_by_test_id("stMetric").nth(1)).to_contain_text("°")
    tab.wait_for_url("**cell=8-7**")
    tab.wait_for_selector(IDLE)
    for width, height in ((1280, 720), (1920, 1080)):
        tab.set_viewport_size({"width": width, "height": height})
        for seen in (
            detail.get_by_test_id("stMetric").nth(0),
            detail.get_by_test_id("stMetric").nth(1),
            detail.get_by_test_id("stMetric").nth(2),
            detail.get_by_text("of unrelated sentences"),
            detail.locator(".shaded-text").nth(0),
            detail.locator(".shaded-text").nth(1),
            tab.locator(HEATMAP),
            tab.locator(".st-key-stage-finding p").first,
        ):
            expect(seen).to_be_in_viewport(ratio=1)
    assert tab.evaluate("document.querySelector('.matrix-view').dataset.cellSize") > "40"
    detail.get_by_text("More about this pair").click()
    expect(tab.get_by_role("heading", name="Word by word")).to_be_visible()
    tab.get_by_role("button", name="Close").click()
    expect(detail).to_have_count(0)
    assert "cell=" not in tab.url


def test_a_small_heatmap_opens_its_layer_and_pooling(tab: Page, server: Server) -> None:
    visit(tab, server, "similarity", "?language=en&look=grid")
    tile = tab.get_by_role("button", name="Layer 4, maximum")
    expect(tile.locator(".tiles-score")).not_to_be_empty()
    expect(tab.locator(".st-key-stage-finding")).to_contain_text("240 bundled pairs")
    tile.click()
    tab.wait_for_url("**layer=4**")
    expect(tab.locator(HEATMAP)).to_be_visible()
    assert "pooling=max" in tab.url
    expect(tab.get_by_role("slider")).to_have_value("4")


def test_a_reload_keeps_what_was_typed_and_hundreds_of_sentences_come_on_a_canvas(tab: Page, server: Server) -> None:
    visit(tab, server, "similarity", "?language=en")
    many = "\n".join(f"Sentence number {number} is about {'rain' if number % 2 else 'bread'}." for number in range(320))
    tab.locator("textarea").first.fill(many)
    canvas = tab.locator(HEATMAP).first
    wait_for_labels(tab, "Sentence number 319 is about rain.")
    tab.reload()
    wait_for_labels(tab, "Sentence number 319 is about rain.")
    expect(tab.locator("textarea").first).to_have_value(many)
    expect(tab.get_by_text("Lines: 320")).to_be_visible()
    stage = tab.get_by_role("application").first
    stage.focus()
    stage.press("ArrowRight")
    stage.press("ArrowRight")
    stage.press("Enter")
    second = tab.locator(".st-key-pair-detail [data-testid=stSelectbox] input").last
    expect(second).to_have_value("2  Sentence number 1 is about rain.")
    tab.wait_for_selector(IDLE)
    tab.get_by_role("button", name="Order and colours").click()
    tab.get_by_text("By cluster").click()
    expect(canvas).to_be_visible()
    tab.wait_for_selector(IDLE)
    expect(tab.get_by_test_id("stException")).to_have_count(0)


def test_everything_can_be_taken_away(tab: Page, server: Server) -> None:
    visit(tab, server, "similarity", "?language=en&layer=2")
    tab.get_by_role("button", name="Take away").click()
    for button, ending, beginning in (
        ("Numbers (CSV)", ".csv", b'\xef\xbb\xbf"",'),
        ("Picture (PNG)", ".png", b"\x89PNG"),
        ("Page (HTML)", ".html", b"<!"),
        ("Sentences (text)", ".txt", b"It has been"),
        ("Python", ".py", b"# Run it"),
    ):
        with tab.expect_download() as download:
            tab.get_by_role("button", name=button).first.click()
        assert download.value.suggested_filename.endswith(ending)
        assert Path(download.value.path()).read_bytes().startswith(beginning)
    expect(tab.get_by_text("similarity?")).to_contain_text("layer=2")


def test_back_takes_one_press_a_page_whatever_was_set_on_it(tab: Page, server: Server) -> None:
    visit(tab, server, "start")
    tab.get_by_role("link", name="Similarity", exact=True).first.click()
    expect(tab.get_by_role("heading", name="How close")).to_be_visible()
    tab.wait_for_selector(IDLE)
    tab.get_by_role("button", name="Order and colours").click()
    tab.get_by_text("By cluster").first.click()
    tab.wait_for_url("**order=cluster**")
    tab.keyboard.press("Escape")
    tab.get_by_role("slider").first.press("ArrowLeft")
    tab.wait_for_url("**layer=5**")
    tab.get_by_role("link", name="Map", exact=True).first.click()
    expect(tab.get_by_role("heading", name="What groups")).to_be_visible()
    tab.wait_for_url("**layer=5**")
    tab.go_back()
    expect(tab.get_by_role("heading", name="How close")).to_be_visible()
    tab.wait_for_url("**order=cluster**")
    tab.wait_for_selector(IDLE)
    tab.go_back()
    expect(tab.get_by_role("heading", name="Eight questions")).to_be_visible()
    expect(tab).to_have_url(f"{server.address}/?language=en")


def test_a_link_is_copied_where_the_browser_has_no_clipboard_for_scripts(tab: Page, server: Server) -> None:
    """As over plain http in a class."""
    tab.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { get: () => undefined })")
    visit(tab, server, "similarity", "?language=en&order=cluster")
    tab.get_by_role("button", name="Take away").click()
    link = tab.get_by_test_id("stCode").filter(has_text="order=cluster")
    link.hover()
    link.get_by_role("button").click()
    area = tab.locator("textarea").first
    area.press("Control+a")
    area.press("Control+v")
    expect(area).to_have_value(link.inner_text())


def test_in_a_frame_of_another_host_stands_a_link_to_a_window_of_its_own(tab: Page, server: Server) -> None:
    tab.set_content(f'<iframe src="{server.address}/similarity?language=en"></iframe>')
    with tab.context.expect_page() as window:
        tab.frame_locator("iframe").get_by_role("link", name="Open it in its own window").click()
    assert window.value.url == f"{server.address}/similarity?language=en"
    window.value.close()


def test_the_projector_switch_makes_everything_large_on_every_page(tab: Page, server: Server) -> None:
    visit(tab, server, "similarity", "?language=en&projector=1")
    tab.locator(HEATMAP).first.wait_for()
    small = """() => [...document.querySelectorAll('[data-testid=stMain] :is(p, label, td, th, li, textarea)')]
        .filter((node) => node.offsetParent && node.textContent.trim())
        .filter((node) => parseFloat(getComputedStyle(node).fontSize) < 20).map((node) => node.textContent)"""
    assert tab.evaluate(small) == []
    tab.get_by_role("link", name="Map", exact=True).click()
    expect(tab.get_by_role("heading", name="What groups")).to_be_visible()
    assert "projector=1" in tab.url
    assert tab.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > 20
