"""Labels of any writing become names of classes, or an error in words."""

import numpy as np
import pandas as pd
import pytest

from simcse_core.errors import DataError, InputError
from simcse_core.uses.classification import Examples, class_names, names_of, several_names


@pytest.mark.parametrize(
    "labels",
    [
        [1, 2, 1],
        [1.0, 2.0, 1.0],
        ["1", "2", "1"],
        ["1.0", "2.0", "1.0"],
        np.array([1, 2, 1]),
        np.array([1.0, 2.0, 1.0]),
        pd.Series([1, 2, 1]),
    ],
)
def test_whole_numbers_are_one_class_however_they_are_written(labels: list[object]) -> None:
    assert class_names(labels) == ("1", "2", "1")


def test_numbers_that_mean_something_else_stay_as_they_are() -> None:
    assert class_names(["1.0", "1.1", "v2"]) == ("1.0", "1.1", "v2")  # versions
    assert class_names([0.5, 1.5]) == ("0.5", "1.5")


def test_truth_values_are_classes_of_their_own() -> None:
    assert class_names([True, False, np.True_]) == ("True", "False", "True")


@pytest.mark.parametrize("labels", [[1, True], ["True", "0"], [1.0, False], ["true", "1.0"]])
def test_truth_values_beside_0_and_1_are_refused(labels: list[object]) -> None:
    with pytest.raises(DataError, match="two ways"):
        class_names(labels)


@pytest.mark.parametrize("missing", [None, float("nan"), "", "  ", np.nan])
def test_a_missing_label_is_named_by_its_text(missing: object) -> None:
    with pytest.raises(DataError, match="Text 2 has no label"):
        class_names(["a", missing])


@pytest.mark.parametrize("labels", ["abc", {"a", "b"}, {"a": 1}, 7])
def test_labels_have_to_be_a_list(labels: object) -> None:
    with pytest.raises(DataError, match="list"):
        class_names(labels)  # type: ignore[arg-type]


def test_lists_of_labels_are_several_labels() -> None:
    assert names_of([["b", "a", "b"], [], ["c"]]) == (("a", "b"), (), ("c",))
    assert several_names([{1, 2}, (1.0,)]) == (("1", "2"), ("1",))


@pytest.mark.parametrize("labels", [["a", ["b"]], [["a"], "b"]])
def test_lists_beside_single_labels_are_refused(labels: list[object]) -> None:
    with pytest.raises(DataError, match="Text 2 has"):
        names_of(labels)


@pytest.mark.parametrize("label", [object(), b"a", {"a": 1}])
def test_what_is_no_label_is_refused(label: object) -> None:
    with pytest.raises(DataError, match="for a label"):
        class_names([label])


def test_texts_labels_and_embeddings_have_to_be_as_many() -> None:
    with pytest.raises(DataError, match="2 texts, 1 labels"):
        Examples.of(["a", "b"], ["x"], np.ones((2, 2), dtype=np.float32))
    with pytest.raises(DataError, match="no texts"):
        Examples.of([], [], np.ones((0, 2), dtype=np.float32))
    with pytest.raises(InputError, match="not a single text"):
        Examples.of("ab", ["x", "y"], np.ones((2, 2), dtype=np.float32))
