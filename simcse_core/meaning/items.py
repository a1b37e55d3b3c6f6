"""Results item by item, so that two models can be compared on the same items."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

PAIR_METRICS = ("average_precision", "auc")
SCORED_METRICS = ("spearman",)
DEPENDENT_METRICS = ("mean_average_precision",)
"""Means over items that are not independent: each text is ranked by all others."""


SAME_COSINES = "all pairs are equally close, their cosines differ by no more than rounding"


@dataclass(frozen=True)
class Items:
    """What a model did with each item of a data set: a text, a triplet, a question, or a pair."""

    values: dict[str, list[float]] = field(default_factory=dict)
    """By metric that is a mean over items; NaN where it is undefined for an item."""
    cosines: list[float] = field(default_factory=list)
    """Of each pair, for metrics that only all pairs together have ..."""
    gold: list[float] = field(default_factory=list)
    """... the score or label of each pair ..."""
    of_pairs: tuple[str, ...] = ()
    """... and which metrics those are: `SCORED_METRICS` or `PAIR_METRICS`, by the data's kind."""
    pseudo_values: dict[str, list[float]] = field(default_factory=dict)
    """Of metrics among `values` whose items depend on each other: what the metric loses without an item, in each of
    its roles, as `intervals` takes it."""

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics that these items have."""
        return [*self.of_pairs, *self.values]

    def with_values(self, values: Mapping[str, Sequence[float]]) -> "Items":
        """The same items with results in further metrics."""
        return replace(self, values={**self.values, **{name: list(results) for name, results in values.items()}})

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Items":
        """What `jsonable` made of items."""
        values, gold = _numbers(found["values"]), found["gold"]
        of_pairs, pseudo_values = found.get("of_pairs"), found.get("pseudo_values")
        if of_pairs is None:  # written before the kind was kept
            of_pairs = () if not gold else PAIR_METRICS if set(gold) <= {0, 1} else SCORED_METRICS
        if pseudo_values is None:  # likewise: nothing is known of how sure these are
            pseudo_values = {name: [None] * len(values[name]) for name in DEPENDENT_METRICS if name in values}
        return cls(values, found["cosines"], gold, tuple(of_pairs), _numbers(pseudo_values))


def as_floats(values: NDArray[np.generic]) -> list[float]:
    """An array as the numbers that items hold."""
    floats: list[float] = values.astype(float).tolist()
    return floats


def why_not_ranked(items: Items, what: str) -> str:
    """Why pairs cannot be ranked by their cosines against `what` they say ("scores"), as the end of a sentence."""
    if len(items.gold) < 2:
        return "there are fewer than two pairs"
    return f"all {what} are the same" if len(set(items.gold)) < 2 else SAME_COSINES


def _numbers(found: Mapping[str, Sequence[float | None]]) -> dict[str, list[float]]:
    """JSON has no NaN: undefined numbers are null there."""
    return {name: [math.nan if value is None else value for value in results] for name, results in found.items()}
