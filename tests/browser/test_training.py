"""A race in a real browser while its records arrive: the tests write them, nobody trains."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import psutil
import pytest
from filelock import FileLock
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui import races

ROOT = Path(__file__).parent.parent.parent
MILLISECONDS = 60_000
DEV = ".st-key-{key}-dev"
COUNT_MESSAGES = """() => {
    window.said = []
    for (const place of document.querySelectorAll('.announcer')) {
        new MutationObserver((changes) => {
            for (const change of changes) for (const line of change.addedNodes) window.said.push(line.textContent)
        }).observe(place, { childList: true })
    }
}"""


@dataclass
class Server:
    """The app on a port and a home of its own."""

    home: Path
    port: int = 0
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)]
        environment = {**os.environ, "SIMCSE_HOME": str(self.home)}
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet)
        for _attempt in range(240):
            try:
                with urlopen(f"http://127.0.0.1:{self.port}/_stcore/health", timeout=10):
                    return
            except OSError:
                time.sleep(0.1)

    def stop(self) -> None:
        """At once, as a machine that is switched off."""
        if self.process is not None:
            for child in psutil.Process(self.process.pid).children(recursive=True):
                child.kill()
            self.process.kill()
            self.process.wait(20)

    def address(self, race: str) -> str:
        return f"http://127.0.0.1:{self.port}/training?language=en&race={race}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Somebody holds the supervisor's lock, so that the runs wait for the tests."""
    started = Server(tmp_path_factory.mktemp("home"))
    with FileLock(started.home / "supervisor.lock"):
        started.start()
        yield started
        started.stop()


@pytest.fixture(autouse=True)
def same_home(server: Server, monkeypatch: pytest.MonkeyPatch, nobody_works: None) -> None:
    monkeypatch.setenv("SIMCSE_HOME", str(server.home))


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab in which no script may fail."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page.set_default_timeout(MILLISECONDS)
    expect.set_options(timeout=MILLISECONDS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def bar(tab: Page, says: str) -> Locator:
    return tab.get_by_test_id("stProgress").filter(has_text=says).first


def test_zoom_and_hidden_lines_outlive_the_data_that_arrive(tab: Page, server: Server) -> None:
    runs = races.start(("bce", "center"))
    races.finish(runs[0], right=0.9)
    races.learn(runs[1], to=4)
    race = races.id_of(runs)
    tab.goto(server.address(race))
    chart = tab.locator(DEV.format(key=f"live-{race}"))
    picture = chart.locator(".curves-stage > svg")
    expect(picture).to_have_attribute(
        "aria-label",
        "Lines: mean average precision on the held-out data while training goes on. So far: bce 0.500, center 0.300",
    )
    picture.evaluate("(node) => { node.mark = 'the same' }")
    box = picture.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 100)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 120, steps=4)
    tab.mouse.up()
    expect(chart.get_by_role("button", name="Show all")).to_be_visible()
    chart.get_by_role("button", name="bce").click()
    zoomed = picture.locator("text").all_inner_texts()
    races.learn(runs[1], to=6, after=4)
    expect(picture).to_have_attribute(
        "aria-label",
        "Lines: mean average precision on the held-out data while training goes on. So far: bce 0.500, center 0.400",
    )
    assert picture.evaluate("(node) => node.mark") == "the same"
    assert [text for text in zoomed if text not in picture.locator("text").all_inner_texts()][1:] == []
    expect(chart.get_by_role("button", name="bce")).to_have_attribute("aria-pressed", "false")
    assert picture.locator("g path[stroke='#0072B2']").count() == 0


def test_a_screen_reader_hears_each_epoch_once_and_the_result(tab: Page, server: Server) -> None:
    runs = races.start(("bce", "supcon"), seeds=(1,))  # the same race again would be the same runs
    races.learn(runs[0], to=3)
    tab.goto(server.address(races.id_of(runs)))
    expect(bar(tab, "epoch 2")).to_be_visible()
    tab.locator(".announcer").nth(1).wait_for(state="attached")
    tab.evaluate(COUNT_MESSAGES)
    for step in range(3, races.STEPS):
        races.learn(runs[0], to=step + 1, after=step)
        tab.wait_for_timeout(600)
    races.finish(runs[0], right=0.9, after=races.STEPS)
    races.finish(runs[1], right=0.4)
    expect(tab.get_by_role("heading", name="Result")).to_be_visible()
    tab.wait_for_function("() => window.said.some((text) => text.startsWith('The race is over'))")
    said = tab.evaluate("() => window.said")
    of_bce = [text for text in said if "bce, mean" in text]
    assert of_bce == [f"Epoch {epoch}: bce, mean average precision {0.1 + 0.1 * epoch:.2f}" for epoch in (2, 3, 4)]
    assert said[-1].startswith("The race is over. With this one seed bce did better than the start of the training")
    assert len(said) == len(set(said))


def test_a_race_is_found_again_by_its_address_and_goes_on_when_the_server_was_away(
    browser: Browser, tab: Page, server: Server
) -> None:
    runs = races.start(("bce", "triplet"), seeds=(2,))
    races.learn(runs[0], to=2)
    address = server.address(races.id_of(runs))
    tab.goto(address)
    expect(bar(tab, "epoch 1")).to_be_visible()
    server.stop()
    races.learn(runs[0], to=4, after=2)
    server.start()
    expect(bar(tab, "epoch 2")).to_be_visible()
    other = browser.new_page()
    other.goto(address)
    expect(bar(other, "epoch 2")).to_be_visible()
    other.close()


def test_curves_finding_progress_and_start_are_inside_the_window(tab: Page, server: Server) -> None:
    runs = races.start(("bce", "center", "triplet"), seeds=(3,))
    races.learn(runs[0], to=4)
    address = server.address(races.id_of(runs))
    for width, height, parameters in ((1280, 720, ""), (1920, 1080, ""), (1280, 720, "&projector=1")):
        tab.set_viewport_size({"width": width, "height": height})
        if tab.url == "about:blank" or parameters:
            tab.goto(address + parameters)
        expect(tab.locator(".curves-stage > svg g path").first).to_be_visible()
        finding = tab.locator(".st-key-stage-finding p").first
        expect(finding).to_contain_text("No result yet")
        start = tab.get_by_role("button", name="Start the race")
        for place in (tab.locator(".curves-stage > svg").first, finding, start, bar(tab, "triplet")):
            expect(place).to_be_in_viewport(ratio=1)
        box = tab.locator(".curves-stage > svg").first.bounding_box()
        assert box is not None
        assert box["height"] > height / 4, "the chart takes the room that is left"
