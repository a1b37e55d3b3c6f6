import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy.stats import binomtest, spearmanr, ttest_1samp
from sklearn.metrics import average_precision_score, roc_auc_score

from simcse_core.errors import OptionError, ShapeError
from simcse_core.jsonable import jsonable
from simcse_core.meaning.evaluation import jackknifed_average_precisions
from simcse_core.meaning.intervals import (
    Interval,
    difference,
    interval,
    over_seeds,
    seeds_difference,
    seeds_interval,
    value_of,
)
from simcse_core.meaning.items import PAIR_METRICS, SCORED_METRICS, Items

Values = NDArray[np.float64]


def means(values: Values | list[float]) -> Items:
    return Items({"m": [float(value) for value in values]})


def pairs(cosines: Values, gold: Values, of_pairs: Any = PAIR_METRICS) -> Items:
    return Items(cosines=cosines.tolist(), gold=gold.tolist(), of_pairs=of_pairs)


def noisy_pairs(kind: str, n: int = 40, seed: int = 0) -> Items:
    """With ties on both sides."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 6 if kind == "scored" else 2, n).astype(float)
    return pairs((gold / 5 + rng.normal(size=n)).round(1), gold, SCORED_METRICS if kind == "scored" else PAIR_METRICS)


@pytest.mark.parametrize(("right", "count"), [(0, 9), (1, 20), (19, 20), (50, 50), (70, 100), (199, 200)])
def test_a_share_of_right_items_has_wilsons_interval(right: int, count: int) -> None:
    found = interval(means([1.0] * right + [0.0] * (count - right)), "m")
    oracle = binomtest(right, count).proportion_ci(0.95, method="wilson")
    assert (found.value, found.low, found.high) == pytest.approx((right / count, oracle.low, oracle.high))


def test_the_interval_of_a_mean_agrees_with_theory() -> None:
    """For many items it is about 1.96 standard errors to each side."""
    items = np.random.default_rng(9).beta(2, 3, size=2_000)
    found = interval(means(items), "m")
    error = 1.96 * items.std() / math.sqrt(len(items))
    assert found.value == pytest.approx(items.mean())
    assert found.low == pytest.approx(items.mean() - error, abs=error / 20)
    assert found.high == pytest.approx(items.mean() + error, abs=error / 20)
    assert math.isnan(interval(means([]), "m").value)
    one = interval(means([0.3]), "m")  # one item says nothing about others
    assert one.value == 0.3
    assert math.isnan(one.low)


def sklearn_s(score: Callable[..., float]) -> Callable[[Values, Values], float]:
    return lambda cosines, gold: score(gold, cosines) if 0 < gold.sum() < len(gold) else math.nan


ORACLES: dict[str, tuple[str, Callable[[Values, Values], float]]] = {
    "spearman": ("scored", lambda cosines, gold: float(spearmanr(cosines, gold)[0])),
    "average_precision": ("pairs", sklearn_s(average_precision_score)),
    "auc": ("pairs", sklearn_s(roc_auc_score)),
}


@pytest.mark.parametrize("metric", list(ORACLES))
def test_a_metric_of_all_pairs_agrees_with_scikit_learn_and_scipy(metric: str) -> None:
    kind, oracle = ORACLES[metric]
    items = noisy_pairs(kind)
    value = oracle(np.array(items.cosines), np.array(items.gold))
    assert value_of(items, metric) == pytest.approx(value)
    assert interval(items, metric).value == pytest.approx(value)


@pytest.mark.parametrize("metric", list(ORACLES))
def test_a_difference_of_metrics_is_the_t_interval_of_the_jackknifes_pseudo_values(metric: str) -> None:
    """Computed by leaving each pair out, with other libraries; two extreme ones are added, as documented."""
    kind, oracle = ORACLES[metric]
    after, before = noisy_pairs(kind), noisy_pairs(kind)
    before = pairs(np.array(before.cosines)[::-1].copy(), np.array(before.gold), before.of_pairs)
    gold, count = np.array(after.gold), len(after.gold)
    pseudo = []
    for one in (after, before):
        cosines = np.array(one.cosines)
        left = np.array([oracle(np.delete(cosines, at), np.delete(gold, at)) for at in range(count)])
        pseudo.append(oracle(cosines, gold) + (count - 1) * (left.mean() - left))
    paired = pseudo[0] - pseudo[1]
    largest = np.abs(paired).max()
    widened = np.array([*paired, largest, -largest])
    reach = 2.0226909 * widened.std() / math.sqrt(len(widened))  # Student's t for 39 degrees of freedom
    found = difference(after, before, metric)
    assert found.value == pytest.approx(paired.mean())
    assert (found.low, found.high) == pytest.approx((widened.mean() - reach, widened.mean() + reach))


def test_average_precision_of_texts_counts_a_text_in_both_of_its_roles() -> None:
    """What is lost without a text, as asker and as one of those that are ranked, by computing everything anew."""
    rng = np.random.default_rng(0)
    labels = [*"aaaabbbbbccd", "d"]  # d: without one of its two texts the other can no longer ask
    embeddings = rng.integers(-2, 3, size=(len(labels), 4)).astype(np.float32) + 0.1
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)

    def mean_average_precision(rows: list[int]) -> float:
        precisions = []
        for row in rows:
            others = [other for other in rows if other != row]
            same = [labels[other] == labels[row] for other in others]
            if any(same):
                precisions.append(average_precision_score(same, embeddings[others] @ embeddings[row]))
        return float(np.mean(precisions))

    everything = list(range(len(labels)))
    value = mean_average_precision(everything)
    left = np.array([mean_average_precision([row for row in everything if row != at]) for at in everything])
    precisions, pseudo_values = jackknifed_average_precisions(embeddings, labels)
    assert np.nanmean(precisions) == pytest.approx(value)
    np.testing.assert_allclose(pseudo_values, value + (len(labels) - 1) * (left.mean() - left), atol=1e-12)


def test_undefined_metrics_are_undefined() -> None:
    for undefined in (pairs(np.ones(3), np.ones(3)), pairs(np.array([0.1, 0.2]), np.zeros(2))):
        for metric in undefined.metrics:
            assert math.isnan(interval(undefined, metric).value)
            assert math.isnan(difference(undefined, undefined, metric).value)
    assert math.isnan(interval(pairs(np.ones(3), np.array([1.0, 2.0, 3.0]), SCORED_METRICS), "spearman").value)


def test_all_items_right_is_no_certainty() -> None:
    two = pairs(np.array([0.9, 0.1]), np.array([1.0, 0.0]))
    for metric in two.metrics:
        found = interval(two, metric)
        assert (found.value, found.high) == (1.0, 1.0)
        assert found.low < 0.5
    perfect = pairs(np.arange(30.0), np.arange(30.0), SCORED_METRICS)
    assert interval(perfect, "spearman").low < 0.99
    same = difference(means([1.0] * 20), means([1.0] * 20), "m")  # Bonett and Price: (0 ± 2.093 √2) / 22
    assert (same.value, same.low, same.high) == pytest.approx((0.0, -0.1345, 0.1345), abs=1e-4)


def test_a_difference_is_paired() -> None:
    """Noise that both sides share falls out: the difference is sure although each side is not."""
    shared = np.random.default_rng(0).uniform(size=50) * 0.9
    before, after = means(shared), means(shared + 0.05)
    assert interval(after, "m").low < interval(before, "m").value
    found = difference(after, before, "m")
    assert found.value == pytest.approx(0.05)
    assert 0.04 < found.low < found.value < found.high < 0.055
    scored = noisy_pairs("scored")
    assert difference(scored, scored, "spearman") == Interval(0.0, 0.0, 0.0)
    assert difference(after, before, "m") == seeds_difference([after], [before], "m")


def test_the_more_is_to_be_held_the_wider_the_interval() -> None:
    after, before = means(np.linspace(0, 1, 20)), means(np.linspace(0.3, 0.6, 20))
    usual, wider = (seeds_difference([after], [before], "m", confidence=share) for share in (0.95, 0.99))
    assert wider.low < usual.low < usual.high < wider.high


def test_only_items_defined_on_both_sides_count() -> None:
    after, before = means([0.2, math.nan, 0.5, 0.2]), means([0.1, 0.7, math.nan, 0.1])
    assert difference(after, before, "m").value == pytest.approx(0.1)
    assert interval(after, "m").value == pytest.approx(0.3)
    assert math.isnan(difference(means([math.nan]), means([1.0]), "m").value)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(OptionError, match="no 'auc'"):
        interval(means([1.0]), "auc")
    with pytest.raises(ShapeError, match="numbers differ"):
        difference(means([1.0]), means([1.0, 2.0]), "m")
    with pytest.raises(ShapeError, match="labels differ"):
        difference(noisy_pairs("pairs", seed=1), noisy_pairs("pairs", seed=2), "auc")
    with pytest.raises(ShapeError, match="2 seeds cannot be paired with 1"):
        seeds_difference([means([1.0])] * 2, [means([1.0])], "m")


@pytest.mark.parametrize("kind", ["scored", "pairs"])
def test_many_pairs_are_left_out_in_groups_and_say_about_the_same(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    items = noisy_pairs(kind, n=900)
    for metric in items.metrics:
        each = interval(items, metric)
        monkeypatch.setattr("simcse_core.meaning.intervals.MOST_LEFT_OUT", 300)
        grouped = interval(items, metric)
        monkeypatch.undo()
        assert grouped.value == each.value
        assert grouped.high - grouped.low == pytest.approx(each.high - each.low, rel=0.1)


def test_three_seeds_give_the_t_interval_and_two_give_none() -> None:
    values = [0.7, 0.8, 0.75, 0.72]
    low, high = ttest_1samp(values, 0).confidence_interval(0.95)
    found = over_seeds(values)
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(values), low, high))
    assert over_seeds(values[:2]) is None
    assert over_seeds([]) is None


def test_where_items_do_not_differ_only_seeds_are_noise_and_the_other_way_round() -> None:
    gains = [0.1, 0.3, 0.2]
    zero = means([0.0] * 500)
    found, expected = seeds_difference([means([gain] * 500) for gain in gains], [zero] * 3, "m"), over_seeds(gains)
    assert expected is not None
    assert found.value == pytest.approx(expected.value)
    assert found.high - found.low == pytest.approx(expected.high - expected.low, rel=0.03)
    of_items = means(np.random.default_rng(1).uniform(size=500))
    assert seeds_difference([of_items] * 3, [zero] * 3, "m") == difference(of_items, zero, "m")
    assert seeds_interval([of_items] * 3, "m") == interval(of_items, "m")


@pytest.mark.parametrize(("seed_noise", "item_noise"), [(0.3, 1.0), (0.3, 0.1), (0.0, 1.0)])
def test_with_three_seeds_the_interval_holds_the_truth_about_as_often_as_it_says(
    seed_noise: float, item_noise: float
) -> None:
    """Simulated: what a loss gains differs by item and by seed. Items alone would be far too sure of themselves."""
    rng, zero, truth = np.random.default_rng(0), means([0.0] * 40), 0.1
    held = held_by_items = 0
    for _trial in range(300):
        of_items = truth + rng.normal(size=40) * item_noise
        seeds = [means(of_items + rng.normal() * seed_noise + rng.normal(size=40) * 0.1) for _seed in range(3)]
        found = seeds_difference(seeds, [zero] * 3, "m")
        alone = difference(seeds[0], zero, "m")
        held += found.low <= truth <= found.high
        held_by_items += alone.low <= truth <= alone.high
    assert 0.93 <= held / 300 <= 1.0
    if seed_noise:
        assert held_by_items / 300 < 0.87


def read_again(stored: object) -> Items:
    """Items out of a file."""
    return TypeAdapter(Items).validate_json(json.dumps(stored))


def test_items_know_their_metrics_and_survive_json() -> None:
    items = means([1.0, math.nan]).with_values({"n": [0.0, 1.0]})
    assert items.metrics == ["m", "n"]
    assert noisy_pairs("scored").metrics == ["spearman"]
    assert noisy_pairs("pairs").metrics == ["average_precision", "auc"]
    again = read_again(jsonable(items))
    assert again.values["n"] == [0.0, 1.0]
    assert math.isnan(again.values["m"][1])
    assert read_again(jsonable(noisy_pairs("pairs"))) == noisy_pairs("pairs")


def test_items_of_earlier_versions_are_read_without_a_claim_that_they_cannot_support() -> None:
    """They did not keep what mean average precision needs for its interval, nor the kind of the pairs."""
    old = {"values": {"mean_average_precision": [0.5, None, 0.7]}, "cosines": [], "gold": []}
    found = read_again(old)
    ranked = interval(found, "mean_average_precision")
    assert ranked.value == pytest.approx(0.6)
    assert math.isnan(ranked.low)
    gained = difference(found, found, "mean_average_precision")
    assert not gained.low > 0
    assert read_again({"values": {}, "cosines": [0.1, 0.2], "gold": [0, 1]}).metrics == [
        "average_precision",
        "auc",
    ]
    assert read_again({"values": {}, "cosines": [0.1, 0.2], "gold": [0.5, 1]}).metrics == ["spearman"]
