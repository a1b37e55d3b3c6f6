import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from simcse_core.encoding.texts import Vectors
from simcse_core.meaning.evaluation import (
    alignment,
    average_precisions,
    bootstrap_mean,
    evaluate_labelled,
    evaluate_pairs,
    evaluate_scored,
    nearest_class_hits,
    pearson,
    spearman,
    uniformity,
)


def unit_rows(seed: int, *shape: int) -> Vectors:
    vectors = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


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
    vectors = unit_rows(7, 12, 5)
    labels = list("aaabbbbccccd")
    found = average_precisions(vectors, labels)
    for at in range(11):
        others = [other for other in range(12) if other != at]
        relevant = [labels[other] == labels[at] for other in others]
        assert found[at] == pytest.approx(average_precision_score(relevant, vectors[others] @ vectors[at]), abs=1e-6)
    assert math.isnan(found[11])  # alone in its class
    assert evaluate_labelled(vectors, labels).mean_average_precision == pytest.approx(found[:11].mean())


def test_ties_share_a_rank_so_the_order_of_the_texts_does_not_matter() -> None:
    """Collapsed vectors: every ranking is a tie, and the precision is the share of the own class among the others."""
    vectors, labels = np.ones((6, 1), dtype=np.float32), list("aaabbb")
    np.testing.assert_allclose(average_precisions(vectors, labels), 2 / 5)
    np.testing.assert_allclose(average_precisions(vectors, list("ababab")), 2 / 5)
    assert not nearest_class_hits(vectors, labels).any()  # a tie is no hit


def test_many_texts_are_ranked_by_a_seeded_sample() -> None:
    vectors, labels = unit_rows(10, 2_100, 3), [str(at % 7) for at in range(2_100)]
    found = average_precisions(vectors, labels)
    assert np.isfinite(found).sum() == 2_000
    np.testing.assert_array_equal(found, average_precisions(vectors, labels))
    assert (np.isfinite(found) != np.isfinite(average_precisions(vectors, labels, seed=1))).any()


def test_nearest_class_leaves_the_text_itself_out() -> None:
    """By a plain loop over centres; the lonely text of its class is never right."""
    vectors = unit_rows(8, 20, 3)
    labels = [*"aaaaaaabbbbbbbcccccd"][:20]
    for at, hit in enumerate(nearest_class_hits(vectors, labels)):
        centres = {
            name: sum(vectors[other] for other in range(20) if labels[other] == name and other != at) for name in "abcd"
        }
        near = {
            name: float(vectors[at] @ centre / np.linalg.norm(centre))
            for name, centre in centres.items()
            if not isinstance(centre, int)
        }
        assert hit == (max(near, key=lambda name: near[name]) == labels[at])


def test_perfect_classes_score_one_and_one_class_is_undefined() -> None:
    vectors = np.repeat(np.eye(3, dtype=np.float32), 4, axis=0)
    metrics = evaluate_labelled(vectors, list("aaaabbbbcccc"))
    assert (metrics.accuracy, metrics.mean_average_precision) == (1.0, 1.0)
    assert math.isnan(evaluate_labelled(vectors, ["a"] * 12).accuracy)


def test_the_bootstrap_interval_agrees_with_theory() -> None:
    """For many items the interval of a mean is about 1.96 standard errors to each side."""
    items = np.random.default_rng(9).normal(size=2_000)
    found = bootstrap_mean(items)
    error = 1.96 * items.std() / math.sqrt(len(items))
    assert found.mean == pytest.approx(items.mean())
    assert found.low == pytest.approx(items.mean() - error, abs=error / 8)
    assert found.high == pytest.approx(items.mean() + error, abs=error / 8)
    assert found == bootstrap_mean(items)  # seeded
    assert math.isnan(bootstrap_mean([]).mean)
