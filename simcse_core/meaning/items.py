"""Results item by item, so that two models can be compared on the same items."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator
from pydantic.dataclasses import dataclass

LARGEST = 3.5e38
"""No number in single precision is larger; sums of these are still numbers."""


def _number(value: object, check: ValidatorFunctionWrapHandler) -> object:
    if value is None:
        return math.nan
    if type(value) is float:
        return value if abs(value) <= LARGEST else math.nan
    if type(value) is int and abs(value) <= LARGEST:
        return value  # a count stays one
    return check(value)


Number = Annotated[float, WrapValidator(_number)]
"""A measured number: NaN where it is undefined, which is null in JSON, or larger than anything that is measured."""
Finite = Annotated[float, Field(allow_inf_nan=False)]

PAIR_METRICS: tuple[Literal["average_precision", "auc"], ...] = ("average_precision", "auc")
SCORED_METRICS: tuple[Literal["spearman"], ...] = ("spearman",)
DEPENDENT_METRICS = ("mean_average_precision",)
"""Means over items that are not independent: each text is ranked by all others."""


SAME_COSINES = "all pairs are equally close, their cosines differ by no more than rounding"


@dataclass(frozen=True, config=ConfigDict(strict=True))
class Items:
    """What a model did with each item of a data set: a text, a triplet, a question, or a pair.

    A file holds the same as JSON; one of an earlier version is read too.
    """

    values: dict[str, list[Number]] = field(default_factory=dict)
    """By metric that is a mean over items; NaN where it is undefined for an item."""
    cosines: list[Finite] = field(default_factory=list)
    """Of each pair, for metrics that only all pairs together have ..."""
    gold: list[Finite] = field(default_factory=list)
    """... the score or label of each pair ..."""
    of_pairs: Annotated[tuple[Literal["spearman", "average_precision", "auc"], ...], Field(strict=False)] = ()
    """... and which metrics those are: `SCORED_METRICS` or `PAIR_METRICS`, by the data's kind."""
    pseudo_values: dict[str, list[Number]] = field(default_factory=dict)
    """Of metrics among `values` whose items depend on each other: what the metric loses without an item, in each of
    its roles, as `intervals` takes it."""

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics that these items have."""
        return [*self.of_pairs, *self.values]

    @property
    def count(self) -> int:
        """How many items there are."""
        return max([len(self.cosines), *map(len, self.values.values())])

    def with_values(self, values: Mapping[str, Sequence[float]]) -> "Items":
        """The same items with results in further metrics."""
        return replace(self, values={**self.values, **{name: list(results) for name, results in values.items()}})

    @model_validator(mode="before")
    @classmethod
    def _of_an_earlier_version(cls, stored: Any) -> Any:
        """A file that does not say of which kind its pairs are, nor how sure a mean of dependent items is."""
        if not isinstance(stored, dict):  # not a file
            return stored
        if missing := {"values", "cosines", "gold"} - stored.keys():
            raise ValueError(f"no {min(missing)}")
        gold, values = stored["gold"], stored["values"]
        if stored.get("of_pairs") is None and isinstance(gold, list):
            are_labels = all(value in (0, 1) for value in gold)
            stored = {**stored, "of_pairs": [] if not gold else PAIR_METRICS if are_labels else SCORED_METRICS}
        if stored.get("pseudo_values") is None and isinstance(values, dict):
            unknown = {
                name: [math.nan] * len(values[name]) for name in DEPENDENT_METRICS if isinstance(values.get(name), list)
            }
            stored = {**stored, "pseudo_values": unknown}
        return stored

    @model_validator(mode="after")
    def _as_many_of_each(self) -> Self:
        if len({len(results) for results in self.values.values()}) > 1 or len(self.cosines) != len(self.gold):
            raise ValueError("results of different numbers of items")
        return self


def as_floats(values: NDArray[np.generic]) -> list[float]:
    """An array as the numbers that items hold."""
    floats: list[float] = values.astype(float).tolist()
    return floats


def why_not_ranked(items: Items, values_name: str) -> str:
    """Why pairs cannot be ranked by their cosines against their "scores" or "labels", as the end of a sentence."""
    if len(items.gold) < 2:
        return "there are fewer than two pairs"
    return f"all {values_name} are the same" if len(set(items.gold)) < 2 else SAME_COSINES
