"""JavaScript modules as one script."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from tests.install_chromium import find
from ui.frame.scripts import as_one_script

ROOT = Path(__file__).parent.parent.parent.parent
NO_MODULE = {"head.js"}
"""Stands in the head of the page as it is."""

MODULES = sorted(path for path in (ROOT / "ui").rglob("frontend/**/*.js") if path.name not in NO_MODULE)
IMPORTED = {
    (path.parent / name).resolve() for path in MODULES for name in re.findall(r' from "(.+)"', path.read_text("utf-8"))
}
ENTRIES = [path for path in MODULES if path not in IMPORTED]


def folder(place: Path, **modules: str) -> Path:
    for name, code in modules.items():
        (place / f"{name}.js").write_text(code, encoding="utf-8")
    return place / "entry.js"


@pytest.fixture(scope="module")
def tab() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser.new_page()
        browser.close()


def answer(tab: Page, script: str) -> object:
    """What the script's default export returns, as Streamlit would call it; None when it has none."""
    return tab.evaluate(
        """async (script) => {
            const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }))
            return (await import(address)).default?.()
        }""",
        script,
    )


def test_names_of_one_module_are_not_seen_by_another(tmp_path: Path, tab: Page) -> None:
    sum_of_all = "export default function () { return one + two + drei() }"
    entry = folder(
        tmp_path,
        entry=f'import {{ two, three as drei }} from "./b.js"\nconst one = 10\n{sum_of_all}\n',
        b='import {\n  one,\n} from "./c.js"\nexport const two = one * 200\nexport function three() { return one }\n',
        c="export const one = 1\nconst two = 7\nexport class Three { two = two }\n",
    )
    assert answer(tab, as_one_script(entry)) == 10 + 200 + 1


def test_a_module_that_two_others_import_is_there_once(tmp_path: Path, tab: Page) -> None:
    is_same = "export default function () { return left === right }"
    entry = folder(
        tmp_path,
        entry=f'import {{ left }} from "./left.js"\nimport {{ right }} from "./right.js"\n{is_same}\n',
        left='import { shared } from "./shared.js"\nexport const left = shared\n',
        right='import { shared } from "./shared.js"\nexport const right = shared\n',
        shared="export const shared = {}\n",
    )
    assert answer(tab, as_one_script(entry)) is True


@pytest.mark.parametrize(
    ("modules", "message"),
    [
        (
            {"entry": 'import { a } from "./a.js"\n', "a": 'import { b } from "./entry.js"\n'},
            "circle of imports: entry.js -> a.js -> entry.js",
        ),
        ({"entry": 'import { a } from "./absent.js"\n'}, "entry.js imports .*absent.js, which is no file"),
        (
            {"entry": 'import { gone } from "./a.js"\n', "a": "export const here = 1\n"},
            "entry.js imports gone, which a.js does not export",
        ),
        ({"entry": 'import a from "./a.js"\n'}, "entry.js: 'import a from .* is not followed"),
        ({"entry": 'import { a } from "package"\n'}, "entry.js: 'import { a } from .* is not followed"),
        ({"entry": "export let a = 1\n"}, "entry.js: 'export let a = 1' is not followed"),
        (
            {"entry": 'import { a } from "./a.js"\n', "a": "export const a = 1\nexport default function () {}\n"},
            "a.js: 'export default .* is not followed",
        ),
    ],
)
def test_what_cannot_be_followed_is_refused_with_its_names(
    modules: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ImportError, match=message):
        as_one_script(folder(tmp_path, **modules))


def test_comments_are_not_sent_with_every_change_of_the_data(tmp_path: Path) -> None:
    entry = folder(tmp_path, entry='// why\nexport default function () {\n  // how\n  return "//"\n}\n')
    assert as_one_script(entry) == 'export default function () {\n  return "//"\n}\n'


def test_a_component_without_a_script_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportError, match=r"a component imports .*nothing.js, which is no file"):
        as_one_script(tmp_path / "nothing.js")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.relative_to(ROOT / "ui")))
def test_every_module_that_no_other_imports_is_an_entry_the_browser_can_load(entry: Path, tab: Page) -> None:
    script = as_one_script(entry)
    if entry.name == "page.js":  # of the page that is given away; tests/browser/test_matrix.py opens it
        tab.evaluate("script => { new Function(script) }", script)
        return
    kind = tab.evaluate(
        """async (script) => {
            const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }))
            return typeof (await import(address)).default
        }""",
        script,
    )
    assert kind == "function", "nobody imports this file, and it is no component"
