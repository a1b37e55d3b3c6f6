"""The training loop: plain, in one process or several, and the same from every start to every stop."""

import contextlib
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain, count, islice, takewhile
from pathlib import Path
from statistics import fmean

import torch
from torch import nn

from simcse_core.data.kinds import Dataset, kind_of, rows
from simcse_core.encoding.protocol import Trainable
from simcse_core.errors import CheckpointError, DataError, ModelError, OptionError, RunError
from simcse_core.learning.cached_encoder import CachedEncoder
from simcse_core.learning.checkpoints import Best, Checkpoint, Weights, first_line
from simcse_core.learning.checks import trainable
from simcse_core.learning.health import Watch
from simcse_core.learning.losses import losses
from simcse_core.learning.measuring import Measured, geometry, main_metric, measure, sample_of
from simcse_core.learning.memory import memory_suffices
from simcse_core.learning.objectives import make_objective
from simcse_core.learning.pretraining import pretraining
from simcse_core.learning.processes import Processes
from simcse_core.learning.records import DIVERGED, Evaluation, Geometry, Note, Numbers, Step
from simcse_core.learning.schedule import Budget, rate_factor, steps_for_sentences
from simcse_core.learning.settings import MOST_EPOCHS, TrainingSettings, check_seconds
from simcse_core.limits import limits
from simcse_core.meaning.evaluation import Metrics

PROBE_STEPS = 4
"""Steps that are measured, and forgotten, to plan how many fit in a time budget; the first one warms up."""
FEWEST_ROWS = 4
"""A rehearsal begins with so few; no batch size is smaller."""
PROBE_SHARE = 0.1
"""Of a time budget: when it is used up, no further step is rehearsed."""
MOST_MEASUREMENTS = 50
"""Unless `eval_steps` asks for more, measurements are spread out over a training of many short epochs."""


@dataclass(frozen=True)
class Ended:
    """What a training ends with. The model now has the weights of the best evaluation, or the last ones:
    `settings.keep` says which, and without dev data there is no best.

    It stays in memory; what a run's file and the command line show of it is `records.Finished`.
    """

    reason: str
    """epochs, steps, sentences, seconds, patience, limit (of `max_run_minutes`), cancelled or diverged."""
    step: int
    kept_step: int
    """After which step the model had the weights that it has now; 0 is the start."""
    seconds: float
    before: Measured | None
    """The dev data before the first step; None without dev data."""
    after: Measured | None
    """The dev data under the weights that were kept."""

    @property
    def dev_before(self) -> Metrics | None:
        return None if self.before is None else self.before.metrics

    @property
    def dev_after(self) -> Metrics | None:
        return None if self.after is None else self.after.metrics


