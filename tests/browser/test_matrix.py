"""The large heatmap in a real browser: a page of its own, a server of its own, and the page that is given away."""

import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.request import urlopen

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Dialog, Locator, Page, WebSocket, expect

from tests.ui.matrices import EVIL, topics
from ui.shared.matrix.view import Picture, to_html

ROOT = Path(__file__).parent.parent.parent
SECONDS = 30_000
DIAGONAL = (150.5 / 300, 150.5 / 300)
"""The middle of a cell of a sentence with itself."""
WORDS = {
    "zoom_in": "Zoom in",
    "zoom_out": "Zoom out",
    "fit": "Show all",
    "hint": "Point at a cell.",
    "pick": "Click a cell.",
    "help": "Arrow keys move.",
    "cell": "Row {row}, column {column}: about {value}. {first} / {second}",
    "table": "The numbers",
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "tests/ui/matrix_app.py", "--server.port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _attempt in range(240):
        try:
            with urlopen(f"{address}/_stcore/health", timeout=10):
                break
        except OSError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(20)


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab in which no script may fail and no sentence may run; it knows how much the server sent."""
    page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-GB", accept_downloads=True)
    page.set_default_timeout(SECONDS)
    expect.set_options(timeout=SECONDS)
    errors: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        errors.append(f"dialog: {dialog.message}")
        dialog.dismiss()  # the page waits for it

    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", on_dialog)
    yield page
    page.close()
    assert errors == []


def visit(tab: Page, address: str) -> Locator:
    tab.goto(address)
    views = tab.locator(".matrix-view[data-painted]")
    expect(views).to_have_count(2)
    return views.first


def cells_box(view: Locator) -> dict[str, float]:
    """Where the cells are in the window: what is not transparent on the first canvas."""
    box: dict[str, float] = view.locator("canvas").first.evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height)
            let [left, top, right, bottom] = [canvas.width, canvas.height, 0, 0]
            for (let at = 0; at < canvas.width * canvas.height; at++) if (data[4 * at + 3] > 250) {
                const [x, y] = [at % canvas.width, Math.floor(at / canvas.width)]
                left = Math.min(left, x); right = Math.max(right, x + 1)
                top = Math.min(top, y); bottom = Math.max(bottom, y + 1)
            }
            const { x, y } = canvas.getBoundingClientRect()
            return { x: x + left, y: y + top, width: right - left, height: bottom - top, left, top }
        }"""
    )
    return box


def color_at(view: Locator, x: float, y: float) -> list[int]:
    color: list[int] = view.locator("canvas").first.evaluate(
        "(canvas, [x, y]) => Array.from(canvas.getContext('2d').getImageData(x, y, 1, 1).data)", [x, y]
    )
    return color


def cell_size(view: Locator) -> float:
    return float(view.get_attribute("data-cell-size") or "nan")


def point_at(tab: Page, view: Locator, row: int, column: int, count: int) -> tuple[float, float]:
    """Moves the mouse to the middle of a cell while the whole matrix is seen."""
    box = cells_box(view)
    x, y = ((at + 0.5) / count for at in (column, row))
    place = round(box["x"] + x * box["width"]), round(box["y"] + y * box["height"])  # wheels know whole pixels only
    tab.mouse.move(*place)
    return place


def test_topics_are_purple_squares_on_the_diagonal_and_a_threshold_greys_the_rest(tab: Page, address: str) -> None:
    received: list[int] = []

    def on_websocket(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(len(frame)))

    tab.on("websocket", on_websocket)
    view = visit(tab, address)
    box = cells_box(view)
    assert box["width"] == pytest.approx(300 * cell_size(view), abs=2)

    def at(row: float, column: float) -> list[int]:
        return color_at(view, box["left"] + column * box["width"], box["top"] + row * box["height"])

    assert at(*DIAGONAL) == [0x2D, 0x00, 0x4B, 255]  # a sentence with itself
    same_topic, other_topic = np.array(at(0.52, 0.56)), np.array(at(0.52, 0.95))
    assert same_topic[:3].mean() < 190 < other_topic[:3].mean()

    expect(tab.get_by_text(re.compile(r"^run \d+$"))).to_be_visible()  # the last thing on the page: all is received
    before = sum(received)
    tab.get_by_text("Threshold").click()
    expect(view.locator(".matrix-ticks")).to_contain_text("0.9")
    assert at(0.52, 0.95) == [0xCC, 0xCB, 0xD0, 255]
    assert at(*DIAGONAL) == [0x2D, 0x00, 0x4B, 255]
    assert sum(received) - before < 85_000, "the matrix (90,000 bytes) was sent again for other colours"


