"""Which classes the matrix shows, and which cell is looked at first."""

import numpy as np

from simcse_core.uses.classification import Results
from ui.classify.confusion import Cell, largest_mistake, most_confused


def results(labels: str, predicted: str) -> Results:
    classes = tuple(sorted(set(labels) | set(predicted)))
    probabilities = np.array([[0.9 if name == said else 0.01 for name in classes] for said in predicted])
    return Results(tuple(f"text {row}" for row in range(len(labels))), tuple(labels), classes, probabilities, False)


def test_the_first_cell_is_the_one_with_the_most_mistakes() -> None:
    assert largest_mistake(results("aaabbb", "abbbba")) == Cell("a", "b")
    assert largest_mistake(results("aabb", "aabb")) is None


def test_of_many_classes_those_with_mistakes_are_shown() -> None:
    counts = np.diag(np.full(40, 9))
    counts[3, 30] = 4
    counts[12, 3] = 1
    assert most_confused(counts) == [3, 12, 30]
    assert most_confused(np.diag([2, 2])) == [0, 1]
