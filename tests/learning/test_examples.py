import pytest
import torch

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Texts, Triplets
from simcse_core.errors import DataError
from simcse_core.learning.examples import Batch, Examples, examples
from simcse_core.learning.losses import Loss, losses
from tests.learning.small import data_of

LABELLED = Labelled("l", ("a1", "a2", "b1", "A1", "b2"), ("a", "a", "b", "a", "b"))
PAIRS = Pairs("p", ("x", "y", "z", "x"), ("x2", "y2", "q", "x3"), (1, 1, 0, 1))
TRIPLETS = Triplets("t", ("x", "y"), ("x2", "y2"), ("y2", "n"))


def batch_of(data: Dataset, loss: str, rows: list[int], **options: object) -> tuple[Examples, Batch]:
    made = examples(data, loss, options)
    return made, made.batch(rows)


def words(made: Examples, numbers: torch.Tensor | None) -> list[str]:
    assert numbers is not None
    return [made.texts[int(number)] for number in numbers]


def targets(batch: Batch) -> list[list[int]]:
    rows: list[list[int]] = batch.supervision["targets"].tolist()
    return rows


def test_two_views_of_texts() -> None:
    made, batch = batch_of(Texts("t", ("one", "two", "ONE", "one")), "simcse", [0, 1, 2])
    assert words(made, batch.anchor) == words(made, batch.positive) == ["one", "two", "ONE"]
    assert targets(batch) == [[1, -1, 0], [-1, 1, -1], [0, -1, 1]]  # equal but for case: no mismatch
    assert made.rows == 3  # the same text twice is one row


def test_classes_of_a_batch_compared_with_itself() -> None:
    made, batch = batch_of(LABELLED, "supcon", [0, 1, 2, 3])
    assert words(made, batch.anchor) == ["a1", "a2", "b1", "A1"]
    assert batch.positive is None
    assert targets(batch) == [[0, 1, -1, 0], [1, 0, -1, 1], [-1, -1, 0, -1], [0, 1, -1, 0]]


def test_pairs_of_a_class_leave_out_others_of_it() -> None:
    made, batch = batch_of(LABELLED, "cross_entropy", [0, 1, 2, 4, 1, 3])
    assert (words(made, batch.anchor), words(made, batch.positive)) == (["a1", "b1", "a2"], ["a2", "b2", "A1"])
    assert targets(batch) == [[1, -1, 0], [-1, 1, -1], [0, -1, 1]]


def test_classes_have_numbers_and_every_text_knows_its_own() -> None:
    made, batch = batch_of(LABELLED, "center", [2, 0])
    assert batch.supervision["classes"].tolist() == [1, 0]
    assert made.classes == {"a": 0, "b": 1}
    assert [made.codes[made.texts.index(text)].item() for text in LABELLED.text] == [0, 0, 1, 0, 1]


def test_matches_leave_out_what_is_known_to_match() -> None:
    made, batch = batch_of(PAIRS, "cross_entropy", [0, 1, 2])
    assert made.rows == 3  # only rows that match
    assert (words(made, batch.anchor), words(made, batch.positive)) == (["x", "y", "x"], ["x2", "y2", "x3"])
    assert targets(batch) == [[1, -1, 0], [-1, 1, -1], [0, -1, 1]]


def test_marked_pairs_count_alone_unless_pairs_across_rows_are_taken_for_mismatches() -> None:
    _made, batch = batch_of(PAIRS, "bce", [0, 1, 2, 3])
    assert targets(batch) == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 0], [0, 0, 0, 1]]
    _made, batch = batch_of(PAIRS, "bce", [0, 1, 2, 3], in_batch_negatives="on")
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
    assert words(made, batch.positive) == ["x2", "y2", "y2", "n"]
    assert targets(batch) == [[1, -1, -1, -1], [-1, 1, 0, -1]]  # y2 is a positive of y, so never its negative
    own_negatives_only = [[1, 0, -1, 0], [0, 1, 0, -1]]
    assert targets(batch_of(TRIPLETS, "triplet", [0, 1])[1]) == own_negatives_only
    assert targets(batch_of(TRIPLETS, "bce", [0, 1])[1]) == own_negatives_only
    assert targets(batch_of(TRIPLETS, "bce", [0, 1], in_batch_negatives="on")[1]) == targets(batch)


def test_rows_that_all_match_find_their_mismatches_across_rows() -> None:
    """Without any mismatch all texts would only be drawn together."""
    _made, batch = batch_of(Pairs("p", ("x", "y"), ("x2", "y2"), (1, 1)), "bce", [0, 1])
    assert targets(batch) == [[1, -1], [-1, 1]]


def test_labels_judge_all_pairs_so_that_labelled_data_has_no_other_negatives() -> None:
    off, on = (batch_of(LABELLED, "bce", [0, 1, 2, 3], in_batch_negatives=way)[1] for way in ("off", "on"))
    assert targets(off) == targets(on)


def test_answers_are_triplets_to_a_loss_that_takes_triplets_and_pairs_to_others() -> None:
    answers = Answers("a", ("q", "q", "r"), ("yes", "no", "maybe"), (1, 0, 1))
    made, batch = batch_of(answers, "triplet", [0])
    assert words(made, batch.anchor) + words(made, batch.positive) == ["q", "yes", "no"]
    assert made.description
    assert torch.diag(batch_of(answers, "bce", [0, 1, 2])[1].supervision["targets"]).tolist() == [1, -1, 1]


def test_texts_to_encode_are_anchors_first() -> None:
    _made, batch = batch_of(TRIPLETS, "triplet", [1])
    assert batch.texts == [
        *batch.anchor.tolist(),
        *(batch.positive if batch.positive is not None else torch.empty(0)).tolist(),
    ]


@pytest.mark.parametrize("loss", ["cross_entropy", "simcse", "triplet"])
def test_pairs_without_a_match_have_nothing_to_bring_together(loss: str) -> None:
    with pytest.raises(DataError, match="no pairs that match"):
        examples(Pairs("p", ("a", "b"), ("c", "d"), (0, 0)), loss)


@pytest.mark.parametrize("loss", losses.entries(), ids=lambda loss: loss.name)
def test_a_row_stands_for_as_many_texts_as_its_batch_encodes(loss: Loss) -> None:
    for kind in loss.kinds:
        made = examples(data_of(kind), loss.name)
        rows = next(made.batches(8, 0))
        assert len(made.batch(rows).texts) == len(rows) * made.texts_per_row


@pytest.mark.parametrize("loss", losses.entries(), ids=lambda loss: loss.name)
def test_a_target_is_a_byte(loss: Loss) -> None:
    """8,192 triplets have 134 million of them."""
    for kind in loss.kinds:
        batch = examples(data_of(kind), loss.name).batch(list(range(8)))
        if "targets" in batch.supervision:
            assert batch.supervision["targets"].dtype == torch.int8
            assert set(batch.supervision["targets"].flatten().tolist()) <= {-1, 0, 1}
