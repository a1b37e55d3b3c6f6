"""`train --folds` and `train --final`."""

from pathlib import Path

import pytest

from simcse_core.learning.records import State
from simcse_core.runs import following, queue, store
from tests.commands.conftest import Command, records_of

pytestmark = pytest.mark.usefixtures("the_worker_is_here")
SMALL = "train --data intents-zh --model use-multilingual --tune head --epochs 1"
"""200 rows of 8 classes, 25 each."""


def test_folds_are_trained_one_after_the_other_and_then_all_rows(run_line: Command, tmp_path: Path) -> None:
    command = f"{SMALL} --folds 2 --final --output {tmp_path / 'final'}"
    status, out, err = run_line(command, "--format json")
    assert status == 0, err
    assert err.splitlines()[0].startswith("simcse_core: 200 rows in 2 folds: each fold is held out once")
    records = records_of(out)
    ends = [index for index, record in enumerate(records) if record["event"] == "finished"]
    end_of_folds = next(index for index, record in enumerate(records) if record["event"] == "folds")
    assert [records[end].get("fold") for end in ends] == [1, 2, None]
    assert ends[1] + 1 == end_of_folds < ends[2] == len(records) - 1
    assert {record["fold"] for record in records[:end_of_folds]} == {1, 2}
    summary, last = records[end_of_folds], records[-1]
    assert summary["runs"] == [records[end]["run"] for end in ends[:2]]
    accuracy = summary["dev_after"]["logistic_accuracy"]
    assert (accuracy["over"], accuracy["count"]) == ("items", 200)
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert summary["dev_after"]["mean_average_precision"]["over"] == "folds"
    assert "tfidf" in summary["beside"]
    assert last["estimate"] == summary["dev_after"]
    assert (last["dev_after"], last["final"]) == (None, True)
    assert Path(last["model"]) == tmp_path / "final" / "model"
    configs = [store.get(name).config for name in summary["runs"]]
    assert {config.settings.keep for config in configs} == {"last"}  # so that no lucky moment counts

    status, out, err = run_line(SMALL, "--folds 2")  # the folds are there already
    assert status == 0
    assert err.count("the same training is there already") == 2
    lines = out.splitlines()
    assert lines[0] == f"fold 1/2  run {summary['runs'][0]}"
    table = lines[lines.index("all 2 folds") + 1 :]
    assert table[0].split() == ["metric", "model", "value", "range"]
    assert {"trained", "before", "tfidf"} <= {line[24:].split()[0] for line in table[1:-2]}
    assert "95%: " in out
    assert "Bengio & Grandvalet 2004" in table[-1]


def test_a_final_training_follows_a_measured_one(run_line: Command) -> None:
    status, out, err = run_line(SMALL, "--keep last --final --format json")
    assert status == 0, err
    first, last = (record for record in records_of(out) if record["event"] == "finished")
    assert first["dev_after"]["n"] == 80
    assert last["dev_after"] is None
    assert last["steps"] > first["steps"]
    assert last["estimate"]["mean_average_precision"]["value"] == pytest.approx(
        first["dev_after"]["mean_average_precision"]
    )
    assert store.get(last["run"]).config.dev == "none"
    status, out, err = run_line(SMALL, "--keep last --final")
    assert status == 0
    assert "was not measured itself" in out
    assert last["model"] in out
    assert "the same settings" in err


def test_ctrl_c_cancels_all_folds(run_line: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object, **_settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue, "ensure_supervisor", lambda *, soon=False: None)
    monkeypatch.setattr(following, "follow", interrupted)
    status, _out, err = run_line(SMALL, "--folds 3")
    assert status == 130
    assert "the same command; folds that are finished are not trained again" in err
    assert [one.status.state for one in store.all_runs()] == ["cancelled"] * 3


def test_a_fold_that_fails_cancels_those_that_wait(run_line: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from simcse_core.errors import RunError

    monkeypatch.setattr(queue, "ensure_supervisor", lambda *, soon=False: None)

    def failed(first: store.Run, **_settings: object) -> None:
        first.set_status(State.FAILED, "no memory")
        raise RunError("The training failed: no memory")

    monkeypatch.setattr(following, "follow", failed)
    status, _out, err = run_line(SMALL, "--folds 3")
    assert status == 2
    assert err.splitlines()[-1] == "simcse_core: The training failed: no memory"
    assert [one.status.state for one in store.all_runs()] == ["failed", "cancelled", "cancelled"]
