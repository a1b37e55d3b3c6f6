"""The commands `compare`, `race` and `losses`."""

import io
import json
from pathlib import Path

import pytest

from simcse_core import compare
from simcse_core.learning.losses import losses
from simcse_core.runs.store import all_runs
from tests.commands.conftest import Command
from tests.learning.small import LABELS, TEXTS, tiny_model

LABELLED = "text,label\n" + "".join(f"{text},{label}\n" for text, label in zip(TEXTS, LABELS, strict=True))


@pytest.fixture
def tiny_folders(tmp_path: Path) -> tuple[Path, Path]:
    """Two models of two layers."""
    for seed in (0, 1):
        tiny_model(seed).save(tmp_path / f"tiny{seed}")
    return tmp_path / "tiny0", tmp_path / "tiny1"


def test_a_comparison_says_the_same_as_in_python(run: Command, tiny_folders: tuple[Path, Path]) -> None:
    status, out, _err = run("compare", *tiny_folders, "--data", "pairs-en", "--format", "json")
    answer, expected = json.loads(out), compare(tiny_folders[0], tiny_folders[1], "pairs-en")
    assert status == 0
    assert answer["verdict"] == expected.verdict
    assert answer["differences"]["average_precision"]["value"] == pytest.approx(expected.difference.value)
    assert answer["first"]["model"] == str(tiny_folders[0])
    assert answer["data"] == "pairs-en.csv"
    text = run("compare", *tiny_folders, "--data", "pairs-en")[1]
    assert text.splitlines()[-1] == expected.verdict


def test_a_comparison_refuses_texts_and_unknown_models(
    run: Command, tiny_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "texts.txt").write_text("a\nb\n")
    for arguments, said in (
        ((*tiny_folders, "--data", tmp_path / "texts.txt"), "has only texts: nothing to compare with"),
        ((tiny_folders[0], "no such model", "--data", "pairs-en"), "There is no model 'no such model'"),
        ((*tiny_folders, "--data", "pairs-en", "--scale-max", "5"), "Leave --scale-max out"),
        ((tiny_folders[0], "--data", "pairs-en"), "the following arguments are required: SECOND"),
    ):
        status, _out, err = run("compare", *arguments)
        assert (status, said in err) == (2, True), err


@pytest.mark.usefixtures("the_worker_is_here")
def test_a_race_prints_a_line_for_each_loss_and_a_verdict(
    run: Command, tiny_folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = ("--model", tiny_folders[0], "--epochs", 1, "--batch-size", 16)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LABELLED.encode())))
    command = ("race", "--data", "-", "--losses", "supcon,triplet", "--seeds", 2, *quick)
    status, out, _err = run(*command, "--format", "json")
    answer = json.loads(out)
    assert status == 0
    assert [line["name"] for line in answer["lines"]] == ["as_it_comes", "tfidf", "supcon", "triplet"]
    assert answer["winner"] is None  # never below three seeds
    assert len(answer["runs"]) == len(all_runs()) == 4
    text = run("race", "--data", answer["data"], *command[3:])[1]
    assert text.splitlines()[-1] == answer["verdict"]
    assert len(all_runs()) == 4  # the same race


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--losses supcon,,triplet", "names nothing between two commas"),
        ("--losses supcon,infonce", "Unknown loss 'infonce'"),
        ("--losses supcon --seeds many", "--seeds is 'many': write a number such as 3"),
        ("--losses supcon --seeds 0", "give a number from 1 to"),
        ("--losses supcon --loss triplet", "write --losses A,B in the place of --loss"),
        ("--losses supcon,triplet --loss-option margin=0.1", "belongs to one loss"),
        ("--losses supcon --dev none", "nothing to measure losses by"),
    ],
)
def test_a_race_that_cannot_start_says_why(run: Command, flags: str, said: str, nobody_works: None) -> None:
    quick = ["--model", "use-multilingual", "--tune", "head", "--epochs", "1"]
    status, _out, err = run("race", "--data", "intents-en", *flags.split(), *quick)
    assert (status, said in err) == (2, True), err
    assert all_runs() == []


def test_every_loss_is_listed_with_its_options(run: Command) -> None:
    listed = {loss["name"]: loss for loss in json.loads(run("losses", "--format", "json")[1])}
    assert set(listed) == {*losses.names(), "mlm"}
    (margin,) = (option for option in listed["triplet"]["options"] if option["name"] == "margin")
    assert margin["explanation"]
    text = run("losses", "triplet")[1]
    assert f"--loss-option margin=…  {margin['explanation']} ({margin['range']}, default {margin['default']})" in text
    assert "learns from labelled" in text
    assert "cosent" not in text
    status, _out, err = run("losses", "infonce")
    assert (status, "Unknown loss 'infonce'" in err) == (2, True)
