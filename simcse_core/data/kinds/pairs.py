"""Two sentences and whether they match."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds.cell_types import MatchColumn, TextColumn
from simcse_core.data.kinds.dataset import Dataset, Metric, Positions, kind
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.meaning.evaluation import Metrics, PairMetrics, evaluate_pairs
from simcse_core.meaning.items import PAIR_METRICS, Items, as_floats, why_not_ranked
from simcse_core.meaning.similarity import pair_cosines


@kind("pairs")
@dataclass(frozen=True)
class Pairs(Dataset):
    """Two sentences and whether they match: 1 match, 0 none."""

    sentence1: TextColumn
    sentence2: TextColumn
    label: MatchColumn

    title = "Pairs: do two sentences match?"
    rows_are = "pairs that match or not"
    is_symmetric = True
    judges_matches = True
    metrics = (
        Metric(
            "average_precision",
            "average precision",
            "Average precision: 1 when all matching pairs are closer than the others.",
            is_main=True,
        ),
        Metric("auc", "AUC", "AUC: how often a matching pair is closer than one that does not match; 0.5 is chance."),
    )

    def positive_pairs(self, scale_max: float | None = None) -> Positions:
        return self.first_two(np.array(self.label) == 1)

    def check_contrast(self) -> None:
        if 1 not in self.label:
            raise DataError("{file} has no row with the label 1: there is nothing to bring together.", file=self.name)

    def is_measurable(self) -> bool:
        return len(set(self.label)) == 2

    def strata(self, folds: int) -> NDArray[np.int64]:
        return np.array(self.label)

    def evaluate(
        self, columns: Sequence[Embeddings], unique: Embeddings, *, scale_max: float | None = None
    ) -> PairMetrics:
        return evaluate_pairs(columns[0], columns[1], self.label)

    def items(self, columns: Sequence[Embeddings]) -> Items:
        cosines = pair_cosines(columns[0], columns[1])
        return Items(cosines=as_floats(cosines), gold=[*map(float, self.label)], of_pairs=PAIR_METRICS)

    def row_results(self, columns: Sequence[Embeddings], metrics: Metrics) -> dict[str, list[Any]]:
        """The cosine, and whether that is a match by the threshold of the best F1 on these very rows."""
        cosines = (columns[0] * columns[1]).sum(axis=1)
        threshold = getattr(metrics, "threshold", np.nan)
        is_match = [None] * len(cosines) if np.isnan(threshold) else [int(cosine >= threshold) for cosine in cosines]
        return {"cosine": as_floats(cosines), "prediction": is_match}

    def reason_undefined(self, names: Sequence[str], items: Items) -> str:
        return why_not_ranked(items, "labels")
