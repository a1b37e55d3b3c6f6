import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from simcse_core import home as homes
from simcse_core.data.kinds import Labelled
from simcse_core.encoding.catalogue import load
from simcse_core.errors import DataError, RunError
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import queue, race, store
from simcse_core.runs.config import RunConfig, data_hash, describe, open_split
from simcse_core.runs.execute import execute

SMALL = RunConfig(
    data="intents-zh",
    model="use-multilingual",
    settings=TrainingSettings(tune="head", epochs=2, head_learning_rate=1e-3),
)


@pytest.fixture(autouse=True)
def no_worker_is_left() -> Iterator[None]:
    yield
    for worker in queue._workers:
        worker.wait(60)


def state(run: store.Run) -> str:
    """Read anew from the disk at each call."""
    return run.status.state


def wait_for(race_id: str, seconds: float = 90) -> list[race.Outcome]:
    end = time.monotonic() + seconds
    while any(outcome.state not in store.ENDED for outcome in race.outcomes(race_id)):
        assert time.monotonic() < end, [outcome.state for outcome in race.outcomes(race_id)]
        time.sleep(0.2)
    return race.outcomes(race_id)


def test_a_run_leaves_everything_in_its_folder() -> None:
    run = store.create(describe(SMALL))
    assert state(run) == "queued"
    emitted: list[dict[str, object]] = []
    execute(run, emitted.append)
    assert state(run) == "finished"
    assert run.records() == emitted
    last = emitted[-1]
    assert last["event"] == "finished"
    assert last["run"] == run.id
    assert {"model", "base_model", "seconds", "dev_before", "dev_after"} <= last.keys()
    assert load(run.id).encode(["你好"]).shape == load(str(run.model)).encode(["你好"]).shape == (1, 512)
    items = run.items()
    assert items is not None
    dev_after = last["dev_after"]
    assert isinstance(dev_after, dict)
    mean = sum(items.after.values["accuracy"]) / 80
    assert mean == pytest.approx(dev_after["accuracy"])
    assert run.config.data_sha256
    assert run.config.versions.keys() == {"simcse_core", "torch", "transformers", "accelerate", "numpy"}


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    file = tmp_path / "one.csv"
    file.write_text("text,label\na,x\nb,x\nc,x\n")
    run = store.create(SMALL.model_copy(update={"data": str(file)}))
    with pytest.raises(DataError, match="one class only"):
        execute(run, lambda _: None)
    assert state(run) == "failed"
    assert "one class only" in run.status.message


def test_a_cancelled_run_stops_at_its_next_step() -> None:
    run = store.create(SMALL)
    execute(run, lambda record: run.cancel())
    assert state(run) == "cancelled"
    assert not run.model.exists()
    waiting = store.create(SMALL)
    waiting.cancel()
    assert waiting.status.state == "cancelled"


def test_a_run_whose_process_is_gone_counts_as_interrupted() -> None:
    run = store.create(SMALL)
    run.set_status("running")
    assert state(run) == "running"
    status = json.loads((run.folder / "status.json").read_text())
    (run.folder / "status.json").write_text(json.dumps({**status, "pid": 2**22 + 1}))
    assert state(run) == "interrupted"
    (run.folder / "status.json").write_text(json.dumps({**status, "pid": os.getpid(), "born": 1.0}))
    assert state(run) == "interrupted"  # the pid is another process's by now
    (run.folder / "status.json").write_text("{half")
    assert state(run) == "interrupted"


def test_a_half_written_last_record_is_left_out() -> None:
    run = store.create(SMALL)
    run.append({"event": "step", "step": 1})
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"event": "st')
    assert run.records() == [{"event": "step", "step": 1}]


@pytest.mark.parametrize("given", ["nothing", "../runs", "20260101-000000000000-0123456789ab", ""])
def test_ids_that_are_no_run_are_refused(given: str) -> None:
    with pytest.raises(RunError, match="There is no run"):
        store.get(given)


def test_a_damaged_run_and_a_folder_in_use_are_refused(tmp_path: Path) -> None:
    run = store.create(SMALL, tmp_path / "run")
    with pytest.raises(RunError, match="already holds a run"):
        store.create(SMALL, tmp_path / "run")
    (run.folder / "config.json").write_text("{")
    with pytest.raises(RunError, match="missing or damaged"):
        _ = run.config
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot be written"):
        store.create(SMALL, tmp_path / "file" / "run")


def test_uploads_are_kept_once_under_a_name_of_our_own(home: Path) -> None:
    first = store.keep_data(b"text,label\na,x\n", "../../evil.csv")
    assert first == store.keep_data(b"text,label\na,x\n", "other.csv")
    assert first.parent == home / "data"
    assert first.suffix == ".csv"
    assert len(list(first.parent.iterdir())) == 1


def test_the_data_hash_is_of_the_rows() -> None:
    data = Labelled("a", ("x", "y"), ("1", "2"))
    assert data_hash(data) == data_hash(Labelled("b", ("x", "y"), ("1", "2")))
    assert data_hash(data) != data_hash(Labelled("a", ("y", "x"), ("1", "2")))


