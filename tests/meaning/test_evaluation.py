import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.evaluation import (
    AnswerMetrics,
    alignment,
    answer_average_precisions,
    average_precisions,
    effective_rank,
    evaluate_answers,
    evaluate_labelled,
    evaluate_pairs,
    evaluate_scored,
    evaluate_triplets,
    mean_cosine,
    nearest_class_hits,
    pearson,
    ranks_of_right_answers,
    reciprocal_ranks,
    spearman,
    triplet_hits,
    uniformity,
)


def unit_rows(seed: int, *shape: int) -> Embeddings:
    embeddings = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return np.asarray(embeddings / np.linalg.norm(embeddings, axis=-1, keepdims=True))


def test_correlations_equal_those_of_scipy_with_ties() -> None:
    x, y = np.random.default_rng(1).integers(0, 5, size=(2, 40)).astype(float)
    assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic)
    assert pearson(x, y) == pytest.approx(pearsonr(x, y).statistic)


@pytest.mark.parametrize("correlation", [spearman, pearson])
def test_a_constant_side_or_a_single_value_has_no_correlation(correlation) -> None:  # type: ignore[no-untyped-def]
    assert math.isnan(correlation([1, 1, 1], [1, 2, 3]))
    assert math.isnan(correlation([1], [1]))


def test_alignment_and_uniformity_by_their_definitions() -> None:
    first, second = unit_rows(2, 2, 30, 6)
    assert alignment(first, second) == pytest.approx(float(((first - second) ** 2).sum(axis=1).mean()), abs=1e-6)
    expected = math.log(np.exp(-2 * pdist(first, "sqeuclidean")).mean())
    assert uniformity(first) == pytest.approx(expected, abs=1e-5)
    assert uniformity(np.ones((3, 1), dtype=np.float32)) == pytest.approx(0)
    assert math.isnan(uniformity(first[:1]))
    assert math.isnan(alignment(first[:0], second[:0]))


def test_alignment_of_scored_pairs_counts_the_upper_fifth_of_the_scale() -> None:
    first, second = unit_rows(3, 2, 4, 6)
    scores = [5.0, 4.0, 3.9, 0.0]
    metrics = evaluate_scored(first, second, scores, unique=first)
    assert metrics.alignment == pytest.approx(alignment(first[:2], second[:2]))
    exact = evaluate_scored(first[:2], second[:2], [3.0, 2.4], unique=first)  # 0.8 * 3 is 2.4000000000000004
    assert exact.alignment == pytest.approx(alignment(first[:2], second[:2]))
    wider = evaluate_scored(first, second, scores, unique=first, scale_max=6.25)
    assert wider.alignment == pytest.approx(alignment(first[:1], second[:1]))
    assert metrics.spearman == pytest.approx(spearmanr((first * second).sum(axis=1), scores).statistic)


def test_pair_metrics_equal_those_of_scikit_learn() -> None:
    first, second = unit_rows(4, 2, 50, 4)
    labels = np.random.default_rng(4).integers(0, 2, size=50)
    cosines = (first * second).sum(axis=1)
    metrics = evaluate_pairs(first, second, labels)
    assert metrics.average_precision == pytest.approx(average_precision_score(labels, cosines))
    assert metrics.auc == pytest.approx(roc_auc_score(labels, cosines))
    by_trying = max(f1_score(labels, cosines >= threshold) for threshold in cosines)
    assert metrics.best_f1 == pytest.approx(by_trying)
    assert f1_score(labels, cosines >= metrics.threshold) == pytest.approx(by_trying)


def test_pairs_of_one_kind_have_no_metrics() -> None:
    metrics = evaluate_pairs(unit_rows(5, 3, 4), unit_rows(6, 3, 4), [1, 1, 1])
    assert metrics.n == 3
    assert math.isnan(metrics.auc)
    assert math.isnan(metrics.best_f1)


def test_each_texts_average_precision_equals_that_of_scikit_learn() -> None:
    embeddings = unit_rows(7, 12, 5)
    labels = list("aaabbbbccccd")
    found = average_precisions(embeddings, labels)
    for at in range(11):
        others = [other for other in range(12) if other != at]
        relevant = [labels[other] == labels[at] for other in others]
        assert found[at] == pytest.approx(
            average_precision_score(relevant, embeddings[others] @ embeddings[at]), abs=1e-6
        )
    assert math.isnan(found[11])  # alone in its class
    assert evaluate_labelled(embeddings, labels).mean_average_precision == pytest.approx(found[:11].mean())


