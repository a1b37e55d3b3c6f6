"""Mined hard negatives: what they add to training with in-batch negatives, on answers and on paraphrases.

    python -m benchmarks.hard_negatives DATA [--seeds 3] [--rows 640] [--sentences 1280] [--layer 3]

DATA is a folder with `qa/trecqa-{train,dev}.csv` (answers) and `match/mrpc-{train,dev}.csv` (paraphrases). What
matches in a sample of the training rows is learned with cross_entropy: once as pairs, whose negatives are the rest of
the batch; once as the triplets that `mine` makes of the same rows, whose negatives are candidates by embeddings or by
words besides. All learn from equally many sentences, so a triplet, which has three of them, is seen less often; all are
judged after their last step. Ranges cover dev items and seeds.
"""

import argparse
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.sts import learn
from simcse_core import SimCSE
from simcse_core.data.kinds import Answers, Dataset, Pairs, Triplets
from simcse_core.data.readers import read_data
from simcse_core.learning.measuring import measure
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.meaning.intervals import Interval, seeds_difference, seeds_interval
from simcse_core.meaning.items import Items
from simcse_core.uses.search.encoders import Sides
from simcse_core.uses.search.hard_negatives import Mined, NegativeOptions, mine

MOST_EPOCHS = 1_000
"""The sentences end a training, not the epochs."""


@dataclass(frozen=True)
class Task:
    """What is learned, and what it is measured by."""

    name: str
    file: str
    metrics: tuple[str, ...]


TASKS = (Task("TREC QA", "qa/trecqa", ("map", "mrr")), Task("MRPC", "match/mrpc", ("average_precision",)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=640, help="of what matches, at most")
    parser.add_argument("--sentences", type=int, default=1_280, help="that each training learns from")
    parser.add_argument("--layer", type=int, help="the layer to start from (default: the model as it comes)")
    parser.add_argument("--learning-rate", type=float, default=5e-5)
    parser.add_argument("--margin", type=float, default=NegativeOptions().margin)
    options = parser.parse_args()
    print(f"{options.sentences} sentences of each training, {options.seeds} seeds; {machine()}\n")
    for task in TASKS:
        measure_task(task, options)


def measure_task(task: Task, options: argparse.Namespace) -> None:
    train_data, dev = (read_data(options.data / f"{task.file}-{part}.csv") for part in ("train", "dev"))
    model = SimCSE.load("minilm", layer=options.layer)
    before = measure(model, dev).items
    after: dict[str, list[Items]] = {"in-batch": [], "dense": [], "bm25": []}
    for seed in range(options.seeds):
        sample = matching_sample(train_data, options.rows, seed)
        mined = {
            name: mine(sample, Sides.of(model), NegativeOptions(method=name, margin=options.margin))
            for name in ("dense", "bm25")
        }
        if seed == 0:
            say(task, sample, mined)
        data = {"in-batch": pairs_of(sample), **{name: triplets_of(found) for name, found in mined.items()}}
        for name, rows in data.items():
            trained = SimCSE.load("minilm", layer=options.layer)
            learn(trained, rows, settings(options, seed))
            after[name].append(measure(trained, dev).items)
    for metric in task.metrics:
        report(metric, before, after)
    print(flush=True)


def matching_sample(data: Dataset, rows: int, seed: int) -> Dataset:
    """A seeded sample of the rows that match, with what is known to be no match of the same questions or sentences."""
    assert isinstance(data, Answers | Pairs)
    matches = [row for row, label in enumerate(data.label) if label == 1]
    chosen = set(random.Random(seed).sample(matches, min(rows, len(matches))))
    firsts = data.question if isinstance(data, Answers) else data.sentence1
    asked = {firsts[row] for row in chosen}
    return data.take(
        [row for row, first in enumerate(firsts) if row in chosen or (first in asked and not data.label[row])]
    )


def pairs_of(data: Dataset) -> Pairs:
    assert isinstance(data, Answers | Pairs)
    first, second = (data.question, data.answer) if isinstance(data, Answers) else (data.sentence1, data.sentence2)
    rows = [row for row, label in enumerate(data.label) if label == 1]
    return Pairs(data.name, tuple(first[row] for row in rows), tuple(second[row] for row in rows), (1,) * len(rows))


def triplets_of(mined: Mined) -> Triplets:
    columns = [[getattr(row, name) for row in mined.triplets] for name in ("anchor", "positive", "negative")]
    return Triplets.of("mined", columns)


def settings(options: argparse.Namespace, seed: int) -> TrainingSettings:
    return training_settings(
        {
            "loss": "cross_entropy",
            "sentences": options.sentences,
            "epochs": MOST_EPOCHS,
            "learning_rate": options.learning_rate,
            "tune": "top:3",
            "keep": "last",
            "seed": seed,
        }
    )


def say(task: Task, sample: Dataset, mined: Mapping[str, Mined]) -> None:
    print(f"== {task.name}, with the first seed: {len(sample)} rows, {len(pairs_of(sample))} of them match")
    for name, found in mined.items():
        left_out = found.left_out
        print(
            f"mined, {name}: {len(found.triplets)} triplets; left out {left_out.total} "
            f"(no candidate {left_out.no_candidate}, too close {left_out.too_close})"
        )


def report(metric: str, before: Items, after: Mapping[str, list[Items]]) -> None:
    print(f"{metric}, x 100{'':24} {'dev':>24} {'over before':>24} {'over in-batch':>24}")
    print(f"{'before':36} {words(seeds_interval([before], metric)):>24}")
    for name, items in after.items():
        over_before = seeds_difference(items, [before] * len(items), metric)
        line = f"{'after, ' + name:36} {words(seeds_interval(items, metric)):>24} {words(over_before):>24}"
        if name != "in-batch":
            over = seeds_difference(items, after["in-batch"], metric)
            noise = "  inside the noise" if over.low <= 0 <= over.high else ""
            line += f" {words(over):>24}{noise}"
        print(line)


def words(interval: Interval) -> str:
    return f"{100 * interval.value:.1f} ({100 * interval.low:.1f} to {100 * interval.high:.1f})"


if __name__ == "__main__":
    main()
