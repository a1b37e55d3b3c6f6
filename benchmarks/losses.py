"""Dev Spearman after the same seconds of training with each loss, from a model with room to learn.

    python -m benchmarks.losses DATA [--seconds 30] [--seeds 3]

DATA is a folder with `sts/stsb-en-train.csv` and `sts/stsb-en-dev.csv`. Where all start: layer 3 of minilm with mean
pooling, whose three layers train. The losses get STS-B's scored pairs, each as it takes them (cross_entropy and triplet
the pairs of a high score as matches, bce also those of a low one as mismatches, cosent the scores); simcse gets the
same sentences without scores. The seconds include the cache of the frozen word embeddings and a probe of the pace.
"""

import argparse
import statistics
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.sts import learn, over_seeds, read_scored, spearman
from simcse_core import SimCSE
from simcse_core.data.conversions import convert
from simcse_core.data.kinds import Dataset
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.limits import limits

SUPERVISED, UNSUPERVISED = ("bce", "cross_entropy", "triplet", "cosent"), "simcse"
MOST_EPOCHS = 1_000
"""The seconds end a training, not the epochs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, default=30, help="of each training")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--lr", type=float, default=2e-4, help="learning rate of the supervised losses")
    parser.add_argument("--lr-simcse", type=float, default=5e-5, help="learning rate of the unsupervised one")
    options = parser.parse_args()
    train_data, dev = read_scored(options.data, "train"), read_scored(options.data, "dev")
    tasks: dict[str, tuple[Dataset, float]] = dict.fromkeys(SUPERVISED, (train_data, options.lr))
    tasks[UNSUPERVISED] = (convert(train_data, "texts").data, options.lr_simcse)
    print(f"{options.seconds:g} s of each loss, {options.seeds} seeds; {machine()}")
    print(f"STS-B dev Spearman x 100 before training: {spearman(start(), dev):.1f}\n")
    print(f"{'':16} {'learning rate':>13} {'steps':>7}   Spearman, 95 % interval over seeds")
    for loss, (data, rate) in tasks.items():
        steps, values = [], []
        for seed in range(options.seeds):
            model = start()
            steps.append(learn(model, data, settings(loss, rate, options.seconds, seed)).step)
            values.append(spearman(model, dev))
        each = ", ".join(f"{value:.1f}" for value in values)
        print(f"{loss:16} {rate:13g} {statistics.mean(steps):7.0f}   {over_seeds(values)}   ({each})", flush=True)


def start() -> SimCSE:
    return SimCSE.load("minilm", layer=3, pooling="mean")


def settings(loss: str, rate: float, seconds: float, seed: int) -> TrainingSettings:
    return training_settings(
        {
            "loss": loss,
            "seconds": seconds,
            "epochs": MOST_EPOCHS,
            "steps": limits().max_training_steps,
            "batch_size": 64,
            "learning_rate": rate,
            "tune": "top:3",
            "seed": seed,
        }
    )


if __name__ == "__main__":
    main()
