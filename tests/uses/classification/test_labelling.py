"""The loop for texts without labels: what is proposed, and that the estimate is honest."""

import numpy as np
import pytest

from simcse_core.errors import DataError, OptionError
from simcse_core.uses.classification import LabellingState, Pool, estimate, export, propose
from simcse_core.uses.classification.labelling import probabilities
from tests.uses.classification.clusters import WORDS, axes, clusters

CLASSES = WORDS[:3]


def label_all(pool: Pool, labels: tuple[str, ...], steps: int, strategy: str = "uncertain") -> LabellingState:
    state = LabellingState(CLASSES)
    for _step in range(steps):
        (row,) = propose(pool, state, strategy=strategy).rows  # type: ignore[arg-type]
        state = state.labelled(row, labels[row])
    return state


def test_every_third_proposal_is_by_lot_and_none_comes_twice() -> None:
    examples = clusters(3, 20)
    pool, state = Pool(examples.embeddings), LabellingState(CLASSES)
    by_lot, rows = list[bool](), list[int]()
    for _step in range(30):
        proposal = propose(pool, state)
        by_lot.append(bool(proposal.by_lot))
        rows += proposal.rows
        state = state.labelled(proposal.rows[0], str(examples.labels[proposal.rows[0]]))
    assert len(set(rows)) == 30
    assert sum(by_lot) <= 10
    assert set(pool.lots[:10].tolist()) <= set(rows)  # a lot that was chosen before is not asked again


def test_all_are_proposed_in_the_end_and_then_none() -> None:
    examples = clusters(3, 4)
    pool = Pool(examples.embeddings)
    state = label_all(pool, examples.labels, 12)  # type: ignore[arg-type]
    assert propose(pool, state).rows == ()
    assert len(propose(pool, LabellingState(CLASSES), 50).rows) == 12


def test_the_estimate_is_of_all_texts_and_not_of_the_chosen_ones() -> None:
    """Over many seeds its mean is the accuracy on all texts; that on the chosen ones alone is far off."""
    estimates, truths = [], []
    for seed in range(8):
        examples = clusters(3, 60, noise=0.7, seed=seed)
        pool, state = Pool(examples.embeddings, seed=seed), LabellingState(CLASSES)
        for _batch in range(6):
            for row in propose(pool, state, 10).rows:
                state = state.labelled(row, str(examples.labels[row]))
        found = estimate(pool, state)
        rest = [row for row in range(len(pool)) if row not in state.labels]
        best = probabilities(pool, state)[rest].argmax(axis=1)
        estimates.append(found.accuracy.value)
        truths.append(np.mean([CLASSES[place] == examples.labels[row] for place, row in zip(best, rest, strict=True)]))
        assert found.measured == 20
    # The rest is a little easier than all texts, because the hard ones were chosen: at most by some per cent.
    assert np.mean(estimates) == pytest.approx(np.mean(truths), abs=0.1)


def test_nothing_is_said_before_there_are_four_lots() -> None:
    examples = clusters(3, 20)
    pool = Pool(examples.embeddings)
    found = estimate(pool, label_all(pool, examples.labels, 9))  # type: ignore[arg-type]
    assert found.measured == 3
    assert np.isnan(found.accuracy.value)


def test_labels_that_came_with_the_texts_measure_nothing_before_the_lots_are_labelled() -> None:
    examples = clusters(3, 20)
    pool = Pool(examples.embeddings)
    state = LabellingState(CLASSES, {int(row): str(examples.labels[row]) for row in pool.lots[3:41]})
    assert estimate(pool, state).measured == 0  # those of the first lots that have a label are not a random sample
    for _step in range(3):
        (row,) = propose(pool, state).rows
        state = state.labelled(row, str(examples.labels[row]))
        state = state if len(state.labels) < 41 else state.labelled(int(pool.lots[59]), "apple")
    assert estimate(pool, state).measured == 42 // 3


def test_what_is_drawn_by_lot_alone_measures_with_all_of_it() -> None:
    examples = clusters(3, 20)
    pool = Pool(examples.embeddings)
    assert estimate(pool, label_all(pool, examples.labels, 15, "random")).measured == 15  # type: ignore[arg-type]


def test_names_of_classes_are_a_start_without_labels() -> None:
    texts = [f"{word} number {place}" for place in range(5) for word in CLASSES]
    pool = Pool.of(texts, axes(), CLASSES)
    best = probabilities(pool, LabellingState(CLASSES)).argmax(axis=1)
    assert [CLASSES[place] for place in best] == [text.split()[0] for text in texts]
    only = LabellingState(CLASSES).labelled(0, CLASSES[0])
    assert probabilities(pool, only)[1].argmax() == 1  # the other classes are still known by their names


def test_without_names_and_labels_nothing_is_known() -> None:
    pool = Pool(clusters(3, 4).embeddings)
    np.testing.assert_allclose(probabilities(pool, LabellingState(CLASSES)), 1 / 3)
    only = LabellingState(CLASSES).labelled(0, "brick")
    np.testing.assert_allclose(probabilities(pool, only), np.tile([0.0, 1.0, 0.0], (12, 1)))


def test_a_batch_is_of_texts_unlike_each_other() -> None:
    rows = np.repeat(clusters(5, 1, noise=0).embeddings, 6, axis=0)  # each direction six times
    chosen = [row for row in propose(Pool(rows), LabellingState(WORDS), 5).rows if row is not None]
    assert len({row // 6 for row in chosen}) >= 4


def test_labels_can_be_changed_skipped_taken_back_and_saved() -> None:
    state = LabellingState(CLASSES).labelled(3, "apple").skip(5).labelled(3, "brick").labelled(7, "new")
    assert state.labels == {3: "brick", 7: "new"}
    assert state.classes == (*CLASSES, "new")
    assert state.done == {3, 5, 7}
    assert LabellingState.from_json(state.to_json()) == state
    assert state.without(5).without(3).done == {7}
    assert state.labelled(5, "apple").skipped == ()


@pytest.mark.parametrize("text", ["", "[]", '{"classes": []}', '{"classes": [], "labels": [[1]], "skipped": []}'])
def test_what_is_no_saved_labelling_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="no saved labelling"):
        LabellingState.from_json(text)


def test_the_labelled_texts_are_data_to_train_with() -> None:
    data = export(["p", "q", "r"], LabellingState(("x",)).labelled(2, "y").labelled(0, "x"))
    assert (data.text, data.label) == (("r", "p"), ("y", "x"))
    with pytest.raises(DataError, match="no rows"):
        export(["p"], LabellingState(("x",)))


def test_unknown_strategies_and_empty_pools_are_refused() -> None:
    with pytest.raises(OptionError, match="uncertain, random"):
        propose(Pool(clusters().embeddings), LabellingState(CLASSES), strategy="clever")  # type: ignore[arg-type]
    with pytest.raises(DataError, match="no texts"):
        Pool.of([], axes())
