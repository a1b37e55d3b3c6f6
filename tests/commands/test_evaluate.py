"""The command `evaluate`."""

import json
from pathlib import Path

import pytest

from tests.commands.conftest import Command


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