def train(
    model: Trainable,
    data: Dataset,
    dev: Dataset | None,
    settings: TrainingSettings,
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
    known: CachedEncoder | None = None,
    before_checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[Step | Evaluation | Note | Ended]:
    """Train a model in place.

    The same settings, data and start give the same steps on one machine, also across a break and `resume`. Only how
    many of them a time budget allows depends on the machine's pace: with `settings.seconds` the training ends within
    half a step of the budget, or earlier when its epochs are over. The budget counts what `Step.seconds` counts; where
    frozen layers and the probe use it up, there is one step all the same. With `settings.sentences` it ends within half
    a step of so many texts, as `Step.texts` counts them. Of several budgets the one that is used up first counts.

    Args:
        model: changed in place; nobody else may use it meanwhile.
        data: of a kind that the loss can learn from.
        dev: held-out data of any kind with scores or labels; without it only how training texts lie is measured.
        settings: checked settings.
        checkpoint: file that the state is written to, and resumed from.
        resume: go on from the checkpoint; `model` has to be the one that the training started from.
        stop: asked before each step; True ends the training as cancelled.
        known: of this model and `settings.tune`, where the caller needs one too.
        before_checkpoint: called before each is written: the records so far have to be safe by then.

    Yields:
        An `Evaluation` before the first step and after each epoch or `eval_steps` (without dev data it tells only how
        training texts lie), a `Step` a step, a `Note` where something should be said, one `Ended`. Over several
        processes all yield the same.

    Raises:
        DataError: the loss cannot learn from this data, or there is too much or too little of it.
        OptionError: the model cannot train what `settings.tune` says, too many steps are planned, or the memory does
            not suffice for a batch.
        RunError: the checkpoint is missing, damaged, or of another training.
    """
    _check_dev(dev)
    with memory_suffices(settings):
        loop = Loop(model, trainable(data, settings.loss), dev, settings, checkpoint, stop, known)
        loop.before_checkpoint = before_checkpoint
    return loop.run(resume=resume)


def check(model: Trainable, data: Dataset, dev: Dataset | None, settings: TrainingSettings) -> None:
    """Raise what would keep `train` from its first step, before anybody waits for it.

    Args:
        model: it is made ready to be trained, and not put back. The others, and the errors, are those of `train`.
    """
    _check_dev(dev)
    check_seconds(settings.seconds)
    Loop(model, trainable(data, settings.loss), dev, settings, rehearsal=True)


def _check_dev(dev: Dataset | None) -> None:
    if dev is not None and not dev.metrics:
        raise DataError("{file} has only texts: nothing to compare with. It needs a score or a label.", file=dev.name)


class Loop:
    """One training.

    Args:
        rehearsal: nothing will be trained; only the texts of a batch or two are made ready.

    The others are as for `train`.
    """

    def __init__(
        self,
        model: Trainable,
        data: Dataset,
        dev: Dataset | None,
        settings: TrainingSettings,
        checkpoint: Path | None = None,
        stop: Callable[[], bool] = lambda: False,
        known: CachedEncoder | None = None,
        *,
        rehearsal: bool = False,
    ) -> None:
        self.model, self.data, self.dev, self.settings = model, data, dev, settings
        self.checkpoint, self.stop = checkpoint, stop
        self.before_checkpoint: Callable[[], None] = lambda: None
        self.sample = sample_of(data)
        self.processes = Processes(model.device)
        self.known = known or CachedEncoder(model, settings.tune)
        model.tune(settings.tune)
        started = time.perf_counter()
        self.objective = make_objective(model, data, settings, self.processes)
        self.epoch_texts = [len(rows) * self.objective.texts_per_row for rows in self.objective.batches(settings.seed)]
        self.per_epoch = len(self.epoch_texts)
        self.steps, self.budget = self._allowed()
        self.objective.prepare([self.first_batches()[0][:FEWEST_ROWS]] if rehearsal else None)
        self.seconds = time.perf_counter() - started  # frozen layers are part of the budget
        self.tuned = {name: p for name, p in model.named_parameters() if p.requires_grad}
        self.start = "" if checkpoint is None else _hash_of(model)
        self.optimizer = self._optimizer()
        self.step = self.measurements = 0
        self.best = Best()
        self.before: Measured | None = None
        self.after: Measured | None = None
        self.last: Measured | None = None
        self.watch = _watch(data, settings)

    def _allowed(self) -> tuple[int, Budget | None]:
        """How many steps the settings allow, and the time budget."""
        steps = min(self._step_limits())
        most = limits().max_training_steps
        if self.settings.seconds is not None:
            return steps, Budget(self.settings.seconds, min(steps, most))
        if steps > most:
            raise OptionError(
                "{given:,} steps are planned: the limit is {most:,} (SIMCSE_MAX_TRAINING_STEPS). Choose fewer epochs.",
                given=steps,
                most=most,
            )
        return steps, None

    def _step_limits(self) -> dict[int, str]:
        """How many steps each setting allows, and the setting's name; of equal ones the first counts."""
        given = [("steps", self.settings.steps)]
        if self._ends_by_epochs():
            given.insert(0, ("epochs", self.settings.epochs * self.per_epoch))
        if self.settings.sentences is not None:
            given.append(("sentences", steps_for_sentences(self.settings.sentences, self.epoch_texts)))
        return {steps: name for name, steps in reversed(given) if steps is not None}

    def _ends_by_epochs(self) -> bool:
        """The most epochs that can be set are no limit beside a number of sentences: few rows may be seen often."""
        return self.settings.sentences is None or self.settings.epochs < MOST_EPOCHS

    def run(self, *, resume: bool) -> Iterator[Step | Evaluation | Note | Ended]:
        """What `train` yields."""
        with memory_suffices(self.settings):
            yield from self._run(resume=resume)

    def _run(self, *, resume: bool) -> Iterator[Step | Evaluation | Note | Ended]:
        if resume:
            self._restore()
        else:
            yield from self._opening()
        reason: str | None = None
        saved = time.perf_counter()
        begun = saved - self.seconds  # a break does not count
        for epoch, batch in self._batches():
            if self.processes.agreed(self.stop()):
                reason = "cancelled"
                yield from self._save()
                break
            yield (step := self._step(epoch, batch))
            yield from self.watch.step(step)
            if not (math.isfinite(step.loss) and math.isfinite(step.gradient_norm)):
                reason = DIVERGED
                break
            if self._is_time_to_measure():
                try:
                    yield (found := self._measure(epoch))
                except ModelError:
                    yield Note.of("diverged", self.step)
                    reason = DIVERGED
                    break
                yield from self.watch.evaluation(found)
                if self.dev is not None and self.measurements - 1 - self.best.at >= self.settings.patience:
                    reason = "patience"
                    break
            now = time.perf_counter()
            if self._is_overdue(now - begun):
                yield from self._cut_short(epoch)
                reason = "limit"
                break
            if now - saved > limits().checkpoint_seconds:
                yield from self._save()
                saved = time.perf_counter()
        reason = reason or self._step_limits().get(self.step, "seconds")
        yield from self._closing(reason)
        yield self._end(reason)

    def _is_overdue(self, seconds: float) -> bool:
        """Whether a training that has more to do has taken as long as any may."""
        return self.step < self.steps and self.processes.agreed(seconds > 60 * limits().max_run_minutes)

    def _cut_short(self, epoch: int) -> Iterator[Evaluation | Note]:
        """The last measurement of a training that has to end before its time."""
        yield Note.of("time_limit", self.step, minutes=limits().max_run_minutes, steps=self.steps)
        if not self._is_time_to_measure():
            with contextlib.suppress(ModelError):
                yield self._measure(epoch)

    def _opening(self) -> Iterator[Evaluation | Note]:
        """What is said and measured before the first step."""
        if self.settings.batch_size > self.objective.rows:
            yield Note.of("batch_is_all", batch=self.settings.batch_size, rows=self.objective.rows)
        if self.objective.description:
            yield Note.of("converted", how=self.objective.description)
        yield self._measure(0)
        if self.budget is not None:
            self._plan(self.budget)

    def _plan(self, budget: Budget) -> None:
        """As many steps as fit in the budget, by the pace of a few that are forgotten."""
        took = self.rehearsed(self.first_batches(), PROBE_SHARE * budget.seconds)
        self.seconds = self.processes.agreed(self.seconds + sum(took))
        self.steps = budget.plan(0, self.seconds, self.processes.agreed(fmean(took[1:] or took)))

    def first_batches(self, count: int = PROBE_STEPS) -> list[list[int]]:
        """The batches of the first steps."""
        epochs = (self.objective.batches(self._epoch_seed(epoch)) for epoch in range(1, count + 1))
        return list(islice(chain.from_iterable(epochs), count))

    def rehearsed(self, batches: Iterable[list[int]], most: float) -> list[float]:
        """Seconds that each of these steps takes, one at least, until `most` seconds have gone by; nothing changes."""
        took: list[float] = []
        with torch.random.fork_rng(devices=_cuda(self.model.device)):
            for batch in batches:
                started = time.perf_counter()
                self._seed(0)
                self.objective.backward(batch)
                self._rehearse()
                took.append(time.perf_counter() - started)
                if self.processes.agreed(sum(took) > most):
                    break
        return took

    def _rehearse(self) -> None:
        """A step of the optimiser that takes its time and changes nothing."""
        own = list(self.objective.own_parameters().values())
        norm = float(nn.utils.clip_grad_norm_([*self.tuned.values(), *own], self.settings.clip))
        for group in self.optimizer.param_groups:
            group["lr"] = 0.0
        if math.isfinite(norm):  # 0 times NaN is NaN
            self.optimizer.step()
        self.optimizer.state.clear()
        self.optimizer.zero_grad()

    def _batches(self) -> Iterator[tuple[int, list[int]]]:
        """Epoch and rows of each step, as long as there is one to do."""
        first = self.step // self.per_epoch + 1
        epochs = (
            ((epoch, batch) for batch in self.objective.batches(self._epoch_seed(epoch)))
            for epoch in (range(first, self.settings.epochs + 1) if self._ends_by_epochs() else count(first))
        )
        skip = self.step % self.per_epoch
        return takewhile(lambda _: self.step < self.steps, islice(chain.from_iterable(epochs), skip, None))

    def _step(self, epoch: int, batch: list[int]) -> Step:
        started = time.perf_counter()
        rate = self._set_learning_rate()
        with torch.random.fork_rng(devices=_cuda(self.model.device)):
            self._seed(self.step + 1)
            result = self.objective.backward(batch)
        own = list(self.objective.own_parameters().values())
        shared = list(self.tuned.values()) + ([] if self.objective.sees_all else own)
        self.processes.sum_gradients(shared)
        norm = float(nn.utils.clip_grad_norm_([*self.tuned.values(), *own], self.settings.clip))
        if math.isfinite(norm):
            self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        took = time.perf_counter() - started
        self.seconds += took
        if self.budget is not None:
            self.seconds = self.processes.agreed(self.seconds)
            self.steps = self.budget.after(self.step, self.seconds, self.steps)
        return Step(
            step=self.step,
            steps=self.steps,
            epoch=epoch,
            loss=result.loss,
            learning_rate=rate,
            gradient_norm=norm,
            observed=result.observed,
            texts_per_second=result.texts / took,
            texts=result.texts,
            seconds=round(self.seconds, 4),
        )

    def _epoch_seed(self, epoch: int) -> int:
        """Of the order of an epoch; no two seeds share an order."""
        return self.settings.seed * 1_000_003 + epoch

    def _seed(self, step: int) -> None:
        """Chance in a step depends on the step alone: a break, a probe or a measurement changes nothing."""
        torch.manual_seed((self.settings.seed * 1_000_003 + step) * 1_009 + self.processes.index)

    def _is_time_to_measure(self) -> bool:
        return self.step % self.every(self.steps) == 0 or self.step == self.steps

    def every(self, steps: int) -> int:
        """After how many steps a training of `steps` is measured."""
        return self.settings.eval_steps or max(self.per_epoch, math.ceil(steps / MOST_MEASUREMENTS))

    def _measure(self, epoch: int) -> Evaluation:
        if self.dev is None:
            return self._evaluation(epoch, {}, geometry(self.known, self.sample), is_best=False)
        measured = self._measured()
        value = self.processes.agreed(main_metric(measured.metrics))
        is_best = value > self.best.metric
        if is_best:
            self.best = Best(value, self.measurements, self.step, self._weights())
        self.before = self.before or measured
        self.last = measured
        if is_best or not self.best.weights:  # nothing is best where the metric is undefined
            self.after = measured
        self.measurements += 1
        return self._evaluation(epoch, asdict(measured.metrics), measured.geometry, is_best=is_best)

    def _evaluation(self, epoch: int, metrics: Numbers, geometry: Geometry, *, is_best: bool) -> Evaluation:
        return Evaluation(
            step=self.step,
            epoch=epoch,
            metrics=metrics,
            geometry=geometry,
            best=is_best,
            seconds=round(self.seconds, 4),
        )

    def _measured(self) -> Measured:
        """The dev data under the weights of this moment."""
        assert self.dev is not None
        return measure(self.known, self.dev)

    def _closing(self, reason: str) -> Iterator[Note]:
        """What should be known of the kept weights; not before a training that was cancelled has really ended.

        It is numbered behind the last step: a run that goes on from that step keeps the step's records, says this again
        and not twice.
        """
        if self.settings.keep != "best" or not self.best.weights or reason == "cancelled":
            return
        if self.best.step == 0:
            yield Note.of("start_was_best", self.step + 1)
        else:
            yield Note.of("best_of_many", self.step + 1, n=self.measurements)

    def _end(self, reason: str) -> Ended:
        kept_step = self.step
        if self.best.weights and (self.settings.keep == "best" or reason == DIVERGED):
            self._load(self.best.weights)
            kept_step = self.best.step
        elif self.last is not None:
            self.after = self.last
        if self.dev is not None and self.after is None:  # that moment was before a break
            self.after = self._measured()
        self.model.requires_grad_(False)
        self.model.eval()
        return Ended(reason, self.step, kept_step, round(self.seconds, 3), self.before, self.after)

    def _set_learning_rate(self) -> float:
        factor = rate_factor(self.step, self.steps, self.settings.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = group["full_learning_rate"] * factor
        return self.settings.learning_rate * factor

    def _optimizer(self) -> torch.optim.AdamW:
        """Encoder, head, and what belongs to the objective; only matrices of the first two are decayed."""
        head = [] if self.model.head is None else list(self.model.head.parameters())
        of_head = {id(parameter) for parameter in head}
        encoder = [parameter for parameter in self.tuned.values() if id(parameter) not in of_head]
        slow, fast, decay = self.settings.learning_rate, self.settings.head_learning_rate, self.settings.weight_decay
        groups = [
            ([p for p in encoder if p.ndim > 1], slow, decay),
            ([p for p in encoder if p.ndim < 2], slow, 0.0),
            ([p for p in head if p.ndim > 1], fast, decay),
            ([p for p in head if p.ndim < 2], fast, 0.0),
            (list(self.objective.own_parameters().values()), fast, 0.0),
        ]
        given = [
            {"params": parameters, "full_learning_rate": rate, "weight_decay": share}
            for parameters, rate, share in groups
            if parameters
        ]
        return torch.optim.AdamW(given, lr=slow, fused=True)

    def _weights(self) -> Weights:
        return {name: value.detach().clone() for name, value in self.tuned.items()}

    def _load(self, weights: Weights) -> None:
        with torch.no_grad():
            for name, value in weights.items():
                self.tuned[name].copy_(value)

    def _fingerprint(self) -> str:
        content: list[object] = [self.settings.model_dump(), self.data.columns, *rows(self.data)]
        content += [] if self.dev is None else [self.dev.columns, *rows(self.dev)]
        content.append(self.start)
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    def _save(self) -> Iterator[Note]:
        """Write the checkpoint. Where that fails the training goes on without."""
        if self.checkpoint is None or not self.processes.is_main:
            return
        own = {name: value.detach() for name, value in self.objective.own_parameters().items()}
        state = Checkpoint(
            self._fingerprint(),
            self.step,
            self.steps,
            self.seconds,
            self.measurements,
            self._weights(),
            own,
            self.optimizer.state_dict(),
            self.best,
            self.budget,
            self.watch.memory,
        )
        try:
            self.before_checkpoint()
            state.save(self.checkpoint)
        except RunError as error:
            yield Note.of("no_checkpoint", self.step, reason=str(error.values.get("reason", error)))

    def _restore(self) -> None:
        """Go on from the checkpoint.

        Raises:
            CheckpointError: it does not fit; the model may then have changed.
        """
        assert self.checkpoint is not None
        found = Checkpoint.load(self.checkpoint, self._fingerprint())
        if self.dev is not None:
            self.before = self._measured()
        try:
            self._load(found.weights)
            with torch.no_grad():
                for name, value in self.objective.own_parameters().items():
                    value.copy_(found.own[name])
            self.optimizer.load_state_dict(found.optimizer)
            self.watch.memory = found.watch
        except (KeyError, TypeError, ValueError, RuntimeError) as error:  # whatever a damaged file leads them to
            raise CheckpointError(
                "The checkpoint {file} is damaged: {reason}", file=self.checkpoint, reason=first_line(error)
            ) from error
        self.step, self.steps, self.seconds = found.step, found.steps, found.seconds
        self.measurements, self.best, self.budget = found.measurements, found.best, found.budget


def _hash_of(model: Trainable) -> str:
    """Of the start's weights, byte for byte: a sum would depend on the number of threads that add."""
    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        digest.update(f"{name} {parameter.dtype} {list(parameter.shape)}".encode())
        digest.update(parameter.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _watch(data: Dataset, settings: TrainingSettings) -> Watch:
    if settings.loss in pretraining.names():
        return Watch(words=True)
    loss = losses[settings.loss]
    margin = loss.with_options(settings.loss_options).get("margin") if loss.name == "triplet" else None
    return Watch(margin=margin, views=loss.inputs[kind_of(data)] == "views")


def _cuda(device: torch.device) -> list[torch.device]:
    """Devices whose chance has to be put back besides the CPU's."""
    return [device] if device.type == "cuda" else []
