"""The training loop: plain, in one process or several, and the same from every start to every stop."""

import contextlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import chain, count, islice, takewhile
from pathlib import Path
from statistics import fmean

import torch

from simcse_core.data.kinds import Dataset
from simcse_core.encoding.protocol import Trainable
from simcse_core.errors import CheckpointError, DataError, ModelError, RunError
from simcse_core.learning.cached_encoder import CachedEncoder
from simcse_core.learning.checkpoints import Best, Checkpoint, fingerprint, first_line
from simcse_core.learning.checks import trainable
from simcse_core.learning.ended import Ended
from simcse_core.learning.health import watch
from simcse_core.learning.measuring import Measured, geometry, main_metric, measure, sample_of
from simcse_core.learning.memory import memory_suffices
from simcse_core.learning.objectives import make_objective
from simcse_core.learning.optimiser import Optimiser
from simcse_core.learning.processes import Processes
from simcse_core.learning.records import DIVERGED, Evaluation, Geometry, Note, Numbers, Step
from simcse_core.learning.schedule import Budget, allowed_steps, ends_by_epochs, rate_factor, step_limits
from simcse_core.learning.settings import TrainingSettings, check_seconds
from simcse_core.learning.word_rows import rows_of
from simcse_core.limits import limits

PROBE_STEPS = 4
"""Steps that are measured, and forgotten, to plan how many fit in a time budget; the first one warms up."""
FEWEST_ROWS = 4
"""A rehearsal begins with so few; no batch size is smaller."""
PROBE_SHARE = 0.1
"""Of a time budget: when it is used up, no further step is rehearsed."""
MOST_MEASUREMENTS = 50
"""Unless `eval_steps` asks for more, measurements are spread out over a training of many short epochs."""


