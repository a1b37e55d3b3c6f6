"""How long a training will take on this machine, measured by rehearsing a little of it."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.encoding.protocol import Trainable
from simcse_core.learning.cached_encoder import CachedEncoder
from simcse_core.learning.checks import trainable
from simcse_core.learning.measuring import geometry, measure
from simcse_core.learning.memory import memory_suffices
from simcse_core.learning.settings import TrainingSettings
from simcse_core.learning.training import FEWEST_ROWS, PROBE_SHARE, PROBE_STEPS, Loop

REHEARSAL_SECONDS = 1.0
"""Of steps that are rehearsed, and as many of a measurement, after a few rows have shown the pace."""


@dataclass(frozen=True)
class Estimate:
    """How long a training takes, without loading the model and without the baselines."""

    steps: int
    """Planned; with a time budget those that fit."""
    seconds_per_step: float
    seconds_measuring: float
    """All measurements together, the one before the first step included."""
    seconds_preparing: float
    """Before the first step: the states of frozen layers, and the probe of a time budget."""

    @property
    def seconds(self) -> float:
        """In all, unless patience ends the training early."""
        return self.seconds_preparing + self.steps * self.seconds_per_step + self.seconds_measuring


def estimate(model: Trainable, data: Dataset, dev: Dataset | None, settings: TrainingSettings) -> Estimate:
    """Rehearse a few steps and a measurement, in about three seconds. Nothing in the model changes.

    Args:
        model: nobody else may use it meanwhile. The others, and the errors, as for `train`.
    """
    with memory_suffices(settings), _untouched(model):
        loop = Loop(model, trainable(data, settings.loss), dev, settings, rehearsal=True)
        preparing, per_step = _learning(loop)
        before, measuring = _measuring(loop)
    steps = loop.steps
    if loop.budget is not None:
        preparing += min(PROBE_STEPS * per_step, PROBE_SHARE * loop.budget.seconds + per_step)
        steps = loop.budget.plan(0, preparing, per_step)
    measurements = 1 + math.ceil(steps / loop.every(steps))
    return Estimate(steps, per_step, measurements * measuring, preparing + before)


@dataclass(frozen=True)
class _Timing:
    """Size and duration of some work that was measured."""

    size: float
    seconds: float

    def whole(self, size: float, few: "_Timing") -> float:
        """Seconds that the work takes at its real size: a straight line through this piece and one of a few rows.

        So what takes its time at any size is counted once. Without a larger piece all is in proportion.
        """
        if self.size <= few.size:
            return self.seconds * size / self.size
        slope = max(self.seconds - few.seconds, 0.0) / (self.size - few.size)
        return self.seconds + slope * (size - self.size)


def _learning(loop: Loop) -> tuple[float, float]:
    """Seconds to make all texts ready to be learned from, and seconds of a step."""
    batches = loop.first_batches(loop.per_epoch)
    few = [batches[0][:FEWEST_ROWS]]
    _rehearsed(loop, few, few)  # the first time everything takes longer
    few_ready, few_step = _rehearsed(loop, few, few)
    ready_per_row, step_per_row = few_ready.seconds / len(few[0]), few_step.seconds / len(few[0])
    to_read, to_learn = _affordable(batches, ready_per_row), _affordable(batches, ready_per_row + step_per_row)
    ready, step = _rehearsed(loop, to_read, to_learn[:PROBE_STEPS])
    return ready.whole(1.0, few_ready), step.whole(fmean(map(len, batches[:PROBE_STEPS])), few_step)


def _affordable(batches: list[list[int]], seconds_per_row: float) -> list[list[int]]:
    """The first batches that take about a second; the first one is cut short where it takes more."""
    rows = _rows(seconds_per_row)
    affordable = [batches[0][:rows]]
    for batch in batches[1:]:
        rows -= len(affordable[-1])
        if len(batch) > rows:
            break
        affordable.append(batch)
    return affordable


def _rows(seconds_per_row: float) -> int:
    """How many rows take about a second; an even number, so that pairs of a class stay together."""
    return max(int(REHEARSAL_SECONDS / max(seconds_per_row, 1e-9)) // 2 * 2, FEWEST_ROWS)


def _rehearsed(loop: Loop, to_read: list[list[int]], to_learn: list[list[int]]) -> tuple[_Timing, _Timing]:
    """Making the texts of some batches ready, by their share of all texts, and a step with some of them, by rows."""
    started = time.perf_counter()
    share = loop.prepare(to_read)
    ready = _Timing(share, time.perf_counter() - started)
    return ready, _Timing(fmean(map(len, to_learn)), fmean(loop.rehearsed(to_learn, REHEARSAL_SECONDS)))


def _measuring(loop: Loop) -> tuple[float, float]:
    """Seconds to make the dev texts ready, and seconds of a measurement."""
    data = loop.sample if loop.dev is None else loop.dev
    _measured(loop, data, FEWEST_ROWS)  # the first time everything takes longer
    few = _measured(loop, data, FEWEST_ROWS)
    rows = _rows(sum(timing.seconds / timing.size for timing in few))
    more = _measured(loop, data, rows)
    ready, measured = (timing.whole(len(data), small) for timing, small in zip(more, few, strict=True))
    return ready, measured


def _measured(loop: Loop, data: Dataset, rows: int) -> tuple[_Timing, _Timing]:
    """Making the texts of so many rows, chosen by a seed, ready to be measured, and measuring them."""
    if rows < len(data):
        data = data.take(np.random.default_rng(0).choice(len(data), rows, replace=False).tolist())
    started = time.perf_counter()
    cached = CachedEncoder(loop.model, loop.settings.tune)
    cached.read(texts_of(data))
    ready = time.perf_counter()
    if loop.dev is None:
        geometry(cached, data)
    else:
        measure(cached, data)
    return _Timing(len(data), ready - started), _Timing(len(data), time.perf_counter() - ready)


@contextmanager
def _untouched(model: Trainable) -> Iterator[None]:
    """Restore head, mode and trainable parameters of a model after the block."""
    head, mode = model.head, model.training
    trained = [(parameter, parameter.requires_grad) for parameter in model.parameters()]
    try:
        yield
    finally:
        model.head = head
        model.train(mode)
        for parameter, requires_grad in trained:
            parameter.requires_grad_(requires_grad)
