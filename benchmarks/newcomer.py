"""A newcomer's path in a real browser, with a picture of each stop: from the start page to a model of one's own.

    python -m benchmarks.newcomer DATA OUTPUT                          DATA/classify/banking77-train.csv, 500 rows of it
    python -m benchmarks.newcomer DATA OUTPUT --language zh_CN         DATA/match/lcqmc-zh-dev.csv
    python -m benchmarks.newcomer DATA OUTPUT --width 390 --height 844 a phone

A freshly started app; the file's columns get names of their own, so that they have to be mapped. Two losses race; the
winner is used on Similarity; its bundle is downloaded on Runs and loaded in a plain Python session: with
sentence-transformers, or, for a head on a frozen encoder, with simcse_core. The embeddings must be those of the app.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd
from playwright.sync_api import Page, sync_playwright

from benchmarks.app_server import ROOT, AppServer, running_app
from tests.install_chromium import find

IDLE = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
POINT = ".curves-stage svg path[transform]"
MILLISECONDS = 600_000
OWN_NAMES = {"text": "utterance", "label": "intent", "sentence1": "question1", "sentence2": "question2"}
FILES = {"en": "classify/banking77-train.csv", "zh_CN": "match/lcqmc-zh-dev.csv"}
SENTENCES = {
    "en": ["My card has not arrived yet.", "Where is the card I ordered?", "How do I change my PIN?"],
    "zh_CN": ["我的银行卡还没到。", "我申请的卡在哪里?", "怎么修改密码?"],
}
WORDS = {
    "own": "Use your own data",
    "estimate": "About {each} a run, {all} in all, and a few seconds to start each.",
    "start": "Start the race",
    "cancel": "Cancel the race",
    "result": "Result",
    "similarity": "On the page {page}",
    "download": "Download the bundle",
}
"""Of the interface; their translations stand in its catalogue."""


class Walk:
    """The browser, and the pictures taken so far."""

    def __init__(self, page: Page, app: AppServer, output: Path, language: str) -> None:
        self.page, self.app, self.output, self.language = page, app, output, language
        self.taken = 0

    def say(self, name: str) -> str:
        """A word of the interface in its language; of one with numbers in it, what stands between them."""
        text = translated(WORDS[name], self.language).replace("{page}", translated("Similarity", self.language))
        return text.partition("{each}")[2].partition("{all}")[0] or text

    def picture(self, name: str) -> None:
        self.settle()
        self.taken += 1
        self.page.screenshot(path=self.output / f"{self.language}-{self.taken:02}-{name}.png")
        print(f"{self.taken:02} {name}", flush=True)

    def settle(self) -> None:
        self.page.wait_for_timeout(700)
        self.page.locator(IDLE).wait_for()

    def button(self, name: str) -> None:
        self.page.get_by_role("button", name=self.say(name)).first.click()

    def link(self, name: str) -> None:
        self.page.get_by_role("link", name=self.say(name)).first.click()


def main() -> None:
    options = _options()
    output = Path(options.output)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, running_app() as app, sync_playwright() as playwright:
        file = own_file(Path(options.data) / FILES[options.language], Path(folder), options.rows)
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-dev-shm-usage"])
        page = browser.new_page(
            viewport={"width": options.width, "height": options.height},
            color_scheme="dark" if options.dark else "light",
            accept_downloads=True,
        )
        page.set_default_timeout(MILLISECONDS)
        walk = Walk(page, app, output, options.language)
        run = train(walk, file)
        similarity = use(walk, run)
        bundle = take_away(walk, run, Path(folder))
        browser.close()
        cosines = in_plain_python(bundle, Path(folder), SENTENCES[options.language])
        app_says = [[round(value, 2) for value in row] for row in similarity]
        python_says = [[round(value, 2) for value in row] for row in cosines]
        print("the app says     ", app_says)
        print("plain Python says", python_says)
        if app_says != python_says:
            sys.exit("They differ.")


def own_file(source: Path, folder: Path, rows: int) -> Path:
    """Some rows of a file, under names of columns that the app has to ask about."""
    table = pd.read_csv(source).sample(rows, random_state=0).rename(columns=OWN_NAMES)
    file = folder / "my-data.csv"
    table.to_csv(file, index=False)
    return file


def train(walk: Walk, file: Path) -> str:
    """From the start page to a verdict; the winner's run."""
    page = walk.page
    page.goto(f"{walk.app.address}/?language={walk.language}")
    page.locator(".js-plotly-plot").wait_for()
    walk.picture("start")
    page.goto(f"{walk.app.address}/training?language={walk.language}")
    walk.picture("recorded-race")
    walk.button("own")
    page.locator("input[type=file]").first.set_input_files(file)
    walk.settle()
    walk.picture("own-data")
    page.keyboard.press("Escape")
    walk.picture("columns-and-linter")
    page.get_by_text(walk.say("estimate")).first.wait_for()
    page.get_by_role("button", name=walk.say("start")).scroll_into_view_if_needed()
    walk.picture("estimate")
    walk.button("start")
    page.wait_for_url("**race=**")
    page.locator(POINT).first.wait_for()
    walk.picture("first-points")
    page.get_by_role("button", name=walk.say("cancel")).wait_for(state="detached")
    walk.picture("verdict")
    page.get_by_role("heading", name=walk.say("result")).scroll_into_view_if_needed()
    walk.picture("result")
    link = page.get_by_role("link", name=walk.say("similarity")).first
    link.scroll_into_view_if_needed()
    walk.picture("before-and-after")
    run = re.search(r"model=([0-9a-f-]+)", str(link.get_attribute("href")))
    if run is not None:
        link.click()
        return run[1]
    link.click()
    page.wait_for_url("**model=**")
    found = re.search(r"model=([0-9a-f-]+)", page.url)
    assert found is not None, page.url
    return found[1]


