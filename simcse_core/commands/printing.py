"""What the command line prints: JSON for programs, text for people; on stderr a line for both."""

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from simcse_core.jsonable import jsonable
from simcse_core.plain import printable, short_line

if TYPE_CHECKING:
    from simcse_core.learning.records import Finished, Gain, Record
    from simcse_core.meaning.intervals import Interval
    from simcse_core.runs.folds import FoldMetric

Answer = dict[str, Any] | list[dict[str, Any]]


def to_stderr(text: str) -> None:
    """One line on stderr, whatever stands in the text."""
    print(f"simcse_core: {short_line(text)}", file=sys.stderr)


def print_json_line(value: object) -> None:
    """A value as JSON on a line of its own."""
    print(json.dumps(jsonable(value)), flush=True)


def print_record(record: "Record", form: str, *, data: str = "") -> None:
    """One record of a training, as JSON on a line or as words; the last one names the data, too."""
    from simcse_core.learning.records import Evaluation, Finished, Note, Step

    if form == "json":
        print_json_line({**dict(record), "data": data} if isinstance(record, Finished) and data else record)
        return
    match record:
        case Step():
            progress = f"step {record.step}/{record.steps}"
            print(f"{progress}  loss {_number(record.loss)}  {record.texts_per_second:.0f} texts/s")
        case Evaluation():
            print(f"epoch {record.epoch}  {_numbers(record.metrics)}{'  (best)' if record.best else ''}")
            geometry = {name: value for name, value in record.geometry if name not in record.metrics}
            print(f"         {_numbers(geometry)}")
        case Note():
            print(f"note: {printable(record.message)}")
        case Finished():
            _print_finished(record)


def _print_finished(end: "Finished") -> None:
    measured = {"as it comes": end.dev_as_it_comes, "before": end.dev_before, "after": end.dev_after}
    for name, metrics in measured.items():
        if metrics is not None:
            print(f"{name:11}  {_numbers(metrics)}")
    for dim, metrics in (end.dev_by_dim or {}).items():
        print(f"{f'after, {dim}':11}  {_numbers(metrics)}")
    if end.gain is not None:
        print(f"{'gain':11}  {_gain(end.gain)}")
    print(f"{'model':11}  {printable(end.model)}")


def _gain(gain: "Gain") -> str:
    over = {"as_it_comes": "the model as it comes", "start": "the start", "tfidf": "TF-IDF"}.get(gain.over, "")
    return (
        f"{gain.metric} {_number(gain.value)} over {over} (95% range {_number(gain.low)} to {_number(gain.high)}; one "
        "training, another seed can move it)"
    )


def print_metrics(of: "Mapping[str, Mapping[str, FoldMetric | Interval]]") -> None:
    """A line for each metric of each model: its value and the range beside it.

    Args:
        of: by model, by metric.
    """
    rows = [
        (name if model == next(iter(of)) else "", model, _number(metrics[name].value), _range(metrics[name]))
        for name in next(iter(of.values()))
        for model, metrics in of.items()
        if name in metrics
    ]
    print_table(("metric", "model", "value", "range"), rows)


def _range(metric: "FoldMetric | Interval") -> str:
    if math.isnan(metric.low):
        return ""
    kind = "folds" if getattr(metric, "over", None) == "folds" else "95%"
    return f"{kind}: {_number(metric.low)} to {_number(metric.high)}"


def print_values(answer: dict[str, Any]) -> None:
    """A name and its value a line."""
    for name, value in answer.items():
        print(f"{name:24} {printable(_number(value))}")


def print_answer(answer: Answer, form: str, as_text: Callable[[Any], None] = print_values) -> None:
    """The answer of a command: one value of JSON for programs, or what `as_text` prints for people."""
    if form == "json":
        print(_escaped(json.dumps(answer, ensure_ascii=False, allow_nan=False)))
    else:
        as_text(answer)


def print_similarity(answer: dict[str, Any]) -> None:
    """The matrix, each row in front of its text; other texts are numbered above their columns and listed below."""
    others = answer.get("others", [])
    if others:
        print("  ".join(f"{number:5}" for number in range(1, len(others) + 1)))
    for text, row in zip(answer["texts"], answer["similarity"], strict=True):
        print("  ".join(f"{value:5.2f}" for value in row), f" {printable(text)}")
    if others:
        print()
    for number, text in enumerate(others, 1):
        print(f"{number:5}  {printable(text)}")


