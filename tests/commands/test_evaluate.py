"""The command `evaluate`."""

import csv
import json
from pathlib import Path

import pytest

from simcse_core.data.kinds import Answers
from simcse_core.data.opening import open_data
from tests.commands.conftest import Command
from tests.encoding.tiny import change, tiny


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
    assert set(answers["scored"]) == {"n", "spearman", "pearson", "alignment", "uniformity"}
    assert set(answers["pairs"]) == {"n", "average_precision", "auc", "best_f1", "threshold"}
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
    expected = run(*common, "--data", tmp_path / "prompted.csv")[1]
    plain = run(*common, "--data", "answers-en")[1]
    assert run(*common, "--data", "answers-en", "--prompt", "query,passage")[1] == expected != plain
    assert run(*common, "--data", "answers-en", "--prompt", "")[1] == plain
    status, _out, error = run(*common, "--data", "pairs-en", "--prompt", "query,document")
    assert (status, "need data of the kind answers" in error) == (2, True)
