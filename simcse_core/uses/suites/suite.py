"""All models on all tasks: what each reaches, with intervals, and what the others gain over the first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from simcse_core.data.kinds import Answers
from simcse_core.encoding.prompts import names_two
from simcse_core.encoding.texts import Embeddings, TextCheck
from simcse_core.learning.prompting import prompted, question_and_answer_prompts
from simcse_core.meaning.intervals import Interval, difference, interval
from simcse_core.uses.search.encoders import prompt_for_search
from simcse_core.uses.suites.learned import has_learned_from
from simcse_core.uses.suites.measures import Column, Columns, measure, weighted
from simcse_core.uses.suites.sources import Found, Source

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable

Load = Callable[[str], "Trainable"]
Progress = Callable[[int, int], None]
"""Called with (texts done, texts in all)."""

AVERAGE = "average"


@dataclass(frozen=True)
class Measured:
    """One model on one task."""

    model: str
    task: str
    columns: Columns
    texts: int
    unreadable: int
    """Texts of which the model cannot read more than a tenth: its numbers mean little where there are many."""
    truncated: int
    """Texts that were cut at the model's limit."""


@dataclass(frozen=True)
class SuiteResult:
    """Models side by side; the first is what the others are compared with."""

    where: str
    """The folder, "hub" or "bundled"."""
    models: tuple[str, ...]
    measured: tuple[Measured, ...]
    missing: tuple[str, ...] = ()
    """Tasks of the suite that are not there."""
    held_out: tuple[str, ...] = ()
    """Tasks without a test file: a fifth of the file was held out, the same for every model."""
    learned: tuple[tuple[str, str], ...] = ()
    """Models that have learned from the data of a task, each with the task."""
    averaged: tuple[str, ...] = ()
    """STS tasks that an average is of: English ones, a dev part only where its test part is not there; none below two.
    """

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """In the order of the tasks; an average of STS tasks last among them."""
        return tuple(dict.fromkeys(column for one in self.measured for column in one.columns)) + tuple(self._averaged)

    def items(self, model: str, column: Column) -> "Columns":
        """The results of one model by column, one or none."""
        if column in self._averaged:
            parts = [self.items(model, part).get(part) for part in self._averaged[column]]
            there = [part for part in parts if part is not None]
            if len(there) < len(parts):
                return {}
            return {column: weighted(there, np.full(len(there), 1 / len(there)))}
        of_model = (one.columns for one in self.measured if one.model == model)
        return next(({column: columns[column]} for columns in of_model if column in columns), {})

    def cell(self, model: str, column: Column) -> Interval | None:
        """What a model reaches, with its 95 % interval over the items; None where it was not measured."""
        items = self.items(model, column).get(column)
        return None if items is None else interval(items, column.metric)

    def gain(self, model: str, column: Column) -> Interval | None:
        """What it gains over the first model, paired item by item; None for the first, and where one is missing."""
        items, before = (self.items(name, column).get(column) for name in (model, self.models[0]))
        if model == self.models[0] or items is None or before is None:
            return None
        return difference(items, before, column.metric)

    @cached_property
    def _averaged(self) -> dict[Column, tuple[Column, ...]]:
        """The average of the STS tasks, and the columns that it is of."""
        parts = dict.fromkeys(
            column
            for one in self.measured
            for column in one.columns
            if column.task in self.averaged and column.metric == "spearman" and column.part in ("", "all")
        )
        return {Column(AVERAGE, "", "spearman"): tuple(parts)} if len(parts) == len(self.averaged) > 1 else {}


def measure_all(
    models: Sequence[str],
    found: Found,
    load: Load,
    *,
    prompt: str | None = None,
    precision: str = "float32",
    on_progress: Progress | None = None,
) -> SuiteResult:
    """Measure all models on all tasks; one model is in memory at a time.

    Args:
        models: names; the first is what the others are compared with.
        found: the tasks with their data.
        load: makes a model of its name.
        prompt: as for `SimCSE.load`. Of two ("query,document") the first stands before all texts, but for answers. None
            is what the model uses by itself; for questions and answers both, if it has them (`prompt_for_search`).
        precision: as for `encode`.
        on_progress: receives how many of all texts of all models are encoded.

    Raises:
        UserError: a model cannot be loaded, or gives no numbers.
    """
    names = tuple(dict.fromkeys(models))
    return result(names, found, list(_each(names, found, load, prompt, precision, on_progress)))


def result(models: Sequence[str], found: Found, measured: Sequence[Measured]) -> SuiteResult:
    """What was measured so far, in the order of the tasks."""
    order = {source.task.name: place for place, source in enumerate(found.sources)}
    held_out = tuple(source.task.name for source in found.sources if source.held_out)
    in_order = sorted(measured, key=lambda one: order[one.task])
    learned = [
        (model, source.task.name) for model in models for source in found.sources if has_learned_from(model, source)
    ]
    return SuiteResult(
        where=found.name,
        models=tuple(models),
        measured=tuple(in_order),
        missing=found.missing,
        held_out=held_out,
        learned=tuple(learned),
        averaged=_to_average(found),
    )


def _to_average(found: Found) -> tuple[str, ...]:
    english = [
        source.task.name for source in found.sources if source.task.suite == "sts" and source.task.language == "en"
    ]
    chosen = [name for name in english if name == (test := name.replace(" dev", " test")) or test not in english]
    return tuple(chosen) if len(chosen) > 1 else ()


def _each(
    models: Sequence[str],
    found: Found,
    load: Load,
    prompt: str | None,
    precision: str,
    on_progress: Progress | None,
) -> Iterator[Measured]:
    total, done = len(models) * sum(len(source.texts) for source in found.sources), 0
    for name in models:
        model = load(name)
        for source in found.sources:
            before = done

            def show(part: int, whole: int, before: int = before, count: int = len(source.texts)) -> None:
                if on_progress is not None:
                    on_progress(before + (part * count // whole if whole else count), total)

            yield measure_task(model, name, source, prompt=prompt, precision=precision, on_progress=show)
            done += len(source.texts)
            show(1, 1)


def measure_task(
    model: "Trainable",
    name: str,
    source: Source,
    *,
    prompt: str | None = None,
    precision: str = "float32",
    on_progress: Progress | None = None,
) -> Measured:
    """One model on one task. Arguments and errors as for `measure_all`."""
    checks: list[TextCheck] = []
    reading, read = _as_read(model, prompt, source)

    def encode(texts: Sequence[str]) -> Embeddings:
        return reading.encode(texts, precision=precision, on_check=checks.append, on_progress=on_progress)

    columns = measure(encode, read)
    return Measured(
        name,
        source.task.name,
        columns,
        texts=len(source.texts),
        unreadable=sum(len(check.unreadable) for check in checks),
        truncated=sum(len(check.truncated) for check in checks),
    )


def _as_read(model: "Trainable", prompt: str | None, source: Source) -> "tuple[Trainable, Source]":
    """The model with its prompt, and the data as it reads them."""
    if isinstance(source.data, Answers):
        reading, data, _dev = prompted(model, prompt_for_search(model, prompt), source.data)
        return reading, Source(source.task, data, source.train, source.subsets, source.held_out)
    if prompt and names_two(prompt):
        _model, first, _second = question_and_answer_prompts(model, prompt)
        return model.configured(prompt=first), source
    return model.configured(prompt=prompt), source
