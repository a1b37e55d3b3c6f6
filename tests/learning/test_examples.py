import pytest
import torch

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Texts, Triplets
from simcse_core.errors import DataError
from simcse_core.learning.batches import class_pair_batches, shuffled_batches
from simcse_core.learning.examples import Batch, Examples, examples
from simcse_core.learning.losses import Loss, losses
from tests.learning.small import data_of

LABELLED = Labelled("l", ("a1", "a2", "b1", "A1", "b2"), ("a", "a", "b", "a", "b"))
PAIRS = Pairs("p", ("x", "y", "z", "x"), ("x2", "y2", "q", "x3"), (1, 1, 0, 1))
TRIPLETS = Triplets("t", ("x", "y"), ("x2", "y2"), ("y2", "n"))


def batch_of(data: Dataset, loss: str, rows: list[int]) -> tuple[Examples, Batch]:
    made = examples(data, loss)
    return made, made.batch(rows)


def words(made: Examples, numbers: torch.Tensor | None) -> list[str]:
    assert numbers is not None
    return [made.texts[int(number)] for number in numbers]


def targets(batch: Batch) -> list[list[int]]:
    rows: list[list[int]] = batch.supervision["targets"].tolist()
    return rows


def test_two_views_of_texts() -> None:
    made, batch = batch_of(Texts("t", ("one", "two", "ONE", "one")), "simcse", [0, 1, 2])
    assert words(made, batch.anchor) == words(made, batch.other) == ["one", "two", "ONE"]
    assert targets(batch) == [[1, -1, 0], [-1, 1, -1], [0, -1, 1]]  # equal but for case: no mismatch
    assert made.rows == 3  # the same text twice is one row


def test_classes_of_a_batch_compared_with_itself() -> None:
    made, batch = batch_of(LABELLED, "supcon", [0, 1, 2, 3])
    assert words(made, batch.anchor) == ["a1", "a2", "b1", "A1"]
    assert batch.other is None
    assert targets(batch) == [[0, 1, -1, 0], [1, 0, -1, 1], [-1, -1, 0, -1], [0, 1, -1, 0]]


def test_pairs_of_a_class_leave_out_others_of_it() -> None:
    made, batch = batch_of(LABELLED, "cross_entropy", [0, 1, 2, 4, 1, 3])
    assert (words(made, batch.anchor), words(made, batch.other)) == (["a1", "b1", "a2"], ["a2", "b2", "A1"])
    assert targets(batch) == [[1, -1, 0], [-1, 1, -1], [0, -1, 1]]


def test_classes_have_numbers_and_every_text_knows_its_own() -> None:
    made, batch = batch_of(LABELLED, "center", [2, 0])
    assert batch.supervision["classes"].tolist() == [1, 0]
    assert made.classes == {"a": 0, "b": 1}
    assert [made.codes[made.texts.index(text)].item() for text in LABELLED.text] == [0, 0, 1, 0, 1]


def test_matches_leave_out_what_is_known_to_match() -> None:
    made, batch = batch_of(PAIRS, "cross_entropy", [0, 1, 2])
    assert made.rows == 3  # only rows that match
    assert (words(made, batch.anchor), words(made, batch.other)) == (["x", "y", "x"], ["x2", "y2", "x3"])
    assert targets(batch) == [[1, -1, 0], [-1, 1, -1], [0, -1, 1]]


def test_marked_pairs_keep_the_rows_that_do_not_match() -> None:
    _made, batch = batch_of(PAIRS, "bce", [0, 1, 2, 3])
    assert targets(batch) == [[1, -1, -1, 0], [-1, 1, -1, -1], [-1, -1, -1, -1], [0, -1, -1, 1]]


def test_scored_pairs_match_from_four_fifths_of_the_best_score() -> None:
    scored = Scored("s", ("a", "b", "c", "d"), ("A2", "b2", "c2", "d2"), (5.0, 4.0, 3.0, 1.0))
    assert examples(scored, "cross_entropy").rows == 2
    marked, batch = batch_of(scored, "bce", [0, 1, 2])
    assert marked.rows == 3  # 3 of 5 is neither a match nor a mismatch
    assert torch.diag(batch.supervision["targets"]).tolist() == [1, 1, -1]
    assert examples(scored, "cosent").batch([3, 0]).supervision["scores"].tolist() == [1.0, 5.0]


def test_triplets_have_their_own_negative_and_those_of_others() -> None:
    made, batch = batch_of(TRIPLETS, "cross_entropy", [0, 1])
    assert words(made, batch.other) == ["x2", "y2", "y2", "n"]
    assert targets(batch) == [[1, -1, -1, -1], [-1, 1, 0, -1]]  # y2 is a positive of y, so never its negative
    assert targets(batch_of(TRIPLETS, "triplet", [0, 1])[1]) == [[1, 0, -1, 0], [0, 1, 0, -1]]


def test_answers_are_triplets_to_a_loss_that_takes_triplets_and_pairs_to_others() -> None:
    answers = Answers("a", ("q", "q", "r"), ("yes", "no", "maybe"), (1, 0, 1))
    made, batch = batch_of(answers, "triplet", [0])
    assert words(made, batch.anchor) + words(made, batch.other) == ["q", "yes", "no"]
    assert made.description
    assert torch.diag(batch_of(answers, "bce", [0, 1, 2])[1].supervision["targets"]).tolist() == [1, -1, 1]


def test_texts_to_encode_are_anchors_first() -> None:
    _made, batch = batch_of(TRIPLETS, "triplet", [1])
    assert batch.texts == [
        *batch.anchor.tolist(),
        *(batch.other if batch.other is not None else torch.empty(0)).tolist(),
    ]


def test_an_epoch_has_each_row_once_and_each_pair_of_a_class_whole() -> None:
    batches = list(shuffled_batches(10, 4, seed=3))
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert sorted(row for batch in batches for row in batch) == list(range(10))
    assert batches == list(shuffled_batches(10, 4, seed=3)) != list(shuffled_batches(10, 4, seed=4))
    labels = ["a", "b", "a", "c", "b", "a", "b"]
    pairs = [
        pair for batch in class_pair_batches(labels, 4, seed=0) for pair in zip(batch[::2], batch[1::2], strict=True)
    ]
    assert len(pairs) == 2  # one a and one b find no partner, c has none
    assert all(labels[left] == labels[right] for left, right in pairs)


@pytest.mark.parametrize("loss", ["cross_entropy", "simcse", "triplet"])
def test_pairs_without_a_match_have_nothing_to_bring_together(loss: str) -> None:
    with pytest.raises(DataError, match="no pairs that match"):
        examples(Pairs("p", ("a", "b"), ("c", "d"), (0, 0)), loss)


@pytest.mark.parametrize("loss", losses.entries(), ids=lambda loss: loss.name)
def test_a_target_is_a_byte(loss: Loss) -> None:
    """8,192 triplets have 134 million of them."""
    for kind in loss.kinds:
        batch = examples(data_of(kind), loss.name).batch(list(range(8)))
        if "targets" in batch.supervision:
            assert batch.supervision["targets"].dtype == torch.int8
            assert set(batch.supervision["targets"].flatten().tolist()) <= {-1, 0, 1}
