"""What the benchmarks of training share: STS-B, a training to its end, dev Spearman, and the mean over seeds."""

import statistics
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from scipy.stats import t as student_t

from simcse_core import SimCSE
from simcse_core.data.kinds import Dataset, Scored
from simcse_core.data.readers import read_data
from simcse_core.learning.ended import Ended
from simcse_core.learning.measuring import evaluate
from simcse_core.learning.settings import TrainingSettings
from simcse_core.learning.training import train
from simcse_core.meaning.evaluation import ScoredMetrics


def read_scored(data: Path, part: str) -> Scored:
    """The pairs of `part`, "train" or "dev"; the scores go from 0 to 5.

    Args:
        data: folder with `sts/stsb-en-train.csv` and `sts/stsb-en-dev.csv`.
        part: of them.
    """
    scored = read_data(data / "sts" / f"stsb-en-{part}.csv")
    assert isinstance(scored, Scored)
    return scored


def learn(model: SimCSE, data: Dataset, settings: TrainingSettings) -> Ended:
    """Train to the end, in place. Without dev data: the last weights count, not those that suit the dev data best."""
    (ended,) = deque(train(model, data, None, settings), maxlen=1)
    assert isinstance(ended, Ended)
    if ended.reason == "diverged":
        raise RuntimeError(f"{settings.loss} diverged in step {ended.step}: lower the learning rate.")
    return ended


def spearman(model: SimCSE, dev: Scored) -> float:
    """Spearman of cosines and scores, times 100, computed in float32."""
    metrics = evaluate(model, dev)
    assert isinstance(metrics, ScoredMetrics)
    return metrics.spearman * 100


def over_seeds(values: Sequence[float]) -> str:
    """The mean, and half the width of its 95 % interval (Student's t) when there are several values."""
    mean = f"{statistics.mean(values):5.1f}"
    if len(values) < 2:
        return mean
    half = student_t.ppf(0.975, len(values) - 1) * statistics.stdev(values) / len(values) ** 0.5
    return f"{mean} ± {half:.1f}"
