"""Runs in a real browser: a run is ticked in the list, taken away as a bundle, brought in again and removed."""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.runs import store
from tests.browser.serving import Server, visit
from tests.ui.runs.test_page import finished

PLACES = """() => ["title", "controls", "figure", "finding", "rail"].filter((name) => {
    const box = document.querySelector(`.st-key-stage-${name}`).getBoundingClientRect()
    return box.height < 20 || box.bottom > innerHeight || box.right > innerWidth || box.left < 0
})"""
CUT = """() => [...document.querySelectorAll(".st-key-stage-rail p, .st-key-stage-finding p")]
    .filter((text) => text.scrollWidth > text.clientWidth + 1 && getComputedStyle(text).display != "inline")
    .map((text) => text.textContent)"""


def test_a_run_is_ticked_taken_away_brought_in_again_and_removed(
    tab: Page, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, multilingual: FrozenEncoder
) -> None:
    me = secrets.token_hex(16)
    monkeypatch.setenv("SIMCSE_HOME", server.process.environ()["SIMCSE_HOME"])
    for loss in ("bce", "supcon"):
        run = finished(loss, owner=me)
        multilingual.save(run.model)
    run.rename("The one to pass on", me)
    tab.context.add_cookies([{"name": "simcse_user", "value": me, "url": server.address}])
    visit(tab, server, "runs")
    tab.get_by_role("checkbox", name="The one to pass on").check(force=True)
    expect(tab.get_by_role("heading", name="The one to pass on")).to_be_visible()
    assert f"run={run.id}" in tab.url
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download the bundle").click()
    download.value.save_as(tmp_path / "bundle.zip")

    tab.get_by_role("button", name="Import").click()
    tab.locator("input[type=file]").set_input_files(tmp_path / "bundle.zip")
    expect(tab.get_by_text("imported").first).to_be_visible()
    came = store.runs_of(me)[0]
    assert f"run={came.id}" in tab.url
    assert (came.title, len(store.runs_of(me))) == ("The one to pass on", 3)

    tab.get_by_role("button", name="Delete").click()
    expect(tab.get_by_role("dialog")).to_contain_text("This cannot be undone")
    tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(tab.get_by_text("Tick a run to see it")).to_be_visible()
    assert not came.folder.exists()
    assert "run=" not in tab.url


def test_figure_finding_and_list_are_inside_the_window_and_nothing_is_cut(
    tab: Page, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    me = secrets.token_hex(16)
    monkeypatch.setenv("SIMCSE_HOME", server.process.environ()["SIMCSE_HOME"])
    runs = [finished(loss, owner=me, seed=seed) for loss in ("bce", "supcon") for seed in (0, 1)]
    tab.context.add_cookies([{"name": "simcse_user", "value": me, "url": server.address}])
    ticked = ",".join(run.id for run in runs)
    for width, height, parameters in ((1280, 720, ""), (1920, 1080, ""), (1280, 720, "&projector=1")):
        tab.set_viewport_size({"width": width, "height": height})
        visit(tab, server, "runs", f"?language=en&run={ticked}{parameters}")
        expect(tab.locator(".st-key-stage-figure svg").first).to_be_visible()
        expect(tab.locator(".st-key-stage-finding")).to_contain_text("The highest mean average precision")
        expect(tab.get_by_role("checkbox", name="supcon · intents-zh · seed 1")).to_be_checked()
        assert tab.evaluate(PLACES) == []
        assert tab.evaluate(CUT) == []
        curves = tab.locator(".st-key-stage-figure .curves-stage").bounding_box()
        assert curves is not None
        assert curves["height"] > height / 4, "the figure takes the room that is left"
