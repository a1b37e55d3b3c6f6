"""The commands `runs …`, and a training that is followed, cancelled and taken up again."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest

from simcse_core.errors import RunError
from simcse_core.learning.records import Gain, State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import following, queue, store
from simcse_core.runs.config import RunConfig, describe
from simcse_core.runs.execute import execute
from simcse_core.runs.schedule import Place
from simcse_core.runs.summary import differences, summarise
from tests.commands.conftest import Command, heeding_ctrl_c
from tests.records import record, step, write_by_hand
from tests.runs.conftest import wait_until

CONFIG = RunConfig(data="intents-zh", model="use-multilingual", settings=TrainingSettings(tune="head", loss="supcon"))
MEASURED: dict[str, Any] = {
    "event": "evaluation",
    "step": 0,
    "epoch": 0,
    "metrics": {"mean_average_precision": 0.5},
    "seconds": 0.0,
}
FINISHED: dict[str, Any] = {
    "event": "finished",
    "run": "x",
    "model": "x/model",
    "base_model": "use-multilingual",
    "seconds": 3.5,
    "dev_before": {"n": 80, "leave_one_out_accuracy": 0.9, "mean_average_precision": 0.5},
    "dev_after": {"n": 80, "leave_one_out_accuracy": 0.8, "mean_average_precision": 0.75},
}


@pytest.fixture(autouse=True)
def nobody_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "ensure_supervisor", lambda **_options: None)


def finished(config: RunConfig = CONFIG, owner: str = "cli") -> store.Run:
    """A run that looks like a finished one; without a model."""
    run = store.create(config, owner=owner)
    run.append(record(**MEASURED))
    run.append(record(**FINISHED))
    run.set_status(State.FINISHED)
    return run


def as_json(printed: tuple[int, str, str]) -> Any:
    assert printed[0] == 0, printed[2]
    return json.loads(printed[1])


def test_runs_are_listed_the_newest_first_and_damaged_ones_too(run: Command) -> None:
    done, waiting, broken = finished(), store.create(CONFIG), finished()
    (broken.folder / "config.json").write_text("{half")
    answer = as_json(run("runs", "list", "--format", "json"))
    assert [entry["id"] for entry in answer] == [broken.id, waiting.id, done.id]
    assert [entry["damaged"] for entry in answer] == [True, False, False]
    last = answer[-1]
    assert (last["loss"], last["metric"], last["before"], last["after"], last["gain"]) == (
        "supcon", "mean_average_precision", 0.5, 0.75, 0.25,
    )  # fmt: skip
    header, *lines = run("runs")[1].splitlines()  # "list" may be left out
    assert header.split() == ["run", "state", "title", "metric", "before", "after", "seconds"]
    assert [line.split()[1] for line in lines] == ["damaged", "queued", "finished"]
    assert lines[-1].split()[-3:] == ["0.5000", "0.7500", "4"]


@pytest.mark.parametrize(
    "odd",
    [
        {"dev_after": {"mean_average_precision": "0.7"}},
        {"dev_after": {"mean_average_precision": 10**400}},
        {"dev_after": ["mean_average_precision"], "dev_before": ["mean_average_precision"]},
        {"dev_before": {"mean_average_precision": True}},
        {"dev_before": 3},
    ],
    ids=str,
)
def test_a_run_whose_results_are_no_numbers_is_damaged_and_hides_no_other(run: Command, odd: dict[str, Any]) -> None:
    good, broken = finished(), finished()
    write_by_hand(broken, {**FINISHED, **odd})
    answer = as_json(run("runs", "list", "--format", "json"))
    assert [(entry["id"], entry["damaged"]) for entry in answer] == [(broken.id, True), (good.id, False)]
    assert "the run is damaged" in run("runs", "show", broken.id)[1]


@pytest.mark.parametrize("created", ["1e300", "NaN", "-1e300", "1e999", "253402300800"])
def test_a_run_of_an_impossible_time_is_shown_without_one(run: Command, created: str) -> None:
    odd = finished()
    (odd.folder / "about.json").write_text(f'{{"owners": ["cli"], "name": "odd", "created": {created}}}')
    shown = run("runs", "show", odd.id)[1]
    assert "odd" in shown
    assert "created" not in shown
    assert as_json(run("runs", "list", "--format", "json"))[0]["title"] == "odd"


def test_what_a_run_says_cannot_steer_the_terminal(run: Command) -> None:
    evil = "\x1b]0;owned\x07\u202e\x9b31m"
    odd = finished(CONFIG.model_copy(update={"data": f"中文{evil}.csv"}))
    odd.append(record("note", message=f"so{evil}"))
    odd.append(record(**FINISHED))
    for words in (("list",), ("show", odd.id), ("list", "--format", "json"), ("show", odd.id, "--format", "json")):
        _status, out, err = run("runs", *words)
        assert "中文" in out
        assert (out + err).replace("\n", "").isprintable()
    assert as_json(run("runs", "show", odd.id, "--format", "json"))["notes"] == [f"so{evil}"]  # programs lose nothing


def test_without_runs_the_list_says_how_to_start_one(run: Command) -> None:
    assert as_json(run("runs", "list", "--format", "json")) == []
    assert "No runs yet. Start one: python -m simcse_core train" in run("runs")[1]


def test_show_tells_what_a_run_did_and_how_to_do_it_again(run: Command) -> None:
    shown = finished()
    answer = as_json(run("runs", "show", shown.id, "--format", "json"))
    command = "python -m simcse_core train --data intents-zh --loss supcon --model use-multilingual --tune head"
    assert answer["command"] == command
    assert answer["dev_after"]["mean_average_precision"] == 0.75
    assert RunConfig.model_validate(answer["config"]) == CONFIG
    text = run("runs", "show", shown.folder)[1]  # by its folder
    assert command in text
    assert "0.5000 -> 0.7500" in text
    (shown.folder / "config.json").write_text("{half")
    assert "unknown: the run is damaged" in run("runs", "show", shown.id)[1]


def test_a_bundle_goes_out_and_comes_in_again(run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = store.create(describe(CONFIG.model_copy(update={"settings": TrainingSettings(tune="head", steps=1)})))
    execute(made, lambda _: None)
    assert as_json(run("runs", "export", made.id, "--format", "json"))["file"] == f"{made.id}.zip"
    answer = as_json(run("runs", "import", f"{made.id}.zip", "--format", "json"))
    taken_in = store.get(answer["run"])
    assert (taken_in.about.owners, taken_in.about.imported) == (("cli",), True)
    assert answer["model"] == str(taken_in.model)
    assert "imported" in run("runs", "show", taken_in.id)[1]
    status, _out, err = run("runs", "export", made.id, "--output", "nowhere/x.zip")
    assert (status, "There is no folder nowhere" in err) == (2, True)


def test_rename_and_delete_are_the_operators(run: Command) -> None:
    other = finished(owner="somebody else")
    assert as_json(run("runs", "rename", other.id, "  my\n best ", "--format", "json"))["title"] == "my best"
    status, _out, err = run("runs", "delete", other.id)
    assert (status, "add --yes" in err) == (2, True)
    assert other.folder.exists()
    assert as_json(run("runs", "delete", other.id, "--yes", "--format", "json"))["state"] == "deleted"
    assert not other.folder.exists()


def test_a_run_whose_files_cannot_be_removed_is_not_called_deleted(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = finished()
    monkeypatch.setattr(shutil, "rmtree", lambda *_arguments, **_settings: None)
    status, out, err = run("runs", "delete", stuck.id, "--yes")
    assert (status, out) == (2, "")
    assert f"Delete the folder {stuck.folder.with_name('deleted-' + stuck.id)} by hand" in err
    assert list(store.all_runs()) == []


def test_a_run_is_not_exported_into_itself(run: Command) -> None:
    made = finished()
    before = (made.folder / "metrics.jsonl").read_bytes()
    (made.folder / "model").mkdir()
    for file in ("metrics.jsonl", "model/x.zip"):
        status, _out, err = run("runs", "export", made.id, "--output", made.folder / file)
        assert (status, f"is in the folder of the run {made.id}" in err) == (2, True)
    assert (made.folder / "metrics.jsonl").read_bytes() == before
    assert list((made.folder / "model").iterdir()) == []


@pytest.mark.parametrize("shut", ["model", "config.json"])
def test_a_model_that_cannot_be_read_is_said_so(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shut: str
) -> None:
    made = finished()
    (made.folder / "model").mkdir()
    (made.folder / "model" / "config.json").write_text("{}")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != shut or not mode & os.R_OK)
    status, _out, err = run("runs", "export", made.id, "--output", tmp_path / "x.zip")
    assert (status, f"{shut} cannot be read." in err) == (2, True)
    assert not (tmp_path / "x.zip").exists()


def test_a_folder_that_a_user_named_is_never_removed(run: Command, tmp_path: Path) -> None:
    made = store.create(CONFIG, tmp_path / "mine")
    made.set_status(State.FINISHED)
    (made.folder / "thesis.txt").write_text("precious")
    status, _out, err = run("runs", "delete", made.folder, "--yes")
    assert (status, "was chosen with --output; delete it by hand" in err) == (2, True)
    assert (made.folder / "thesis.txt").read_text() == "precious"


def test_delete_asks_at_a_terminal(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked = finished()
    for answer, there in (("n\n", True), ("\n", True), ("y\n", False)):
        monkeypatch.setattr("sys.stdin.readline", lambda answer=answer: answer, raising=False)
        _status, _out, err = run("runs", "delete", asked.id)
        assert "This cannot be undone" in err
        assert asked.folder.exists() == there


def test_a_damaged_run_can_be_removed(run: Command) -> None:
    broken = finished()
    for file in ("config.json", "about.json", "status.json"):
        (broken.folder / file).write_text("{half")
    assert run("runs", "delete", broken.id, "--yes")[0] == 0
    assert not broken.folder.exists()


def test_a_waiting_run_is_cancelled_and_queued_again(run: Command) -> None:
    (waiting,) = queue.submit([CONFIG])
    answer = as_json(run("runs", "list", "--format", "json"))
    assert answer[0]["place"] == 1
    assert as_json(run("runs", "cancel", waiting.id, "--format", "json"))["state"] == "cancelled"
    status, _out, err = run("runs", "cancel", waiting.id)
    assert (status, "is over: it is cancelled" in err) == (2, True)
    assert as_json(run("runs", "resume", waiting.id, "--format", "json"))["state"] == "queued"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("runs show nothing", "There is no run 'nothing'"),
        ("runs show ../runs", "There is no run '../runs'"),
        ("runs export ID", "Only a finished run can be exported"),
        ("runs import nothing.zip", "There is no file nothing.zip"),
        ("runs import README.md", "no bundle"),
        ("runs delete ID --yes", "is not over. Cancel it first"),
        ("runs resume ID", "is not over: it is queued"),
        ("runs rename ID " + "x" * 81, "at most 80 characters; this one has 81"),
        ("runs rename ID", "required: NAME"),
        ("runs fly", "invalid choice: 'fly'"),
        ("runs list --format xml", "invalid choice: 'xml'"),
    ],
)
def test_a_mistake_ends_with_2_and_one_clear_line(run: Command, arguments: str, message: str) -> None:
    (waiting,) = queue.submit([CONFIG])
    status, out, err = run(*arguments.replace("ID", waiting.id).split())
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_run_that_others_need_is_not_removed(run: Command) -> None:
    base = finished()
    queue.submit([CONFIG.model_copy(update={"model": base.id})])
    status, _out, err = run("runs", "delete", base.id, "--yes")
    assert (status, "starts from this model" in err) == (2, True)


def test_summaries_of_half_written_and_of_hand_edited_runs_know_what_can_be_known() -> None:
    running = store.create(CONFIG)
    running.append(record(**MEASURED))
    running.append(record(**{**MEASURED, "metrics": {"mean_average_precision": 0.6}, "seconds": 2.0}))
    summary = summarise(running)
    assert (summary.before, summary.after, summary.seconds) == (0.5, 0.6, 2.0)
    (running.folder / "metrics.jsonl").write_text('{"event": "evaluation", "metrics": null}\nnonsense\n')
    (running.folder / "status.json").write_text("[]")
    summary = summarise(running)
    assert (summary.before, summary.after, summary.state) == (None, None, "interrupted")
    without_dev = finished()
    (without_dev.folder / "metrics.jsonl").write_text(
        json.dumps({**FINISHED, "dev_before": None, "dev_after": None}) + "\n"
    )
    assert summarise(without_dev).gain is None


def test_only_settings_that_differ_are_differences() -> None:
    other = CONFIG.model_copy(
        update={"layer": 2, "settings": TrainingSettings(tune="head", loss="triplet", loss_options={"margin": 0.3})}
    )
    assert differences([CONFIG, other]) == {"layer": ["", "2"], "loss": ["supcon", "triplet"], "margin": ["", "0.3"]}
    assert differences([CONFIG, CONFIG]) == {}


def test_a_run_is_followed_to_its_end_without_repeating_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create(CONFIG)
    steps = [step(number, 5) for number in range(1, 6)]
    for one in steps[:3]:
        run.append(one)
    followed = following.follow(run)
    assert [next(followed) for _step in range(3)] == steps[:3]
    run.go_on_before(2)  # it was killed and goes on from its checkpoint
    for one in steps[1:]:
        run.append(one)
    end = record(**FINISHED)
    run.append(end)
    run.set_status(State.FINISHED)
    assert list(followed) == [*steps[3:], end]
    assert list(following.follow(run, skip=5)) == [end]


def test_a_run_that_failed_says_why_and_one_that_waits_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = queue.submit([CONFIG])
    places: list[Place] = []

    def seen(place: Place) -> None:
        places.append(place)
        run.set_status(State.FAILED, "The memory was too small.")

    with pytest.raises(RunError, match="The memory was too small"):
        list(following.follow(run, on_wait=seen))
    assert [place.position for place in places] == [1]


def test_the_same_training_again_is_not_trained_again(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = "train --data intents-zh --model use-multilingual --tune head --steps 2 --format json"

    def work(*, soon: bool = False) -> None:
        for waiting in [trained for trained in store.all_runs() if trained.status.state == "queued"]:
            execute(waiting, lambda _: None)

    monkeypatch.setattr(queue, "ensure_supervisor", work)
    _status, first, err = run(*arguments.split())
    assert "there already" not in err
    _status, second, err = run(*arguments.split())
    assert second == first
    assert "the same training is there already" in err
    assert len(list(store.all_runs())) == 1


def test_ctrl_c_cancels_the_run_and_says_how_to_go_on(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("SIMCSE_HOME", str(home))
    arguments = "train --data intents-zh --model use-multilingual --tune head --epochs 1000 --format json"
    try:
        with heeding_ctrl_c(arguments.split()) as process:
            wait_until(lambda: any(len(trained.records()) > 3 for trained in store.all_runs()))
            (trained,) = store.all_runs()
            for _press in range(5):  # Python can lose one that arrives at a bad moment; people press again
                process.send_signal(signal.SIGINT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(5)
                    break
            out, err = process.communicate(timeout=5)
        assert process.returncode == 130
        assert err.splitlines()[-1] == (
            f"simcse_core: cancelled. To go on from here: python -m simcse_core runs resume {trained.id}"
        )
        assert json.loads(out.splitlines()[0])["event"] in ("evaluation", "note")
        wait_until(lambda: trained.status.state == "cancelled", 10)
    finally:
        stop_everything(home)


def stop_everything(home: Path) -> None:
    """The supervisor belongs to the command, which is gone; its home tells that it is ours."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get("SIMCSE_HOME") == str(home) and "simcse_core.runs" in " ".join(process.cmdline()):
                process.kill()