def test_ties_share_a_rank_so_the_order_of_the_texts_does_not_matter() -> None:
    """Collapsed vectors: every ranking is a tie, and the precision is the share of the own class among the others."""
    embeddings, labels = np.ones((6, 1), dtype=np.float32), list("aaabbb")
    np.testing.assert_allclose(average_precisions(embeddings, labels), 2 / 5)
    np.testing.assert_allclose(average_precisions(embeddings, list("ababab")), 2 / 5)
    assert not nearest_class_hits(embeddings, labels).any()  # a tie is no hit


def test_many_texts_are_ranked_by_a_seeded_sample() -> None:
    embeddings, labels = unit_rows(10, 2_100, 3), [str(at % 7) for at in range(2_100)]
    found = average_precisions(embeddings, labels)
    assert np.isfinite(found).sum() == 1_000
    np.testing.assert_array_equal(found, average_precisions(embeddings, labels))
    assert (np.isfinite(found) != np.isfinite(average_precisions(embeddings, labels, seed=1))).any()


def test_nearest_class_leaves_the_text_itself_out() -> None:
    """By a plain loop over centres; the lonely text of its class is never right."""
    embeddings = unit_rows(8, 20, 3)
    labels = [*"aaaaaaabbbbbbbcccccd"][:20]
    for at, hit in enumerate(nearest_class_hits(embeddings, labels)):
        centres = {
            name: sum(embeddings[other] for other in range(20) if labels[other] == name and other != at)
            for name in "abcd"
        }
        near = {
            name: float(embeddings[at] @ centre / np.linalg.norm(centre))
            for name, centre in centres.items()
            if not isinstance(centre, int)
        }
        assert hit == (max(near, key=lambda name: near[name]) == labels[at])


def test_perfect_classes_score_one_and_one_class_is_undefined() -> None:
    embeddings = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    metrics = evaluate_labelled(embeddings, list("aaaabbbbcccc"))
    assert (metrics.leave_one_out_accuracy, metrics.mean_average_precision) == (1.0, 1.0)
    assert math.isnan(evaluate_labelled(embeddings, ["a"] * 12).leave_one_out_accuracy)


def on_the_circle(*degrees: float) -> Embeddings:
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_triplets_are_right_when_the_positive_is_closer() -> None:
    """The anchor is at 0 degrees: cosines 1 and 0, 0 and 1, and two that are equal, which is no hit."""
    anchor, positive, negative = on_the_circle(0, 0, 0), on_the_circle(0, 90, 60), on_the_circle(90, 180, 60)
    assert triplet_hits(anchor, positive, negative).tolist() == [True, True, False]
    metrics = evaluate_triplets(anchor, positive, negative)
    assert metrics.n == 3
    assert metrics.accuracy == pytest.approx(2 / 3)
    assert metrics.mean_margin == pytest.approx((1 + 1 + 0) / 3, abs=1e-6)
    assert math.isnan(evaluate_triplets(anchor[:0], positive[:0], negative[:0]).accuracy)


def test_answers_are_ranked_by_hand() -> None:
    """p: right answers on ranks 1 and 3. q: rank 2 of 2. r has no wrong one and s no right one."""
    questions = list("pqprpsq")
    labels = [1, 1, 0, 1, 1, 0, 0]
    asked, answers = on_the_circle(0, 90, 0, 0, 0, 0, 90), on_the_circle(10, 0, 20, 0, 30, 0, 45)
    ranks = ranks_of_right_answers(asked, answers, questions, labels)
    assert [of_question.tolist() for of_question in ranks] == [[1, 3], [2]]
    metrics = evaluate_answers(asked, answers, questions, labels)
    assert (metrics.questions, metrics.dropped) == (2, 2)
    assert metrics.mrr == pytest.approx((1 + 1 / 2) / 2)
    assert metrics.map == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert metrics.precision_at_1 == 0.5


