"""`train` with its first line, folds and a final training."""

import json
from pathlib import Path
from typing import Any

import pytest

from simcse_core.commands.main import main
from simcse_core.learning.records import State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import entries, following, queue, store
from simcse_core.runs.config import RunConfig
from simcse_core.runs.schedule import claim
from simcse_core.runs.worker import carry_out

SMALL = "train --data intents-zh --model use-multilingual --tune head --epochs 1"
"""200 rows of 8 classes, 25 each."""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process; gives exit status, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main([word for argument in arguments for word in str(argument).split()])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture(autouse=True)
def the_worker_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are carried out in this process as soon as they are queued: each process would take seconds to start."""

    def work(*, soon: bool = False) -> None:
        while (entry := claim()) is not None:
            carry_out(entry.run)
            entries.ended(entry.run, None)

    monkeypatch.setattr(queue, "ensure_supervisor", work)


def records_of(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (
            "",
            "120 of 200 rows are learned from, 80 are held out to measure (40%). Of each class 15 of 25 texts are "
            "learned from. --dev-share, --dev none or --folds change that.",
        ),
        (
            "--dev-share 0.2",
            "160 of 200 rows are learned from, 40 are held out to measure (20%). Of each class 20 of 25 texts are "
            "learned from.",
        ),
        ("--dev none", "All 200 rows are learned from; nothing is held out, so nothing is measured."),
        ("--dev intents-en", "200 rows are learned from; measured on 200 rows of intents-en.csv."),
        (
            "--folds 4 --fold 3",
            "Fold 3 of 4: 150 of 200 rows are learned from, 50 are held out to measure. Of each class 18–19 of 25 "
            "texts are learned from.",
        ),
        (
            "--dev none --as pairs --loss bce",
            "All 200 rows are learned from; nothing is held out, so nothing is measured. As pairs, 200 rows become "
            "400, of which 200 match.",
        ),
    ],
)
def test_the_first_line_says_what_is_held_out(run: Any, monkeypatch: pytest.MonkeyPatch, flags: str, line: str) -> None:
    monkeypatch.setattr(queue, "ensure_supervisor", lambda *, soon=False: None)
    monkeypatch.setattr(following, "follow", lambda *_arguments, **_settings: [])
    status, out, err = run(SMALL, flags, "--format json")
    assert (status, out) == (0, "")  # in JSON too it is on stderr
    assert err.splitlines()[0] == f"simcse_core: {line}"


def test_a_training_on_all_rows_measures_nothing(run: Any) -> None:
    status, out, err = run(SMALL, "--dev none --format json")
    assert status == 0, err
    last = records_of(out)[-1]
    assert (last["event"], last["dev_before"], last["dev_after"]) == ("finished", None, None)


def test_folds_are_trained_one_after_the_other_and_then_all_rows(run: Any, tmp_path: Path) -> None:
    command = f"{SMALL} --folds 2 --final --output {tmp_path / 'final'}"
    status, out, err = run(command, "--format json")
    assert status == 0, err
    assert err.splitlines()[0].startswith("simcse_core: 200 rows in 2 folds: each fold is held out once")
    records = records_of(out)
    ends = [at for at, record in enumerate(records) if record["event"] == "finished"]
    at = next(at for at, record in enumerate(records) if record["event"] == "folds")
    assert [records[end].get("fold") for end in ends] == [1, 2, None]
    assert ends[1] + 1 == at < ends[2] == len(records) - 1
    assert {record["fold"] for record in records[:at]} == {1, 2}
    summary, last = records[at], records[-1]
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

    status, out, err = run(SMALL, "--folds 2")  # the folds are there already
    assert status == 0
    assert err.count("the same training is there already") == 2
    lines = out.splitlines()
    assert lines[0] == f"fold 1/2  run {summary['runs'][0]}"
    table = lines[lines.index("all 2 folds") + 1 :]
    assert table[0].split() == ["metric", "model", "value", "range"]
    assert {"trained", "before", "tfidf"} <= {line[24:].split()[0] for line in table[1:-2]}
    assert "95%: " in out
    assert "Bengio & Grandvalet 2004" in table[-1]


def test_a_final_training_follows_a_measured_one(run: Any) -> None:
    status, out, err = run(SMALL, "--keep last --final --format json")
    assert status == 0, err
    first, last = (record for record in records_of(out) if record["event"] == "finished")
    assert first["dev_after"]["n"] == 80
    assert last["dev_after"] is None
    assert last["steps"] > first["steps"]
    assert last["estimate"]["mean_average_precision"]["value"] == pytest.approx(
        first["dev_after"]["mean_average_precision"]
    )
    assert store.get(last["run"]).config.dev == "none"
    status, out, err = run(SMALL, "--keep last --final")
    assert status == 0
    assert "was not measured itself" in out
    assert last["model"] in out
    assert "the same settings" in err


def test_ctrl_c_cancels_all_folds(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object, **_settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(queue, "ensure_supervisor", lambda *, soon=False: None)
    monkeypatch.setattr(following, "follow", interrupted)
    status, _out, err = run(SMALL, "--folds 3")
    assert status == 130
    assert "the same command; folds that are finished are not trained again" in err
    assert [one.status.state for one in store.all_runs()] == ["cancelled"] * 3


def test_a_fold_that_fails_cancels_those_that_wait(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from simcse_core.errors import RunError

    monkeypatch.setattr(queue, "ensure_supervisor", lambda *, soon=False: None)

    def failed(first: store.Run, **_settings: object) -> None:
        first.set_status(State.FAILED, "no memory")
        raise RunError("The training failed: no memory")

    monkeypatch.setattr(following, "follow", failed)
    status, _out, err = run(SMALL, "--folds 3")
    assert status == 2
    assert err.splitlines()[-1] == "simcse_core: The training failed: no memory"
    assert [one.status.state for one in store.all_runs()] == ["failed", "cancelled", "cancelled"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--dev intents-en --dev-share 0.1", "--dev intents-en and --dev-share 0.1 both say what is held out"),
        ("--dev none --folds 3", "--dev none and --folds 3 both say what is held out"),
        ("--fold 2", "--fold 2 needs --folds"),
        ("--folds 3 --fold 4", "There is no fold 4 of 3"),
        ("--folds 1", "argument --folds: '1' is not a whole number from 2 to 100"),
        ("--dev-share 20", "argument --dev-share: '20' is not between 0 and 1"),
        ("--dev-share x", "argument --dev-share: invalid share value: 'x'"),
        ("--folds 3 --output x", "--output is the folder of one run"),
        ("--dev none --final", "none are held out here"),
        ("--dev intents-en --final", "none are held out here"),
        ("--resume --output x --final", "--resume goes on with one run. Leave --final out"),
        ("--dev nowhere.csv", "There is no file nowhere.csv"),
        ("--folds 100 --data answers-zh --loss bce", "Choose fewer folds"),
    ],
)
def test_contradictions_are_one_line_and_nothing_is_queued(run: Any, flags: str, message: str) -> None:
    status, out, err = run(SMALL, flags)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1
    assert not list(store.all_runs())


def test_help_names_the_options_of_losses_and_what_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "triplet: " in text
    assert "temperature" in text
    with pytest.raises(SystemExit):
        main(["evaluate", "--help"])
    assert "any kind but texts: scored, pairs, labelled, triplets, answers." in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> store.Run:
    """A run that waits to be resumed, and nobody who carries it out."""
    monkeypatch.setattr(queue, "ensure_supervisor", lambda *, soon=False: None)
    monkeypatch.setattr(following, "follow", lambda *_arguments, **_settings: [])
    (tmp_path / "pairs.csv").write_text("text,label\na,b\n")
    settings = TrainingSettings(loss="triplet", loss_options={"margin": 0.5}, tune="head")
    config = RunConfig(data=str(tmp_path / "pairs.csv"), columns={"text": "t"}, model="use-multilingual",
                       settings=settings)  # fmt: skip
    made = store.create(config, tmp_path / "run")
    made.set_status(State.CANCELLED)
    return made


@pytest.mark.parametrize(
    "flags",
    [
        "",
        "--data pairs.csv",
        "--data ./pairs.csv --columns text=t --loss triplet --loss-option margin=0.50 --model use-multilingual",
        "--seed 0 --device auto --precision auto --tune head --learning-rate 5e-5 --format json",
    ],
)
def test_a_run_is_resumed_beside_flags_that_say_what_it_has(
    run: Any, stopped: store.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _out, err = run("train --resume --output run", flags)
    assert (status, err) == (0, "")
    assert stopped.status.state == "queued"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--loss bce", "--loss is bce, the run has triplet"),
        ("--steps 5", "--steps is 5, the run has none"),
        ("--learning-rate 1", "--learning-rate is 1.0, the run has 5e-05"),
        ("--model minilm", "--model is minilm, the run has use-multilingual"),  # which is the default
        ("--seed 1", "--seed is 1, the run has 0"),
        ("--loss-option margin=0.2", "--loss-option margin is 0.2, the run has 0.5"),
        ("--loss bce --loss-option scale=2", "--loss is bce"),
        ("--loss-option nothing=2", "nothing"),
        ("--data intents-en", "--data is intents-en, the run has "),
        ("--columns text=u", "--columns is "),
        ("--as pairs", "--as is pairs, the run has none"),
        ("--dev-share 0.3 --pooling max", "--dev-share is 0.3, the run has none; --pooling is max"),
        ("--encoding big5 --sheet 2", "--encoding is big5, the run has none; --sheet is 2"),
        ("--folds 3 --fold 1", "--folds is 3, the run has none; --fold is 1"),
    ],
)
def test_a_run_is_not_resumed_with_other_settings(
    run: Any, stopped: store.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _out, err = run("train --resume --output run", flags)
    assert status == 2
    assert message in err
    assert err.count("\n") == 1
    assert stopped.status.state == "cancelled"
