"""One server for all browser tests of a process, a browser for each module, a tab for each test.

The browser is closed with its module: while Playwright runs, no other test of the process can start an event loop.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.request import urlopen

import psutil
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, expect, sync_playwright

from tests.browser.serving import ROOT, SECONDS, Server, end_the_process_of_maps
from tests.install_chromium import find


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A freshly started app, as `make run` starts it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "SIMCSE_HOME": str(tmp_path_factory.mktemp("home"))}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _attempt in range(240):
        try:
            with urlopen(f"{address}/_stcore/health", timeout=10):
                break
        except OSError:
            time.sleep(0.25)
    watched = psutil.Process(process.pid)
    end_the_process_of_maps(watched)
    yield Server(address, watched)
    for child in watched.children(recursive=True):
        child.kill()
    process.terminate()
    process.wait(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=find(), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A tab that may talk to nobody but the server, and in which no script may fail."""
    page = browser.new_page(viewport={"width": 1280, "height": 720}, locale="en-GB")
    page.set_default_timeout(SECONDS)
    expect.set_options(timeout=SECONDS)
    strangers: list[str] = []
    errors: list[str] = []

    def on_dialog(dialog: Dialog) -> None:
        errors.append(f"dialog: {dialog.message}")
        dialog.dismiss()  # the page waits for it

    def on_request(request: Request) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")):
            strangers.append(request.url)

    def on_console(message: ConsoleMessage) -> None:
        # A deep link makes Streamlit look for itself under the page's path first.
        if message.type == "error" and "404" not in message.text:
            errors.append(message.text)

    page.on("request", on_request)
    page.on("console", on_console)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("dialog", on_dialog)
    yield page
    page.close()
    assert strangers == []
    assert errors == []
