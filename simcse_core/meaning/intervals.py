"""How sure a result is: bootstrap intervals over the items of a data set, and what several seeds add.

The same number of items is resampled in the same way every time, so that whatever is compared, is compared on the same
resamples. What an interval over items answers: would another sample of such items show the same? What seeds answer:
would another training?
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import OptionError, ShapeError
from simcse_core.meaning.items import Items

Values = NDArray[np.float64]
Counts = NDArray[np.float64]
"""(R, N) how often each of N items is in each of R resamples."""
Statistic = Callable[[Counts], Values]
"""(R, N) resamples -> (R,) the metric on each; NaN where it is undefined."""

FEW_ITEMS = 2_000
"""Up to so many items there are 2,000 resamples; 500 with more, which takes no longer and is nearly as exact."""
FEWEST_SEEDS = 3
"""From so many seeds on, how far they lie apart says something."""
CELLS_AT_ONCE = 500_000
DECIMALS = 12
"""Results that differ by less are equal but for the order in which the computer added."""


@dataclass(frozen=True)
class Interval:
    """A result and the range that holds 95 % of its resampled values. NaN when the result is undefined."""

    value: float
    low: float
    high: float


def interval(items: Items, metric: str, *, seed: int = 0, resamples: int | None = None) -> Interval:
    """A metric and its 95 % percentile bootstrap interval over the items.

    Args:
        items: of one model.
        metric: one of `items.metrics`; items for which it is undefined are left out.
        seed: of the resamples.
        resamples: how many; None is 2,000, or 500 with more than 2,000 items. Those in which the metric is undefined
            are left out.

    Raises:
        OptionError: the items do not have this metric.

    Source: Efron 1979.
    """
    return seeds_interval([items], metric, seed=seed, resamples=resamples)


def difference(after: Items, before: Items, metric: str, *, seed: int = 0, resamples: int | None = None) -> Interval:
    """After minus before, paired: both sides are resampled together, and only items defined on both sides count.

    Arguments and errors as for `interval` and `seeds_difference`. Source: paired as in Koehn 2004.
    """
    return seeds_difference([after], [before], metric, seed=seed, resamples=resamples)


def seeds_interval(items: Sequence[Items], metric: str, *, seed: int = 0, resamples: int | None = None) -> Interval:
    """The mean over several trainings, with its interval over the items; that seeds differ is not in it.

    Args:
        items: of each seed, on the same data. The others as for `interval`.
    """
    values, draws = _resampled(items, metric, seed, resamples)
    return _percentiles(float(values.mean()), draws.mean(axis=0))


def seeds_difference(
    after: Sequence[Items], before: Sequence[Items], metric: str, *, seed: int = 0, resamples: int | None = None
) -> Interval:
    """The mean difference of several trainings, paired seed by seed and item by item, with both kinds of noise.

    Each draw is the mean difference on resampled items, plus, from three seeds on, a draw of Student's t with as many
    degrees of freedom as seeds less one, times the standard error of the mean over seeds. So one or two seeds give the
    paired item bootstrap, and where items do not matter it is the t-interval over seeds. To resample three seeds
    instead, as a hierarchical bootstrap does, holds the truth in as little as 75 % of cases, not in 95.

    Args:
        after, before: (S) the items of each seed, in the same order of seeds and on the same data.
        metric, seed, resamples: as for `interval`.

    Raises:
        OptionError: not all have this metric.
        ShapeError: the items are of different data, or one side has more seeds.
    """
    if len(after) != len(before):
        raise ShapeError("{after} seeds cannot be paired with {before}.", after=len(after), before=len(before))
    values, draws = _resampled([*after, *before], metric, seed, resamples)
    count = len(after)
    gains = values[:count] - values[count:]  # (S,)
    paired = draws[:count].mean(axis=0) - draws[count:].mean(axis=0)  # (R,)
    return _percentiles(float(gains.mean()), paired + _seed_noise(gains, len(paired), seed))


def over_seeds(values: Sequence[float]) -> Interval | None:
    """The mean of one result per seed and its 95 % t-interval; None below three seeds, which say too little.

    Args:
        values: (S) one result per seed.
    """
    if len(values) < FEWEST_SEEDS:
        return None
    from scipy.stats import t

    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / len(values) ** 0.5
    reach = float(t.ppf(0.975, len(values) - 1)) * error
    return Interval(mean, mean - reach, mean + reach)


def bootstrap_mean(items: ArrayLike, *, seed: int = 0, resamples: int = 2_000) -> Interval:
    """The mean of per-item results and its 95 % percentile bootstrap interval over the items.

    Args:
        items: (N,) one result per item. No items give NaN.
    """
    values = [float(value) for value in np.asarray(items, dtype=np.float64)]
    return interval(Items({"mean": values}), "mean", seed=seed, resamples=resamples)


def value_of(items: Items, metric: str) -> float:
    """A metric on all items; NaN where it is undefined. Errors as for `interval`."""
    (statistic,), count = _statistics([items], metric)
    return float(statistic(np.ones((1, count)))[0])


def _resampled(items: Sequence[Items], metric: str, seed: int, resamples: int | None) -> tuple[Values, Values]:
    """(S,) the metric on all items, and (S, R) on each resample."""
    statistics, count = _statistics(items, metric)
    if resamples is None:
        resamples = 2_000 if count <= FEW_ITEMS else 500
    everything = np.ones((1, count))
    values = np.array([statistic(everything)[0] for statistic in statistics])
    counts = _counts(count, resamples, seed)
    step = max(CELLS_AT_ONCE // max(count, 1), 1)
    parts = []
    for start in range(0, resamples, step):
        part = counts[start : start + step].astype(np.float64)
        parts.append([statistic(part) for statistic in statistics])
    return values, np.concatenate(parts, axis=1)


def _statistics(items: Sequence[Items], metric: str) -> tuple[list[Statistic], int]:
    """The metric of each, and the number of items it is a metric of."""
    for one in items:
        if metric not in one.metrics:
            raise OptionError(
                "The items have no {given!r}. Choose one of: {choices}.", given=metric, choices=", ".join(one.metrics)
            )
    first = items[0]
    if metric in first.values:
        if len({len(one.values[metric]) for one in items}) > 1:
            raise ShapeError("The items are of different data: their numbers differ.")
        values = np.array([one.values[metric] for one in items], dtype=np.float64)  # (S, N)
        values = values[:, ~np.isnan(values).any(axis=0)]
        return [_mean(own) for own in values], values.shape[1]
    if any(one.gold != first.gold for one in items):
        raise ShapeError("The items are of different data: their scores or labels differ.")
    gold = np.array(first.gold)
    return [_PAIR_METRICS[metric](np.array(one.cosines), gold) for one in items], len(gold)


@lru_cache(maxsize=4)
def _counts(count: int, resamples: int, seed: int) -> NDArray[np.uint8]:
    """(R, N) how often each item is in each resample."""
    if count == 0:
        return np.zeros((resamples, 0), dtype=np.uint8)
    rng = np.random.default_rng(seed)
    counts = np.empty((resamples, count), dtype=np.uint8)  # nothing is drawn 256 times
    for at in range(resamples):
        counts[at] = np.bincount(rng.integers(count, size=count), minlength=count)
    counts.flags.writeable = False
    return counts


def _percentiles(value: float, draws: Values) -> Interval:
    draws = draws[~np.isnan(draws)]
    if np.isnan(value) or not len(draws):
        return Interval(*[float("nan")] * 3)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Interval(*(round(float(number), DECIMALS) + 0.0 for number in (value, low, high)))


def _seed_noise(gains: Values, resamples: int, seed: int) -> Values:
    """(R,) draws of how far the mean over seeds may be from that over all seeds."""
    if len(gains) < FEWEST_SEEDS:
        return np.zeros(resamples)
    error = gains.std(ddof=1) / np.sqrt(len(gains))
    return np.random.default_rng(seed).permutation(_t_quantiles(resamples, len(gains) - 1)) * error


@cache
def _t_quantiles(count: int, freedom: int) -> Values:
    """(count,) evenly spread over Student's t: as many draws from it as one could wish for, in order."""
    from scipy.stats import t

    return np.asarray(t.ppf((np.arange(count) + 0.5) / count, freedom))


