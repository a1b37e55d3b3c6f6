"""The command `classify`."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest

from simcse_core.uses.classification import Classifier
from tests.commands.conftest import Command

WORDS = {"card": "my card is lost", "loan": "extend the loan please", "room": "book a meeting room"}
ROWS = [(f"{text} {number}", label) for number in range(6) for label, text in WORDS.items()]


def table(path: Path, rows: list[tuple[str, str]], header: str = "text,label") -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return table(tmp_path / "train.csv", ROWS)


def test_a_classifier_is_measured_beside_tfidf(run: Command, data: Path, tmp_path: Path) -> None:
    test = table(tmp_path / "test.csv", [("the card is lost", "card"), ("book the room", "room"), ("good day", "new")])
    status, out, err = run("classify", "--train", data, "--test", test, "--format", "json")
    assert status == 0
    answer = json.loads(out)
    assert answer["accuracy"] == pytest.approx(2 / 3)
    assert 0 < answer["macro_f1"] < 1
    assert [one["label"] for one in answer["classes"]] == ["card", "loan", "new", "room"]
    assert set(answer["classes"][0]) == {"label", "precision", "recall", "f1", "support"}
    assert answer["baseline"]["name"] == "TF-IDF"
    assert {"accuracy", "macro_f1", "classes"} <= set(answer["baseline"])
    assert (answer["model"], answer["classifier"], answer["unseen"]) == ("minilm", "logistic", ["new"])
    assert "1 texts are of classes that were not learned ('new')" in err


def test_without_a_test_it_is_cross_validated_and_all_files_are_written(
    run: Command, data: Path, tmp_path: Path
) -> None:
    status, out, _err = run(
        *("classify", "--train", data, "--classifier", "centre", "--folds", 3, "--threshold", 0.5, "--no-baseline"),
        *("--save", tmp_path / "c", "--suspects", tmp_path / "s.csv", "--output", tmp_path / "rows.csv"),
    )
    assert status == 0
    assert "3-fold cross-validation: 18 texts" in out
    assert "TF-IDF" not in out
    assert Classifier.load(tmp_path / "c").threshold == 0.5
    suspects = read(tmp_path / "s.csv")
    assert len(suspects) == 18
    assert list(suspects[0]) == ["row", "text", "label", "suggested", "probability", "likely_wrong"]
    rows = read(tmp_path / "rows.csv")
    assert [row["text"] for row in rows] == [text for text, _label in ROWS]


def test_texts_are_classified_out_of_a_pipe(
    run: Command, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("classify", "--train", data, "--no-baseline", "--save", tmp_path / "c")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"my card\nthe room, please\n")))
    status, out, _err = run("classify", "--classifier", tmp_path / "c", "--input", "-")
    assert status == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["label"], row["text"]) for row in rows] == [("card", "my card"), ("room", "the room, please")]
    (tmp_path / "texts.txt").write_text("my card\n")
    answer = json.loads(
        run("classify", "--classifier", tmp_path / "c", "--input", tmp_path / "texts.txt", "--format", "json",
            "--threshold", 1)[1]
    )  # fmt: skip
    assert answer["predictions"][0]["label"] is None
    assert (answer["model"], answer["input"]) == ("minilm", str(tmp_path / "texts.txt"))
    likely = answer["predictions"][0]["probabilities"]
    assert max(likely, key=likely.get) == "card"
    by_train = run("classify", "--train", data, "--input", tmp_path / "texts.txt", "--output", tmp_path / "o.csv")
    assert by_train[0] == 0
    assert read(tmp_path / "o.csv")[0]["label"] == "card"


def test_several_labels_stand_in_a_cell_or_in_a_list(run: Command, tmp_path: Path) -> None:
    rows = [(text, label if label != "room" else "room;card") for text, label in ROWS]
    cells = table(tmp_path / "several.csv", rows)
    lines = "".join(json.dumps({"text": text, "label": label.split(";")}) + "\n" for text, label in rows)
    (tmp_path / "several.jsonl").write_text(lines)
    answers = [
        json.loads(run("classify", "--train", file, "--several", ";", "--no-baseline", "--format", "json")[1])
        for file in (cells, tmp_path / "several.jsonl")
    ]
    assert answers[0]["accuracy"] == answers[1]["accuracy"]
    assert [one["support"] for one in answers[0]["classes"]] == [12, 6, 6]
    status, _out, err = run("classify", "--train", tmp_path / "several.jsonl")
    assert status == 2
    assert "list" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name labelled texts with --train"),
        (["--train", "{train}", "--classifier", "svm"], "choose one of: logistic, centre, knn"),
        (["--train", "{train}", "--threshold", "2"], "from 0 to 1"),
        (["--train", "{texts}"], "in the columns text and label"),
        (["--train", "{train}", "--test", "{texts}"], "in the columns text and label"),
        (["--train", "{train}", "--test", "{gap}"], "row 3"),
        (["--train", "{one}"], "second class"),
        (["--train", "{train}", "--test", "{other}"], "spelled the same way"),
        (["--train", "{train}", "--folds", "99"], "too few for 99 folds"),
        (["--train", "{train}", "--save", "{train}"], "would be lost"),
        (["--input", "{texts}"], "carries nothing"),
        (["--input", "{texts}", "--classifier", "{train}"], "something else"),
        (["--input", "{texts}", "--classifier", "nowhere"], "cannot be read"),
        (["--input", "{texts}", "--suspects", "s.csv"], "--suspects needs --train"),
        (["--test", "{train}"], "name its file with --classifier"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    arguments: list[str], message: str, run: Command, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "texts.txt").write_text("one\ntwo\n")
    files = {
        "train": data,
        "texts": tmp_path / "texts.txt",
        "gap": table(tmp_path / "gap.csv", [("a", "card"), ("b", "")]),
        "one": table(tmp_path / "one.csv", [("a", "x"), ("b", "x")]),
        "other": table(tmp_path / "other.csv", [("a", "x"), ("b", "y")]),
    }
    status, out, err = run("classify", *(argument.format(**files) for argument in arguments))
    assert (status, out) == (2, "")
    assert message in err
    assert len(err.strip().splitlines()) == 1


def test_labels_that_are_numbers_are_the_same_however_they_are_written(run: Command, tmp_path: Path) -> None:
    numbers = {"card": "1", "loan": "2", "room": "3"}
    train = table(tmp_path / "train.csv", [(text, numbers[label]) for text, label in ROWS])
    test = table(tmp_path / "test.csv", [(text, f"{numbers[label]}.0") for text, label in ROWS[:6]])
    answer = json.loads(run("classify", "--train", train, "--test", test, "--no-baseline", "--format", "json")[1])
    assert (answer["accuracy"], answer["unseen"]) == (1.0, [])


def test_a_learning_curve_says_how_many_labels_are_worth_it(run: Command, data: Path) -> None:
    _status, out, _err = run("classify", "--train", data, "--no-baseline", "--learning-curve", "--format", "json")
    points = json.loads(out)["learning_curve"]["points"]
    assert [point["size"] for point in points] == [6, 13]


def test_a_classifier_of_another_model_is_refused(run: Command, data: Path, tmp_path: Path) -> None:
    run("classify", "--train", data, "--no-baseline", "--save", tmp_path / "c")
    status, _out, err = run("classify", "--classifier", tmp_path / "c", "--input", data, "--layer", 2)
    assert status == 2
    assert "layers 6, not 2" in err