def test_a_run_that_nothing_measured_has_no_numbers() -> None:
    """A training on all rows has no result; 0 would be one."""
    trained = store.create(RunConfig(data="intents-en", dev="none"))
    trained.append(record("evaluation", epoch=0, metrics={}))
    trained.append(record("finished", seconds=1.0, reason="epochs"))
    summary = summarise(trained)
    assert (summary.metric, summary.before, summary.after, summary.gain) == (None, None, None, None)


def test_what_a_run_gained_is_told_over_the_best_of_what_one_had() -> None:
    trained = store.create(RunConfig(data="pairs-en"))
    metrics = {"dev_as_it_comes": {"auc": 0.6, "average_precision": 0.6}, "dev_before": {"average_precision": 0.5}}
    gain = Gain(metric="average_precision", over="tfidf", value=-0.1, low=-0.2, high=0.0)
    trained.append(record("finished", seconds=1.0, **metrics, dev_after={"average_precision": 0.7}, gain=gain))
    summary = summarise(trained)
    assert (summary.before, summary.after, summary.gain) == pytest.approx((0.8, 0.7, -0.1))


def test_a_run_in_a_folder_that_somebody_named_is_listed_with_its_folder(
    run: Command, tmp_path: Path, nobody_works: None
) -> None:
    inside = store.create(CONFIG)
    folder = tmp_path / "mine"
    queue.submit([describe(CONFIG)], folder=folder)
    listed = json.loads(run("runs", "list", "--format", "json")[1])
    assert [(one["id"], one["folder"]) for one in listed] == [
        ("mine", str(folder.resolve())),
        (inside.id, str(inside.folder)),
    ]
    assert str(folder.resolve()) in (text := run("runs", "list")[1])
    assert inside.id in text
    assert run("runs", "show", folder)[0] == 0
    shutil.rmtree(folder)
    assert len(json.loads(run("runs", "list", "--format", "json")[1])) == 1
