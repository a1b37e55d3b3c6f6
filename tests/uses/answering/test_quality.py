"""Ranks of the entry that answers, their intervals, and the threshold fitted on them."""

import numpy as np
import pytest

from simcse_core.data.faq import Entry
from simcse_core.meaning.intervals import interval
from simcse_core.meaning.items import Items
from simcse_core.uses.answering import no_answer
from simcse_core.uses.answering.lexical import bm25, lexical_scores
from simcse_core.uses.answering.quality import items, quality, ranks, with_groups

SIMILARITIES = np.array([[0.9, 0.1, 0.5], [0.2, 0.4, 0.4], [0.3, 0.3, 0.3], [0.7, 0.8, 0.1]])


def test_the_entry_that_answers_stands_behind_all_that_are_as_close() -> None:
    np.testing.assert_array_equal(ranks(SIMILARITIES, [0, 1, 2, None]), [1, 2, 3, np.nan])


def test_any_entry_with_the_same_answer_is_right() -> None:
    entries, same = [1, 0, 2, 0, None], [0, 0, 2]
    similarities = np.vstack([SIMILARITIES, [1, 1, 1]])
    # Entries 0 and 1 share an answer: 0.9 is first, 0.4 stands beside the wrong 0.4, 0.3 behind two, 0.8 is first.
    np.testing.assert_array_equal(ranks(similarities, entries, same), [1, 2, 3, 1, np.nan])
    measured = quality(similarities, entries, same)
    assert measured.mrr.value == pytest.approx((1 + 1 / 2 + 1 / 3 + 1) / 4)
    assert measured.precision_at_1.value == 2 / 4
    by_answer = interval(with_groups(Items({"precision_at_1": [1.0, 0.0, 0.0, 1.0]}), [0, 0, 2, 0]), "precision_at_1")
    assert (measured.precision_at_1.low, measured.precision_at_1.high) == (by_answer.low, by_answer.high)
    assert no_answer.fit(similarities, entries, same).always.value == 2 / 5


def test_quality_is_the_mean_over_questions_with_an_answer() -> None:
    measured = quality(SIMILARITIES, [0, 1, 2, None])
    assert measured.questions == 3
    assert measured.mrr.value == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert measured.precision_at_1.value == pytest.approx(1 / 3)
    assert measured.recall_at_3.value == 1


def test_questions_of_one_entry_count_as_one_for_the_interval() -> None:
    hits = [1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 1.0]
    alone = interval(Items({"mrr": hits}), "mrr")
    twice = interval(with_groups(Items({"mrr": hits * 3}), list(range(8)) * 3), "mrr")
    naive = interval(Items({"mrr": hits * 3}), "mrr")
    assert twice.value == pytest.approx(alone.value)
    assert naive.high - naive.low < alone.high - alone.low <= twice.high - twice.low + 1e-9


def test_intervals_over_entries_hold_the_truth_where_those_over_questions_do_not() -> None:
    random = np.random.default_rng(0)
    held = {"grouped": 0, "alone": 0}
    for _sample in range(300):
        easy = random.random(40)  # of each entry; the mean share of hits is one half
        hits = (random.random((40, 3)) < easy[:, None]).astype(float).ravel().tolist()
        one = Items({"precision_at_1": hits})
        for name, of in (("alone", one), ("grouped", with_groups(one, [row // 3 for row in range(120)]))):
            around = interval(of, "precision_at_1")
            held[name] += around.low <= 0.5 <= around.high
    assert held["grouped"] / 300 >= 0.92 > held["alone"] / 300


def test_items_are_in_the_order_of_the_questions_with_an_answer() -> None:
    assert items(SIMILARITIES, [None, 1, None, 1]).values["mrr"] == [0.5, 1.0]


def test_bm25_finds_only_shared_words() -> None:
    scores = bm25(["red kite", "nothing"], ["a red kite", "a blue boat", "red"])
    assert scores[0].argmax() == 0
    assert (scores[0] > 0).tolist() == [True, False, True]
    assert not scores[1].any()


def test_bm25_reads_question_and_answer_as_one_text() -> None:
    entries = [Entry("alpha", "beta"), Entry("gamma", "delta")]
    assert lexical_scores(["delta"], entries, "questions").tolist() == [[0.0, 0.0]]
    assert lexical_scores(["delta"], entries, "both")[0].argmax() == 1


def test_without_labels_so_many_unrelated_sentences_get_no_answer() -> None:
    similarities = np.arange(100.0)[:, None] / 100
    threshold = no_answer.threshold_without_questions(similarities)
    assert 95 <= int((similarities.max(axis=1) < threshold).sum()) <= 96


def test_what_the_threshold_reaches_is_measured_on_questions_that_it_was_not_fitted_on() -> None:
    random = np.random.default_rng(0)
    similarities, entries = random.random((90, 3)), [row % 3 if row < 60 else None for row in range(90)]
    fitted = no_answer.fit(similarities, entries)
    assert fitted.handled.value <= fitted.decisions.accuracy.value
    assert fitted.curve.positives == int((ranks(similarities, entries) == 1).sum())
