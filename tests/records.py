"""Records of a training, as its files hold them, for tests that write them themselves."""

import json
from pathlib import Path
from typing import Any

from simcse_core.learning.records import RECORD, Record
from simcse_core.runs.run import Run


def record(event: str, **fields: Any) -> Record:
    """One record; what is left out has its default."""
    return RECORD.validate_python({"event": event, **fields})


def step(number: int, steps: int, **fields: Any) -> Record:
    """A step of the first epoch, after a second, unless `fields` say something else."""
    return record("step", **{"step": number, "steps": steps, "epoch": 1, "seconds": 1.0, **fields})


def write_by_hand(run: Run, *lines: dict[str, Any]) -> None:
    """Add lines to the metrics of a run as somebody with an editor could, whatever stands in them."""
    path: Path = run.folder / "metrics.jsonl"
    with path.open("a") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
