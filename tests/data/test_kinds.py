import pytest

from simcse_core.data.kinds import (
    KINDS,
    Answers,
    Dataset,
    Labelled,
    Pairs,
    Scored,
    Texts,
    Triplets,
    kind_of,
    rows,
    texts_of,
)
from simcse_core.errors import DataError
from simcse_core.learning.measuring import main_metric_among

EXAMPLES: list[Dataset] = [
    Texts("d", ("a", "b", "c")),
    Labelled("d", ("a", "b", "c"), ("x", "y", "x")),
    Pairs("d", ("a", "b", "c"), ("d", "e", "f"), (1, 0, 1)),
    Scored("d", ("a", "b", "c"), ("d", "e", "f"), (0.5, 1.0, 0.0)),
    Triplets("d", ("a", "b", "c"), ("d", "e", "f"), ("g", "h", "i")),
    Answers("d", ("a", "b", "c"), ("d", "e", "f"), (1, 0, 1)),
]


def test_there_is_an_example_of_every_kind() -> None:
    assert {kind_of(data) for data in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize("data", EXAMPLES, ids=kind_of)
def test_rows_of_every_kind_can_be_taken_in_any_order(data: Dataset) -> None:
    whole = list(rows(data))
    taken = data.take([2, 0])
    assert list(rows(taken)) == [whole[2], whole[0]]
    assert taken == data.take((2, 0))
    assert (kind_of(taken), taken.name, len(taken)) == (kind_of(data), "d", 2)
    with pytest.raises(DataError, match="d has no rows"):
        data.take([])


@pytest.mark.parametrize("data", EXAMPLES, ids=kind_of)
def test_texts_come_column_by_column_and_labels_are_none(data: Dataset) -> None:
    assert texts_of(data) == tuple("abcdefghi")[: len(texts_of(data))]
    assert len(texts_of(data)) == 3 * {"texts": 1, "labelled": 1, "triplets": 3}.get(kind_of(data), 2)


def test_kinds_with_more_columns_are_recognised_first() -> None:
    widths = [len(kind.columns) for kind in KINDS.values()]
    assert widths == sorted(widths, reverse=True)


def test_a_metric_that_decides_for_one_kind_is_not_measured_for_another() -> None:
    names = [metric.name for kind in KINDS.values() for metric in kind.metrics]
    assert len(names) == len(set(names))
    assert all(any(metric.is_main for metric in kind.metrics) for kind in KINDS.values() if kind.metrics)


def test_labelled_results_of_an_earlier_version_are_judged_as_they_were() -> None:
    """They called the share of texts nearest to their own class's centre as triplets call theirs."""
    assert main_metric_among(["n", "accuracy", "mean_average_precision"]) == "mean_average_precision"
    assert main_metric_among(["accuracy", "mean_average_precision", "logistic_accuracy"]) == "logistic_accuracy"
    assert main_metric_among(["n", "accuracy", "mean_margin"]) == "accuracy"
