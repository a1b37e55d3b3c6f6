"""The page Runs without a browser: what it lists, compares, changes and removes, and what it refuses."""

import io
import json
import math
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.errors import RunError
from simcse_core.jsonable import jsonable
from simcse_core.learning.records import Evaluation, Finished, Geometry, State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import queue, store
from simcse_core.runs.bundles import write_bundle
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run
from tests.records import step, write_by_hand
from ui.frame import operators, users
from ui.frame.page import PAGES
from ui.shared.local_time import local_time

ROOT = Path(__file__).parent.parent.parent.parent
ME, OTHER = "a" * 32, "b" * 32

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def i_am_at_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "current", lambda: ME)
    monkeypatch.setattr(queue, "start_supervisor", lambda: None)  # nobody works


def open_runs(language: str = "en", **parameters: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.switch_page(PAGES["runs"].path)
    for parameter, value in {"language": language, **parameters}.items():
        page.query_params[parameter] = value
    page.run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    """Everything that is written on the page, without escapes."""
    kinds = ("markdown", "title", "header", "subheader", "caption", "error", "info", "warning", "code")
    elements = [element for kind in kinds for element in getattr(page, kind)]
    return "\n".join(str(element.value) for element in elements).replace("\\", "")


def finished(loss: str = "supcon", *, owner: str = ME, after: float = 0.75, **settings: Any) -> Run:
    """A run that looks like a finished one, without a model."""
    config = RunConfig(
        data="intents-zh",
        model="use-multilingual",
        data_sha256="d" * 64,
        data_seed=0,
        settings=TrainingSettings(tune="head", loss=loss, **settings),
    )
    run = store.create(config, owner=owner)
    geometry = Geometry(alignment=0.5, uniformity=-2.0, mean_cosine=0.1, effective_rank=9.0)
    before = {"n": 80, "accuracy": 0.6, "mean_average_precision": 0.5}
    measured = {"n": 80, "accuracy": 0.7, "mean_average_precision": after}
    run.append(Evaluation(step=0, epoch=0, metrics=before, geometry=geometry, best=True))
    run.append(step(1, 1, loss=1.5, texts_per_second=99.0, seconds=2.0, texts=32))
    run.append(Evaluation(step=1, epoch=1, metrics=measured, geometry=geometry, best=True, seconds=2.0))
    run.append(
        Finished(
            run=run.id,
            model="m",
            base_model="use-multilingual",
            reason="epochs",
            steps=1,
            seconds=2.0,
            dev_before=before,
            dev_after=measured,
        )
    )
    run.set_status(State.FINISHED)
    return run


def state(run: Run) -> str:
    return run.status.state


def tick(page: AppTest, *rows: int) -> AppTest:
    """Choose rows of the list: AppTest knows no dataframe as a widget, so the address says what the callback would."""
    listed = page.dataframe[0].value
    ids = [run.id for run in list(store.all_runs())[::-1]]
    assert len(listed) == len(ids)
    page.query_params["run"] = ",".join(ids[row] for row in rows)
    return page.run()


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_without_runs_the_page_says_what_they_are_and_where_to_start(language: str) -> None:
    page = open_runs(language)
    assert not page.dataframe
    assert "**run**" in words(page) or "训练记录" in words(page)
    assert len(page.get("page_link")) == len(PAGES) + 1
    assert len(page.get("file_uploader")) == 1


def test_mine_and_all_the_newest_first() -> None:
    finished("bce")
    finished("triplet", owner=OTHER)
    finished("center")
    assert list(open_runs().dataframe[0].value["loss"]) == ["center", "bce"]
    assert list(open_runs(whose="all").dataframe[0].value["loss"]) == ["center", "triplet", "bce"]
    table = open_runs().dataframe[0].value
    assert table["gain"][0] == pytest.approx(0.25)
    assert table["metric"][0] == "mean average precision"


def test_the_search_finds_runs_by_any_word() -> None:
    finished("bce").rename("For the library", ME)
    finished("triplet")
    page = open_runs()
    page.text_input(key="runs-search").set_value("library BCE").run()
    assert list(page.dataframe[0].value["name"]) == ["For the library"]
    page.text_input(key="runs-search").set_value("finished triplet").run()
    assert list(page.dataframe[0].value["loss"]) == ["triplet"]
    page.text_input(key="runs-search").set_value("nothing like it").run()
    assert "No run has all these words" in words(page)


def test_one_run_shows_its_result_its_chain_and_its_command() -> None:
    run = finished(seed=3)
    page = open_runs(run=run.id)
    table = page.table[0].value
    assert list(table.iloc[0]) == ["mean average precision", "0.500", "0.750", "+0.250"]
    text = words(page)
    assert "fine-tuning" in text
    assert "python -m simcse_core train --data intents-zh --loss supcon" in text
    assert "--seed 3" in text
    assert f"load('{run.id}')" not in text  # the model is gone, so it is taken for a BERT
    link = next(link for link in page.get("page_link") if "Use it" in link.proto.label)
    assert f"model={run.id}" in link.proto.query_string


def test_several_runs_are_compared_by_what_differs() -> None:
    finished("supcon", after=0.7)
    finished("supcon", after=0.8, seed=1)
    finished("triplet", after=0.9, loss_options={"margin": 0.3})
    page = tick(open_runs(), 0, 1, 2)
    results, settings = (table.value for table in page.table[:2])
    assert list(results["mean average precision"]) == ["0.900", "0.800", "0.700"]
    assert list(results["gain"]) == ["+0.400", "+0.300", "+0.200"]
    assert [name.replace("\\", "") for name in settings["setting"]] == ["loss", "seed", "margin"]
    assert [name.replace("\\", "") for name in settings.iloc[0]][1:] == ["triplet", "supcon", "supcon"]
    chart = next(one for one in page.get("bidi_component") if one.proto.component_name == "simcse_curves")
    lines = json.loads(chart.proto.mixed.json if chart.proto.HasField("mixed") else chart.proto.json)["lines"]
    assert len({(line["dash"], line["symbol"]) for line in lines}) == 3  # told apart without their colours
    assert lines[1]["color"] == lines[2]["color"] != lines[0]["color"]  # the colour is the loss's
    assert "different held-out data" not in words(page)


def test_runs_with_other_held_out_rows_are_not_silently_compared() -> None:
    first, second = finished(), finished()
    config = json.loads((second.folder / "config.json").read_text())
    (second.folder / "config.json").write_text(json.dumps({**config, "data_seed": 7}))
    assert "different held-out data" in words(open_runs(run=f"{first.id},{second.id}"))


def test_a_run_is_renamed_by_its_owner_and_its_name_is_only_text() -> None:
    run = finished()
    page = open_runs(run=run.id)
    page.text_input(key=f"name-{run.id}").set_value("<b>mine</b> **best** :material/delete:").run()
    assert run.about.name == "<b>mine</b> **best** :material/delete:"
    assert "\\<b\\>mine" in page.header[0].value
    assert page.header[0].value.count("\\*") == 4


def test_a_name_cannot_become_a_formula_in_the_saved_list() -> None:
    finished().rename("=HYPERLINK(1)", ME)
    assert list(open_runs().dataframe[0].value["name"]) == ["'=HYPERLINK(1)"]


def test_other_peoples_runs_can_be_looked_at_but_not_changed() -> None:
    run = finished(owner=OTHER)
    page = open_runs(run=run.id)
    assert "somebody else's run" in words(page)
    assert page.table[0].value.shape[0] == 2
    assert [button.label for button in page.button] == ["Measure"]  # what was forgotten: it changes nothing
    assert not [box for box in page.text_input if box.key and box.key.startswith("name-")]


def test_deleting_asks_first_and_says_what_is_lost() -> None:
    run = finished()
    page = open_runs(run=run.id)
    page.button(key=f"delete-{run.id}").click().run()
    assert "This cannot be undone" in words(page)
    assert run.folder.exists()
    page.button(key="delete-not").click().run()
    assert run.folder.exists()
    page.button(key=f"delete-{run.id}").click().run()
    page.button(key="delete-for-good").click().run()
    assert not run.folder.exists()
    assert "run" not in page.query_params
    assert not page.exception


def test_a_shared_run_only_leaves_the_list_of_who_deletes_it() -> None:
    run = finished()
    run.join(OTHER)
    page = open_runs(run=run.id)
    page.button(key=f"delete-{run.id}").click().run()
    assert "stays in theirs" in words(page)
    page.button(key="delete-for-good").click().run()
    assert run.about.owners == (OTHER,)


def test_a_run_that_another_one_starts_from_is_kept_and_it_is_said() -> None:
    run = finished()
    queue.submit([RunConfig(data="intents-zh", model=run.id, settings=TrainingSettings(tune="head"))], user=OTHER)
    page = open_runs(run=run.id)
    page.button(key=f"delete-{run.id}").click().run()
    page.button(key="delete-for-good").click().run()
    assert run.folder.exists()
    assert "starts from this model" in words(page)


def test_a_waiting_run_can_be_cancelled_and_taken_up_again_but_not_deleted() -> None:
    (run,) = queue.submit([RunConfig(data="intents-zh", settings=TrainingSettings(tune="head"))], user=ME)
    page = open_runs(run=run.id)
    assert not [button for button in page.button if str(button.key).startswith("delete-")]
    page.button(key=f"Cancel-{run.id}").click().run()
    assert state(run) == "cancelled"
    page.button(key=f"Go on-{run.id}").click().run()
    assert state(run) == "queued"
    assert not page.exception


def test_damaged_and_half_written_runs_are_listed_and_can_be_removed() -> None:
    broken, waiting, half = finished(), store.create(RunConfig(data="intents-zh"), owner=ME), finished()
    for run in (broken, waiting):
        (run.folder / "config.json").write_text("{half")
    with (half.folder / "metrics.jsonl").open("a") as file:
        file.write('{"event": "st')
    (half.folder / "status.json").write_text("{")
    (half.folder / "items.json").write_text("{")
    page = open_runs()
    assert list(page.dataframe[0].value["state"]) == ["interrupted", "damaged", "damaged"]
    assert "Damaged, so not compared" in words(open_runs(run=",".join(run.id for run in (broken, waiting, half))))
    for run in (broken, waiting):
        page = open_runs(run=run.id)
        assert "This run is damaged" in words(page)
        page.button(key=f"delete-{run.id}").click().run()
        page.button(key="delete-for-good").click().run()
        assert not run.folder.exists()
        assert not page.exception
    assert "mean average precision" in str(open_runs(run=half.id).table[0].value)


def test_a_run_whose_results_are_no_numbers_is_a_damaged_row_and_hides_no_other() -> None:
    finished("bce")
    odd = finished("triplet", owner=OTHER)
    write_by_hand(odd, {**jsonable(odd.finished()), "dev_after": {"mean_average_precision": "0.7"}})
    listed = open_runs(whose="all").dataframe[0].value
    assert list(listed["state"]) == ["damaged", "finished"]
    assert "This run is damaged" in words(open_runs(run=odd.id))


@pytest.mark.parametrize("seconds", [1e300, -1e300, math.nan, math.inf, 253_402_300_800.0, 0.0])
def test_an_impossible_time_is_no_time(seconds: float) -> None:
    assert local_time(seconds) is None


def test_a_link_to_runs_that_are_gone_says_so() -> None:
    page = open_runs(run="20260101-000000000000-0123456789ab,../../etc,<b>")
    assert "No longer here: 20260101-000000000000-0123456789ab, ../../etc, <b>" in words(page)
    page = open_runs(run=",".join(["x"] * 500))
    assert "No longer here: x" in words(page)


def test_tags_in_settings_and_names_are_shown_as_they_are() -> None:
    evil = RunConfig(data="/tmp/<img src=x>.csv", columns={"text": "**a**"}, settings=TrainingSettings(tune="head"))
    run = store.create(evil, owner=ME)
    run.set_status(State.FAILED, "<script>alert(1)</script>")
    page = open_runs(run=run.id)
    assert "\\<script\\>" in page.error[0].value
    assert "\\<img" in page.header[0].value


def bundle_of(run: Run) -> bytes:
    FrozenEncoder.load().save(run.model)
    file = io.BytesIO()
    write_bundle(run, file)
    return file.getvalue()


class Uploaded(io.BytesIO):
    name = "bundle.zip"


def upload(page: AppTest, content: bytes, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """AppTest uploads nothing: the callback finds the file where the uploader would put it."""
    taken: list[Callable[[], None]] = []

    def uploader(*_arguments: object, key: str, on_change: Callable[[str], None], **_options: object) -> None:
        import streamlit as st

        if taken:
            st.session_state["bundle-file"] = Uploaded(content)
            taken.pop()
            on_change("bundle-file")

    monkeypatch.setattr("streamlit.file_uploader", uploader)
    taken.append(lambda: None)
    return page.run()


def test_a_bundle_is_brought_in_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    content = bundle_of(finished(owner=OTHER))
    page = upload(open_runs(), content, monkeypatch)
    assert not page.exception
    (mine,) = store.runs_of(ME)
    assert mine.about.imported
    page.run()
    assert "imported" in words(page)


def test_a_bundle_that_leads_out_of_its_folder_is_refused_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("../evil.json", "{}")
    page = upload(open_runs(), file.getvalue(), monkeypatch)
    assert "'../evil.json', which does not belong into a bundle" in words(page)
    assert store.runs_of(ME) == []


def test_the_command_and_the_settings_show_no_paths_of_the_server_to_others(tmp_path: Path) -> None:
    config = RunConfig(
        data=str(tmp_path / "mine.csv"), dev=str(tmp_path / "dev.csv"), model=str(tmp_path / "some" / "model"),
        settings=TrainingSettings(tune="head"), data_sha256="d" * 64,
    )  # fmt: skip
    runs = [store.create(config, owner=owner) for owner in (ME, OTHER)]
    for run in runs:
        run.set_status(State.FAILED, RunError("{file} has changed.", file=tmp_path / "mine.csv"))
    pages = [open_runs(run=run.id) for run in runs]
    told = [words(page) + str([table.value.to_dict() for table in page.table]) for page in pages]
    assert f"--data {tmp_path / 'mine.csv'}" in told[0]
    assert str(tmp_path) not in told[1]
    assert "--data mine.csv" in told[1]
    assert "--dev dev.csv" in told[1]
    both = open_runs(run=",".join(run.id for run in runs))
    assert str(tmp_path) not in words(both) + str([table.value.to_dict() for table in both.table])


def test_who_started_the_same_run_later_names_it_for_themselves() -> None:
    run = finished(owner=OTHER)
    run.rename("hers", OTHER)
    assert list(open_runs(whose="all").dataframe[0].value["name"]) == ["hers"]
    run.join(ME)
    page = open_runs(run=run.id)
    assert page.header[0].value.replace("\\", "") == "supcon · intents-zh"
    page.text_input(key=f"name-{run.id}").set_value("mine").run()
    assert list(page.dataframe[0].value["name"]) == ["mine"]
    assert (run.title_for(ME), run.title_for(OTHER)) == ("mine", "hers")


def test_the_operator_acts_for_everybody_with_the_code_and_nobody_without(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(operators, "WRONG_SECONDS", 0.0)
    operators.announce()
    code = operators.code()
    assert code in capsys.readouterr().err
    assert len(code) >= 8
    (run,) = queue.submit([RunConfig(data="intents-zh", settings=TrainingSettings(tune="head"))], user=OTHER)
    page = open_runs(run=run.id)
    for wrong in ("", code[:-1], "é" * 10, "none"):
        page.text_input(key="operator-code").set_value(wrong).run()
        assert not [button for button in page.button if button.key == f"Cancel-{run.id}"]
    assert "This is not the code" in words(page)
    page.text_input(key="operator-code").set_value(code).run()
    page.button(key=f"Cancel-{run.id}").click().run()
    assert state(run) == "cancelled"
    page.button(key=f"delete-{run.id}").click().run()
    page.button(key="delete-for-good").click().run()
    assert not run.folder.exists()
    page.button(key="operator-leave").click().run()
    assert operators.code() not in words(page)
    assert [box.key for box in page.text_input if box.key == "operator-code"]


def test_a_code_that_the_operator_has_set_is_not_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    operators.code.cache_clear()
    monkeypatch.setenv(operators.VARIABLE, "correct horse")
    operators.announce()
    assert operators.code() == "correct horse"
    assert "correct horse" not in capsys.readouterr().err
    operators.code.cache_clear()
