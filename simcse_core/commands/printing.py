"""What the command line prints: JSON for programs, text for people; on stderr a line for both."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from simcse_core.plain import printable, short_line

Answer = dict[str, Any] | list[dict[str, Any]]


def to_stderr(text: str) -> None:
    """One line on stderr, whatever stands in the text."""
    print(f"simcse_core: {short_line(text)}", file=sys.stderr)


def print_record(record: dict[str, Any], form: str) -> None:
    """One record of a training, as JSON on a line or as words."""
    if form == "json":
        print(json.dumps(record), flush=True)
        return
    match record["event"]:
        case "step":
            progress = f"step {record['step']}/{record['steps']}"
            print(f"{progress}  loss {_number(record['loss'])}  {record['texts_per_second']:.0f} texts/s")
        case "evaluation":
            print(f"epoch {record['epoch']}  {_numbers(record['metrics'])}{'  (best)' if record['best'] else ''}")
            lies = {name: value for name, value in record["geometry"].items() if name not in record["metrics"]}
            print(f"         {_numbers(lies)}")
        case "note":
            print(f"note: {printable(record['message'])}")
        case _:
            for name in ("as_it_comes", "before", "after"):
                if record.get(f"dev_{name}") is not None:
                    print(f"{name.replace('_', ' '):11}  {_numbers(record[f'dev_{name}'])}")
            if record.get("gain") is not None:
                print(f"{'gain':11}  {_gain(record['gain'])}")
            print(f"{'model':11}  {printable(record['model'])}")


def _gain(gain: dict[str, Any]) -> str:
    value, low, high = (_number(gain[name]) for name in ("value", "low", "high"))
    over = {"as_it_comes": "the model as it comes", "start": "the start", "tfidf": "TF-IDF"}.get(gain["over"], "")
    return f"{gain['metric']} {value} over {over} (95% range {low} to {high}; one training, another seed can move it)"


def print_metrics(of: dict[str, dict[str, Any]]) -> None:
    """A line for each metric of each model: its value and the range beside it.

    Args:
        of: by model, by metric: `value`, `low`, `high`; and `over`, when that is "folds".
    """
    rows = [
        (name if model == next(iter(of)) else "", model, _number(found["value"]), _range(found))
        for name in next(iter(of.values()))
        for model, metrics in of.items()
        if (found := metrics.get(name)) is not None
    ]
    print_table(("metric", "model", "value", "range"), rows)


def _range(found: dict[str, Any]) -> str:
    if found["low"] is None:
        return ""
    kind = "folds" if found.get("over") == "folds" else "95%"
    return f"{kind}: {_number(found['low'])} to {_number(found['high'])}"


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
        (run["id"], "damaged" if run["damaged"] else run["state"], run["title"], run["metric"] or "",
         _or_empty(run["before"], ".4f"), _or_empty(run["after"], ".4f"), _or_empty(run["seconds"], ".0f"))
        for run in runs
    ]  # fmt: skip
    print_table(("run", "state", "title", "metric", "before", "after", "seconds"), rows)


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


def _numbers(metrics: dict[str, Any] | None) -> str:
    return "  ".join(f"{name} {_number(value)}" for name, value in (metrics or {}).items())


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "undefined" if value is None else str(value)
