"""The map in a real browser: a page of its own, a server of its own, and the page that is given away."""

import base64
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
from playwright.sync_api import Browser, Dialog, Page, expect, sync_playwright

from tests.hostile import NAMES
from tests.install_chromium import find
from tests.ui.map_points import blobs
from ui.map.plot import Classes, to_html
from ui.map.plot.words import words

ROOT = Path(__file__).parent.parent.parent
SECONDS = 30_000
SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
"""WebGL on a machine without a graphics card."""
NO_WEBGL = """
    const getContext = HTMLCanvasElement.prototype.getContext
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
        return kind === "webgl2" ? null : getContext.call(this, kind, ...rest)
    }
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "tests/ui/map_plot_app.py", "--server.port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _attempt in range(400):
        try:
            with urlopen(f"{address}/_stcore/health", timeout=10):
                break
        except OSError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking", *SOFTWARE]
        browser = playwright.chromium.launch(executable_path=find(), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab in which no script may fail and no text may run."""
    page = browser.new_page(viewport={"width": 1100, "height": 800}, locale="en-GB", accept_downloads=True)
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


class Map:
    """The map of a tab."""

    def __init__(self, tab: Page) -> None:
        self.tab = tab
        self.root = tab.locator(".map-plot[data-painted]")
        expect(self.root).to_have_count(1)
        self.stage = self.root.get_by_role("application")
        self.wait("data.moving === 'false'")

    def wait(self, condition: str) -> None:
        """Until this is so of what the map says of itself."""
        self.tab.wait_for_function(
            f"(() => {{ const data = document.querySelector('.map-plot').dataset; return {condition} }})()"
        )

    def place(self, row: int) -> tuple[float, float]:
        at = self.tab.evaluate("row => document.querySelector('.map-plot').view.placeOf(row)", row)
        return at["x"], at["y"]

    def read(self, expression: str) -> Any:
        return self.tab.evaluate(
            f"(() => {{ const view = document.querySelector('.map-plot').view; return {expression} }})()"
        )

    @property
    def zoom(self) -> float:
        return float(self.root.get_attribute("data-zoom") or "nan")

    def says(self, text: str) -> None:
        """What the page knows of it."""
        expect(self.tab.get_by_text(re.compile(f"^{text}, touches"))).to_be_visible()

    def color_at(self, x: float, y: float) -> list[int]:
        picture = base64.b64encode(
            self.tab.screenshot(clip={"x": round(x), "y": round(y), "width": 1, "height": 1})
        ).decode()
        color: list[int] = self.tab.evaluate(
            """async picture => {
                const image = new Image()
                image.src = `data:image/png;base64,${picture}`
                await image.decode()
                const context = document.createElement("canvas").getContext("2d")
                context.drawImage(image, 0, 0)
                return Array.from(context.getImageData(0, 0, 1, 1).data).slice(0, 3)
            }""",
            picture,
        )
        return color


