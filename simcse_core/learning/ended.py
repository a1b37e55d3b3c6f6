"""What a training ends with, in memory; `records.Finished` is what a run's file and the command line show of it."""

from dataclasses import dataclass

from simcse_core.encoding.classifier import NOTHING, Carried
from simcse_core.learning.measuring import Measured
from simcse_core.meaning.evaluation import Metrics


@dataclass(frozen=True)
class Ended:
    """The end of a training. The model now has the weights of the best evaluation, or the last ones:
    `settings.keep` says which, and without dev data there is no best.
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
    carried: Carried = NOTHING
    """What the loss has learned for itself, of the same moment as the weights."""

    @property
    def dev_before(self) -> Metrics | None:
        return None if self.before is None else self.before.metrics

    @property
    def dev_after(self) -> Metrics | None:
        return None if self.after is None else self.after.metrics
