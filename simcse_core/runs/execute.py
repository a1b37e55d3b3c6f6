"""Carrying out one run, in a process of its own: `python -m simcse_core.runs.execute FOLDER`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simcse_core.data.kinds import Dataset, Labelled, texts_of
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.scratch import SIZES, new_model
from simcse_core.errors import ModelError, UserError
from simcse_core.jsonable import jsonable
from simcse_core.learning.baselines import add_logistic
from simcse_core.learning.frozen_states import Trainable
from simcse_core.learning.records import Ended, Note
from simcse_core.learning.training import train
from simcse_core.meaning.items import Items
from simcse_core.runs.config import RunConfig, open_split
from simcse_core.runs.store import BeforeAndAfter, Run

Emit = Callable[[dict[str, Any]], None]


def execute(run: Run, emit: Emit, *, resume: bool = False) -> None:
    """Train what the run's configuration says, and keep records and model in its folder.

    Args:
        run: a run in the state "queued"; with `resume`, one that stopped before its end.
        emit: receives every record, the last one `"event": "finished"`.
        resume: go on from the run's checkpoint.

    Raises:
        UserError: the data or the settings cannot be used; the run's status then says "failed" and why.
    """
    run.set_status("running")
    try:
        finished = _train(run, emit, resume=resume)
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
    run.checkpoint.unlink(missing_ok=True)
    emit(finished)


def follow(config: RunConfig) -> None:
    """What every process but the main one does when a run has several: the same training, without a word."""
    data, dev = open_split(config)
    for _record in train(open_model(config, data), data, dev, config.settings):
        pass


def open_model(config: RunConfig, data: Dataset) -> Trainable:
    """The model a run starts from; a new one takes its vocabulary from the data.

    Raises:
        ModelError: there is no such model.
        DataError: the data is too small for a vocabulary.
    """
    seed = config.settings.seed
    if config.model in SIZES:
        new = new_model(config.model, texts_of(data), device=config.device, seed=seed)
        return new.configured(pooling=config.pooling, layer=config.layer, head=config.head, seed=seed)
    model = load(
        config.model,
        pooling=config.pooling,
        layer=config.layer,
        head=config.head,
        device=config.device,
        seed=seed,
    )
    assert isinstance(model, Trainable)
    return model


def _train(run: Run, emit: Emit, *, resume: bool) -> dict[str, Any] | None:
    """The last record, or None when the run was cancelled."""
    config = run.config
    data, dev = open_split(config)
    model = open_model(config, data)
    classified = _classified(model, data, dev)
    ended: Ended | None = None
    if resume:
        run.forget_cancel()
    for record in train(
        model, data, dev, config.settings, checkpoint=run.checkpoint, resume=resume, stop=lambda: run.cancel_asked
    ):
        if isinstance(record, Ended):
            ended = record
            break
        if resume:
            run.go_on_before(record.step)
            resume = False
        line = jsonable(record)
        if isinstance(record, Note):
            line["message"] = record.message
        run.append(line)
        emit(line)
    assert ended is not None
    if ended.reason == "cancelled":
        return None
    if not all(bool(weights.isfinite().all()) for weights in model.parameters()):
        raise ModelError("The training diverged and left no model that can be used. Choose a smaller learning rate.")
    model.save(run.model)
    if ended.before is not None and ended.after is not None:
        before, after = ended.before.items, ended.after.items
        run.write_items(
            BeforeAndAfter(
                before.with_values(classified.values), after.with_values(_classified(model, data, dev).values)
            )
        )
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


def _classified(model: Trainable, data: Dataset, dev: Dataset | None) -> Items:
    """With labels on both sides, how well a logistic regression on the model's vectors does."""
    if isinstance(data, Labelled) and isinstance(dev, Labelled):
        return add_logistic(Items(), model, data, dev)
    return Items()


if __name__ == "__main__":
    execute(Run(Path(sys.argv[1])), emit=lambda _: None)