def test_a_walk_with_the_mouse(tab: Page, address: str) -> None:
    tab.goto(f"{address}/?n=300")
    plot = Map(tab)
    assert plot.root.get_attribute("data-renderer") == "webgl"

    # Points are where they should be, in their color, and pointing at one shows its text as text.
    first = blobs(300)
    classes, unsure = first.color, first.unsure
    assert isinstance(classes, Classes)
    assert unsure is not None
    alone = next(row for row in range(1, 300) if classes.values[row] == 1 and unsure[row] > 0.4)
    x, y = plot.place(alone)
    assert np.abs(np.array(plot.color_at(x, y)) - [0xD5, 0x5E, 0x00]).max() < 60
    tab.mouse.move(*plot.place(20))
    expect(tab.locator(".map-tip-text")).to_have_text(NAMES[1])
    assert tab.locator("img[src*=hostile]").count() == 0

    # A click chooses, its neighbours are drawn, and nothing of the view is lost.
    tab.mouse.click(*plot.place(45))
    plot.says("chosen 45, selected 0")
    tab.mouse.wheel(0, -300)
    plot.wait("data.zoom > 1.3")
    zoom = plot.zoom
    tab.mouse.click(*plot.place(45))  # again: takes it back
    plot.says("chosen None, selected 0")
    tab.get_by_text("Search").click()
    plot.wait("document.querySelector('.map-plot').view.content.found !== null")
    assert plot.zoom == zoom

    # Another layout: every point keeps its row, and coming back finds the view as it was.
    before = plot.place(100)
    tab.get_by_text("one", exact=True).click()
    plot.wait("data.place === '0.00' && data.moving === 'false'")
    expected = first.layouts[0].points
    got = np.array([plot.place(row) for row in range(0, 300, 30)])
    for axis, sign in ((0, 1), (1, -1)):
        assert np.corrcoef(got[:, axis], sign * expected[::30, axis])[0, 1] > 0.9999
    tab.get_by_text("two", exact=True).click()
    plot.wait(
        "data.place === '1.00' && data.moving === 'false'"
        " && document.querySelector('.map-plot').view.content.place === 1"
    )
    np.testing.assert_allclose(plot.place(100), before, atol=0.5)

    # A lasso selects what is inside, a class that is switched off is not drawn and not selected.
    plot.root.get_by_role("button", name="Show all").click()
    plot.wait("data.zoom === '1.000' && data.moving === 'false'")
    entry = plot.root.get_by_role("button", name="label 2")
    entry.click()
    expect(entry).to_have_attribute("aria-pressed", "false")
    box = plot.stage.bounding_box()
    assert box
    corners = [(3, 3), (box["width"] - 3, 3), (box["width"] - 3, box["height"] - 3), (3, box["height"] - 3)]
    tab.keyboard.down("Shift")
    tab.mouse.move(box["x"] + corners[0][0], box["y"] + corners[0][1])
    tab.mouse.down()
    for right, down in corners[1:]:
        tab.mouse.move(box["x"] + right, box["y"] + down, steps=4)
    tab.mouse.up()
    tab.keyboard.up("Shift")
    of_class = int((classes.values == 2).sum())
    plot.says(f"chosen None, selected {300 - of_class}")
    expect(tab.locator(".map-count")).to_have_text(f"{300 - of_class} of 300 selected")

    # The picture is saved, and a lost context comes back.
    with tab.expect_download() as download:
        plot.root.get_by_role("button", name="Save picture").click()
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert struct.unpack(">II", content[16:24])[0] > 1500
    tab.evaluate(
        """() => {
            const gl = document.querySelector(".map-points").getContext("webgl2")
            window.lose = gl.getExtension("WEBGL_lose_context")
            window.lose.loseContext()
        }"""
    )
    plot.wait("data.lost === 'true'")
    expect(tab.locator(".map-note")).to_contain_text("comes back")
    tab.evaluate("window.lose.restoreContext()")
    plot.wait("data.lost === 'false'")
    plot.read("view.choices.select([], false), view.changed()")
    assert np.abs(np.array(plot.color_at(*plot.place(alone))) - [0xD5, 0x5E, 0x00]).max() < 60


