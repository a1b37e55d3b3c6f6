"""Fine-tuning on labelled texts: one plain loop that yields a record a step."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from simcse_core.data.kinds import Dataset, Labelled, Pairs, Scored
from simcse_core.encoding.catalogue import Encoder
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.texts import Vectors
from simcse_core.errors import DataError, ModelError, OptionError
from simcse_core.learning.batches import labelled_batches
from simcse_core.learning.checks import trainable
from simcse_core.learning.losses import learned_options, losses, targets_from_labels
from simcse_core.learning.settings import TrainingSettings
from simcse_core.limits import limits
from simcse_core.meaning.evaluation import (
    LabelledMetrics,
    Metrics,
    PairMetrics,
    ScoredMetrics,
    evaluate_labelled,
    evaluate_pairs,
    evaluate_scored,
)

Trainable = SimCSE | FrozenEncoder


@dataclass(frozen=True)
class Step:
    """One step of the optimiser."""

    step: int
    steps: int
    """Steps planned; with a time budget there may be fewer."""
    epoch: int
    loss: float
    learning_rate: float
    gradient_norm: float
    """Before clipping."""
    learned: dict[str, float]
    """Parameters of the loss itself, such as scale and bias."""
    texts_per_second: float
    seconds: float
    """Since the start, evaluations left out."""
    event: str = "step"


@dataclass(frozen=True)
class Evaluation:
    """The dev metrics at one moment; step 0 is before training."""

    step: int
    epoch: int
    metrics: Metrics
    best: bool
    """The best so far: these weights are kept."""
    seconds: float
    event: str = "evaluation"


@dataclass(frozen=True)
class Ended:
    """The last record. The model now has the weights of the best evaluation, or the last ones without dev data."""

    reason: str
    """epochs, seconds, patience, diverged."""
    step: int
    seconds: float
    dev_before: Metrics | None
    dev_after: Metrics | None
    event: str = "ended"


Record = Step | Evaluation | Ended


def evaluate(model: Encoder, data: Dataset, *, precision: str = "float32", scale_max: float | None = None) -> Metrics:
    """The metrics of a data set's kind.

    Args:
        model: any encoder.
        data: scored, pairs or labelled.
        precision: as for `encode`.
        scale_max: for scored data, the best possible score; the data's highest when None.

    Raises:
        DataError: the data has neither scores nor labels.
        ModelError: the model gives vectors that are no numbers, as it does after a training that diverged.
    """
    if isinstance(data, Labelled):
        return evaluate_labelled(_finite(model.encode(data.text, precision=precision), model), data.label)
    if not isinstance(data, Scored | Pairs):
        raise DataError("{file} has only texts: nothing to compare with. It needs a score or a label.", file=data.name)
    vectors = _finite(model.encode([*data.sentence1, *data.sentence2], precision=precision), model)
    first, second = vectors[: len(data)], vectors[len(data) :]
    if isinstance(data, Pairs):
        return evaluate_pairs(first, second, data.label)
    position = {text: at for at, text in enumerate([*data.sentence1, *data.sentence2])}
    unique = vectors[sorted(position.values())]
    return evaluate_scored(first, second, data.score, unique=unique, scale_max=scale_max)


def _finite(vectors: Vectors, model: Encoder) -> Vectors:
    if not np.isfinite(vectors).all():
        raise ModelError("{name} gives vectors that are not numbers: its weights are ruined.", name=model.name)
    return vectors


def main_metric(metrics: Metrics) -> float:
    """What decides which checkpoint is best; higher is better."""
    match metrics:
        case ScoredMetrics():
            return metrics.spearman
        case PairMetrics():
            return metrics.average_precision
        case LabelledMetrics():
            return metrics.mean_average_precision


def train(model: Trainable, data: Dataset, dev: Dataset | None, settings: TrainingSettings) -> Iterator[Record]:
    """Fine-tune a model in place.

    To cancel, stop iterating: the model then has the weights of the last step.

    Args:
        model: changed in place; nobody else may use it meanwhile.
        data: labelled texts with at least two classes.
        dev: held-out data of any kind with scores or labels; None trains without evaluation.
        settings: checked settings.

    Yields:
        An `Evaluation` before the first step and after each epoch (with dev data), a `Step` a step, one `Ended`.

    Raises:
        DataError: the loss cannot learn from this data, or there is too much or too little of it.
        OptionError: the model cannot train what `settings.tune` says.
    """
    return _Loop(model, trainable(data), dev, settings).run()


@dataclass
class _Best:
    """The best evaluation so far and its weights."""

    metric: float = -math.inf
    metrics: Metrics | None = None
    epoch: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)


class _Loop:
    def __init__(self, model: Trainable, data: Labelled, dev: Dataset | None, settings: TrainingSettings) -> None:
        torch.manual_seed(settings.seed)
        self.model, self.data, self.dev, self.settings = model, data, dev, settings
        entry = losses[settings.loss]
        self.loss = entry.function
        options = entry.with_options(settings.loss_options)
        names = learned_options(settings.loss)
        self.learned = {name: nn.Parameter(torch.tensor(float(options[name]), device=model.device)) for name in names}
        self.options = {**options, **self.learned}
        self.optimizer = self._optimizer()
        self.steps = settings.epochs * math.ceil(len(data) / settings.batch_size)
        if self.steps > limits().max_training_steps:
            raise OptionError(
                "{given:,} steps are planned: the limit is {most:,} (SIMCSE_MAX_TRAINING_STEPS). Choose fewer epochs.",
                given=self.steps,
                most=limits().max_training_steps,
            )
        self.step = 0
        self.seconds = 0.0
        self.best = _Best()

    def run(self) -> Iterator[Record]:
        first = last = None
        if self.dev is not None:
            yield (first := self._evaluate(epoch=0))
            last = first
        prepared = self.model.prepare(self.data.text)
        reason = "epochs"
        for epoch in range(1, self.settings.epochs + 1):
            for batch in labelled_batches(self.data.label, self.settings.batch_size, self.settings.seed + epoch):
                yield (record := self._step(epoch, batch, prepared))
                if not math.isfinite(record.loss) or not math.isfinite(record.gradient_norm):
                    reason = "diverged"
                elif self.settings.seconds is not None and self.seconds >= self.settings.seconds:
                    reason = "seconds"
                else:
                    continue
                break
            if self.dev is not None and reason != "diverged":
                try:
                    yield (last := self._evaluate(epoch))
                except ModelError:
                    reason = "diverged"
                if reason == "epochs" and epoch - self.best.epoch >= self.settings.patience:
                    reason = "patience"
            if reason != "epochs":
                break
        if self.best.weights:
            self.model.load_state_dict(self.best.weights, strict=False)
        self.model.requires_grad_(False)
        self.model.eval()
        after = self.best.metrics or (last.metrics if last is not None else None)  # no best where nothing is defined
        yield Ended(reason, self.step, round(self.seconds, 3), first.metrics if first is not None else None, after)

    def _step(self, epoch: int, batch: list[int], prepared: object) -> Step:
        started = time.perf_counter()
        rate = self._set_learning_rate()
        self.model.train()
        embeddings = self.model.embed([prepared[position] for position in batch])  # type: ignore[index]
        targets = targets_from_labels([self.data.label[position] for position in batch], embeddings.device)
        loss = self.loss(embeddings, targets=targets, **self.options)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self._parameters(), self.settings.clip)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.model.eval()
        self.step += 1
        took = time.perf_counter() - started
        self.seconds += took
        return Step(
            step=self.step,
            steps=self.steps,
            epoch=epoch,
            loss=float(loss.detach()),
            learning_rate=rate,
            gradient_norm=float(norm),
            learned={name: float(value.detach()) for name, value in self.learned.items()},
            texts_per_second=len(batch) / took,
            seconds=round(self.seconds, 4),
        )

    def _evaluate(self, epoch: int) -> Evaluation:
        assert self.dev is not None
        metrics = evaluate(self.model, self.dev)
        value = main_metric(metrics)
        better = value > self.best.metric
        if better:
            tuned = {name for name, parameter in self.model.named_parameters() if parameter.requires_grad}
            weights = {name: value.clone() for name, value in self.model.state_dict().items() if name in tuned}
            self.best = _Best(value, metrics, epoch, weights)
        return Evaluation(self.step, epoch, metrics, better, round(self.seconds, 4))

    def _set_learning_rate(self) -> float:
        """Linear warm-up, then linear decay to 0 over the budget that ends first."""
        progress = self.step / self.steps
        if self.settings.seconds is not None:
            progress = max(progress, self.seconds / self.settings.seconds)
        warmup = max(self.settings.warmup, 1 / self.steps)
        factor = min((progress + 1 / self.steps) / warmup, (1 - progress) / (1 - min(warmup, 0.999)), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = group["full_learning_rate"] * max(factor, 0.0)
        return self.settings.learning_rate * max(factor, 0.0)

    def _optimizer(self) -> torch.optim.AdamW:
        """Three groups: the encoder, the head, and the loss's own parameters, which are never decayed."""
        self.model.tune(self.settings.tune)
        head = list(self.model.head.parameters()) if self.model.head is not None else []
        own = {id(parameter) for parameter in head}
        encoder = [p for p in self.model.parameters() if p.requires_grad and id(p) not in own]
        fast, decay = self.settings.head_learning_rate, self.settings.weight_decay
        groups = [
            {"params": encoder, "full_learning_rate": self.settings.learning_rate, "weight_decay": decay},
            {"params": head, "full_learning_rate": fast, "weight_decay": decay},
            {"params": list(self.learned.values()), "full_learning_rate": fast, "weight_decay": 0.0},
        ]
        return torch.optim.AdamW(
            [group for group in groups if group["params"]], lr=self.settings.learning_rate, fused=True
        )

    def _parameters(self) -> list[Tensor]:
        return [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
