"""`evaluate` and `compare`: metrics with ranges, row by row, and what a difference supports."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score

from simcse_core import compare, evaluate
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import DataError, ModelError, OptionError
from simcse_core.learning.measuring import measure
from simcse_core.meaning.evaluation import nearest_classes
from simcse_core.meaning.intervals import difference
from tests.api.conftest import columns_of
from tests.learning.small import data_of, tiny_model


@pytest.mark.parametrize("kind", ["labelled", "pairs", "scored", "triplets", "answers"])
def test_metrics_are_those_of_the_command_line_with_their_ranges(kind: str) -> None:
    model = tiny_model()
    result = evaluate(model, columns_of(kind))
    assert result.metrics == vars(measure(model, data_of(kind)).metrics)
    assert result.metric in result.intervals
    for metric, between in result.intervals.items():
        assert between.low <= result[metric] <= between.high
        assert metric in repr(result)
    assert len(result.table()) == len(data_of(kind))
    with pytest.raises(OptionError, match=r"have no 'bleu'. Choose one of"):
        _ = result["bleu"]


def test_the_prediction_of_each_pair_gives_the_best_f1() -> None:
    result = evaluate(tiny_model(), columns_of("pairs"))
    table = result.table()
    assert f1_score(table.label, table.prediction) == pytest.approx(result["best_f1"])
    assert ((table.cosine >= result["threshold"]) == table.prediction).all()


def test_the_rank_of_each_answer_gives_precision_at_1() -> None:
    result = evaluate(tiny_model(), columns_of("answers"))
    table = result.table()
    first = table[table["rank"] == 1]
    assert first.label.mean() == pytest.approx(result["precision_at_1"])
    assert table.groupby("question")["rank"].apply(sorted).map(lambda ranks: ranks[0]).eq(1).all()


def test_the_predicted_class_of_each_text_gives_the_accuracy() -> None:
    result = evaluate(tiny_model(), columns_of("labelled"))
    table = result.table()
    assert (table.label == table.prediction).mean() == pytest.approx(result["leave_one_out_accuracy"])


def test_the_nearest_class_leaves_the_text_out() -> None:
    embeddings = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32)
    predicted, cosines = nearest_classes(embeddings, ["a", "a", "b", "c"])
    assert predicted == ["a", "a", "c", "b"]  # b and c have one text each, which cannot vote for itself
    np.testing.assert_allclose(cosines, [1, 1, 0.8, 0.8], atol=1e-6)


def test_the_hits_of_triplets_give_the_accuracy() -> None:
    result = evaluate(tiny_model(), columns_of("triplets"))
    table = result.table()
    assert table.prediction.mean() == pytest.approx(result["accuracy"])
    assert (table.cosine_positive > table.cosine_negative).astype(int).eq(table.prediction).all()


def test_a_comparison_is_paired_and_names_what_is_better(tmp_path: Path) -> None:
    good, bad = tiny_model().configured(pooling="mean"), tiny_model(3).configured(head="random", seed=1)
    (of_good, of_bad) = (measure(model, data_of("pairs")).items for model in (good, bad))
    result = compare(bad, good, columns_of("pairs"))
    assert result.difference == difference(of_good, of_bad, "average_precision")
    backwards = compare(good, bad, columns_of("pairs"))
    assert backwards.difference.value == pytest.approx(-result.difference.value)
    assert compare(good, good, columns_of("pairs")).better is None
    assert "inside the noise" in compare(good, good, columns_of("pairs")).verdict


def test_a_better_model_is_better_by_more_than_noise(minilm: SimCSE) -> None:
    result = compare(minilm.configured(layer=0), minilm, "pairs-en")
    assert result.better == "minilm"
    assert "better by more than the noise of the" in result.verdict
    assert result.verdict in repr(result)
    assert "average_precision" in result._repr_html_()


def test_names_in_html_stay_text(tmp_path: Path) -> None:
    tiny_model().save(tmp_path / "<b>bold")
    shown = evaluate(str(tmp_path / "<b>bold"), columns_of("pairs"))._repr_html_()
    assert "&lt;b&gt;bold" in shown
    assert "<b>" not in shown


BAD: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "texts alone": ({"data": ["a b", "c d"]}, DataError, "has only texts: nothing to compare with"),
    "no such model": ({"model": "no/such model"}, ModelError, "There is no model"),
    "a scale without scores": ({"scale_max": 5}, OptionError, "means nothing"),
    "no such precision": ({"precision": "int3"}, OptionError, "Unknown precision"),
    "no such data": ({"data": "pairs-fr"}, DataError, "There is no file pairs-fr"),
    "labels that are neither": ({"data": {"sentence1": ["a"], "sentence2": ["b"], "label": [2]}}, DataError, "0 or 1"),
}


@pytest.mark.parametrize("given", BAD)
def test_a_mistake_is_an_error_in_words(given: str) -> None:
    arguments, kind, said = BAD[given]
    with pytest.raises(kind, match=said):
        evaluate(**{"model": tiny_model(), "data": columns_of("pairs"), **arguments})