def use(walk: Walk, run: str) -> list[list[float]]:
    """The trained model on the page Similarity; the cosines that it shows."""
    page = walk.page
    page.wait_for_url(f"**/similarity**{run}**")
    walk.settle()
    page.locator("textarea").first.fill("\n".join(SENTENCES[walk.language]))
    page.locator(".matrix-view[data-painted]").wait_for()
    page.wait_for_function(
        "size => globalThis.simcseMatrices?.get('heatmap')?.matrix?.rows === size",
        arg=len(SENTENCES[walk.language]),
    )
    walk.picture("similarity")
    hundredths: list[int] = page.evaluate("Array.from(globalThis.simcseMatrices.get('heatmap').matrix.hundredths)")
    size = len(SENTENCES[walk.language])
    return [[value / 100 for value in hundredths[row : row + size]] for row in range(0, size * size, size)]


def take_away(walk: Walk, run: str, folder: Path) -> Path:
    """The bundle, downloaded on the page Runs."""
    page = walk.page
    page.goto(f"{walk.app.address}/runs?language={walk.language}&run={run}")
    walk.picture("runs")
    place = page.get_by_role("button", name=walk.say("download")).first
    place.scroll_into_view_if_needed()
    walk.picture("bundle")
    with page.expect_download() as download:
        place.click()
    bundle = folder / "bundle.zip"
    download.value.save_as(bundle)
    return bundle


def in_plain_python(bundle: Path, folder: Path, sentences: list[str]) -> list[list[float]]:
    """The cosines of the bundle's model in a session that knows nothing of the app, or only of simcse_core."""
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(folder / "bundle")
    model = folder / "bundle" / "model"
    load = (
        f"from sentence_transformers import SentenceTransformer as load; model = load({str(model)!r})"
        if (model / "modules.json").is_file()
        else f"from simcse_core import load; model = load({str(model)!r})"
    )
    code = (
        f"import json; {load}; embeddings = model.encode({sentences!r}); "
        "print(json.dumps((embeddings @ embeddings.T).tolist()))"
    )
    where = ROOT if "simcse_core" in load else folder
    ended = subprocess.run([sys.executable, "-c", code], cwd=where, capture_output=True, text=True, check=True)
    cosines: list[list[float]] = json.loads(ended.stdout.splitlines()[-1])
    return cosines


def translated(text: str, language: str) -> str:
    """A word of the interface, from its catalogue."""
    if language == "en":
        return text
    from babel.messages.pofile import read_po

    with (ROOT / "ui" / "locales" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        message = read_po(file).get(text)
    assert message is not None, text
    return str(message.string)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.newcomer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", help="folder with classify/ and match/")
    parser.add_argument("output", help="folder for the pictures")
    parser.add_argument("--language", choices=list(FILES), default="en")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--dark", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
