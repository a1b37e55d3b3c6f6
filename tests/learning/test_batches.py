import math
import random
from collections import Counter

import pytest

from simcse_core.learning.batches import class_pair_batches, labelled_batches, shuffled_batches
from simcse_core.learning.checks import losses_for
from simcse_core.learning.objectives import make_objective
from simcse_core.learning.processes import Processes
from simcse_core.learning.settings import training_settings
from tests.learning.small import data_of, tiny_model

KINDS = ["texts", "labelled", "pairs", "scored", "triplets", "answers"]


@pytest.mark.parametrize(
    ("rows", "batch_size", "sizes"), [(10, 4, [3, 3, 4]), (8, 4, [4, 4]), (3, 4, [3]), (33, 16, [11, 11, 11])]
)
def test_an_epoch_has_each_row_once_in_as_few_batches_as_possible_of_nearly_one_size(
    rows: int, batch_size: int, sizes: list[int]
) -> None:
    batches = list(shuffled_batches(rows, batch_size, seed=3))
    assert [len(batch) for batch in batches] == sizes
    assert sorted(row for batch in batches for row in batch) == list(range(rows))
    assert batches == list(shuffled_batches(rows, batch_size, seed=3))


def test_another_seed_gives_other_batches_of_the_same_sizes() -> None:
    first, second = (list(shuffled_batches(37, 8, seed)) for seed in (1, 2))
    assert first != second
    assert list(map(len, first)) == list(map(len, second))


def test_in_every_batch_each_text_meets_another_of_its_class() -> None:
    labels = [f"class {number % 39}" for number in range(117)] + ["alone"]  # three of each class but one
    batches = list(labelled_batches(labels, 16, seed=1))
    assert sorted(position for batch in batches for position in batch) == list(range(118))
    for batch in batches:
        counts = Counter(labels[position] for position in batch)
        assert all(count > 1 for label, count in counts.items() if label != "alone")
    assert batches == list(labelled_batches(labels, 16, seed=1))
    assert batches != list(labelled_batches(labels, 16, seed=2))


@pytest.mark.parametrize("batch_size", [4, 5, 16, 32, 1_000])
@pytest.mark.parametrize("classes", [2, 7, 40])
def test_batches_of_labelled_texts_differ_by_a_group_at_most_and_none_is_too_large(
    classes: int, batch_size: int
) -> None:
    chance = random.Random(classes)
    labels = [str(chance.randrange(classes)) for _ in range(203)] + [f"alone {at}" for at in range(5)]
    sizes = [len(batch) for batch in labelled_batches(labels, batch_size, seed=0)]
    assert sum(sizes) == 208
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 3
    assert sizes == [len(batch) for batch in labelled_batches(labels, batch_size, seed=1)]


def test_classes_of_an_even_number_fill_as_few_batches_as_possible() -> None:
    labels = [str(number % 10) for number in range(100)]
    assert [len(batch) for batch in labelled_batches(labels, 32, seed=0)] == [26, 26, 24, 24]


def test_texts_without_another_of_their_class_are_shared_out_among_the_batches() -> None:
    """A batch of nothing else would have no match to learn from."""
    labels = ["a"] * 8 + [f"alone {at}" for at in range(24)]
    for batch in labelled_batches(labels, 8, seed=0):
        assert Counter(labels[position] for position in batch)["a"] == 2


def test_pairs_of_a_class_come_whole_and_in_batches_that_differ_by_one_pair_at_most() -> None:
    labels = ["a", "b", "a", "c", "b", "a", "b"]
    pairs = [
        pair for batch in class_pair_batches(labels, 4, seed=0) for pair in zip(batch[::2], batch[1::2], strict=True)
    ]
    assert len(pairs) == 2  # one a and one b are left over, c has none
    assert all(labels[left] == labels[right] for left, right in pairs)
    assert [len(batch) for batch in class_pair_batches(["a"] * 34, 16, seed=0)] == [10, 12, 12]


def test_over_the_epochs_each_text_of_an_odd_class_is_left_out_as_often_as_the_others() -> None:
    """A third of 900 epochs, give or take four standard deviations of 14."""
    labels = ["a"] * 3 + ["b"] * 4
    left_out: Counter[int] = Counter()
    for epoch in range(900):
        pairs = {position for batch in class_pair_batches(labels, 8, seed=epoch) for position in batch}
        left_out.update({0, 1, 2} - pairs)
    assert set(left_out) == {0, 1, 2}
    assert all(abs(count - 300) < 57 for count in left_out.values())


@pytest.mark.parametrize(("kind", "loss"), [(kind, loss) for kind in KINDS for loss in losses_for(data_of(kind))])
def test_no_step_learns_from_a_few_left_over_texts(kind: str, loss: str) -> None:
    """Of 48 rows a batch of 47 used to leave one; pre-training has batches too."""
    model = tiny_model()
    settings = training_settings({"loss": loss, "batch_size": 47})
    objective = make_objective(model, data_of(kind), settings, Processes(model.device))
    sizes = [len(batch) for batch in objective.batches(0)]
    assert len(sizes) == math.ceil(objective.rows / 47)
    assert max(sizes) - min(sizes) <= 3
