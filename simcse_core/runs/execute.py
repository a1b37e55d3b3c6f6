"""Carrying out one run, in a process of its own: `python -m simcse_core.runs.execute FOLDER`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simcse_core.data.kinds import Dataset, Labelled
from simcse_core.encoding.catalogue import load
from simcse_core.errors import UserError
from simcse_core.jsonable import jsonable
from simcse_core.learning.training import Ended, Trainable, train
from simcse_core.meaning.evaluation import average_precisions, nearest_class_hits
from simcse_core.runs.config import open_split
from simcse_core.runs.store import Items, Run

Emit = Callable[[dict[str, Any]], None]


def execute(run: Run, emit: Emit) -> None:
    """Train what the run's configuration says, and keep records and model in its folder.

    Args:
        run: a run in the state "queued".
        emit: receives every record, the last one `"event": "finished"`.

    Raises:
        UserError: the data or the settings cannot be used; the run's status then says "failed" and why.
    """
    run.set_status("running")
    try:
        finished = _train(run, emit)
    except UserError as error:
        run.set_status("failed", str(error))
        raise
    except KeyboardInterrupt:
        run.set_status("cancelled")
        raise
    except BaseException as error:
        run.set_status("failed", f"{type(error).__name__}: {error}")
        raise
    if finished is None:
        run.set_status("cancelled")
        return
    run.append(finished)
    run.set_status("finished")
    emit(finished)


def _train(run: Run, emit: Emit) -> dict[str, Any] | None:
    """The last record, or None when the run was cancelled."""
    config = run.config
    data, dev = open_split(config)
    model = load(
        config.model,
        pooling=config.pooling,
        layer=config.layer,
        head=config.head,
        device=config.device,
        seed=config.settings.seed,
    )
    assert isinstance(model, Trainable)
    before = _items(model, dev)
    ended: Ended | None = None
    for record in train(model, data, dev, config.settings):
        if isinstance(record, Ended):
            ended = record
            break
        line = jsonable(record)
        run.append(line)
        emit(line)
        if run.cancel_asked:
            return None
    assert ended is not None
    model.save(run.model)
    if before is not None:
        run.write_items(Items(before, _items(model, dev) or {}))
    return {
        "event": "finished",
        "run": run.id,
        "model": str(run.model),
        "base_model": config.model,
        "reason": ended.reason,
        "steps": ended.step,
        "seconds": ended.seconds,
        "dev_before": jsonable(ended.dev_before),
        "dev_after": jsonable(ended.dev_after),
    }


def _items(model: Trainable, dev: Dataset) -> dict[str, list[float | None]] | None:
    if not isinstance(dev, Labelled):
        return None
    vectors = model.encode(dev.text)
    results: dict[str, list[float | None]] = jsonable(
        {
            "accuracy": nearest_class_hits(vectors, dev.label).astype(float),
            "mean_average_precision": average_precisions(vectors, dev.label),
        }
    )
    return results


if __name__ == "__main__":
    execute(Run(Path(sys.argv[1])), emit=lambda _: None)
