"""Runs in a real browser: a run is ticked in the list, taken away as a bundle, brought in again and removed."""

import secrets
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.runs import store
from tests.browser.serving import Server, visit
from tests.ui.runs.test_page import finished

ROW = 35
"""Pixels of a row of the list; the head is one too."""


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
    table = tab.get_by_test_id("stDataFrame")
    expect(table.locator("canvas").first).to_be_visible()
    place = table.bounding_box()
    assert place is not None
    tab.mouse.click(place["x"] + 16, place["y"] + 1.5 * ROW)  # the newest one
    expect(tab.get_by_role("heading", name="The one to pass on")).to_be_visible()
    assert f"run={run.id}" in tab.url
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download the bundle").click()
    download.value.save_as(tmp_path / "bundle.zip")

    tab.get_by_role("button", name="Import").click()
    tab.locator("input[type=file]").set_input_files(tmp_path / "bundle.zip")
    expect(tab.get_by_text("imported")).to_be_visible()
    came = store.runs_of(me)[0]
    assert f"run={came.id}" in tab.url
    assert (came.title, len(store.runs_of(me))) == ("The one to pass on", 3)

    tab.get_by_role("button", name="Delete").click()
    expect(tab.get_by_role("dialog")).to_contain_text("This cannot be undone")
    tab.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(tab.get_by_text("Tick a run to see it")).to_be_visible()
    assert not came.folder.exists()
    assert "run=" not in tab.url
