"""Records that somebody has edited: they break nothing that reads them, and in a bundle they are judged alike."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from simcse_core.errors import RunError
from simcse_core.jsonable import jsonable
from simcse_core.learning.records import Record, State
from simcse_core.runs import bundle_contents, race, store
from simcse_core.runs.files import replace_text
from simcse_core.runs.run import Run
from simcse_core.runs.summary import summarise
from tests.records import record
from tests.runs.conftest import SMALL
from ui.shared.races.tracks import Track
from ui.shared.races.words import in_words

MAP = "mean_average_precision"
RECORDS: dict[str, dict[str, Any]] = {
    "step": {
        "event": "step", "step": 1, "steps": 2, "epoch": 1, "loss": 0.5, "learning_rate": 1e-5, "gradient_norm": 1.0,
        "observed": {"scale": 20.0}, "texts_per_second": 99.0, "texts": 32, "seconds": 1.5,
    },
    "evaluation": {
        "event": "evaluation", "step": 1, "epoch": 1, "metrics": {"n": 80, MAP: 0.5}, "best": True, "seconds": 1.5,
        "geometry": {"alignment": 0.5, "uniformity": -2.0, "mean_cosine": 0.1, "effective_rank": 9.0},
    },
    "note": {
        "event": "note", "step": 1, "code": "no_gradient", "values": {"steps": 20},
        "template": "The gradient has been 0 for {steps} steps: nothing is learned.",
        "message": "The gradient has been 0 for 20 steps: nothing is learned.",
    },
    "finished": {
        "event": "finished", "run": "x", "model": "model", "base_model": "minilm", "reason": "epochs", "steps": 2,
        "kept_step": 2, "seconds": 3.0, "dev_as_it_comes": {MAP: 0.4}, "dev_before": {MAP: 0.3},
        "dev_after": {MAP: 0.6}, "dev_by_dim": None,
        "gain": {"metric": MAP, "over": "as_it_comes", "value": 0.2, "low": 0.1, "high": 0.3},
    },
}  # fmt: skip
ODD = [
    "text", "9", "", 10**400, -(10**400), 1e308, -1e308, math.inf, math.nan, 2**60, -1, 0, True, None, [], {}, [1.0],
    {MAP: "0.7"}, {MAP: 10**400}, {MAP: None}, {MAP: [1]}, {"x" * 500: 1.0}, "{steps:>99999999999}", "\x1b]0;owned\x07",
]  # fmt: skip
FIELDS = [(event, field) for event, fields in RECORDS.items() for field in fields if field != "event"]


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


def lines_with(event: str, field: str, odd: str) -> list[str]:
    """The four records, one of them with something else in the place of a field, given as JSON."""
    sound = {name: json.dumps(fields) for name, fields in RECORDS.items()}
    edited = json.dumps({**RECORDS[event], field: "HERE"}).replace('"HERE"', odd)
    return [*(line for name, line in sound.items() if name not in (event, "finished")), edited,
            *([] if event == "finished" else [sound["finished"]])]  # fmt: skip


def read_everywhere(run: Run) -> list[Record]:
    """All that lists, races, curves and notes make of a run's records."""
    records = run.records()
    summary = summarise(run)
    numbers = [summary.before, summary.after, summary.gain, summary.seconds]
    assert all(number is None or math.isfinite(number) for number in numbers)
    outcome = race.outcome(run)
    assert race.results([outcome]) == []
    track = Track()
    track.read(outcome.records)
    assert all(math.isfinite(value) for place in track.steps.means() for value in place)
    assert all(isinstance(in_words(note), str) for note in track.notes)
    json.dumps([jsonable(one) for one in records], allow_nan=False)
    return records


@pytest.mark.parametrize(("event", "field"), FIELDS)
def test_whatever_stands_in_a_field_nothing_breaks_and_a_bundle_is_judged_alike(
    event: str, field: str, tmp_path: Path
) -> None:
    run = store.create(SMALL)
    run.set_status(State.FINISHED)
    for odd in [*map(json.dumps, ODD), deep(50), deep(100_000), "1e999", "9" * 5_000]:
        lines = lines_with(event, field, odd)
        for folder in (run.folder, tmp_path):
            replace_text(folder / "metrics.jsonl", "\n".join(lines) + "\n")
        records = read_everywhere(run)
        is_sound = len(records) == len(lines) and run.finished() is not None
        assert summarise(run).damaged == (event == "finished" and not is_sound)
        if is_sound:
            assert bundle_contents.records(tmp_path) == (records[:-1], run.finished())
        else:
            with pytest.raises(RunError, match=r"metrics\.jsonl"):
                bundle_contents.records(tmp_path)


def test_records_as_they_are_written_are_all_sound() -> None:
    """Else the test above would hold of nothing."""
    run = store.create(SMALL)
    for fields in RECORDS.values():
        given = {name: value for name, value in fields.items() if name not in ("event", "geometry", "gain")}
        run.append(record(fields["event"], **given))
    assert [one.event for one in run.records()] == list(RECORDS)


def test_a_record_of_a_later_version_is_read_without_what_is_new() -> None:
    run = store.create(SMALL)
    lines = [{**fields, "new": {"deep": [1]}} for fields in RECORDS.values()] + [{"event": "new", "step": 3}]
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [jsonable(one) for one in run.records()] == [{**fields} for fields in RECORDS.values()]


def test_a_record_of_an_earlier_version_is_read_with_less() -> None:
    run = store.create(SMALL)
    lines = [
        {"event": "evaluation", "epoch": 0, "metrics": {MAP: 0.3}},
        {"event": "step", "step": 1, "steps": 1, "epoch": 1, "seconds": 1.0, "loss": 0.5, "texts_per_second": 20.0},
        {"event": "finished", "dev_before": {MAP: 0.3}, "dev_after": {MAP: 0.5}},
    ]
    (run.folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run.set_status(State.FINISHED)
    assert len(read_everywhere(run)) == 3
    summary = summarise(run)
    assert (summary.before, summary.after) == (0.3, 0.5)
