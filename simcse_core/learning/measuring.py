"""What a model can do on held-out data: the metrics of its kind, item by item, and the geometry of the embeddings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simcse_core.data.kinds import KINDS, Dataset, text_columns
from simcse_core.encoding.protocol import Encodes
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import ModelError, OptionError
from simcse_core.learning.records import Geometry
from simcse_core.meaning.evaluation import Metrics, alignment, effective_rank, mean_cosine, uniformity
from simcse_core.meaning.items import Items

GEOMETRY_SAMPLE = 2_000
"""Distinct texts, at most, on which the geometry is measured; of more a seeded sample."""

TRAINING_SAMPLE = 256
"""The same where there is no dev data; these texts are encoded at every measurement."""


@dataclass(frozen=True)
class Measured:
    """A model on a data set."""

    metrics: Metrics
    geometry: Geometry
    items: Items
    rows: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """By name, what the model makes of each row (`Dataset.row_results`), where that was asked for."""


def main_metric_among(names: Iterable[str]) -> str | None:
    """The metric that decides: of a kind's main metrics the first that was measured; None without any.

    So one rule says which checkpoint is the best and which loss wins. While a model trains, its embeddings of the
    held-out texts are all that is measured. After it, labelled texts have the accuracy of a classifier too, and a
    comparison is decided by that.

    Args:
        names: of the metrics that were measured, of data of one kind.
    """
    measured = set(names)
    # Triplets are the last here: labelled texts had an "accuracy" beside their main metric in earlier versions.
    deciding = (metric.name for kind in reversed(KINDS.values()) for metric in kind.metrics if metric.is_main)
    return next((name for name in deciding if name in measured), None)


def main_metric(metrics: Metrics) -> float:
    """The value of the metric that decides (`main_metric_among`); higher is better, NaN is undefined."""
    measured = vars(metrics)
    name = main_metric_among(measured)
    return float("nan") if name is None else float(measured[name])


def evaluate(model: Encodes, data: Dataset, *, precision: str = "float32", scale_max: float | None = None) -> Metrics:
    """The metrics of a data set's kind. Arguments and errors as for `measure`."""
    return measure(model, data, precision=precision, scale_max=scale_max).metrics


def measure(
    model: Encodes,
    data: Dataset,
    *,
    precision: str = "float32",
    scale_max: float | None = None,
    with_rows: bool = False,
) -> Measured:
    """Encode a data set and compare with its labels or scores.

    Args:
        model: any encoder, or `CachedEncoder`.
        data: of any kind but texts.
        precision: as for `encode`.
        scale_max: for scored data, the best possible score; the data's highest when None.
        with_rows: whether what the model makes of each row is wanted too.

    Raises:
        DataError: the data has neither scores nor labels.
        OptionError: `scale_max` is given for data without scores.
        ModelError: the model gives embeddings that are no numbers, as it does after a training that diverged.
    """
    if not data.metrics:
        raise data.nothing_to_compare()
    check_scale(data, scale_max)
    parts, unique = _encoded(model, data, precision)
    metrics = data.evaluate(parts, unique, scale_max=scale_max)
    rows = data.row_results(parts, metrics) if with_rows else {}
    return Measured(metrics, _geometry(data, parts, unique, scale_max), data.items(parts), rows)


def measure_cut(model: Encodes, data: Dataset, dims: Sequence[int]) -> dict[int, Metrics]:
    """The metrics with embeddings that are cut to their first dimensions. Errors as for `measure`.

    Args:
        model: any encoder; it encodes once.
        data: of any kind but texts.
        dims: how many dimensions, each at most those of the model.
    """
    if not data.metrics:
        raise data.nothing_to_compare()
    parts, unique = _encoded(model, data, "float32")
    return {dim: data.evaluate([_cut(part, dim) for part in parts], _cut(unique, dim)) for dim in dims}


def _cut(embeddings: Embeddings, dim: int) -> Embeddings:
    """(N, D) -> (N, dim) unit rows; zeros stay zeros."""
    first = embeddings[:, :dim]
    lengths = np.linalg.norm(first, axis=1, keepdims=True)
    return (first / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)


def check_scale(data: Dataset, scale_max: float | None) -> None:
    """See that a best possible score is only given where there are scores.

    Raises:
        OptionError: there are none.
    """
    if scale_max is not None and not data.has_scale():
        raise OptionError(
            "{given:g} as the best possible score means nothing for {file}: its rows have no scores. Leave --scale-max "
            "out.",
            given=scale_max,
            file=data.name,
        )


def geometry(model: Encodes, data: Dataset) -> Geometry:
    """The geometry of a data set's embeddings, of any kind; texts alone have no alignment. Errors as for `measure`."""
    parts, unique = _encoded(model, data, "float32")
    return _geometry(data, parts, unique, None)


def sample_of(data: Dataset) -> Dataset:
    """A seeded sample of training data, up to `TRAINING_SAMPLE` texts, on which the geometry is measured."""
    rows = TRAINING_SAMPLE // len(text_columns(data))
    if len(data) <= rows:
        return data
    return data.take(np.random.default_rng(0).choice(len(data), rows, replace=False).tolist())


def _encoded(model: Encodes, data: Dataset, precision: str) -> tuple[list[Embeddings], Embeddings]:
    """The embeddings of each text column (N, D), and those of the distinct texts."""
    columns = text_columns(data)
    embeddings = model.encode([text for column in columns for text in column], precision=precision)
    if not np.isfinite(embeddings).all():
        raise ModelError("{name} gives embeddings that are not numbers: its weights are ruined.", name=model.name)
    row_of = {text: row for row, text in enumerate(text for column in columns for text in column)}
    return np.split(embeddings, len(columns)), embeddings[sorted(row_of.values())]


def _geometry(data: Dataset, parts: Sequence[Embeddings], unique: Embeddings, scale_max: float | None) -> Geometry:
    first, second = data.positive_pairs(scale_max).T
    embeddings = np.concatenate(parts)
    aligned = alignment(embeddings[first], embeddings[second])
    if len(unique) > GEOMETRY_SAMPLE:
        unique = unique[np.random.default_rng(0).choice(len(unique), GEOMETRY_SAMPLE, replace=False)]
    return Geometry(
        alignment=aligned,
        uniformity=uniformity(unique),
        mean_cosine=mean_cosine(unique),
        effective_rank=effective_rank(unique),
    )
