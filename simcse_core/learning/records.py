"""What a training tells while it runs: a record a step, one for each measurement, notes in words, and the end."""

from dataclasses import dataclass

from simcse_core.meaning.evaluation import Metrics
from simcse_core.meaning.items import Items


@dataclass(frozen=True)
class Step:
    """One step of the optimiser."""

    step: int
    steps: int
    """Steps planned; with a time budget the plan follows the pace."""
    epoch: int
    loss: float
    learning_rate: float
    gradient_norm: float
    """Before clipping."""
    observed: dict[str, float]
    """What the loss learns (scale, bias), share of active triplets, mean cosine of matches and of mismatches."""
    texts_per_second: float
    texts: int
    """That this step has learned from."""
    seconds: float
    """Since the start: frozen layers, probe and steps; measurements are left out."""
    event: str = "step"


@dataclass(frozen=True)
class Geometry:
    """How embeddings lie on the sphere, whatever the labels say. Undefined numbers are NaN."""

    alignment: float
    """Mean squared distance of what belongs together; lower is better. Undefined for texts alone."""
    uniformity: float
    mean_cosine: float
    """Of all pairs of distinct texts; near 1 they have collapsed."""
    effective_rank: float
    """How many directions are really used, 1 to D."""


@dataclass(frozen=True)
class Measured:
    """A model on a data set."""

    metrics: Metrics
    geometry: Geometry
    items: Items


@dataclass(frozen=True)
class NoMetrics:
    """Of a training without dev data, which has nothing to compare with; `{}` in JSON."""


@dataclass(frozen=True)
class Evaluation:
    """The model at one moment, on the dev data, or without any on some training texts; step 0 is before training."""

    step: int
    epoch: int
    metrics: Metrics | NoMetrics
    geometry: Geometry
    best: bool
    """The best so far: these weights are kept. Nothing is best without dev data."""
    seconds: float
    event: str = "evaluation"


@dataclass(frozen=True)
class Note:
    """Something the user should know, in words; `template` with `values` for a screen in another language."""

    step: int
    code: str
    template: str
    values: dict[str, float | str]
    event: str = "note"

    @property
    def message(self) -> str:
        return self.template.format(**self.values)


@dataclass(frozen=True)
class Ended:
    """The last record. The model now has the weights of the best evaluation, or the last ones: `settings.keep` says
    which, and without dev data there is no best.
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
    event: str = "ended"

    @property
    def dev_before(self) -> Metrics | None:
        return None if self.before is None else self.before.metrics

    @property
    def dev_after(self) -> Metrics | None:
        return None if self.after is None else self.after.metrics


Record = Step | Evaluation | Note | Ended
