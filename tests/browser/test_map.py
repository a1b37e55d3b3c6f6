"""The page Map in a real browser: there at once, a place to work, and nothing is lost on the way."""

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.serving import IDLE, SECONDS, Server, visit
from tests.browser.test_stage import OUTSIDE

CANVAS = ".st-key-stage-figure canvas"


def drawn(tab: Page) -> None:
    expect(tab.locator(CANVAS).first).to_be_visible()
    tab.wait_for_selector(IDLE)


def test_the_stored_map_is_worked_on_by_keyboard_search_and_lists(tab: Page, server: Server) -> None:
    visit(tab, server, "map", "?language=en")
    drawn(tab)
    finding = tab.locator(".st-key-stage-finding")
    expect(finding).to_contain_text("UMAP of 200 texts")
    expect(finding).to_contain_text("Trustworthiness")
    assert set(tab.evaluate(OUTSIDE)) <= {"the page scrolls"}, "only the table is below the window"

    # A group is selected by its name, and the table has the same texts.
    tab.locator("[class*=st-key-map-list-groups] button").first.click()
    expect(tab.locator(".st-key-map-selection")).to_contain_text("of 200 texts selected")
    expect(tab.get_by_text("Selected texts:")).to_be_visible()
    tab.get_by_role("button", name="Leave out").click()
    expect(tab.locator(".st-key-map-left-out")).to_contain_text("left out")
    tab.locator(".st-key-map-left-out").get_by_role("button", name="Undo").click()
    expect(tab.locator(".st-key-map-left-out")).to_have_count(0)

    # What is typed is found while one types; a label goes to all of it.
    tab.locator(".st-key-stage-rail textarea").first.fill("card")
    expect(tab.get_by_text("texts found")).to_be_visible()
    tab.get_by_role("button", name="Select them").click()
    tab.get_by_role("button", name="Give a label").click()
    field = tab.locator("[data-testid=stPopoverBody] input").last
    field.fill("about cards")
    field.press("Enter")
    tab.get_by_role("button", name="Give it to").click()
    expect(tab.get_by_text("labels given here")).to_be_visible()

    # A key on the map chooses a point, and its nearest stand beside it.
    canvas = tab.locator(".st-key-stage-figure [tabindex='0']").first
    canvas.focus()
    canvas.press("ArrowRight")
    canvas.press("Enter")
    expect(tab.get_by_role("heading", name="The chosen text")).to_be_visible()
    tab.wait_for_selector(IDLE)
    tab.locator("[class*=st-key-map-list-neighbours] button").first.click()
    expect(tab.get_by_role("heading", name="The chosen text")).to_be_visible()

    # The selected texts open in Similarity, though nobody has been there before.
    tab.get_by_role("button", name="Open in Similarity").click()
    expect(tab.get_by_role("heading", name="How close are these sentences?")).to_be_visible()
    expect(tab.locator("textarea").first).not_to_have_value("")


def test_own_texts_are_pca_at_once_and_umap_when_it_is_ready_without_umap_in_the_app(
    tab: Page,
    server: Server,
) -> None:
    visit(tab, server, "map", "?language=en")
    drawn(tab)
    tab.locator(".st-key-stage-rail").get_by_role("button").first.click()
    topics = ("The train to the city is late", "Bake the bread for an hour", "Stocks fell on Monday")
    content = "text,kind\n" + "".join(f"{topics[row % 3]} again {row},{row % 3}\n" for row in range(60))
    tab.locator("input[type=file]").first.set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": content.encode()}
    )
    finding = tab.locator(".st-key-stage-finding")
    expect(finding).to_contain_text("PCA of 60 texts", timeout=3 * SECONDS)
    expect(finding).to_contain_text("UMAP of 60 texts", timeout=4 * SECONDS)
    tab.get_by_text("PCA", exact=True).first.click()
    expect(finding).to_contain_text("PCA of 60 texts")
    tab.wait_for_url("**map-shown=pca**")
    libraries = {Path(mapping.path).name for mapping in server.process.memory_maps()}
    assert not any("llvmlite" in name for name in libraries), "umap (by way of numba) was imported into the app"
    tab.get_by_text("中文", exact=True).click()
    expect(tab.get_by_role("heading", name="我的文本")).to_be_visible()
    tab.wait_for_selector(IDLE)
    expect(tab.get_by_test_id("stException")).to_have_count(0)
