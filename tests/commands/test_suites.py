"""`evaluate --suite`, with a fake encoder."""

import csv
import json
from pathlib import Path

import pytest

from tests.commands.conftest import Command
from tests.uses.fakes import Angles


@pytest.fixture(autouse=True)
def angles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def load(name: str, **_settings: object) -> Angles:
        return Angles(name, noise=1.0 if name == "worse" else 0.0)

    monkeypatch.setattr("simcse_core.encoding.catalogue.load", load)
    monkeypatch.chdir(tmp_path)
    rows = [(f"a {n} 0", f"b {n}", 5 - n / 20 + n % 3 / 2, "ab"[n % 2]) for n in range(0, 90, 3)]
    with (tmp_path / "sts13.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("sentence1", "sentence2", "score", "subset"), *rows])


def test_models_stand_beside_each_other(run: Command) -> None:
    arguments = ("evaluate", "--suite", "sts", "--data", ".", "--model", "base", "--model", "worse")
    status, out, _error = run(*arguments, "--format", "json")
    answer = json.loads(out)
    assert (status, answer["models"]) == (0, ["base", "worse"])
    by_place = {(one["model"], one["part"]): one for one in answer["results"]}
    assert set(by_place) == {(model, part) for model in answer["models"] for part in ("all", "mean", "wmean")}
    assert by_place["base", "all"]["gain"] is None
    assert by_place["worse", "all"]["gain_high"] < 0
    assert "STS12" in answer["missing"]
    text = run(*arguments)[1]
    assert text.splitlines()[0].split() == ["base", "worse"]


@pytest.mark.parametrize(
    ("ending", "start"), [("md", "|  | minilm |"), ("csv", '"model","task"'), ("json", "{"), ("txt", "  ")]
)
def test_the_table_is_written_by_the_ending_of_its_file(run: Command, tmp_path: Path, ending: str, start: str) -> None:
    status, _out, error = run("evaluate", "--suite", "sts", "--data", ".", "--output", f"table.{ending}")
    assert (status, error) == (0, "")
    assert (tmp_path / f"table.{ending}").read_text(encoding="utf-8").startswith(start)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("", "Name the data with --data"),
        ("--suite sts2", "invalid choice"),
        ("--suite sts --data nowhere", "There is no folder nowhere"),
        ("--suite answers --data .", "has no file of the suite answers"),
        ("--suite sts --data . --output table.xlsx", "ends in none of .txt"),
        ("--suite sts --data . --output no/table.md", "There is no folder no"),
        ("--suite sts --data . --scale-max 5", "--scale-max does not go with --suite"),
        ("--data sts13.csv --model a --model b", "--model is given 2 times"),
    ],
)
def test_a_mistake_ends_with_one_line(run: Command, arguments: str, complaint: str) -> None:
    status, out, error = run("evaluate", *arguments.split())
    assert (status, out) == (2, "")
    assert complaint in error
    assert error.count("\n") == 1