def test_a_race_is_carried_out_by_a_worker_process_of_its_own() -> None:
    race_id = race.start(SMALL, ["bce", "triplet"])
    outcomes = wait_for(race_id)
    assert [(outcome.loss, outcome.state) for outcome in outcomes] == [("bce", "finished"), ("triplet", "finished")]
    frozen, tfidf, bce, triplet = race.results(outcomes, race.baselines(outcomes))
    assert [line.name for line in (frozen, tfidf, bce, triplet)] == ["frozen", "tfidf", "bce", "triplet"]
    metric = "mean_average_precision"
    assert bce.gain[metric].value == pytest.approx(bce.metrics[metric].value - frozen.metrics[metric].value)
    assert outcomes[0].records[0]["metrics"] == outcomes[1].records[0]["metrics"]  # the same start
    found = race.verdict(outcomes)
    assert found is not None
    assert (found.metric, found.seeds) == (metric, 1)


def test_a_race_of_several_seeds_holds_out_the_same_rows_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "_start_worker", lambda: None)
    with_options = TrainingSettings(loss="triplet", loss_options={"margin": 0.3}, tune="head", seed=5)
    outcomes = race.outcomes(
        race.start(SMALL.model_copy(update={"settings": with_options}), ["bce", "triplet"], [0, 1])
    )
    assert [(run.loss, run.seed) for run in outcomes] == [("bce", 0), ("triplet", 0), ("bce", 1), ("triplet", 1)]
    configs = [store.get(run.run).config for run in outcomes]
    assert len({open_split(config) for config in configs}) == 1
    assert open_split(configs[0]) == open_split(SMALL.model_copy(update={"settings": with_options}))
    assert [config.settings.loss_options.get("margin") for config in configs] == [None, 0.3, None, 0.3]
    assert {config.settings.keep for config in configs} == {"last"}  # nobody gains from a lucky moment
    same = {"loss": "", "loss_options": {}, "seed": 0, "keep": "last"}
    assert all(config.settings.model_copy(update=same) == with_options.model_copy(update=same) for config in configs)
    assert race.results(outcomes) == []
    assert race.verdict(outcomes) is None


def test_a_running_race_can_be_cancelled_and_the_worker_goes_on() -> None:
    endless = SMALL.model_copy(update={"settings": SMALL.settings.model_copy(update={"epochs": 1_000})})
    race_id = race.start(endless, ["bce", "triplet"])
    end = time.monotonic() + 60
    while race.outcomes(race_id)[0].state == "queued":
        assert time.monotonic() < end
        time.sleep(0.1)
    for outcome in race.outcomes(race_id):
        store.get(outcome.run).cancel()
    started = time.monotonic()
    assert {outcome.state for outcome in wait_for(race_id, 20)} == {"cancelled"}
    assert time.monotonic() - started < 15
    assert {outcome.state for outcome in wait_for(race.start(SMALL, ["bce"]))} == {"finished"}


def test_a_run_whose_process_is_killed_is_reported_and_the_next_one_runs() -> None:
    endless = SMALL.model_copy(update={"settings": SMALL.settings.model_copy(update={"epochs": 1_000})})
    first = race.start(endless, ["bce"])
    second = race.start(SMALL, ["bce"])
    run = store.get(race.outcomes(first)[0].run)
    end = time.monotonic() + 60
    while state(run) != "running":
        assert time.monotonic() < end
        time.sleep(0.1)
    assert run.status.pid is not None
    os.kill(run.status.pid, 9)
    assert wait_for(first)[0].state in ("failed", "interrupted")
    assert wait_for(second)[0].state == "finished"


def test_one_damaged_run_does_not_hide_the_others() -> None:
    race_id = race.start(SMALL, ["bce"])
    (store.create(SMALL).folder / "config.json").write_text("{")
    assert wait_for(race_id)[0].state == "finished"


def test_a_run_that_outlives_its_worker_is_waited_for() -> None:
    endless = SMALL.model_copy(update={"settings": SMALL.settings.model_copy(update={"epochs": 1_000})})
    first = race.start(endless, ["bce"])
    run = store.get(race.outcomes(first)[0].run)
    end = time.monotonic() + 60
    while state(run) != "running":
        assert time.monotonic() < end
        time.sleep(0.1)
    queue._workers[0].kill()
    queue._workers[0].wait()
    second = race.start(SMALL, ["bce"])
    time.sleep(3)
    assert (state(run), race.outcomes(second)[0].state) == ("running", "queued")
    run.cancel()
    assert wait_for(second)[0].state == "finished"


def test_the_queue_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_QUEUED_RUNS", "2")
    with pytest.raises(RunError, match="at most 2 runs"):
        queue.submit([SMALL, SMALL, SMALL])
    assert list(store.all_runs()) == []


def test_a_race_that_does_not_exist_is_said() -> None:
    with pytest.raises(RunError, match="no race"):
        race.outcomes("nothing")


def test_data_without_labels_cannot_be_split(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("a\nb\n")
    with pytest.raises(DataError, match="From texts can learn: simcse"):
        open_split(RunConfig(data=str(tmp_path / "t.txt")))


def test_run_ids_cannot_be_guessed_or_lead_elsewhere() -> None:
    run = store.create(SMALL)
    assert homes.RUN_ID.fullmatch(run.id)
    assert homes.run_folder("../../etc") is None
    assert store.create(SMALL).id != run.id