def train(
    model: Trainable,
    data: Dataset,
    dev: Dataset | None,
    settings: TrainingSettings,
    *,
    checkpoint: Path | None = None,
    resume: bool = False,
    stop: Callable[[], bool] = lambda: False,
    cached_encoder: CachedEncoder | None = None,
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
        dev: held-out data of any kind with scores or labels; else only the geometry of training texts is measured.
        settings: checked settings.
        checkpoint: file that the state is written to, and resumed from.
        resume: go on from the checkpoint; `model` has to be the one that the training started from.
        stop: asked before each step; True ends the training as cancelled.
        cached_encoder: of this model and `settings.tune`, where the caller has one already.
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
        loop = Loop(model, trainable(data, settings.loss), dev, settings, checkpoint, stop, cached_encoder)
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
        cached_encoder: CachedEncoder | None = None,
        *,
        rehearsal: bool = False,
    ) -> None:
        self.model, self.data, self.dev, self.settings = model, data, dev, settings
        self.checkpoint, self.stop = checkpoint, stop
        self.before_checkpoint: Callable[[], None] = lambda: None
        self.sample = sample_of(data)
        self.processes = Processes(model.device)
        self.cached_encoder = cached_encoder or CachedEncoder(model, settings.tune)
        model.tune(settings.tune)
        started = time.perf_counter()
        self.objective = make_objective(model, data, settings, self.processes)
        self.epoch_texts = [len(rows) * self.objective.texts_per_row for rows in self.objective.batches(settings.seed)]
        self.per_epoch = len(self.epoch_texts)
        self.limits = step_limits(settings, self.epoch_texts)
        self.steps, self.budget = allowed_steps(settings, self.limits)
        self.prepare([self.first_batches()[0][:FEWEST_ROWS]] if rehearsal else None)
        self.seconds = time.perf_counter() - started  # frozen layers are part of the budget
        self.fingerprint = "" if checkpoint is None else fingerprint(settings, data, dev, model)
        self.step = self.measurements = 0
        self.best = Best()
        self.before: Measured | None = None
        self.after: Measured | None = None
        self.last: Measured | None = None
        self.watch = watch(data, settings)

    def prepare(self, batches: Sequence[list[int]] | None = None) -> float:
        """As `prepare` of the objective: only the tokens of texts that are ready train their word embeddings."""
        share = self.objective.prepare(batches)
        parameters, rows = self.objective.objective_parameters(), rows_of(self.objective.model)
        self.optimiser = Optimiser(self.model, parameters, self.settings, rows)
        return share

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
                    yield (evaluation := self._measure(epoch))
                except ModelError:
                    yield Note.of("diverged", self.step)
                    reason = DIVERGED
                    break
                yield from self.watch.evaluation(evaluation)
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
        reason = reason or self.limits.get(self.step, "seconds")
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
        """The notes and measurements before the first step."""
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
                self.optimiser.rehearse()
                took.append(time.perf_counter() - started)
                if self.processes.agreed(sum(took) > most):
                    break
        return took

    def _batches(self) -> Iterator[tuple[int, list[int]]]:
        """Epoch and rows of each step, as long as there is one to do."""
        first = self.step // self.per_epoch + 1
        epochs = (
            ((epoch, batch) for batch in self.objective.batches(self._epoch_seed(epoch)))
            for epoch in (range(first, self.settings.epochs + 1) if ends_by_epochs(self.settings) else count(first))
        )
        skip = self.step % self.per_epoch
        return takewhile(lambda _: self.step < self.steps, islice(chain.from_iterable(epochs), skip, None))

    def _step(self, epoch: int, batch: list[int]) -> Step:
        started = time.perf_counter()
        factor = rate_factor(self.step, self.steps, self.settings.warmup)
        with torch.random.fork_rng(devices=_cuda(self.model.device)):
            self._seed(self.step + 1)
            result = self.objective.backward(batch)
        of_loss = [] if self.objective.sees_all else self.optimiser.of_loss.values()
        self.processes.sum_gradients([*self.optimiser.of_model.values(), *of_loss])
        norm = self.optimiser.step(factor)
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
            learning_rate=self.settings.learning_rate * factor,
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
        """Randomness in a step depends on the step alone: a break, a probe or a measurement changes nothing."""
        torch.manual_seed((self.settings.seed * 1_000_003 + step) * 1_009 + self.processes.index)

    def _is_time_to_measure(self) -> bool:
        return self.step % self.every(self.steps) == 0 or self.step == self.steps

    def every(self, steps: int) -> int:
        """After how many steps a training of `steps` is measured."""
        return self.settings.eval_steps or max(self.per_epoch, math.ceil(steps / MOST_MEASUREMENTS))

    def _measure(self, epoch: int) -> Evaluation:
        self.optimiser.update_model()
        if self.dev is None:
            return self._evaluation(epoch, {}, geometry(self.cached_encoder, self.sample), is_best=False)
        measured = self._measured()
        value = self.processes.agreed(main_metric(measured.metrics))
        is_best = value > self.best.metric
        if is_best:
            self.best = Best(
                value, self.measurements, self.step, self.optimiser.weights(), self.optimiser.copy_of_loss()
            )
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
        return measure(self.cached_encoder, self.dev)

    def _closing(self, reason: str) -> Iterator[Note]:
        """The measurements of the weights that are kept; not before a training that was cancelled has really ended.

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
        of_loss = self.optimiser.weights_of_loss()
        self.optimiser.update_model()
        if self.best.weights and (self.settings.keep == "best" or reason == DIVERGED):
            self.optimiser.load(self.best.weights)
            self.optimiser.update_model()
            kept_step = self.best.step
            of_loss = self.best.of_loss
        elif self.last is not None:
            self.after = self.last
        if self.dev is not None and self.after is None:  # that moment was before a break
            self.after = self._measured()
        self.model.requires_grad_(False)
        self.model.eval()
        carried = self.objective.carried(of_loss)
        return Ended(reason, self.step, kept_step, round(self.seconds, 3), self.before, self.after, carried)

    def _save(self) -> Iterator[Note]:
        """Write the checkpoint. Where that fails the training goes on without."""
        if self.checkpoint is None or not self.processes.is_main:
            return
        state = Checkpoint(
            self.fingerprint,
            self.step,
            self.steps,
            self.seconds,
            self.measurements,
            self.optimiser.weights(),
            self.optimiser.weights_of_loss(),
            self.optimiser.state(),
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
        state = Checkpoint.load(self.checkpoint, self.fingerprint)
        if self.dev is not None:
            self.before = self._measured()
        try:
            self.optimiser.restore(state.weights, state.own, state.optimizer)
            self.watch.memory = state.watch
        except (KeyError, TypeError, ValueError, RuntimeError) as error:  # whatever a damaged file leads them to
            raise CheckpointError(
                "The checkpoint {file} is damaged: {reason}", file=self.checkpoint, reason=first_line(error)
            ) from error
        self.step, self.steps, self.seconds = state.step, state.steps, state.seconds
        self.measurements, self.best, self.budget = state.measurements, state.best, state.budget


def _cuda(device: torch.device) -> list[torch.device]:
    """Devices, besides the CPU, whose random state has to be restored."""
    return [device] if device.type == "cuda" else []
