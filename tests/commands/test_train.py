"""The command `train`: what it says first, prints and refuses."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from simcse_core.commands.main import main
from simcse_core.commands.printing import print_record
from simcse_core.encoding.model import SimCSE
from simcse_core.learning.records import RECORD, Finished
from simcse_core.runs import following, queue, store
from tests.commands.conftest import Command, records_of

pytestmark = pytest.mark.usefixtures("the_worker_is_here")
SMALL = "train --data intents-zh --model use-multilingual --tune head --epochs 1"
"""200 rows of 8 classes, 25 each."""


def test_train_prints_a_record_a_line_and_leaves_a_model(run: Command, tmp_path: Path) -> None:
    status, out, _err = run(
        "train", "--data", "intents-en", "--loss", "triplet", "--loss-option", "margin=0.3", "--layer", 1, "--tune",
        "top:1", "--epochs", 1, "--output", tmp_path / "run", "--format", "json",
    )  # fmt: skip
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [record["event"] for record in records] == ["evaluation", *["step"] * 4, "evaluation", "note", "finished"]
    last = records[-1]
    assert last["run"] == "run"
    assert last["base_model"] == "minilm"
    assert last["dev_before"]["n"] == last["dev_after"]["n"] == 80
    assert SimCSE.load(last["model"]).layers == 1
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    assert config["settings"]["loss_options"] == {"margin": 0.3}
    status, _out, err = run("similarity", "a", "b", "--model", last["model"])
    assert (status, err) == (0, "")


def test_train_says_in_text_that_it_diverged(run: Command) -> None:
    arguments = "--layer 1 --tune top:1 --epochs 9 --batch-size 64 --learning-rate 1e9 --clip 1e6 --warmup 0"
    status, out, _err = run("train", "--data", "intents-en", *arguments.split())
    assert status == 0
    assert "Diverged" in out


def test_a_refused_training_can_be_corrected_in_the_same_folder(run: Command, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = ["train", "--data", "intents-zh", "--model", "use-multilingual", "--epochs", "1", "--output", folder]
    assert run(*command, "--tune", "all")[0] == 2
    assert run(*command, "--tune", "head")[0] == 0
    status, _out, err = run(*command, "--tune", "head")
    assert status == 2
    assert "already holds a run" in err


def test_train_warns_of_texts_the_model_cannot_read(run: Command) -> None:
    arguments = "train --data intents-zh --layer 1 --tune top:1 --epochs 1"
    assert "--model me5-small" in run(*arguments.split())[2]


def test_train_says_what_may_be_wrong_with_the_data(run: Command, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(
        "sentence1,sentence2,label\n" + "a cat,a dog,1\na cat,a dog,0\n" * 2 + "x,y,0\nz,w,1\n"
    )
    command = [
        "train",
        "--data",
        tmp_path / "d.csv",
        "--dev",
        "pairs-en",
        "--loss",
        "bce",
        "--layer",
        "0",
        "--tune",
        "head",
    ]
    err = run(*command, "--steps", "1")[2]
    assert "contradict each other" in err
    assert "repeat an earlier one" in err


def test_a_trained_run_is_a_model_by_its_id(run: Command) -> None:
    arguments = "train --data intents-zh --model use-multilingual --loss bce --tune head --epochs 1 --format json"
    run_id = json.loads(run(*arguments.split())[1].splitlines()[-1])["run"]
    assert run("similarity", "你好", "再见", "--model", run_id)[0] == 0


def test_a_model_goes_through_three_stages_and_knows_its_past(run: Command, tmp_path: Path) -> None:
    """From nothing over hidden words and two views to labels; each run names what it started from."""

    def train(*arguments: object) -> dict[str, Any]:
        folder = tmp_path / f"{arguments[1]}-{arguments[3]}"
        status, out, err = run("train", *arguments, "--steps", 2, "--output", folder, "--format", "json")
        assert status == 0, err
        last: dict[str, Any] = json.loads(out.splitlines()[-1])
        return {**last, "config": json.loads((folder / "config.json").read_text())}

    first = train("--data", "texts-en", "--loss", "mlm", "--model", "scratch-tiny")
    assert first["dev_before"] is first["dev_after"] is None
    second = train("--data", "scored-en", "--loss", "simcse", "--as", "texts", "--model", first["model"])
    third = train("--data", "scored-en", "--loss", "cosent", "--model", second["model"])
    assert [stage["loss"] for stage in third["config"]["stages"]] == ["mlm", "simcse"]
    assert [stage["started_from"] for stage in third["config"]["stages"]] == ["scratch-tiny", first["model"]]
    assert (
        third["config"]["model_sha256"]
        == sha256((Path(second["model"]) / "model.safetensors").read_bytes()).hexdigest()
    )
    assert third["dev_before"] == second["dev_after"]


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
def test_the_first_line_says_what_is_held_out(
    run_line: Command, monkeypatch: pytest.MonkeyPatch, flags: str, line: str
) -> None:
    monkeypatch.setattr(queue, "ensure_supervisor", lambda *, soon=False: None)
    monkeypatch.setattr(following, "follow", lambda *_arguments, **_settings: [])
    status, out, err = run_line(SMALL, flags, "--format json")
    assert (status, out) == (0, "")  # in JSON too it is on stderr
    assert err.splitlines()[0] == f"simcse_core: {line}"


def test_a_training_on_all_rows_measures_nothing(run_line: Command) -> None:
    status, out, err = run_line(SMALL, "--dev none --format json")
    assert status == 0, err
    last = records_of(out)[-1]
    assert (last["event"], last["dev_before"], last["dev_after"]) == ("finished", None, None)


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
def test_contradictions_are_one_line_and_nothing_is_queued(run_line: Command, flags: str, message: str) -> None:
    status, out, err = run_line(SMALL, flags)
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
    text = " ".join(capsys.readouterr().out.split())
    assert "any kind but texts" in text
    for kind in ("scored", "pairs", "labelled", "triplets", "answers"):
        assert kind in text.partition("holds")[2].partition("--columns")[0]


def test_the_end_of_a_training_for_several_lengths_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    end = Finished(dev_after={"spearman": 0.8}, dev_by_dim={192: {"spearman": 0.79}, 24: {"spearman": 0.7}})
    print_record(end, "text")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[:3] == [["after", "spearman", "0.8000"], ["after,", "192", "spearman", "0.7900"],
                         ["after,", "24", "spearman", "0.7000"]]  # fmt: skip
    print_record(end, "json")
    assert RECORD.validate_json(capsys.readouterr().out) == end
