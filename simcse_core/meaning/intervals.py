"""Confidence intervals of a result: over the items of a data set by the jackknife, and over seeds.

What an interval over items answers: would another sample of such items show the same? What seeds answer: would another
training?

Every metric is brought to one value per item whose mean is the metric and whose spread is its uncertainty. For a mean
over items (accuracy, reciprocal ranks) those are the items' own results. For metrics that only all items together have
(Spearman, average precision, AUC, and mean average precision, where each text is asker and gallery at once) they are
the jackknife's pseudo-values: what the metric loses when an item is left out, in every role it has. So single results,
differences and seeds need one formula each. `python -m benchmarks.verdicts` simulates how often the intervals hold the
truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import OptionError, ShapeError
from simcse_core.meaning.items import Items
from simcse_core.meaning.similarity import without_rounding

Values = NDArray[np.float64]
Counts = NDArray[np.float64]
"""(R, N) how often each of N items is in each of R samples."""
Statistic = Callable[[Counts], Values]
"""(R, N) samples -> (R,) the metric on each; NaN where it is undefined."""

CONFIDENCE = 0.95
FEWEST_SEEDS = 3
"""From this number of seeds on, the spread between them is used."""
MOST_LEFT_OUT = 1_000
"""With more pairs than this they are left out in so many random groups: as exact, and the time stays in proportion."""
CELLS_AT_ONCE = 2_000_000
DECIMALS = 12
"""Results that differ by less count as equal: the order of additions differs."""


@dataclass(frozen=True)
class Interval:
    """A result and the range that should hold the true value in 95 % of cases. NaN when the result is undefined."""

    value: float
    low: float
    high: float


NOTHING = Interval(float("nan"), float("nan"), float("nan"))


def interval(items: Items, metric: str) -> Interval:
    """A metric and its 95 % interval over the items.

    Args:
        items: of one model.
        metric: one of `items.metrics`; items for which it is undefined are left out.

    Raises:
        OptionError: the items do not have this metric.

    Source: Wilson 1927 for proportions, of which the others are a generalisation; jackknife: Efron & Stein 1981.
    """
    return seeds_interval([items], metric)


def share(count: int, of: int) -> Interval:
    """So many of so many, as a share with its 95 % interval; NaN of nothing.

    Source: Wilson 1927.
    """
    if not of:
        return NOTHING
    value, reach = count / of, _t(float("inf")) ** 2 / of
    middle = (value + reach / 2) / (1 + reach)
    half = (reach * value * (1 - value) + reach**2 / 4) ** 0.5 / (1 + reach)
    return Interval(value, 0.0 if count == 0 else middle - half, 1.0 if count == of else middle + half)


def difference(after: Items, before: Items, metric: str) -> Interval:
    """After minus before, paired item by item. Arguments and errors as for `interval` and `seeds_difference`."""
    return seeds_difference([after], [before], metric)


def seeds_interval(items: Sequence[Items], metric: str) -> Interval:
    """The mean over several trainings, with its interval over the items; that seeds differ is not in it.

    Metrics from 0 to 1 have Wilson's interval: for shares of right items as it stands, for other metrics with as many
    items as would spread as theirs do, two extreme ones more among them. So it stays inside 0 and 1 and does not shrink
    to a point when all items are right. Spearman has Fisher's z.

    Args:
        items: of each seed, on the same data. The others as for `interval`.
    """
    values, pseudo, size = _pseudo_values(items, metric)
    value, of_items = float(np.mean(values)), pseudo.mean(axis=0)
    if len(of_items) < 2 or np.isnan(of_items).any():
        return _rounded(value, float("nan"), float("nan"))
    if metric == "spearman":
        low, high = _fisher(value, of_items, size)
    else:
        low, high = _wilson(value, of_items, size, shares=_are_shares(pseudo))
    return _rounded(value, low, high)


def seeds_difference(
    after: Sequence[Items], before: Sequence[Items], metric: str, *, confidence: float = CONFIDENCE
) -> Interval:
    """The mean difference of several trainings, paired seed by seed and item by item, with both kinds of noise.

    Over the items it is the t-interval of the paired differences with two items more, one with the largest difference
    for `after` and one with the largest for `before` (for two classifiers that is Bonett and Price's interval). From
    three seeds on the variance of the mean over seeds is added, with Satterthwaite's degrees of freedom; so where items
    do not matter it is the t-interval over seeds. One or two seeds say nothing about other seeds, nor does this then.

    Args:
        after, before: (S) the items of each seed, in the same order of seeds and on the same data.
        metric: as for `interval`.
        confidence: how often the true difference should be inside.

    Raises:
        OptionError: not all have this metric.
        ShapeError: the items are of different data, or one side has more seeds.

    Source: Bonett & Price 2012; Satterthwaite 1946.
    """
    if len(after) != len(before):
        raise ShapeError("{after} seeds cannot be paired with {before}.", after=len(after), before=len(before))
    values, pseudo, _size = _pseudo_values([*after, *before], metric)
    count = len(after)
    gains = values[:count] - values[count:]  # (S,)
    if np.isnan(gains).any():
        return NOTHING
    paired = (pseudo[:count] - pseudo[count:]).mean(axis=0)  # (N,)
    value = float(gains.mean())
    if len(paired) < 2:
        return _rounded(value, float("nan"), float("nan"))
    largest = np.abs(paired).max() or float(_are_shares(pseudo))
    widened = np.array([*paired, largest, -largest])
    of_items = float(np.var(widened)) / len(widened)
    of_seeds = float(np.var(gains, ddof=1)) / count if count >= FEWEST_SEEDS else 0.0
    if of_items + of_seeds == 0:
        return _rounded(value, value, value)  # the same for every item and every seed
    freedom = (of_items + of_seeds) ** 2 / (of_items**2 / (len(paired) - 1) + of_seeds**2 / max(count - 1, 1))
    reach = _t(freedom, confidence) * (of_items + of_seeds) ** 0.5
    middle = float(widened.mean())
    return _rounded(value, middle - reach, middle + reach)


def over_seeds(values: Sequence[float]) -> Interval | None:
    """The mean of one result per seed and its 95 % t-interval; None below three seeds, which say too little.

    Args:
        values: (S) one result per seed.
    """
    if len(values) < FEWEST_SEEDS:
        return None
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1)) / len(values) ** 0.5
    reach = _t(len(values) - 1) * error
    return Interval(mean, mean - reach, mean + reach)


def value_of(items: Items, metric: str) -> float:
    """A metric on all items; NaN where it is undefined. Errors as for `interval`."""
    _check([items], metric)
    if metric in items.values:
        values = np.array(items.values[metric], dtype=np.float64)
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else float("nan")
    return float(_of_pairs(items, metric)(np.ones((1, len(items.gold))))[0])


def pseudo_values(items: Items, metric: str) -> Values:
    """(N,) one value for each item, or group of items, whose mean is the metric and whose spread is its uncertainty.

    Errors as for `interval`.
    """
    _values, pseudo, _size = _pseudo_values([items], metric)
    return np.asarray(pseudo[0])


def _pseudo_values(items: Sequence[Items], metric: str) -> tuple[Values, Values, float]:
    """(S,) the metric of each; (S, N) its pseudo-values, whose means they are; of how many items the metric speaks."""
    _check(items, metric)
    first = items[0]
    if metric in first.values:
        if len({len(one.values[metric]) for one in items}) > 1:
            raise ShapeError("The items are of different data: their numbers differ.")
        values = np.array([one.values[metric] for one in items], dtype=np.float64)  # (S, N)
        defined = ~np.isnan(values).any(axis=0)
        values = values[:, defined]
        means = values.mean(axis=1) if values.shape[1] else np.full(len(items), np.nan)
        if all(metric in one.pseudo_values for one in items):
            pseudo = np.array([one.pseudo_values[metric] for one in items], dtype=np.float64)
            return means, pseudo - pseudo.mean(axis=1, keepdims=True) + means[:, None], float(pseudo.shape[1])
        return means, values, float(values.shape[1])
    if any(one.gold != first.gold for one in items):
        raise ShapeError("The items are of different data: their scores or labels differ.")
    parts = [_left_out(_of_pairs(one, metric), len(first.gold)) for one in items]
    values = np.array([value for value, _pseudo in parts])
    return values, np.array([pseudo for _value, pseudo in parts]), _size(first, metric)


def _left_out(statistic: Statistic, count: int) -> tuple[float, Values]:
    """The metric, and the pseudo-values of items, or of random groups of them, that are left out in turn."""
    value = float(statistic(np.ones((1, count)))[0])
    groups = min(count, MOST_LEFT_OUT)
    group_of = np.arange(count) if groups == count else np.random.default_rng(0).permutation(count) % groups
    step = max(CELLS_AT_ONCE // max(count, 1), 1)
    without = [
        statistic((group_of[None, :] != np.arange(start, min(start + step, groups))[:, None]).astype(np.float64))
        for start in range(0, groups, step)
    ]
    left = np.concatenate(without) if without else np.zeros(0)
    left = np.where(np.isnan(left), value, left)  # without its only match the metric is undefined: nothing is known
    return value, value + (groups - 1) * (left.mean() - left) if groups else left


def _size(items: Items, metric: str) -> float:
    """Of how many pairs a metric really speaks: of AUC and average precision the rarer label's."""
    if metric == "spearman":
        return float(len(items.gold))
    matches = sum(label == 1 for label in items.gold)
    return float(min(matches, len(items.gold) - matches))


def _are_shares(values: Values) -> bool:
    """Whether every item is either right or wrong."""
    return bool(np.isin(values, (0.0, 1.0)).all())


def _wilson(value: float, of_items: Values, size: float, *, shares: bool) -> tuple[float, float]:
    """The interval around p = `value` that solves (p - q)² = t² q (1 - q) / n for q.

    Args:
        shares: whether every item is right or wrong for each seed; there are then no more items than there are.
    """
    if _are_shares(of_items):
        count, reach = float(len(of_items)), _t(np.inf)
    else:
        widened = np.array([*of_items, of_items.min(), of_items.max()])
        spread = float(np.var(widened, ddof=1)) / len(widened)
        count, reach = size, _t(len(of_items) - 1)
        if 0 < value < 1 and spread > 10.0**-DECIMALS:
            count = max(value * (1 - value) / spread, 1.0)
            count = min(count, size) if shares else count
    share = reach**2 / max(count, 1.0)
    middle = (value + share / 2) / (1 + share)
    half = (share * value * (1 - value) + share**2 / 4) ** 0.5 / (1 + share)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _fisher(value: float, of_items: Values, size: float) -> tuple[float, float]:
    """On the scale of atanh, where correlations spread evenly; never surer than for numbers without outliers."""
    inside = float(np.clip(value, -1 + 1 / size, 1 - 1 / size))
    error = float(np.std(of_items, ddof=1)) / len(of_items) ** 0.5
    spread = max(error / (1 - inside**2), 1 / max(size - 3, 1.0) ** 0.5)
    low, high = np.tanh(np.arctanh(inside) + np.array([-1, 1]) * _t(len(of_items) - 1) * spread)
    return min(float(low), value), max(float(high), value)


def _t(freedom: float, confidence: float = CONFIDENCE) -> float:
    """Student's t that is exceeded on either side in the rest of cases."""
    from scipy.stats import t

    return float(t.ppf((1 + confidence) / 2, freedom))


def _rounded(*numbers: float) -> Interval:
    return Interval(*(round(number, DECIMALS) + 0.0 for number in numbers))


def _check(items: Sequence[Items], metric: str) -> None:
    for one in items:
        if metric not in one.metrics:
            raise OptionError(
                "The items have no {given!r}. Choose one of: {choices}.", given=metric, choices=", ".join(one.metrics)
            )


def _of_pairs(items: Items, metric: str) -> Statistic:
    cosines = without_rounding(items.cosines)
    if len(cosines) and np.ptp(cosines) == 0:  # nothing is ranked
        return lambda counts: np.full(len(counts), np.nan)
    return _PAIR_METRICS[metric](cosines, np.array(items.gold))


def _spearman(cosines: Values, gold: Values) -> Statistic:
    ranks_of_cosines, ranks_of_gold = _ranks(cosines), _ranks(gold)

    def statistic(counts: Counts) -> Values:
        middle = (counts.sum(axis=1, keepdims=True) + 1) / 2
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
        return _ratio(above, matches * (counts.sum(axis=1) - matches))

    return statistic


def _average_precision(cosines: Values, gold: Values) -> Statistic:
    """Equal cosines share one threshold, as in scikit-learn."""
    order = np.argsort(-cosines, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(cosines[order]) != 0, True))[: len(order)]  # last of each group of equals
    match = (gold[order] == 1).astype(np.float64)

    def statistic(counts: Counts) -> Values:
        drawn = counts[:, order]
        retrieved = np.cumsum(drawn, axis=1)[:, ends]
        right = np.cumsum(drawn * match, axis=1)[:, ends]
        precision = np.divide(right, retrieved, out=np.zeros_like(right), where=retrieved > 0)
        matches = drawn @ match
        sums = np.einsum("rn,rn->r", np.diff(right, axis=1, prepend=0.0), precision)
        # Without mismatches it is undefined too.
        return _ratio(np.where(matches < counts.sum(axis=1), sums, np.nan), matches)

    return statistic


_PAIR_METRICS: dict[str, Callable[[Values, Values], Statistic]] = {
    "spearman": _spearman,
    "average_precision": _average_precision,
    "auc": _auc,
}


def _ranks(values: Values) -> Callable[[Counts], Values]:
    """How items rank within each sample: (R, N) -> (R, N) from 1, equal values at their mean rank.

    An item that is not in it has the rank it would share with its equals; it counts nowhere.
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
