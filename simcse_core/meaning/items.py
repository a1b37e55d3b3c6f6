"""Results item by item, so that two models can be compared on the same items."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True)
class Items:
    """What a model did with each item of a data set: a text, a triplet, a question, or a pair."""

    values: dict[str, list[float]] = field(default_factory=dict)
    """By metric that is a mean over items; NaN where it is undefined for an item."""
    cosines: list[float] = field(default_factory=list)
    """Of each pair, for metrics that only all pairs together have (Spearman, average precision) ..."""
    gold: list[float] = field(default_factory=list)
    """... and the score or label of each pair."""

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics that these items have. Scores of 0 and 1 only count as labels of pairs."""
        if not self.gold:
            return list(self.values)
        return ["average_precision", "auc", *self.values] if set(self.gold) <= {0, 1} else ["spearman", *self.values]

    def with_values(self, values: Mapping[str, Sequence[float]]) -> "Items":
        """The same items with results in further metrics."""
        return replace(self, values={**self.values, **{name: list(results) for name, results in values.items()}})

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> "Items":
        """What `jsonable` made of items."""
        values = {
            name: [math.nan if value is None else value for value in results]
            for name, results in found["values"].items()
        }
        return cls(values, found["cosines"], found["gold"])
