"""Seconds until a heatmap is painted: after the start of the server, after the first key, and after a reload.

    python -m benchmarks.paint [--rounds 3] [--sizes 30 300 1000 3000]

The start is measured from the command (`make run` on an installed machine runs it) to the picture in Chromium. A reload
is measured from the request to the picture of the sentences somebody typed, which the browser tab has kept; their
vectors are known to the server by then, as they are when somebody reloads a page.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.app_server import running_app
from benchmarks.sentences import new_sentences
from tests.install_chromium import find

PATIENCE = 300_000
"""Milliseconds for anything to appear."""
CANVAS = ".matrix-view[data-painted]"
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="*", default=[30, 300, 1_000, 3_000])
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)
        starts = [start(browser) for _round in range(options.rounds)]
        print(f"start of the server to the first heatmap          {_all([first for first, _typed in starts])}")
        print(f"start of the server to the first typed heatmap    {_all([typed for _first, typed in starts])}")
        with running_app() as server, tab(browser) as page:
            page.goto(f"{server.address}/similarity?language=en")
            page.locator(CANVAS).wait_for()
            for size in options.sizes:
                seconds = reloads(page, list(islice(new_sentences(size), size)), options.rounds)
                print(f"reload to painted, {size:5,} sentences             {_all(seconds)}")
        browser.close()
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


def start(browser: Browser) -> tuple[float, float]:
    """Seconds from the command to the first heatmap, and to the heatmap of the first sentences somebody types."""
    with tab(browser) as page:
        started = time.perf_counter()
        with running_app() as server:
            page.goto(f"{server.address}/similarity?language=en")
            page.locator(CANVAS).wait_for()
            first = time.perf_counter() - started
            fill(page, ["A cat sleeps.", "A kitten naps.", "Stocks fell."])
            painted(page, ["Stocks fell."])
            return first, time.perf_counter() - started


def reloads(page: Page, sentences: Sequence[str], rounds: int) -> list[float]:
    """Seconds from each reload to the picture of these sentences."""
    fill(page, sentences)
    painted(page, sentences)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    seconds = []
    for _round in range(rounds):
        started = time.perf_counter()
        page.reload()
        painted(page, sentences)
        seconds.append(time.perf_counter() - started)
        page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    return seconds


def fill(page: Page, sentences: Sequence[str]) -> None:
    page.locator("textarea").first.fill("\n".join(sentences))


def painted(page: Page, sentences: Sequence[str]) -> None:
    """Wait for the picture of these sentences, which are on a canvas."""
    page.wait_for_function(
        """last => {
            const matrix = globalThis.simcseMatrices?.get("heatmap")?.matrix
            const view = document.querySelector(".matrix-view[data-painted]")
            return matrix && view?.dataset.painted === matrix.digest && matrix.rowTexts.at(-1) === last
        }""",
        arg=sentences[-1],
    )


@contextmanager
def tab(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page.set_default_timeout(PATIENCE)
    yield page
    page.close()


def _all(seconds: Sequence[float]) -> str:
    return f"median {statistics.median(seconds):5.2f} s  ({', '.join(f'{one:.2f}' for one in seconds)})"


if __name__ == "__main__":
    main()