def print_closest(answer: dict[str, Any]) -> None:
    """Pairs of texts, the closest first."""
    for pair in answer["pairs"]:
        print(f"{pair['similarity']:6.4f}  {pair['row']:5}  {printable(pair['text'])}")
        print(f"        {pair['other_row']:5}  {printable(pair['other'])}")


def print_hits(answer: dict[str, Any]) -> None:
    """What a search has found, query by query."""
    queries = list(dict.fromkeys(result["query"] for result in answer["results"]))
    for query in queries:
        if len(queries) > 1:
            print(f"{'' if query == queries[0] else chr(10)}{short_line(query)}")
        rows = [
            (f"{result['score']:.4f}", str(result["row"]), short_line(result["text"]))
            for result in answer["results"]
            if result["query"] == query
        ]
        print_table(("score", "row", "text"), rows)


def print_export(answer: dict[str, Any]) -> None:
    """What was written, and what it costs."""
    print_values({name: value for name, value in answer.items() if name not in ("costs", "speeds")})
    for cost in answer.get("costs", []):
        values = (cost[name] for name in ("of_model", "of_export"))
        before, after = ("undefined" if value is None else f"{value:.4f}" for value in values)
        print(f"{printable(cost['data'])}: {cost['metric']} {before} -> {after} ({cost['rows']} rows)")
    if "speeds" in answer:
        print(f"sentences/s here: {answer['speeds']['model']} -> {answer['speeds']['export']}")


def print_models(cards: list[dict[str, Any]]) -> None:
    """The catalogue as a table."""
    rows = [("name", "languages", "  MB", "licence", "")]
    for card in cards:
        here = "here" if card["here"] else "fetch"
        rows.append((card["name"], card["languages"], f"{card['megabytes']:4}", card["licence"], here))
    print_table(rows[0], rows[1:])
    if not all(card["here"] for card in cards):
        print("To fetch one: python -m simcse_core models fetch NAME")


def print_runs(runs: list[dict[str, Any]]) -> None:
    """All runs as a table."""
    if not runs:
        print("No runs yet. Start one: python -m simcse_core train --data intents-en --loss supcon")
        return
    rows = [
        (_called(run), "damaged" if run["damaged"] else run["state"], run["title"], run["metric"] or "",
         _or_empty(run["before"], ".4f"), _or_empty(run["after"], ".4f"), _or_empty(run["seconds"], ".0f"))
        for run in runs
    ]  # fmt: skip
    print_table(("run", "state", "title", "metric", "before", "after", "seconds"), rows)


def _called(run: dict[str, Any]) -> str:
    """What names a run on the command line: its id or, outside of the home, its folder."""
    from simcse_core.home import RUN_ID

    return run["id"] if RUN_ID.fullmatch(run["id"]) else run["folder"]


def print_run(run: dict[str, Any]) -> None:
    """What is recorded of a run, a line each; what is not recorded has none."""
    start = run["model"] if run["layer"] is None else f"{run['model']}, layer {run['layer']}"
    result = "" if run["after"] is None else f"{_or_empty(run['before'], '.4f')} -> {_or_empty(run['after'], '.4f')}"
    lines = [
        ("run", run["id"]),
        ("title", run["title"]),
        ("state", f"{run['state']}  {run['message']}".strip()),
        ("created", f"{_local_time(run['created'])}{', imported' if run['imported'] else ''}"),
        ("data", run["data"]),
        ("started from", start),
        (run["metric"] or "metric", result),
        ("seconds", _or_empty(run["seconds"], ".1f")),
        ("model", run["trained_model"] or ""),
        ("command", run["command"] or "unknown: the run is damaged"),
        *(("note", note) for note in run["notes"]),
    ]
    for name, value in lines:
        if value:
            print(f"{name:24} {printable(value)}")


def _local_time(seconds: float) -> str:
    """In the time zone of this machine; "" when it is impossible, as in a damaged file."""
    from simcse_core.learning.records import LATEST

    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}" if 0 < seconds < LATEST else ""


def _or_empty(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns below each other, as wide as their widest cell."""
    rows = [[printable(text) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _escaped(text: str) -> str:
    """JSON that says the same, with escapes in the place of what would steer a terminal."""
    if text.isprintable():
        return text
    odd = (letter for letter in set(text) if not letter.isprintable())  # a large matrix has few different ones
    return text.translate({ord(letter): json.dumps(letter)[1:-1] for letter in odd})


def _numbers(metrics: Mapping[str, float]) -> str:
    return "  ".join(f"{name} {_number(value)}" for name, value in metrics.items())


def _number(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "undefined"
    return f"{value:.4f}" if isinstance(value, float) else str(value)
