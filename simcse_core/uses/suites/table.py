"""A suite's result as a table: for people times 100 with two decimals, for programs as it is."""

import json
import math
from collections.abc import Callable, Iterator
from typing import Any

from simcse_core.data.writers import to_csv
from simcse_core.jsonable import jsonable
from simcse_core.meaning.intervals import Interval
from simcse_core.plain import markdown, printable
from simcse_core.uses.suites.measures import Column
from simcse_core.uses.suites.suite import AVERAGE, SuiteResult

UNREADABLE_FROM = 0.1
"""A model cannot read a task when so large a share of its texts is unreadable."""


def as_text(result: SuiteResult) -> str:
    """For a terminal: a line for each number of a task, the models beside each other, what is to be known below."""
    header = ["", *(printable(name) for name in result.models)]
    rows = [[_title(result, column), *_cells(result, column)] for column in result.columns]
    widths = [max(len(row[place]) for row in (header, *rows)) for place in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join([*lines, "", *(printable(note) for note in notes(result))]) + "\n"


def as_markdown(result: SuiteResult) -> str:
    """The same as a table of Markdown."""
    header = ["", *(markdown(name) for name in result.models)]
    rows = [[markdown(_title(result, column)), *_cells(result, column)] for column in result.columns]
    table = [header, ["---"] * len(header), *rows]
    lines = [f"| {' | '.join(row)} |" for row in table]
    return "\n".join([*lines, "", *(f"- {markdown(note)}" for note in notes(result))]) + "\n"


def as_csv(result: SuiteResult) -> str:
    """A row for each model and number, not times 100."""
    fields = ("model", "task", "part", "metric", "value", "low", "high", "gain", "gain_low", "gain_high")
    return to_csv(fields, [[_cell(row[name]) for name in fields] for row in records(result)])


def as_json(result: SuiteResult) -> dict[str, Any]:
    """All of it, not times 100; undefined numbers are null."""
    record: dict[str, Any] = jsonable(
        {
            "data": result.where,
            "models": result.models,
            "results": list(records(result)),
            "averaged": result.averaged,
            "missing": result.missing,
            "held_out": result.held_out,
            "learned": [{"model": model, "task": task} for model, task in result.learned],
            "texts": [
                {"model": one.model, "task": one.task, "texts": one.texts, "unreadable": one.unreadable,
                 "truncated": one.truncated}
                for one in result.measured
            ],
            "notes": notes(result),
        }
    )  # fmt: skip
    return record


def records(result: SuiteResult) -> Iterator[dict[str, Any]]:
    """A record for each model and number."""
    for model in result.models:
        for column in result.columns:
            value, gain = result.cell(model, column), result.gain(model, column)
            if value is None:
                continue
            yield {
                "model": model,
                "task": column.task,
                "part": column.part,
                "metric": column.metric,
                "value": value.value,
                "low": value.low,
                "high": value.high,
                "gain": None if gain is None else gain.value,
                "gain_low": None if gain is None else gain.low,
                "gain_high": None if gain is None else gain.high,
            }


def notes(result: SuiteResult) -> list[str]:
    """What is to be known of the numbers, a sentence each."""
    said = ["Numbers are times 100, with 95 % intervals over the items of each task."]
    if len(result.models) > 1:
        said.append(
            f"After each number: the gain over {result.models[0]}, paired item by item; = where it is inside the "
            "noise. It is one training; another seed can move it."
        )
    if result.averaged:
        said.append(f"The average is of {', '.join(result.averaged)}.")
    if result.held_out:
        said.append(
            f"Of {', '.join(result.held_out)} a fifth was held out to test on, the same for every model; classifiers "
            "learned from the rest."
        )
    said.extend(_learned(result))
    said.extend(_unreadable(result))
    if any(column.metric == "best_f1" for column in result.columns):
        said.append("The threshold of the best F1 was chosen on the same pairs and counts as fixed in its interval.")
    if result.missing:
        said.append(f"Not there, and left out: {'; '.join(result.missing)}.")
    return said


def _learned(result: SuiteResult) -> Iterator[str]:
    for model in result.models:
        if tasks := [task for name, task in result.learned if name == model]:
            yield (
                f"{model} has learned from the data of {'; '.join(tasks)}: its numbers there say nothing about new "
                "texts."
            )


def _unreadable(result: SuiteResult) -> Iterator[str]:
    for model in result.models:
        tasks = [
            one.task for one in result.measured if one.model == model and one.unreadable > UNREADABLE_FROM * one.texts
        ]
        if tasks:
            yield f"{model} cannot read the texts of {'; '.join(tasks)}: its numbers there mean little."


def percent(value: Interval) -> str:
    """A number times 100 and its interval, for people."""
    if math.isnan(value.value):
        return "undefined"
    if math.isnan(value.low):
        return f"{100 * value.value:.2f}"
    return f"{100 * value.value:.2f} ({100 * value.low:.1f} to {100 * value.high:.1f})"


def gain_in_words(gain: Interval | None) -> str:
    """A gain times 100, "=" where it is inside the noise; "" for none."""
    if gain is None or math.isnan(gain.value):
        return ""
    sign = " =" if math.isnan(gain.low) or gain.low <= 0 <= gain.high else ""
    return f"{100 * gain.value:+.2f}{sign}"


def _title(result: SuiteResult, column: Column) -> str:
    return f"{AVERAGE} of {len(result.averaged)} · spearman" if column.task == AVERAGE else column.title


def _cells(result: SuiteResult, column: Column) -> list[str]:
    cells = []
    for model in result.models:
        value, gain = result.cell(model, column), gain_in_words(result.gain(model, column))
        cells.append("" if value is None else f"{percent(value)}  {gain}".rstrip())
    return cells


def _cell(value: object) -> object:
    return "" if value is None or (isinstance(value, float) and math.isnan(value)) else value


WRITERS: dict[str, Callable[[SuiteResult], str]] = {
    ".txt": as_text,
    ".csv": as_csv,
    ".json": lambda result: json.dumps(as_json(result), ensure_ascii=False, indent=1, allow_nan=False) + "\n",
    ".md": as_markdown,
}
"""By the ending of the file that a table is written to."""
