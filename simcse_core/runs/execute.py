"""Carrying out one run, in a process of its own: `python -m simcse_core.runs.execute FOLDER`."""

import hashlib
import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import simcse_core
from simcse_core.data import bundled
from simcse_core.data.kinds import Dataset, Labelled, rows
from simcse_core.data.splits import split_labelled
from simcse_core.encoding.catalogue import load
from simcse_core.errors import DataError, UserError
from simcse_core.jsonable import jsonable
from simcse_core.learning.training import Ended, Trainable, train
from simcse_core.meaning.evaluation import average_precisions, nearest_class_hits
from simcse_core.runs.store import Items, Run, RunConfig

Emit = Callable[[dict[str, Any]], None]


def describe(config: RunConfig) -> RunConfig:
    """The configuration with what pins it down: the data's hash and the versions of what computes."""
    packages = ("torch", "transformers", "numpy")
    versions = {"simcse_core": simcse_core.__version__, **{name: version(name) for name in packages}}
    return config.model_copy(update={"data_sha256": data_hash(bundled.open_data(config.data)), "versions": versions})


def data_hash(data: Dataset) -> str:
    """SHA-256 of the rows, whatever file format they came in."""
    return hashlib.sha256(json.dumps([data.columns, *rows(data)]).encode()).hexdigest()


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
    model = load(config.model, pooling=config.pooling, layer=config.layer, head=config.head, device=config.device)
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


def open_split(config: RunConfig) -> tuple[Dataset, Dataset]:
    """Training and dev data of a run; without dev data of its own a share of the training data is held out.

    Raises:
        DataError: the data cannot be read, or nothing can be held out.
    """
    data = bundled.open_data(config.data)
    if config.dev is not None:
        return data, bundled.open_data(config.dev)
    if not isinstance(data, Labelled):
        raise DataError("Training needs labelled texts (columns text, label); {file} has none.", file=data.name)
    return split_labelled(data, seed=config.settings.seed)


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
