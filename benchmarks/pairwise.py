"""bce on pairs that are marked as match or mismatch, with in-batch negatives and without.

    python -m benchmarks.pairwise DATA [--seeds 3] [--rows 640] [--sentences 1280]

DATA is a folder with `match/mrpc-{train,dev}.csv` (paraphrases) and `qa/trecqa-{train,dev}.csv` (answers). Each
training gets a sample of the training rows, drawn by its seed, and learns from as many sentences as the others. It is
judged after its last step. Two starts: minilm's last layer, as one would take it, and its layer 3, which has more to
learn; of both the top three layers train. Beside bce the untouched model, and cosent, which only ranks the rows. All
of it takes about eleven minutes of one core.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.sts import learn, over_seeds
from simcse_core import SimCSE
from simcse_core.data.kinds import Dataset
from simcse_core.data.readers import read_data
from simcse_core.learning.measuring import evaluate
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.meaning.evaluation import AnswerMetrics, PairMetrics

TASKS = {"MRPC": "match/mrpc", "TREC QA": "qa/trecqa"}
MOST_EPOCHS = 1_000
"""The sentences end a training, not the epochs."""


@dataclass(frozen=True)
class Start:
    """Where a training starts, and how fast it goes from there."""

    name: str
    layer: int | None
    learning_rate: float


STARTS = (Start("last layer", None, 5e-5), Start("layer 3", 3, 2e-4))
LOSSES: dict[str, dict[str, object]] = {
    "as it comes": {},
    "bce, rows alone": {"loss": "bce", "loss_options": {"in_batch_negatives": "off"}},
    "bce, in-batch negatives": {"loss": "bce", "loss_options": {"in_batch_negatives": "on"}},
    "cosent": {"loss": "cosent"},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=640, help="of the training data, for each training")
    parser.add_argument("--sentences", type=int, default=1_280, help="that each training learns from")
    options = parser.parse_args()
    print(f"{options.rows} rows, {options.sentences} sentences of each training, {options.seeds} seeds; {machine()}\n")
    print(f"{'x 100, mean and 95 % interval over seeds':45} {'MRPC AP':>15} {'TREC QA MAP':>15} {'TREC QA MRR':>15}")
    data = {name: (read_data(options.data / f"{file}-train.csv"), read_data(options.data / f"{file}-dev.csv"))
            for name, file in TASKS.items()}  # fmt: skip
    for start in STARTS:
        for name, loss_settings in LOSSES.items():
            columns: list[list[float]] = []
            for train_data, dev in data.values():
                seeds = range(options.seeds if loss_settings else 1)
                runs = [
                    list(scores(start, loss_settings, train_data, dev, options.rows, options.sentences, s))
                    for s in seeds
                ]
                columns += [list(values) for values in zip(*runs, strict=True)]
            row = " ".join(f"{over_seeds([100 * value for value in values]):>15}" for values in columns)
            print(f"{start.name + ', ' + name:45} {row}", flush=True)


def scores(
    start: Start, loss_settings: dict[str, object], data: Dataset, dev: Dataset, rows: int, sentences: int, seed: int
) -> Iterator[float]:
    """What a model makes of the dev data after a training, or without one where nothing is given."""
    model = SimCSE.load("minilm", layer=start.layer)
    if loss_settings:
        sample = data.take(random.Random(seed).sample(range(len(data)), min(rows, len(data))))
        learn(model, sample, settings(start, loss_settings, sentences, seed))
    match evaluate(model, dev):
        case PairMetrics() as metrics:
            yield metrics.average_precision
        case AnswerMetrics() as metrics:
            yield from (metrics.map, metrics.mrr)


def settings(start: Start, loss_settings: dict[str, object], sentences: int, seed: int) -> TrainingSettings:
    return training_settings(
        {
            **loss_settings,
            "sentences": sentences,
            "epochs": MOST_EPOCHS,
            "learning_rate": start.learning_rate,
            "tune": "top:3",
            "keep": "last",
            "seed": seed,
        }
    )


if __name__ == "__main__":
    main()