def _mean(values: Values) -> Statistic:
    return lambda counts: (counts @ values) / len(values) if len(values) else np.full(len(counts), np.nan)


def _spearman(cosines: Values, gold: Values) -> Statistic:
    ranks_of_cosines, ranks_of_gold = _ranks(cosines), _ranks(gold)
    middle = (len(gold) + 1) / 2

    def statistic(counts: Counts) -> Values:
        a, b = ranks_of_cosines(counts) - middle, ranks_of_gold(counts) - middle  # (R, N)
        weighted = counts * a
        shared = np.einsum("rn,rn->r", weighted, b)
        spread = np.einsum("rn,rn->r", weighted, a) * np.einsum("rn,rn,rn->r", counts, b, b)
        return _ratio(shared, np.sqrt(spread))

    return statistic


def _auc(cosines: Values, gold: Values) -> Statistic:
    ranks, match = _ranks(cosines), (gold == 1).astype(np.float64)

    def statistic(counts: Counts) -> Values:
        matches = counts @ match
        above = (counts * ranks(counts)) @ match - matches * (matches + 1) / 2
        return _ratio(above, matches * (len(gold) - matches))

    return statistic


def _average_precision(cosines: Values, gold: Values) -> Statistic:
    """Equal cosines are found together, as in scikit-learn."""
    order = np.argsort(-cosines, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(cosines[order]) != 0, True))[: len(order)]  # last of each group of equals
    match = (gold[order] == 1).astype(np.float64)

    def statistic(counts: Counts) -> Values:
        drawn = counts[:, order]
        found = np.cumsum(drawn, axis=1)[:, ends]
        right = np.cumsum(drawn * match, axis=1)[:, ends]
        precision = np.divide(right, found, out=np.zeros_like(right), where=found > 0)
        matches = drawn @ match
        sums = np.einsum("rn,rn->r", np.diff(right, axis=1, prepend=0.0), precision)
        return _ratio(np.where(matches < len(gold), sums, np.nan), matches)  # without mismatches it is undefined too

    return statistic


_PAIR_METRICS: dict[str, Callable[[Values, Values], Statistic]] = {
    "spearman": _spearman,
    "average_precision": _average_precision,
    "auc": _auc,
}


def _ranks(values: Values) -> Callable[[Counts], Values]:
    """How items rank within each resample: (R, N) -> (R, N) from 1, equal values at their mean rank.

    An item that was not drawn has the rank it would share with its equals; it counts nowhere.
    """
    order = np.argsort(values, kind="stable")
    first = np.searchsorted(values[order], values, side="left")
    after = np.searchsorted(values[order], values, side="right")

    def ranks(counts: Counts) -> Values:
        upto = np.zeros((counts.shape[0], counts.shape[1] + 1))
        np.cumsum(counts[:, order], axis=1, out=upto[:, 1:])
        return np.asarray((upto[:, first] + upto[:, after] + 1) / 2)

    return ranks


def _ratio(above: Values, below: Values) -> Values:
    """NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)
