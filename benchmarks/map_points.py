"""A map of many points in Chromium: megabytes sent, seconds until it is painted, frames a second while it is moved.

    python -m benchmarks.map_points [--points 100000] [--rounds 3] [--graphics-card]

The points lie in twelve groups with noise, in two layouts, with colours, names, contours and marks for unsure
points, on a page of their own (tests/ui/map_plot_app.py). A round is a new tab: the time runs from the request to the
picture. While the map is moved, each frame draws the points again; where that takes too long, a part of them until the
map is at rest. Without `--graphics-card` the browser draws in software, as on a shared server or an old laptop.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.request import urlopen

import psutil
from playwright.sync_api import Browser, Page, WebSocket, sync_playwright

from benchmarks.app_server import ROOT, free_port
from tests.install_chromium import find

PATIENCE = 300_000
"""Milliseconds for anything to appear."""
MOVE_SECONDS = 4
SOFTWARE = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
CARD = ["--use-gl=angle", "--ignore-gpu-blocklist"]
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
MOVE = """seconds => new Promise((resolve) => {
    const { view } = document.querySelector(".map-plot")
    const gl = document.querySelector(".map-points").getContext("webgl2")
    const start = performance.now()
    const shares = []
    let frames = 0
    const frame = (now) => {
        view.travel.drag(now % 1000 < 500 ? 2 : -2, 1, false)
        view.drawSoon()
        gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4)) // waits until the frame before is drawn
        frames++
        shares.push(view.scene.share ?? 1)
        if (now - start < 1000 * seconds) requestAnimationFrame(frame)
        else resolve([(1000 * frames) / (now - start), shares.sort()[shares.length >> 1]])
    }
    requestAnimationFrame(frame)
})"""


@dataclass(frozen=True)
class Round:
    """What one tab took."""

    megabytes: float
    """Through the web socket, until the picture was there."""
    painted: float
    """Seconds from the request of the page."""
    frames: float
    """A second, while the map is moved."""
    share: float
    """Of the points, drawn in such a frame (the median)."""
    zoomed: float
    """Frames a second, looking closer: larger points, fewer of them in view."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--graphics-card", action="store_true", help="draw with the graphics card of this machine")
    options = parser.parse_args()
    card = CARD if options.graphics_card else SOFTWARE
    with running_page() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=[*ARGUMENTS, *card])
        once(browser, f"{address}/?n=1000&color=many&bare=1")  # the server has imported everything
        rounds = [once(browser, f"{address}/?n={options.points}&color=many&bare=1") for _round in range(options.rounds)]
        browser.close()
    print(f"{options.points:,} points, {'graphics card' if options.graphics_card else 'software'}")
    print(f"sent, MB                              {_all([each.megabytes for each in rounds])}")
    print(f"request to painted, s                 {_all([each.painted for each in rounds])}")
    print(f"frames a second, all in view, moving  {_all([each.frames for each in rounds])}")
    print(f"points drawn in such a frame, %       {_all([100 * each.share for each in rounds])}")
    print(f"frames a second, zoomed in, moving    {_all([each.zoomed for each in rounds])}")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


def once(browser: Browser, address: str) -> Round:
    """Open a map in a new tab, and move it."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page.set_default_timeout(PATIENCE)
    received: list[int] = []

    def on_websocket(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(len(frame)))

    page.on("websocket", on_websocket)
    started = time.perf_counter()
    page.goto(address)
    page.locator(".map-plot[data-painted]").wait_for()
    painted = time.perf_counter() - started
    megabytes = sum(received) / 1e6
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    frames, share = moved(page)
    page.evaluate("document.querySelector('.map-plot').view.travel.zoomBy(6, { x: 500, y: 250 })")
    zoomed, _share = moved(page)
    page.close()
    return Round(megabytes, painted, frames, share, zoomed)


def moved(page: Page) -> tuple[float, float]:
    """Frames a second, and the share of the points that one had."""
    frames, share = page.evaluate(MOVE, MOVE_SECONDS)
    return frames, share


@contextmanager
def running_page() -> Iterator[str]:
    """The page with a map on a free port."""
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", "tests/ui/map_plot_app.py", "--server.port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}"
        for _attempt in range(600):
            try:
                with urlopen(f"{address}/_stcore/health"):
                    break
            except OSError:
                time.sleep(0.1)
        yield address
    finally:
        for child in (*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)):
            child.terminate()
        process.wait(20)


def _all(values: Sequence[float]) -> str:
    return f"median {statistics.median(values):6.2f}  ({', '.join(f'{one:.2f}' for one in values)})"


if __name__ == "__main__":
    main()
