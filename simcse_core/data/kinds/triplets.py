"""A text, one that is close in meaning, and one that is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simcse_core.data.kinds.cell_types import ListedTextColumn, TextColumn
from simcse_core.data.kinds.dataset import Dataset, Fact, Metric, Positions, kind, normalised
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.meaning.evaluation import Metrics, TripletMetrics, evaluate_triplets, triplet_hits
from simcse_core.meaning.items import Items, as_floats


@kind("triplets")
@dataclass(frozen=True)
class Triplets(Dataset):
    """A text, one that is close in meaning, and one that is not.

    A row of a file with lists of positives or negatives gives one triplet for each of one with each of the other. Where
    a file has the column `approved`, as mined hard negatives have it, rows in which it says no are left out.
    """

    anchor: TextColumn
    positive: ListedTextColumn
    negative: ListedTextColumn

    title = "Triplets: a text, one close in meaning, one not"
    rows_are = "triplets"
    judges_matches = True
    heeds_approval = True
    metrics = (
        Metric(
            "accuracy",
            "accuracy",
            "Accuracy: the share of anchors that are closer to their positive than to their negative.",
            is_main=True,
        ),
    )

    def facts(self) -> list[tuple[Fact, ...]]:
        """The anchor matches its positive and not its negative."""
        texts = zip(*(map(normalised, column) for column in (self.anchor, self.positive, self.negative)), strict=True)
        return [
            ((tuple(sorted((anchor, positive))), 1), (tuple(sorted((anchor, negative))), 0))
            for anchor, positive, negative in texts
        ]

    def positive_pairs(self, scale_max: float | None = None) -> Positions:
        return self.first_two(np.ones(len(self), dtype=bool))

    def check_contrast(self) -> None:
        if set(self.positive) == set(self.negative) and len(set(self.positive)) == 1:
            raise DataError("All positives and negatives of {file} are the same text.", file=self.name)

    def evaluate(
        self, columns: Sequence[Embeddings], unique: Embeddings, *, scale_max: float | None = None
    ) -> TripletMetrics:
        return evaluate_triplets(*columns)

    def items(self, columns: Sequence[Embeddings]) -> Items:
        return Items({"accuracy": as_floats(triplet_hits(*columns))})

    def row_results(self, columns: Sequence[Embeddings], metrics: Metrics) -> dict[str, list[Any]]:
        """Both cosines, and whether the positive is the closer one."""
        anchor, positive, negative = columns
        return {
            "cosine_positive": as_floats((anchor * positive).sum(axis=1)),
            "cosine_negative": as_floats((anchor * negative).sum(axis=1)),
            "prediction": triplet_hits(*columns).astype(int).tolist(),
        }
