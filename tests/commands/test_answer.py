"""The command `answer`, with a fake encoder."""

import io
import json
from pathlib import Path

import pytest

from tests.commands.conftest import Command
from tests.uses.fakes import Words

LIST = "question,answer\nopen,nine\nwhere,harbour\nprice,coins\n"
ASKED = "question,answer\nopen x,nine\nwhere,where\ncoins,price\nx,\nprice y y y,\n"
LABELLED = "question,answer,label\nopen,nine,1\nopen,harbour,0\nprice,coins,1\nprice,where,0\nwhere,x,1\n"


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("simcse_core.encoding.catalogue.load", lambda _name, **_settings: Words())
    monkeypatch.chdir(tmp_path)
    for name, content in (("faq.csv", LIST), ("asked.csv", ASKED), ("data.csv", LABELLED)):
        (tmp_path / name).write_text(content)


def test_right_answers_are_ranked_beside_bm25(run: Command) -> None:
    status, out, _error = run("answer", "--data", "data.csv", "--format", "json")
    answer = json.loads(out)
    assert status == 0
    assert (answer["questions"], answer["dropped"], answer["model"], answer["data"]) == (2, 1, "minilm", "data.csv")
    assert (answer["mrr"], answer["map"], answer["precision_at_1"]) == (0.75, 0.75, 0.5)
    assert (answer["baseline"]["mrr"], answer["baseline"]["questions"]) == (0.5, 2)  # no word is shared
    assert set(answer["intervals"]) == set(answer["over_baseline"]) == {"mrr", "map", "precision_at_1"}
    assert "minilm over BM25: mrr +0.2500" in run("answer", "--data", "data.csv")[1]


def test_questions_are_answered_or_not(run: Command) -> None:
    out = run("answer", "--faq", "faq.csv", "--question", "open", "--question", "y y y open", "--threshold", "0.9")[1]
    assert "threshold 0.9000 (as --threshold says)" in out
    first, second = out.split("\n\n")[1:]
    assert first.splitlines()[:2] == ["open", "  nine"]
    assert second.splitlines()[:2] == ["y y y open", "  no good answer"]


def test_questions_come_from_a_pipe(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(b"where\n\ncoins\n")

    monkeypatch.setattr("sys.stdin", Stdin())
    out = run("answer", "--faq", "faq.csv", "--input", "-", "--top-k", 1, "--threshold", "none", "--format", "json")[1]
    answer = json.loads(out)
    assert [reply["answer"] for reply in answer["replies"]] == ["harbour", "coins"]
    assert [len(reply["matches"]) for reply in answer["replies"]] == [1, 1]
    assert (answer["threshold"], answer["threshold_from"]) == (None, "none")


def test_what_people_asked_fits_the_threshold_and_measures(run: Command) -> None:
    out = run("answer", "--faq", "faq.csv", "--asked", "asked.csv", "--question", "x", "--format", "json")[1]
    answer = json.loads(out)
    assert answer["threshold_from"] == "fitted"
    assert answer["fitted"]["decisions"]["threshold"] == answer["threshold"]
    assert (answer["measured"]["questions"], answer["measured"]["mrr"]["value"]) == (3, 1.0)
    assert answer["replies"][0]["answer"] is None
    assert (
        "fitted on questions with and without an answer" in run("answer", "--faq", "faq.csv", "--asked", "asked.csv")[1]
    )


def test_where_always_answering_is_better_the_command_says_so(run: Command, tmp_path: Path) -> None:
    said = "Always giving the closest answer handles more questions well: --threshold none does."
    assert said not in run("answer", "--faq", "faq.csv", "--asked", "asked.csv")[1]
    # Five of eight get the right answer; the other three have none and are as close, so that no threshold parts them.
    rows = [
        "coins x x,coins",
        "coins,",
        "nine,",
        "open x x,nine",
        "nine x x x,nine",
        "coins x,coins",
        "nine x x x,nine",
    ]
    (tmp_path / "hard.csv").write_text("\n".join(["question,answer", *rows, "harbour x,"]))
    out = run("answer", "--faq", "faq.csv", "--asked", "hard.csv", "--format", "json")[1]
    fitted = json.loads(out)["fitted"]
    assert (fitted["handled"]["value"], fitted["always"]["value"], fitted["is_always_better"]) == (3 / 8, 5 / 8, True)
    assert said in run("answer", "--faq", "faq.csv", "--asked", "hard.csv")[1]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("", "Name what to measure with --data"),
        ("--data data.csv --faq faq.csv", "Name what to measure with --data"),
        ("--data data.csv --question x", "--question goes with --faq"),
        ("--data faq.csv", "faq.csv"),
        ("--data pairs-en", "holds pairs"),
        ("--faq faq.csv", "No question is given"),
        ("--faq nowhere.csv --question x", "There is no file nowhere.csv"),
        ("--faq faq.csv --question x --threshold high", "--threshold is 'high'"),
        ("--faq faq.csv --question x --threshold 3", "a cosine from -1 to 1"),
        ("--faq faq.csv --question x --top-k 0", "not a whole number from 1"),
        ("--faq faq.csv --question x --against titles", "invalid choice"),
    ],
)
def test_a_mistake_ends_with_one_line(run: Command, arguments: str, complaint: str) -> None:
    status, out, error = run("answer", *arguments.split())
    assert (status, out) == (2, "")
    assert complaint in error
    assert error.count("\n") == 1


def test_where_the_model_finds_none_of_what_was_asked_it_is_measured_all_the_same(run: Command, tmp_path: Path) -> None:
    (tmp_path / "far.csv").write_text("question,answer\nopen,harbour\nprice,nine\nwhere x,\n")
    status, out, err = run("answer", "--faq", "faq.csv", "--asked", "far.csv", "--question", "open", "--format", "json")
    assert status == 0
    assert "right for none of the 3 questions" in err
    answer = json.loads(out)
    assert (answer["threshold_from"], answer["measured"]["precision_at_1"]["value"]) == ("unrelated sentences", 0.0)
    assert answer["replies"][0]["answer"] == "nine"
