"""`evaluate` and `compare`: what a model reaches on data, and whether another one is better by more than noise."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.api.display import html_table, number, paragraph, text_table
from simcse_core.api.inputs import Data, loaded, name_of, opened
from simcse_core.data.kinds import Dataset
from simcse_core.encoding.given import Trained
from simcse_core.errors import OptionError
from simcse_core.learning.measuring import Measured, main_metric_among, measure
from simcse_core.learning.prompting import prompted
from simcse_core.learning.verdict_words import metric_title, with_range
from simcse_core.meaning.intervals import Interval, difference, interval

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable
    from simcse_core.meaning.items import Items

VALUE = "{:.3f}"


@dataclass(frozen=True)
class Evaluation:
    """What a model reaches on a data set. It prints its metrics with their ranges."""

    model: str
    """Its name."""
    data: str
    kind: str
    """Of the data."""
    metrics: Mapping[str, float]
    """All numbers of the data's kind, by name; NaN where one is undefined."""
    intervals: Mapping[str, Interval]
    """Of those that are measured item by item: the value and its 95 % range over the items."""
    items: "Items"
    """Results item by item."""
    rows: Mapping[str, Sequence[Any]]
    """By column: the data and, for each row of it, cosine and prediction, as the kind has them."""

    def __getitem__(self, metric: str) -> float:
        """A metric by its name.

        Raises:
            OptionError: it was not measured.
        """
        if metric not in self.metrics:
            raise OptionError(
                "{kind} have no {given!r}. Choose one of: {choices}.",
                kind=self.kind,
                given=metric,
                choices=", ".join(self.metrics),
            )
        return self.metrics[metric]

    @property
    def metric(self) -> str | None:
        """The metric that decides."""
        return main_metric_among(self.intervals)

    def table(self) -> Any:
        """The rows as a DataFrame: the data, and cosine and prediction of each row."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    def __repr__(self) -> str:
        return f"{self.model} on {self.data} ({self.kind})\n{text_table(*self._table())}"

    def _repr_html_(self) -> str:
        return paragraph(f"{self.model} on {self.data} ({self.kind})") + html_table(*self._table())

    def _table(self) -> tuple[list[str], list[list[str]]]:
        return ["metric", "value", "95 % range"], [
            [name, number(value), _range(self.intervals.get(name))] for name, value in self.metrics.items()
        ]


@dataclass(frozen=True)
class Comparison:
    """Two models on the same data, item by item. It prints what the difference supports."""

    first: Evaluation
    second: Evaluation
    differences: Mapping[str, Interval]
    """By metric: the second less the first, with the 95 % range of the difference, paired item by item."""

    @property
    def metric(self) -> str | None:
        """The metric that decides; None where none could be measured."""
        return main_metric_among(self.differences)

    @property
    def difference(self) -> Interval:
        """Of the metric that decides: the second less the first.

        Raises:
            OptionError: there is none.
        """
        if self.metric is None:
            raise OptionError("{file} measures nothing that two models could differ in.", file=self.first.data)
        return self.differences[self.metric]

    @property
    def better(self) -> str | None:
        """The name of the model that is better by more than the noise of the items; None where neither is."""
        if self.difference.low > 0:
            return self.second.model
        return self.first.model if self.difference.high < 0 else None

    @property
    def verdict(self) -> str:
        """What the numbers support, in a sentence or two."""
        metric, by = metric_title(self.metric or ""), with_range(self.difference)
        if math.isnan(self.difference.value):
            return f"{metric} is undefined here: nothing can be said."
        said = f"In {metric}, {self.second.model} is {by} against {self.first.model}."
        if self.better is None:
            return f"{said} That is inside the noise of the {self.first.items.count} items: neither is better."
        return f"{said} {self.better} is better by more than the noise of the {self.first.items.count} items."

    def __repr__(self) -> str:
        return f"{text_table(*self._table())}\n{self.verdict}"

    def _repr_html_(self) -> str:
        return html_table(*self._table()) + paragraph(self.verdict)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        header = ["metric", self.first.model, self.second.model, "difference"]
        return header, [
            [
                name,
                with_range(self.first.intervals[name], VALUE),
                with_range(self.second.intervals[name], VALUE),
                with_range(between),
            ]
            for name, between in self.differences.items()
        ]


def evaluate(
    model: "str | Path | Trainable | Trained",
    data: Data,
    *,
    columns: Mapping[str, str] | None = None,
    prompt: str | None = None,
    scale_max: float | None = None,
    precision: str = "float32",
) -> Evaluation:
    """Measure a model on data.

    Args:
        model: a catalogue name, a run's id, a folder, `owner/model` of the hub, a loaded model, or the result of a
            training.
        data: as for `train`; of any kind but texts without labels.
        columns: where the names of columns differ, ours -> theirs.
        prompt: put before each text: a prompt's name or a text; "query,document" for questions and answers.
        scale_max: the best possible score of scored pairs; the data's highest when None.
        precision: as for `encode`.

    Raises:
        DataError: the data cannot be used, or has neither scores nor labels.
        ModelError: there is no such model.
        OptionError: an option is not possible.

    Example:
        >>> evaluate("minilm", "pairs-en")["average_precision"]
    """
    return evaluated(loaded(model), opened(data, columns), name_of(model), prompt, scale_max, precision)


def compare(
    first: "str | Path | Trainable | Trained",
    second: "str | Path | Trainable | Trained",
    data: Data,
    *,
    columns: Mapping[str, str] | None = None,
    prompt: str | None = None,
    scale_max: float | None = None,
    precision: str = "float32",
) -> Comparison:
    """Is the second model better than the first on this data, by more than noise?

    Both are measured on the same rows, and the difference is taken row by row. Arguments and errors as for `evaluate`.

    Example:
        >>> print(compare("minilm", result, "test.csv").verdict)
    """
    rows = opened(data, columns)
    sides = [evaluated(loaded(model), rows, name_of(model), prompt, scale_max, precision) for model in (first, second)]
    return compared(*sides)


def evaluated(
    model: "Trainable", data: Dataset, name: str, prompt: str | None, scale_max: float | None, precision: str
) -> Evaluation:
    """As `evaluate`, of what is loaded and open."""
    read_by, read, _dev = prompted(model, prompt, data)
    return evaluation_of(measure(read_by, read, precision=precision, scale_max=scale_max, with_rows=True), data, name)


def evaluation_of(measured: Measured, data: Dataset, name: str) -> Evaluation:
    """What was measured, with its ranges and rows."""
    items = measured.items
    return Evaluation(
        model=name,
        data=data.name,
        kind=data.kind,
        metrics=dict(vars(measured.metrics)),
        intervals={metric: interval(items, metric) for metric in items.metrics},
        items=items,
        rows={**{column: getattr(data, column) for column in data.columns}, **measured.rows},
    )


def compared(first: Evaluation, second: Evaluation) -> Comparison:
    """Two evaluations on the same data."""
    shared = [metric for metric in first.items.metrics if metric in second.items.metrics]
    return Comparison(first, second, {metric: difference(second.items, first.items, metric) for metric in shared})


def _range(between: Interval | None) -> str:
    if between is None or math.isnan(between.low):
        return ""
    return f"{VALUE.format(between.low)} to {VALUE.format(between.high)}"