def expect_size(tab: Page, size: float) -> None:
    """Waits until a cell of the first matrix is so many pixels large."""
    condition = "size => Math.abs(document.querySelector('.matrix-view').dataset.cellSize - size) < 0.02"
    tab.wait_for_function(condition, arg=size)


def test_zoom_by_buttons_and_keys_and_it_survives_a_rerun_with_the_same_sentences(tab: Page, address: str) -> None:
    view = visit(tab, address)
    stage = view.get_by_role("application")
    everything = cell_size(view)
    expect(view.get_by_role("button", name="Zoom out")).to_have_attribute("aria-disabled", "true")
    for _step in range(3):
        view.get_by_role("button", name="Zoom in").click()
    expect_size(tab, everything * 1.5**3)
    tab.get_by_role("button", name="Run again").click()
    expect(tab.get_by_text("run 2")).to_be_visible()
    expect_size(tab, everything * 1.5**3)
    view.get_by_role("button", name="Show all").click()
    expect_size(tab, everything)

    stage.focus()
    stage.press("+")
    expect_size(tab, everything * 1.5)
    stage.press("-")
    expect_size(tab, everything)
    stage.press("+")
    stage.press("0")
    expect_size(tab, everything)
    stage.press("+")
    stage.press("Escape")
    expect(stage).not_to_be_focused()
    tab.get_by_text("Fewer").click()
    expect(tab.get_by_text("run 3")).to_be_visible()
    expect_size(tab, everything * 300 / 200)


def test_the_wheel_zooms_around_the_pointer_with_ctrl_and_dragging_moves(tab: Page, address: str) -> None:
    tab.set_viewport_size({"width": 800, "height": 900})
    view = visit(tab, address)
    everything = cell_size(view)
    x, y = point_at(tab, view, 150, 150, 300)
    numbers = view.locator(".matrix-number")
    row, column = numbers.all_inner_texts()
    assert (row, column) in (("150", "150"), ("151", "151"), ("152", "152"))
    tab.mouse.wheel(0, -200)  # without Ctrl it is the page's
    tab.wait_for_timeout(100)
    expect_size(tab, everything)
    tab.keyboard.down("Control")
    for _turn in range(3):
        tab.mouse.wheel(0, -200)
    tab.keyboard.up("Control")
    tab.wait_for_function("size => document.querySelector('.matrix-view').dataset.cellSize > size", arg=30 * everything)
    tab.mouse.move(x, y)
    expect(numbers).to_have_text([row, column])
    box = view.locator(".matrix-stage").bounding_box()
    assert box
    around = [(across, down) for across in (-18, -6, 6, 18) for down in (-18, -6, 6, 18)]  # some are beside the number
    colors = [color_at(view, x - box["x"] + across, y - box["y"] + down) for across, down in around]
    assert [0x2D, 0x00, 0x4B, 255] in colors  # 1.00

    size = cell_size(view)
    tab.mouse.down()
    tab.mouse.move(x + 2 * size, y + size, steps=4)
    tab.mouse.up()
    expect(numbers).to_have_text([row, column])
    tab.mouse.move(x, y)
    expect(numbers).to_have_text([str(int(row) - 1), str(int(column) - 2)])
    expect(tab.get_by_text("nothing", exact=True)).to_be_visible()  # a drag is no click
    tab.mouse.dblclick(x, y)
    expect_size(tab, everything)


def test_pointing_and_arrow_keys_read_a_cell_and_sentences_stay_text(tab: Page, address: str) -> None:
    view = visit(tab, address)
    point_at(tab, view, 0, 1, 300)
    expect(view.locator(".matrix-text").nth(0)).to_have_text(EVIL[0])
    expect(view.locator(".matrix-text").nth(1)).to_have_text(EVIL[1])
    expect(view.locator(".matrix-value")).to_have_text(f"{topics(300)[0][0, 1]:.2f}")
    tab.mouse.move(5, 5)
    stage = view.get_by_role("application")
    stage.focus()
    for key in ("ArrowDown", "ArrowDown", "Shift+ArrowRight", "ArrowLeft"):
        stage.press(key)
    live = view.locator(".matrix-live")
    expect(live).to_contain_text("Row 2, column 10: about 0.")  # the first key only shows the cursor
    expect(live).to_contain_text(f"{EVIL[1]} / Sentence 9 第9句")
    stage.press("ArrowDown")
    expect(live).to_contain_text("{value} ${x} $x$ **b**")
    assert tab.locator("img[src=x]").count() == 0
    stage.press("Tab")
    expect(stage).not_to_be_focused()