def test_a_walk_with_the_keyboard_alone_and_axe_finds_nothing(tab: Page, address: str) -> None:
    tab.goto(f"{address}/?n=300&steps=1&bare=1")
    plot = Map(tab)
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        tab.emulate_media(color_scheme=scheme)
        tab.wait_for_timeout(300)
        assert [violation["id"] for violation in Axe().run(tab).response["violations"]] == []
    expect(tab.get_by_role("application", name="Map of 300 texts in five groups")).to_be_visible()

    plot.stage.focus()
    plot.stage.press("ArrowRight")  # the first key shows where the cursor is
    start = plot.read("view.cursor")
    plot.stage.press("ArrowRight")
    assert plot.place(plot.read("view.cursor"))[0] > plot.place(start)[0]
    expect(tab.locator(".map-live")).not_to_have_text("")
    plot.stage.press("Enter")
    row = plot.read("view.cursor")
    plot.says(f"chosen {row}, selected 0")
    plot.stage.press("x")
    plot.says(f"chosen {row}, selected 1")
    plot.stage.press("v")
    plot.says(f"chosen {row}, selected 300")
    plot.stage.press("+")
    plot.wait("data.zoom === '1.500'")
    middle = plot.place(row)
    plot.stage.press("Shift+ArrowRight")
    tab.wait_for_function(
        "([row, x]) => document.querySelector('.map-plot').view.placeOf(row).x < x", arg=[row, middle[0]]
    )
    plot.stage.press("0")
    plot.wait("data.zoom === '1.000' && data.moving === 'false'")
    plot.stage.press("Escape")
    plot.says(f"chosen {row}, selected 0")

    # Steps: the slider goes to any place, and play to the end.
    slider = plot.root.get_by_role("slider")
    slider.focus()
    slider.press("Home")
    plot.wait("data.place === '0.00'")
    first = plot.place(7)
    plot.root.get_by_role("button", name="One step forward").click()
    plot.wait("data.place === '1.00' && data.moving === 'false'")
    last = plot.place(7)
    plot.read("view.travel.scrub(0.5), view.drawSoon()")
    plot.wait("data.place === '0.50'")
    np.testing.assert_allclose(plot.place(7), (np.array(first) + last) / 2, atol=0.6)
    slider.press("Home")
    plot.root.get_by_role("button", name="Play").click()
    plot.wait("data.place > 0.1 && data.place < 0.9")
    plot.wait("data.place === '1.00'")
    plot.stage.press("l")
    assert tab.evaluate("document.activeElement.className") == "map-entry"


def test_texts_of_many_points_come_when_they_are_asked_for(tab: Page, address: str) -> None:
    tab.goto(f"{address}/?n=40000&bare=1")
    plot = Map(tab)
    assert plot.read("view.content.texts") is None
    tab.mouse.move(*plot.place(20_001))
    row = plot.read("view.cursor")  # the nearest of many
    expect(tab.locator(".map-tip-text")).to_have_text(re.compile(f"Sentence {row} about|^.*hostile"))
    tab.get_by_role("button", name="Where points overlap").click()
    expect(tab.locator(".map-remarks")).not_to_contain_text("twice as many")


def test_a_plain_map_without_webgl_and_two_fingers_on_a_phone(browser: Browser, address: str) -> None:
    phone = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en-GB")
    tab = phone.new_page()
    tab.add_init_script(NO_WEBGL)
    tab.set_default_timeout(SECONDS)
    tab.goto(f"{address}/?n=8000&bare=1")
    plot = Map(tab)
    assert plot.root.get_attribute("data-renderer") == "plain"
    expect(tab.locator(".map-note")).to_contain_text("5,000 of 8,000 points")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    box = plot.stage.bounding_box()
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
    plot.wait("data.zoom > 2")
    tab.touchscreen.tap(*plot.place(20))
    expect(tab.get_by_text("chosen None")).to_have_count(0)
    phone.close()


def test_the_page_that_is_given_away_works_without_any_network(tab: Page, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    page = to_html(
        blobs(200, third=True, color="length"), title="Two </title> hundred", language="zh_CN", words=words()
    )
    file.write_text(page, encoding="utf-8")
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(file.as_uri())
    plot = Map(tab)
    tab.mouse.move(*plot.place(20))
    row = plot.read("view.cursor")
    expect(tab.locator(".map-tip-text")).to_have_text(plot.read(f"view.content.texts[{row}]"))
    before = plot.place(3)
    box = plot.stage.bounding_box()
    assert box
    tab.mouse.move(box["x"] + 5, box["y"] + 5)
    tab.mouse.down()
    tab.mouse.move(box["x"] + 200, box["y"] + 60, steps=5)
    tab.mouse.up()
    assert np.hypot(*(np.array(plot.place(3)) - before)) > 5  # it turns
    assert tab.locator("html").get_attribute("lang") == "zh-CN"
    assert [violation["id"] for violation in Axe().run(tab).response["violations"]] == []
    assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []
