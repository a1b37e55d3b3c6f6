"""Two sentences and how similar they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds.cell_types import ScoreColumn, TextColumn
from simcse_core.data.kinds.dataset import Dataset, Metric, Positions, kind
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.meaning.evaluation import Metrics, ScoredMetrics, closest_pairs, evaluate_scored
from simcse_core.meaning.items import SCORED_METRICS, Items, as_floats, why_not_ranked
from simcse_core.meaning.similarity import pair_cosines

_STRATA = 5
"""Scores count as low, high or between in so many steps, so that each fold has some of all."""


@kind("scored")
@dataclass(frozen=True)
class Scored(Dataset):
    """Two sentences and how similar they are; the scale is the data's own."""

    sentence1: TextColumn
    sentence2: TextColumn
    score: ScoreColumn

    title = "Scored pairs: how similar are two sentences?"
    rows_are = "scored pairs"
    is_symmetric = True
    is_likely = False
    metrics = (
        Metric(
            "spearman",
            "Spearman",
            "Spearman: do the cosines rank the pairs as their scores do? 1 when exactly so.",
            is_main=True,
        ),
    )

    def positive_pairs(self, scale_max: float | None = None) -> Positions:
        return self.first_two(closest_pairs(self.score, scale_max))

    def check_contrast(self) -> None:
        if len(set(self.score)) == 1:
            raise DataError(
                "All scores of {file} are {score:g}: there is nothing to tell apart.",
                file=self.name,
                score=self.score[0],
            )

    def is_measurable(self) -> bool:
        return len(set(self.score)) > 1

    def strata(self, folds: int) -> NDArray[np.int64]:
        steps = max(min(_STRATA, len(self) // folds), 1)
        return np.searchsorted(np.quantile(self.score, np.arange(1, steps) / steps), self.score)

    def evaluate(
        self, columns: Sequence[Embeddings], unique: Embeddings, *, scale_max: float | None = None
    ) -> ScoredMetrics:
        return evaluate_scored(columns[0], columns[1], self.score, unique=unique, scale_max=scale_max)

    def items(self, columns: Sequence[Embeddings]) -> Items:
        cosines = pair_cosines(columns[0], columns[1])
        return Items(cosines=as_floats(cosines), gold=list(self.score), of_pairs=SCORED_METRICS)

    def row_results(self, columns: Sequence[Embeddings], metrics: Metrics) -> dict[str, list[Any]]:
        """The cosine."""
        return {"cosine": as_floats(pair_cosines(columns[0], columns[1]))}

    def reason_undefined(self, names: Sequence[str], items: Items) -> str:
        if "spearman" in names:
            return why_not_ranked(items, "scores")
        return "there are fewer than two different texts" if "uniformity" in names else "no pair has a high score"
