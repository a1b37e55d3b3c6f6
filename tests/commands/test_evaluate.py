"""The command `evaluate`."""

import csv
import io
import json
from pathlib import Path

import pytest

from simcse_core.data.kinds import Answers
from simcse_core.data.opening import open_data
from tests.commands.conftest import Command
from tests.encoding.tiny import change, tiny

NAMED = ("model", "data", "kind", "ranges")


def test_evaluate_knows_scored_pairs_and_labelled_data(run: Command, tmp_path: Path) -> None:
    (tmp_path / "scored.csv").write_text("sentence1,sentence2,score\nA cat.,A kitten.,5\nA cat.,Stocks fell.,0\n")
    (tmp_path / "one.csv").write_text("sentence1,sentence2,score\nA cat.,A kitten.,5\n")
    (tmp_path / "pairs.csv").write_text("sentence1,sentence2,label\nA cat.,A kitten.,1\nA cat.,Stocks fell.,0\n")
    answers = {
        name: json.loads(run("evaluate", "--data", data, "--format", "json")[1])
        for name, data in (("scored", tmp_path / "scored.csv"), ("one", tmp_path / "one.csv"),
                           ("pairs", tmp_path / "pairs.csv"), ("labelled", "intents-en"))
    }  # fmt: skip
    assert answers["scored"]["spearman"] == pytest.approx(1)
    assert answers["one"]["spearman"] is None  # undefined is null, never NaN
    assert set(answers["scored"]) == {*NAMED, "n", "spearman", "pearson", "alignment", "uniformity"}
    assert set(answers["pairs"]) == {*NAMED, "n", "average_precision", "auc", "best_f1", "threshold"}
    assert answers["labelled"]["n"] == 200


def test_two_prompts_are_for_questions_and_answers(run: Command, tmp_path: Path) -> None:
    tiny(layers=1).save(tmp_path / "named")
    change(tmp_path / "named" / "config_sentence_transformers.json", prompts={"query": "a cat: ", "document": "sofa "})
    data = open_data("answers-en")
    assert isinstance(data, Answers)
    with (tmp_path / "prompted.csv").open("w") as file:
        rows = zip(data.question, data.answer, data.label, strict=True)
        csv.writer(file).writerows(
            [data.columns, *((f"a cat: {asked}", f"sofa {said}", label) for asked, said, label in rows)]
        )
    common = ("evaluate", "--model", tmp_path / "named", "--format", "json")

    def metrics(*flags: object) -> dict[str, object]:
        return {**json.loads(run(*common, *flags)[1]), "data": ""}

    expected = metrics("--data", tmp_path / "prompted.csv")
    plain = metrics("--data", "answers-en")
    assert metrics("--data", "answers-en", "--prompt", "query,passage") == expected != plain
    assert metrics("--data", "answers-en", "--prompt", "") == plain
    assert "has prompts for questions and for answers" in run(*common, "--data", "answers-en")[2]
    assert "has prompts" not in run(*common, "--data", "answers-en", "--prompt", "")[2]
    status, _out, error = run(*common, "--data", "pairs-en", "--prompt", "query,document")
    assert (status, "need data of the kind answers" in error) == (2, True)


def test_the_answer_names_model_and_data_and_how_sure_each_number_is(run: Command) -> None:
    answer = json.loads(run("evaluate", "--data", "pairs-en", "--format", "json")[1])
    assert (answer["model"], answer["data"], answer["kind"]) == ("minilm", "pairs-en", "pairs")
    low, high = answer["ranges"]["average_precision"]
    assert low <= answer["average_precision"] <= high
    text = run("evaluate", "--data", "pairs-en")[1]
    assert "minilm on pairs-en.csv (pairs)" in text
    assert f"{low:.3f} to {high:.3f}" in text


def test_each_row_is_written_with_its_cosine_and_prediction(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    answer = json.loads(run("evaluate", "--data", "pairs-en", "--output", file, "--format", "json")[1])
    with file.open() as rows:
        read = list(csv.DictReader(rows))
    assert list(read[0]) == ["sentence1", "sentence2", "label", "cosine", "prediction"]
    data = open_data("pairs-en")
    assert len(read) == len(data)
    predicted = [float(row["cosine"]) >= round(answer["threshold"], 6) for row in read]
    assert predicted == [row["prediction"] == "1" for row in read]
    one_class = tmp_path / "one.csv"
    one_class.write_text("sentence1,sentence2,label\nA cat.,A kitten.,1\nA dog.,A puppy.,1\n")
    assert run("evaluate", "--data", one_class, "--output", file)[0] == 0
    assert file.read_text().splitlines()[1].endswith(',""')  # nothing can be predicted: no threshold
    for output, said in ((one_class, "would be lost"), (tmp_path / "rows.txt", "does not end in .csv")):
        status, _out, err = run("evaluate", "--data", one_class, "--output", output)
        assert (status, said in err) == (2, True)


def test_data_comes_through_a_pipe(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = b"sentence1,sentence2,label\nA cat.,A kitten.,yes\nA cat.,Stocks fell.,no\n"
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(piped)))
    assert json.loads(run("evaluate", "--data", "-", "--format", "json")[1])["average_precision"] == 1.0
