"""What the browser tests share: where the server is, and how a page is opened."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Page

from ui.frame.page import PAGES

ROOT = Path(__file__).parent.parent.parent
IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
SECONDS = 60_000
"""Milliseconds that a tab waits at most."""
PATHS = {name: "" if name == "start" else Path(page.path).stem for name, page in PAGES.items()}


@dataclass(frozen=True)
class Server:
    address: str
    process: psutil.Process


def end_the_process_of_maps(server: psutil.Process) -> None:
    """It would compile UMAP for half a minute beside the tests of a module; the first map that needs it starts it."""
    for child in server.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "simcse_core.meaning.projection.worker" in child.cmdline():
                child.kill()


def visit(tab: Page, server: Server, name: str, parameters: str = "") -> None:
    tab.goto(f"{server.address}/{PATHS[name]}{parameters}")
    tab.wait_for_selector(IDLE)
