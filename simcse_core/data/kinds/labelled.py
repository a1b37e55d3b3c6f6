"""Texts with a class each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds.cell_types import ClassColumn, TextColumn
from simcse_core.data.kinds.dataset import Dataset, Metric, Positions, kind
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError
from simcse_core.meaning.evaluation import (
    LabelledMetrics,
    Metrics,
    evaluate_labelled,
    jackknifed_average_precisions,
    nearest_classes,
)
from simcse_core.meaning.items import Items, as_floats

LOGISTIC, CENTRE = "logistic_accuracy", "centre_accuracy"
"""What a classifier's user gets; measured where training data and held-out data both have classes
(`learning/baselines.py`)."""


@kind("labelled")
@dataclass(frozen=True)
class Labelled(Dataset):
    """Texts with a class each."""

    text: TextColumn
    label: ClassColumn

    title = "Labelled texts: which class?"
    rows_are = "labelled texts"
    dev_share = 0.4  # each class needs enough held-out texts
    metrics = (
        # The mean average precision can rise while a classifier becomes worse, so it decides only while a model trains,
        # when there is no classifier.
        Metric(
            LOGISTIC,
            "accuracy (logistic regression)",
            "Logistic regression: the share of held-out texts that a classifier gets right which has learned from the "
            "embeddings of the training texts.",
            is_main=True,
        ),
        Metric(
            CENTRE,
            "accuracy (nearest centre)",
            "Nearest centre: the share of held-out texts that lie nearest to the centre of their class, the mean of "
            "its training texts.",
        ),
        Metric(
            "mean_average_precision",
            "mean average precision",
            "Mean average precision: each text ranks all others by cosine; 1 when those of its class come first.",
            is_main=True,
        ),
        Metric(
            "leave_one_out_accuracy",
            "leave-one-out accuracy",
            "Leave-one-out accuracy: the share of held-out texts nearest to the centre of their class among the "
            "held-out texts themselves, the text left out.",
        ),
    )

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names in alphabetical order."""
        return tuple(sorted(set(self.label)))

    def positive_pairs(self, scale_max: float | None = None) -> Positions:
        """Each text with the next one of its class, in the order of the data."""
        last: dict[str, int] = {}
        pairs: list[tuple[int, int]] = []
        for position, label in enumerate(self.label):
            if label in last:
                pairs.append((last[label], position))
            last[label] = position
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)

    def check_contrast(self) -> None:
        if len(self.classes) < 2:
            raise DataError(
                "{file} has one class only ({label!r}): without a second one there is nothing to tell apart.",
                file=self.name,
                label=self.classes[0],
            )
        if len(self.classes) == len(self):
            raise DataError(
                "Every class of {file} has one text only: there are no two texts that match.", file=self.name
            )

    def strata(self, folds: int) -> NDArray[np.int64]:
        return np.unique(self.label, return_inverse=True)[1]

    def evaluate(
        self, columns: Sequence[Embeddings], unique: Embeddings, *, scale_max: float | None = None
    ) -> LabelledMetrics:
        return evaluate_labelled(columns[0], self.label)

    def items(self, columns: Sequence[Embeddings]) -> Items:
        precisions, pseudo_values = jackknifed_average_precisions(columns[0], self.label)
        return Items(
            {"mean_average_precision": as_floats(precisions)},
            pseudo_values={"mean_average_precision": as_floats(pseudo_values)},
        )

    def row_results(self, columns: Sequence[Embeddings], metrics: Metrics) -> dict[str, list[Any]]:
        """The class whose centre is nearest, the text itself left out, and the cosine with that centre."""
        if len(self.classes) < 2:
            return {}
        predicted, cosines = nearest_classes(columns[0], self.label)
        return {"cosine": as_floats(cosines), "prediction": predicted}

    def reason_undefined(self, names: Sequence[str], items: Items) -> str:
        return "there is one class only" if "leave_one_out_accuracy" in names else "no class has two texts"
