"""The page Start: what the cells and the cards do."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.serving import SECONDS, Server, visit
from ui.start.questions import QUESTIONS

OPENED = {
    1: (".st-key-stage-rail", "39.1°"),
    2: (".st-key-stage-finding", "that of unrelated sentences"),
    3: (".st-key-stage-finding", "Spearman is highest"),
    4: ("[data-testid=stMain]", "Pooled with their padding"),
    5: ("[data-testid=stMain]", "is still a match with probability"),
    6: ("[data-testid=stMain]", "Without a temperature"),
    7: ("[data-testid=stMain]", "Where texts of the same class count as mismatches"),
    8: (".st-key-stage-rail", "A wide group is a varied group."),
}
"""Where what stands on the page that a card opens, by the card's number."""


def cell(tab: Page, first: int, second: int) -> Locator:
    return tab.locator(f".start-cell[data-first='{first - 1}'][data-second='{second - 1}']")


def test_a_cell_shows_its_arrows_to_mouse_and_keyboard_and_a_click_edits_its_sentences(
    tab: Page, server: Server
) -> None:
    visit(tab, server, "start", "?language=en")
    lines = tab.locator(".start-arrows-pair li")
    expect(lines.nth(1)).to_contain_text("Outside it rained")
    finding = tab.locator(".st-key-stage-finding")
    expect(finding).to_contain_text("Sentences 1 and 3 are 39.1° apart")

    tab.context.set_offline(True)  # the server is not asked
    cell(tab, 4, 6).hover()
    expect(lines.nth(0)).to_contain_text("I am baking bread")
    expect(tab.locator(".start-number").first).to_have_text(f"cosine {cell(tab, 4, 6).inner_text()}")
    expect(cell(tab, 6, 4)).to_have_class("start-cell start-cell-shown")
    tab.locator("h1").hover()
    expect(lines.nth(0)).to_contain_text("It has been raining")
    cell(tab, 1, 3).focus()
    cell(tab, 1, 3).press("ArrowDown")
    expect(cell(tab, 2, 3)).to_be_focused()
    expect(lines.nth(0)).to_contain_text("The rain has not stopped")
    expect(tab.locator(".start-number").first).to_have_text(f"cosine {cell(tab, 2, 3).inner_text()}")
    tab.context.set_offline(False)

    cell(tab, 2, 3).press("Enter")
    expect(finding).to_contain_text("Sentences 2 and 3")
    expect(tab.get_by_label("Sentence 2")).to_have_value("The rain has not stopped since dawn.")
    assert "arrows=2-3" in tab.url


def test_the_arrows_follow_the_typing(tab: Page, server: Server) -> None:
    visit(tab, server, "start", "?language=en")
    field = tab.get_by_label("Sentence 3")
    field.fill("")
    field.press_sequentially("Stocks fell sharply.", delay=5)
    finding = tab.locator(".st-key-stage-finding")
    expect(finding).not_to_contain_text("cosine is 0.78")
    expect(tab.locator(".start-arrows-pair li").nth(1)).to_contain_text("Stocks fell sharply.")
    expect(tab.locator(".start-cells-texts li").nth(2)).to_have_text("Stocks fell sharply.")
    assert float(cell(tab, 1, 3).inner_text().replace("−", "-")) < 0.3
    expect(field).to_be_focused()
    tab.get_by_role("button", name="Back to the sample").click()
    expect(finding).to_contain_text("cosine is 0.78")
    expect(field).to_have_count(1)  # the field of before goes when the page is complete
    expect(field).to_have_value("Outside it rained the whole morning.")


def test_each_of_the_eight_cards_opens_the_state_that_answers_its_question(tab: Page, server: Server) -> None:
    for number, question in enumerate(QUESTIONS, 1):
        visit(tab, server, "start", "?language=en&projector=1")
        card = tab.locator(f".st-key-question-card-{number}")
        card.scroll_into_view_if_needed()
        card.click(position={"x": 12, "y": 12})  # not on the text: the whole card is the link
        for name, value in question.parameters.items():
            tab.wait_for_url(f"**{name}={value}**")
        place, text = OPENED[number]
        expect(tab.locator(place).get_by_text(text).first).to_be_visible(timeout=2 * SECONDS)  # a cold model may load
        assert "language=en" in tab.url
        assert "projector=1" in tab.url