def test_a_click_reports_the_cell_and_the_page_knows_its_exact_value(tab: Page, address: str) -> None:
    view = visit(tab, address)
    expect(tab.get_by_text("nothing", exact=True)).to_be_visible()
    point_at(tab, view, 150, 150, 300)
    tab.mouse.down()
    tab.mouse.up()
    expect(tab.get_by_text("150 and 150: 1.000000")).to_be_visible()
    stage = view.get_by_role("application")
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        stage.press(key)
    expect(tab.get_by_text(f"150 and 152: {topics(300)[0][150, 152]:.6f}")).to_be_visible()
    oblong = tab.locator(".matrix-view").nth(1)
    expect(oblong.locator(".matrix-number")).to_have_text(["2", "3"])  # chosen by the page
    tab.get_by_text("Fewer").click()  # a cell of other sentences
    expect(tab.get_by_text("nothing", exact=True)).to_be_visible()


def test_two_fingers_zoom_and_a_tap_reads(browser: Browser, address: str) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    tab = phone.new_page()
    view = visit(tab, address)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert cells_box(view)["width"] > 300
    before = cell_size(view)
    box = view.locator(".matrix-stage").bounding_box()
    assert box
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    fingers = phone.new_cdp_session(tab)

    def touch(kind: str, *apart: float) -> None:
        points = [{"x": x + side * wide, "y": y, "id": side} for wide in apart for side in (1, -1)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 20)
    for apart in (30, 45, 60):
        touch("touchMove", apart)
    touch("touchEnd")
    tab.wait_for_function("size => document.querySelector('.matrix-view').dataset.cellSize > size", arg=2.5 * before)
    tab.touchscreen.tap(x, y)
    expect(view.locator(".matrix-value")).to_be_visible()
    expect(tab.get_by_text("nothing", exact=True)).to_have_count(0)
    phone.close()


def test_axe_finds_nothing_in_light_and_dark(tab: Page, address: str) -> None:
    visit(tab, address)
    expect(tab.get_by_role("application", name="Heatmap of 300 sentences in ten topics")).to_be_visible()
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        tab.emulate_media(color_scheme=scheme)
        tab.wait_for_timeout(300)
        assert [violation["id"] for violation in Axe().run(tab).response["violations"]] == []


def test_pictures_are_saved_as_png(tab: Page, address: str) -> None:
    visit(tab, address)
    for button, file, smallest in (
        ("Save picture", "topics.png", 100_000),
        ("Picture of a few", "similarity.png", 20_000),
    ):
        with tab.expect_download() as download:
            tab.get_by_role("button", name=button).click()
        assert download.value.suggested_filename == file
        content = Path(download.value.path()).read_bytes()
        width, height = struct.unpack(">II", content[16:24])
        assert content.startswith(b"\x89PNG")
        assert len(content) > smallest
        assert 1200 <= width <= 6000
        assert 1200 <= height <= 6000


def exported(path: Path) -> str:
    page = to_html(
        *topics(6),
        title="Six </title> sentences",
        words=WORDS,
        alt="Heatmap of six sentences",
        language="zh_CN",
        picture=Picture("Six", "", "six.png", "Save picture"),
    )
    path.write_text(page, encoding="utf-8")
    return path.as_uri()


def test_the_page_that_is_given_away_works_without_any_network(tab: Page, tmp_path: Path) -> None:
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.set_viewport_size({"width": 390, "height": 844})
    tab.goto(exported(tmp_path / "six.html"))
    view = tab.locator(".matrix-view[data-painted]")
    box = cells_box(view)
    assert color_at(view, box["left"] + 8, box["top"] + 8) == [0x2D, 0x00, 0x4B, 255]
    tab.mouse.click(box["x"] + box["width"] * 1.5 / 6, box["y"] + box["height"] * 0.5 / 6)
    tab.mouse.move(1, 1)
    expect(view.locator(".matrix-text").nth(0)).to_have_text(EVIL[0])
    expect(view.locator(".matrix-text").nth(1)).to_have_text(EVIL[1])
    expect(tab.locator("table tbody th").nth(1)).to_have_text(f"2 {EVIL[1]}")
    shown = [
        view.locator(".matrix-value").inner_text(),
        tab.locator("tbody tr").first.locator("td").nth(1).inner_text(),
    ]
    assert shown[0] == shown[1]
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save picture").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.locator("html").get_attribute("lang") == "zh-CN"
    assert [url for url in requests if not url.startswith(("file:", "blob:"))] == []
    violations: list[dict[str, Any]] = Axe().run(tab).response["violations"]
    assert [violation["id"] for violation in violations] == []