def test_a_right_answer_stands_behind_the_wrong_ones_that_are_as_close() -> None:
    """All vectors equal: of two right and two wrong answers the right ones get the ranks 3 and 4."""
    same = np.ones((4, 1), dtype=np.float32)
    ranks = ranks_of_right_answers(same, same, list("qqqq"), [1, 0, 1, 0])
    assert ranks[0].tolist() == [3, 4]
    assert reciprocal_ranks(ranks).tolist() == [pytest.approx(1 / 3)]
    assert answer_average_precisions(ranks).tolist() == [pytest.approx((1 / 3 + 2 / 4) / 2)]
    assert evaluate_answers(same, same, list("qqqq"), [1, 0, 1, 0]).precision_at_1 == 0


def test_each_questions_average_precision_equals_that_of_scikit_learn() -> None:
    chance = np.random.default_rng(12)
    asked, answers = unit_rows(12, 2, 200, 6)
    questions = [str(number) for number in chance.integers(12, size=200)]
    labels = chance.integers(2, size=200)
    cosines = (asked * answers).sum(axis=1)
    expected, first = [], []
    for question in dict.fromkeys(questions):
        rows = [at for at in range(200) if questions[at] == question]
        expected.append(average_precision_score(labels[rows], cosines[rows]))
        ranked = sorted(rows, key=lambda at: -cosines[at])
        first.append(1 / (1 + next(place for place, at in enumerate(ranked) if labels[at])))
    ranks = ranks_of_right_answers(asked, answers, questions, labels)
    np.testing.assert_allclose(answer_average_precisions(ranks), expected)
    np.testing.assert_allclose(reciprocal_ranks(ranks), first)
    metrics = evaluate_answers(asked, answers, questions, labels)
    assert metrics.map == pytest.approx(np.mean(expected))
    assert metrics.mrr == pytest.approx(np.mean(first))
    assert metrics.precision_at_1 == pytest.approx(np.mean([rank == 1 for rank in first]))


def test_the_order_of_the_rows_does_not_matter_to_answers() -> None:
    asked, answers = unit_rows(13, 2, 30, 4)
    questions, labels = [str(at % 5) for at in range(30)], np.array([at % 3 == 0 for at in range(30)], dtype=int)
    order = np.random.default_rng(13).permutation(30)
    shuffled = evaluate_answers(asked[order], answers[order], [questions[at] for at in order], labels[order])
    metrics = evaluate_answers(asked, answers, questions, labels)
    assert metrics.mrr == pytest.approx(shuffled.mrr)
    assert metrics.map == pytest.approx(shuffled.map)


@pytest.mark.parametrize("labels", [[1, 1], [0, 0], []])
def test_answers_that_are_all_right_or_all_wrong_have_no_metrics(labels: list[int]) -> None:
    embeddings = unit_rows(14, len(labels), 3)
    metrics = evaluate_answers(embeddings, embeddings, ["q"] * len(labels), labels)
    assert isinstance(metrics, AnswerMetrics)
    assert (metrics.questions, metrics.dropped) == (0, len(set(labels)))
    assert math.isnan(metrics.mrr)
    assert math.isnan(metrics.map)
    assert math.isnan(metrics.precision_at_1)


def test_the_mean_cosine_is_that_of_all_pairs() -> None:
    embeddings = unit_rows(15, 40, 5)
    assert mean_cosine(embeddings) == pytest.approx(1 - pdist(embeddings, "cosine").mean(), abs=1e-6)
    assert mean_cosine(on_the_circle(0, 120, 240)) == pytest.approx(-0.5, abs=1e-6)
    assert mean_cosine(np.ones((1_000, 1), dtype=np.float32)) == pytest.approx(1)
    assert math.isnan(mean_cosine(embeddings[:1]))


def test_the_effective_rank_counts_directions() -> None:
    """One line: 1. Equal weight on k directions: k. Shares 3/4 and 1/4: e to their entropy."""
    assert effective_rank(np.ones((5, 8), dtype=np.float32)) == pytest.approx(1, abs=1e-4)
    assert effective_rank(np.repeat(np.eye(8, dtype=np.float32)[:3], 4, axis=0)) == pytest.approx(3)
    uneven = np.array([[3, 0], [0, 1]], dtype=np.float32)
    assert effective_rank(uneven) == pytest.approx(math.exp(-0.75 * math.log(0.75) - 0.25 * math.log(0.25)))
    assert effective_rank(7 * uneven) == pytest.approx(effective_rank(uneven))  # size does not matter
    assert math.isnan(effective_rank(np.zeros((3, 2), dtype=np.float32)))
    assert math.isnan(effective_rank(np.zeros((0, 2), dtype=np.float32)))
