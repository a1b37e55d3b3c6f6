from pathlib import Path

import pytest

from simcse_core.data import bundled
from simcse_core.data.kinds import Scored, Texts
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import DataError
from simcse_core.learning.measuring import evaluate
from simcse_core.runs.exports import data_of, measured_export
from tests.stand_in_hub import tiny_model


def test_the_readme_says_what_the_export_loses_on_the_data_that_was_named(minilm: SimCSE, tmp_path: Path) -> None:
    model, data = tiny_model(minilm), bundled.load("scored-en").take(range(60))
    costs = measured_export(model, "static", tmp_path / "out", [data])
    assert costs is not None
    (cost,) = costs.of_data
    assert (cost.data, cost.rows, cost.metric) == (data.name, 60, "spearman")
    assert cost.of_model == pytest.approx(vars(evaluate(model, data))["spearman"])
    assert -1 <= cost.of_export <= 1
    assert cost.of_export != cost.of_model
    readme = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert f"| 60 | spearman | {cost.of_model:.4f} | {cost.of_export:.4f} |" in readme
    assert "StaticModel.from_pretrained(folder)" in readme


def test_a_model_is_measured_in_the_languages_that_it_reads(minilm: SimCSE) -> None:
    assert list(data_of(minilm)) == ["scored-en"]


def test_data_without_labels_is_refused_before_the_work(minilm: SimCSE, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="only texts"):
        measured_export(tiny_model(minilm), "static", tmp_path / "out", [Texts("notes", ("a", "b"))])
    assert not list(tmp_path.iterdir())


def test_a_format_that_changes_nothing_costs_nothing(minilm: SimCSE, tmp_path: Path) -> None:
    data = Scored("pairs", ("a",), ("b",), (1.0,))
    assert measured_export(tiny_model(minilm), "sentence-transformers", tmp_path / "out", [data]) is None
