"""From the click on "Start the race" to the first point on the curve, in Chromium, on an otherwise idle machine.

    python -m benchmarks.first_point               three times, each with a newly started app
    python -m benchmarks.first_point --wait 2      the click comes two seconds after the page is there

The page Training with its own settings: a BERT of 3 layers, bundled texts. While somebody reads the page a worker gets
ready; `--wait` says how long they read (20 s). Also told is when the first run has ended, and when the whole race has.
"""

import argparse
import statistics
import time
from dataclasses import dataclass

from playwright.sync_api import Page, sync_playwright

from benchmarks.app_server import running_app
from benchmarks.machine import machine
from tests.install_chromium import find

IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
POINT = ".curves-stage svg path[transform]"
MILLISECONDS = 300_000


@dataclass(frozen=True)
class Times:
    """Seconds from the click."""

    first_point: float
    race_over: float


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.first_point",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wait", type=float, default=20, help="seconds between the page and the click (20)")
    options = parser.parse_args()
    print(machine("streamlit"))
    seconds = []
    for number in range(1, options.rounds + 1):
        with running_app() as app, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find(), args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            page = browser.new_page(viewport={"width": 1280, "height": 720})
            page.set_default_timeout(MILLISECONDS)
            page.goto(f"{app.address}/training?language=en")
            page.locator(IDLE).wait_for()
            time.sleep(options.wait)
            seconds.append(_measure(page))
            browser.close()
        print(f"round {number}: first point {seconds[-1].first_point:.1f} s, race over {seconds[-1].race_over:.1f} s")
    print(
        f"median: first point {statistics.median(times.first_point for times in seconds):.1f} s, "
        f"race over {statistics.median(times.race_over for times in seconds):.1f} s"
    )


def _measure(page: Page) -> Times:
    page.get_by_role("button", name="Start the race").wait_for()
    started = time.perf_counter()
    page.get_by_role("button", name="Start the race").click()
    page.wait_for_url("**race=**")
    page.get_by_role("button", name="Cancel the race").wait_for()
    page.locator(POINT).first.wait_for()
    first_point = time.perf_counter() - started
    page.get_by_role("button", name="Cancel the race").wait_for(state="detached")
    return Times(first_point, time.perf_counter() - started)


if __name__ == "__main__":
    main()
