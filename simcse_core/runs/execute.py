"""Carrying out one run in this process: its training, and what it leaves in its folder."""

import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, replace

from simcse_core import durable
from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.data.kinds.labelled import CENTRE, LOGISTIC
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.classifier import Carried
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.scratch import SIZES, new_model
from simcse_core.encoding.weights import are_numbers
from simcse_core.errors import CheckpointError, ModelError, RunError, UserError
from simcse_core.learning.baselines import AS_IT_COMES, with_classifiers
from simcse_core.learning.cached_encoder import CachedEncoder, FinalEncoder
from simcse_core.learning.carrying import complete
from simcse_core.learning.ended import Ended
from simcse_core.learning.losses.matryoshka import parse_dims
from simcse_core.learning.measuring import measure_cut
from simcse_core.learning.prompting import prompted
from simcse_core.learning.race import Contestant, verdict
from simcse_core.learning.records import (
    DIVERGED,
    BeforeAndAfter,
    Evaluation,
    Finished,
    Gain,
    Numbers,
    Record,
    State,
)
from simcse_core.learning.training import train
from simcse_core.meaning.evaluation import Metrics
from simcse_core.meaning.intervals import value_of
from simcse_core.meaning.items import Items
from simcse_core.plain import short_line
from simcse_core.runs import files
from simcse_core.runs.config import RunConfig, check_data, check_model, open_sides, open_split
from simcse_core.runs.race import beside, write_baselines
from simcse_core.runs.run import Run

Emit = Callable[[Record], None]


def execute(run: Run, emit: Emit, *, resume: bool = False) -> None:
    """Train what the run's configuration says, and keep records and model in its folder.

    Args:
        run: a run in the state "queued"; with `resume`, one that stopped before its end.
        emit: receives every record, the last one `Finished`.
        resume: go on from the run's checkpoint.

    Raises:
        UserError: the data or the settings cannot be used, or the disk is full; the run's status then says "failed"
            and why.
        CheckpointError: the checkpoint cannot be used; nothing has happened.
    """
    run.set_status(State.RUNNING)
    try:
        finished = _train(run, emit, resume=resume)
        if finished is None:
            run.set_status(State.CANCELLED)
            return
        run.append(finished)
        run.sync_records()  # "finished" promises that they are there, and the model
        run.set_status(State.FINISHED)
    except CheckpointError:
        raise
    except UserError as error:
        run.set_status(State.FAILED, error)
        raise
    except OSError as error:
        problem = files.explained(error, run.folder)
        run.set_status(State.FAILED, problem)
        raise problem from error
    except KeyboardInterrupt:
        run.set_status(State.CANCELLED)
        raise
    except BaseException as error:
        run.set_status(State.FAILED, _said(error))
        raise
    run.checkpoint.unlink(missing_ok=True)  # now that all else is safe
    emit(finished)


def follow(config: RunConfig) -> None:
    """What every process but the main one does when a run has several: the same training, without output."""
    data, dev = open_split(config)
    model, data, dev = prompted(open_model(config, data), config.prompt, data, dev)
    for _record in train(model, data, dev, config.settings):
        pass


def open_model(config: RunConfig, data: Dataset) -> Trainable:
    """The model a run starts from, before its prompt; a new one takes its vocabulary from the data.

    Raises:
        ModelError: there is no such model.
        DataError: the data is too small for a vocabulary.
    """
    seed = config.settings.seed
    if config.model in SIZES:
        new = new_model(config.model, texts_of(data), device=config.device, seed=seed)
        return new.configured(pooling=config.pooling, layer=config.layer, head=config.head, dim=config.dim, seed=seed)
    return load(
        config.model,
        pooling=config.pooling,
        layer=config.layer,
        head=config.head,
        dim=config.dim,
        device=config.device,
        seed=seed,
    )


