"""What a model can do on held-out data: the metrics of its kind, item by item, and the geometry of the embeddings."""

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Texts, Triplets, normalised, text_columns
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import DataError, ModelError, OptionError
from simcse_core.learning.itemised import items_of
from simcse_core.learning.records import Geometry, Measured
from simcse_core.meaning.evaluation import (
    AnswerMetrics,
    LabelledMetrics,
    Metrics,
    PairMetrics,
    ScoredMetrics,
    TripletMetrics,
    alignment,
    closest_pairs,
    effective_rank,
    evaluate_answers,
    evaluate_labelled,
    evaluate_pairs,
    evaluate_scored,
    evaluate_triplets,
    mean_cosine,
    uniformity,
)

MAIN_METRIC = {
    "scored": "spearman",
    "pairs": "average_precision",
    "labelled": "mean_average_precision",
    "triplets": "accuracy",
    "answers": "map",
}
"""What is followed while a model trains and decides which checkpoint is best, by kind of dev data; higher is better."""

LOGISTIC, CENTRE = "logistic_accuracy", "centre_accuracy"
"""What a classifier's user gets: the share of held-out texts that a logistic regression, or the nearest class centre,
is right about after it has learned from the embeddings of the training texts."""

GEOMETRY_SAMPLE = 2_000
"""So many distinct texts at most tell how the embeddings lie; a seeded sample of more."""

TRAINING_SAMPLE = 256
"""So many texts tell it where there is no dev data; they are encoded at every measurement."""


def main_metric_among(names: Iterable[str]) -> str | None:
    """The metric that decides a comparison: `LOGISTIC` where it is known, else as `MAIN_METRIC` says; None without any.

    The mean average precision of labelled texts can rise while a classifier becomes worse, so it only stands beside.
    """
    known = set(names)
    return next((name for name in (LOGISTIC, *MAIN_METRIC.values()) if name in known), None)


class Encodes(Protocol):
    """Whatever makes embeddings of texts: an encoder, or the texts that a training knows."""

    name: str

    def encode(self, texts: Sequence[str], *, precision: str = "float32") -> Embeddings: ...


def evaluate(model: Encodes, data: Dataset, *, precision: str = "float32", scale_max: float | None = None) -> Metrics:
    """The metrics of a data set's kind. Arguments and errors as for `measure`."""
    return measure(model, data, precision=precision, scale_max=scale_max).metrics


def measure(model: Encodes, data: Dataset, *, precision: str = "float32", scale_max: float | None = None) -> Measured:
    """Encode a data set and compare with its labels or scores.

    Args:
        model: any encoder, or `CachedEncoder`.
        data: of any kind but texts.
        precision: as for `encode`.
        scale_max: for scored data, the best possible score; the data's highest when None.

    Raises:
        DataError: the data has neither scores nor labels.
        OptionError: `scale_max` is given for data without scores.
        ModelError: the model gives embeddings that are no numbers, as it does after a training that diverged.
    """
    if isinstance(data, Texts):
        raise DataError("{file} has only texts: nothing to compare with. It needs a score or a label.", file=data.name)
    check_scale(data, scale_max)
    parts, unique = _encoded(model, data, precision)
    close = _close(data, parts, scale_max)
    return Measured(_metrics(data, parts, unique, scale_max), _geometry(close, unique), items_of(data, parts))


def check_scale(data: Dataset, scale_max: float | None) -> None:
    """See that a best possible score is only given where there are scores.

    Raises:
        OptionError: there are none.
    """
    if scale_max is not None and not isinstance(data, Scored):
        raise OptionError(
            "{given:g} as the best possible score means nothing for {file}: its rows have no scores. Leave --scale-max "
            "out.",
            given=scale_max,
            file=data.name,
        )


def geometry(model: Encodes, data: Dataset) -> Geometry:
    """The geometry of a data set's embeddings, of any kind; texts alone have no alignment. Errors as for `measure`."""
    parts, unique = _encoded(model, data, "float32")
    return _geometry(_close(data, parts, None), unique)


def sample_of(data: Dataset) -> Dataset:
    """A seeded sample of training data, with up to `TRAINING_SAMPLE` texts: enough to see how its embeddings lie."""
    rows = TRAINING_SAMPLE // len(text_columns(data))
    if len(data) <= rows:
        return data
    return data.take(np.random.default_rng(0).choice(len(data), rows, replace=False).tolist())


def _encoded(model: Encodes, data: Dataset, precision: str) -> tuple[list[Embeddings], Embeddings]:
    """The embeddings of each text column (N, D), and those of the distinct texts."""
    columns = text_columns(data)
    embeddings = model.encode([text for column in columns for text in column], precision=precision)
    if not np.isfinite(embeddings).all():
        raise ModelError("{name} gives vectors that are not numbers: its weights are ruined.", name=model.name)
    row_of = {text: at for at, text in enumerate(text for column in columns for text in column)}
    return np.split(embeddings, len(columns)), embeddings[sorted(row_of.values())]


def _metrics(data: Dataset, parts: Sequence[Embeddings], unique: Embeddings, scale_max: float | None) -> Metrics:
    match data:
        case Scored():
            return evaluate_scored(parts[0], parts[1], data.score, unique=unique, scale_max=scale_max)
        case Pairs():
            return evaluate_pairs(parts[0], parts[1], data.label)
        case Triplets():
            return evaluate_triplets(*parts)
        case Answers():
            return evaluate_answers(parts[0], parts[1], [normalised(text) for text in data.question], data.label)
        case Labelled():
            return evaluate_labelled(parts[0], data.label)
        case _:
            raise AssertionError(data)


def _close(data: Dataset, parts: Sequence[Embeddings], scale_max: float | None) -> tuple[Embeddings, Embeddings]:
    """The two sides of what belongs together: (K, D) each."""
    match data:
        case Scored():
            close = closest_pairs(data.score, scale_max)
            return parts[0][close], parts[1][close]
        case Pairs() | Answers():
            close = np.array(data.label) == 1
            return parts[0][close], parts[1][close]
        case Triplets():
            return parts[0], parts[1]
        case Labelled():
            return _neighbours_of_class(parts[0], data.label)
        case Texts():
            return parts[0][:0], parts[0][:0]


def main_metric(metrics: Metrics) -> float:
    """What decides which checkpoint is best; higher is better."""
    match metrics:
        case ScoredMetrics():
            return metrics.spearman
        case PairMetrics():
            return metrics.average_precision
        case LabelledMetrics():
            return metrics.mean_average_precision
        case TripletMetrics():
            return metrics.accuracy
        case AnswerMetrics():
            return metrics.map


def _neighbours_of_class(embeddings: Embeddings, labels: Sequence[str]) -> tuple[Embeddings, Embeddings]:
    """Each text with the next one of its class, in the order of the data."""
    last: dict[str, int] = {}
    pairs: list[tuple[int, int]] = []
    for at, label in enumerate(labels):
        if label in last:
            pairs.append((last[label], at))
        last[label] = at
    left, right = [a for a, _b in pairs], [b for _a, b in pairs]
    return embeddings[left], embeddings[right]


def _geometry(close: tuple[Embeddings, Embeddings], unique: Embeddings) -> Geometry:
    if len(unique) > GEOMETRY_SAMPLE:
        unique = unique[np.random.default_rng(0).choice(len(unique), GEOMETRY_SAMPLE, replace=False)]
    return Geometry(alignment(*close), uniformity(unique), mean_cosine(unique), effective_rank(unique))
