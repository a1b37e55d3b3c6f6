import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr, ttest_1samp
from sklearn.metrics import average_precision_score, roc_auc_score

from simcse_core.errors import OptionError, ShapeError
from simcse_core.jsonable import jsonable
from simcse_core.meaning import intervals
from simcse_core.meaning.intervals import (
    Interval,
    bootstrap_mean,
    difference,
    interval,
    over_seeds,
    seeds_difference,
    seeds_interval,
    value_of,
)
from simcse_core.meaning.items import Items

Values = NDArray[np.float64]


def means(values: Values | list[float]) -> Items:
    return Items({"m": [float(value) for value in values]})


def pairs(cosines: Values, gold: Values) -> Items:
    return Items(cosines=cosines.tolist(), gold=gold.tolist())


def noisy_pairs(kind: str, n: int = 40, seed: int = 0) -> Items:
    """With ties on both sides."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 6 if kind == "scored" else 2, n).astype(float)
    return pairs((gold / 5 + rng.normal(size=n)).round(1), gold)


def test_the_interval_of_a_mean_agrees_with_theory() -> None:
    """For many items it is about 1.96 standard errors to each side."""
    items = np.random.default_rng(9).normal(size=2_000)
    found = bootstrap_mean(items)
    error = 1.96 * items.std() / math.sqrt(len(items))
    assert found.value == pytest.approx(items.mean())
    assert found.low == pytest.approx(items.mean() - error, abs=error / 8)
    assert found.high == pytest.approx(items.mean() + error, abs=error / 8)
    assert found == bootstrap_mean(items)  # seeded
    assert found != bootstrap_mean(items, seed=1)
    assert math.isnan(bootstrap_mean([]).value)


def sklearn_s(score: Callable[..., float]) -> Callable[[Values, Values], float]:
    return lambda cosines, gold: score(gold, cosines) if 0 < gold.sum() < len(gold) else math.nan


ORACLES: dict[str, tuple[str, Callable[[Values, Values], float]]] = {
    "spearman": ("scored", lambda cosines, gold: float(spearmanr(cosines, gold)[0])),
    "average_precision": ("pairs", sklearn_s(average_precision_score)),
    "auc": ("pairs", sklearn_s(roc_auc_score)),
}


@pytest.mark.parametrize("metric", list(ORACLES))
def test_a_metric_of_all_pairs_is_computed_anew_on_each_resample(metric: str) -> None:
    kind, oracle = ORACLES[metric]
    items = noisy_pairs(kind)
    cosines, gold = np.array(items.cosines), np.array(items.gold)
    (value,), (draws,) = intervals._resampled([items], metric, seed=3, resamples=20)
    assert value == pytest.approx(oracle(cosines, gold))
    assert value == value_of(items, metric)
    for counts, draw in zip(intervals._counts(40, 20, 3), draws, strict=True):
        rows = np.repeat(np.arange(40), counts)
        assert len(rows) == 40
        assert draw == pytest.approx(oracle(cosines[rows], gold[rows]))


def test_resamples_without_a_defined_metric_are_left_out() -> None:
    """Of two pairs, half of the resamples have one kind only; the others have both and are right."""
    two = pairs(np.array([0.9, 0.1]), np.array([1.0, 0.0]))
    assert interval(two, "average_precision") == interval(two, "auc") == Interval(1.0, 1.0, 1.0)
    for undefined in (pairs(np.ones(3), np.ones(3)), pairs(np.array([0.1, 0.2]), np.zeros(2))):
        assert all(math.isnan(interval(undefined, metric).value) for metric in undefined.metrics)
    assert math.isnan(interval(pairs(np.ones(3), np.array([1.0, 2.0, 3.0])), "spearman").value)  # constant cosines


def test_a_difference_is_paired() -> None:
    """Noise that both sides share falls out: the difference is sure although each side is not."""
    shared = np.random.default_rng(0).normal(size=50)
    before, after = means(shared), means(shared + 0.1)
    assert interval(after, "m").low < interval(before, "m").value
    found = difference(after, before, "m")
    assert (found.value, found.low, found.high) == pytest.approx((0.1, 0.1, 0.1))
    assert difference(after, after, "m") == Interval(0.0, 0.0, 0.0)
    scored = noisy_pairs("scored")
    assert difference(scored, scored, "spearman") == Interval(0.0, 0.0, 0.0)
    assert difference(after, before, "m", resamples=7) == seeds_difference([after], [before], "m", resamples=7)


def test_only_items_defined_on_both_sides_count() -> None:
    after, before = means([1.0, math.nan, 5.0]), means([0.0, 7.0, math.nan])
    assert difference(after, before, "m") == Interval(1.0, 1.0, 1.0)
    assert interval(after, "m").value == 3.0
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


def test_many_items_take_fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    counts = intervals._counts

    def spy(count: int, resamples: int, seed: int) -> NDArray[np.uint8]:
        asked.append(resamples)
        return counts(count, 5, seed)

    monkeypatch.setattr(intervals, "_counts", spy)
    for n in (2_000, 2_001):
        interval(means([0.5] * n), "m")
    assert asked == [2_000, 500]


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
    zero = means([0.0] * 20)
    found, expected = seeds_difference([means([gain] * 20) for gain in gains], [zero] * 3, "m"), over_seeds(gains)
    assert expected is not None
    assert found.value == pytest.approx(expected.value)
    assert found.high - found.low == pytest.approx(expected.high - expected.low, rel=0.03)
    of_items = means(np.random.default_rng(1).normal(size=20))
    assert seeds_difference([of_items] * 3, [zero] * 3, "m") == difference(of_items, zero, "m")
    assert seeds_interval([of_items] * 3, "m") == interval(of_items, "m")


@pytest.mark.parametrize(("seed_noise", "item_noise"), [(0.3, 1.0), (0.3, 0.1), (0.0, 1.0)])
def test_with_three_seeds_the_interval_holds_the_truth_about_as_often_as_it_says(
    seed_noise: float, item_noise: float
) -> None:
    """Simulated: what a loss gains differs by item and by seed. Items alone would be far too sure of themselves."""
    rng, zero, truth = np.random.default_rng(0), means([0.0] * 40), 0.1
    held = held_by_items = 0
    for trial in range(200):
        of_items = truth + rng.normal(size=40) * item_noise
        seeds = [means(of_items + rng.normal() * seed_noise + rng.normal(size=40) * 0.1) for _seed in range(3)]
        found = seeds_difference(seeds, [zero] * 3, "m", resamples=300, seed=trial % 4)
        alone = seeds_interval(seeds, "m", resamples=300, seed=trial % 4)
        held += found.low <= truth <= found.high
        held_by_items += alone.low <= truth <= alone.high
    assert 0.91 <= held / 200 <= 1.0
    if seed_noise:
        assert held_by_items / 200 < 0.85


def test_items_know_their_metrics_and_survive_json() -> None:
    items = means([1.0, math.nan]).with_values({"n": [0.0, 1.0]})
    assert items.metrics == ["m", "n"]
    assert noisy_pairs("scored").metrics == ["spearman"]
    assert noisy_pairs("pairs").metrics == ["average_precision", "auc"]
    again = Items.from_json(jsonable(items))
    assert again.values["n"] == [0.0, 1.0]
    assert math.isnan(again.values["m"][1])
    assert Items.from_json(jsonable(noisy_pairs("pairs"))) == noisy_pairs("pairs")