def _train(run: Run, emit: Emit, *, resume: bool) -> Finished | None:
    """The last record, or None when the run was cancelled."""
    config = run.config
    check_data(config)
    check_model(config)
    sides = open_sides(config)
    labelled = sides.learned_from  # classifiers need rows before they become pairs
    model, data, dev = prompted(open_model(config, sides.train), config.prompt, sides.train, sides.dev)
    encoder = CachedEncoder(model, config.settings.tune)
    classified = with_classifiers(Items(), encoder, labelled, dev) if resume else None
    ended: Ended | None = None
    for record in train(
        model,
        data,
        dev,
        config.settings,
        checkpoint=run.checkpoint,
        resume=resume,
        stop=lambda: run.cancel_asked,
        cached_encoder=encoder,
        before_checkpoint=run.sync_records,
    ):
        if isinstance(record, Ended):
            ended = record
            break
        if resume:
            run.go_on_before(record.step)
            resume = False
        run.append(record)
        emit(record)
        if classified is None and isinstance(record, Evaluation):  # before any step, and after the first point is shown
            classified = with_classifiers(Items(), encoder, labelled, dev)
    assert ended is not None
    if resume:  # killed after its last step
        run.go_on_before(ended.step + 1)
    if ended.reason == "cancelled":
        return None
    if not all(are_numbers(weights) for weights in model.parameters()):
        raise ModelError("The training diverged and left no model that can be used. Choose a smaller learning rate.")
    final = FinalEncoder(encoder)
    model.carried = _with_prompts(complete(ended.carried, final, labelled, dev), model, config.prompt)
    _save(model, run)
    before = after = None
    if ended.before is not None and ended.after is not None:
        before = ended.before.items.with_values((classified or Items()).values)
        after = with_classifiers(ended.after.items, final, labelled, dev)
        run.write_items(BeforeAndAfter(before=before, after=after))
    by_dim = _by_dim(config, encoder, dev)
    del model, encoder, final  # baselines load the model that it was made from: both at once would be twice the memory
    try:
        write_baselines(config, labelled, sides.dev)
    except UserError as error:  # a race can do without
        print(short_line(str(error)), file=sys.stderr)
    had = beside(config).get(AS_IT_COMES)
    return Finished(
        run=run.id,
        model=str(run.model),
        base_model=config.model,
        reason=ended.reason,
        steps=ended.step,
        kept_step=ended.kept_step,
        seconds=ended.seconds,
        dev_as_it_comes=None if had is None else {name: value_of(had, name) for name in had.metrics},
        dev_before=_with_accuracies(ended.dev_before, before),
        dev_after=_with_accuracies(ended.dev_after, after),
        dev_by_dim=by_dim,
        gain=None if ended.reason == DIVERGED else _gain(config, before, after),
    )


def _gain(config: RunConfig, before: Items | None, after: Items | None) -> Gain | None:
    """How much the metric that decides has gained over the best baseline, with its 95 % range."""
    if before is None or after is None:
        return None
    loss, seed = config.settings.loss, config.settings.seed
    outcome = verdict([Contestant(loss, seed, before, after, seconds=0.0, texts_per_second=None)], beside(config))
    if outcome is None:
        return None
    gain = outcome.gains[loss]
    return Gain(metric=outcome.metric, over=outcome.baseline, value=gain.value, low=gain.low, high=gain.high)


def _with_accuracies(metrics: Metrics | None, items: Items | None) -> Numbers | None:
    """Metrics as they are recorded, with those of classifiers, which only the beginning and the end have."""
    if metrics is None:
        return None
    classified = [] if items is None else [(name, items) for name in (LOGISTIC, CENTRE) if name in items.metrics]
    return {**asdict(metrics), **{name: value_of(of, name) for name, of in classified}}


def _by_dim(config: RunConfig, encoder: CachedEncoder, dev: Dataset | None) -> dict[int, Numbers] | None:
    """The dev metrics at each length that the loss has trained."""
    if config.settings.matryoshka is None or dev is None:
        return None
    measured = measure_cut(encoder, dev, parse_dims(config.settings.matryoshka))
    return {dim: asdict(metrics) for dim, metrics in measured.items()}


def _save(model: Trainable, run: Run) -> None:
    """The model's folder is there whole, or not at all."""
    whole = run.folder / "model.new"
    shutil.rmtree(whole, ignore_errors=True)
    model.save(whole, base=run.config.root)
    durable.sync_tree(whole)
    shutil.rmtree(run.model, ignore_errors=True)  # of an earlier attempt, killed right after it
    durable.move(whole, run.model)


def _with_prompts(carried: Carried, model: Trainable, prompt: str | None) -> Carried:
    """With what the training put before the two texts of a pair, where that was not the same."""
    pair = model.prompts.pair(prompt) if isinstance(model, SimCSE) and prompt else None
    if pair is None or carried.matches is None:
        return carried
    return replace(carried, matches=replace(carried.matches, prompts=pair))


def _said(error: BaseException) -> UserError | str:
    """An error in words. Libraries that write files say in their own ways that the disk is full."""
    if "No space left" in str(error) or "os error 28" in str(error):
        return RunError("There is no space left on the disk. Make room, then go on.")
    return f"{type(error).__name__}: {error}"
