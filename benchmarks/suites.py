"""The suites on the data folder: the default model beside what is known of it, BM25, and a run trained on STS-B.

    python -m benchmarks.suites DATA sts
    python -m benchmarks.suites DATA matching
    python -m benchmarks.suites DATA answers
    python -m benchmarks.suites DATA trained [--seeds 3] [--epochs 1] [--tune top:3] [--loss cosent] [--lr 2e-5]

DATA is a folder with the files that `simcse_core.uses.suites.tasks` names. `sts` compares with what
sentence-transformers 6.2 gives for the same weights on the same files. `trained` fine-tunes minilm on the train part of
STS-B from its last layer, without looking at any of the tests, and measures it on all of them: SICK is of other makers
than STS-B, so it shows what is gained or lost elsewhere; parts of STS12 to STS14 are in STS-B's train part.
"""

import argparse
import time
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.sts import learn, over_seeds, read_scored
from simcse_core import SimCSE
from simcse_core.data.kinds import Answers
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.protocol import Trainable
from simcse_core.learning.settings import TrainingSettings
from simcse_core.uses.answering.labelled import ranked_by_words
from simcse_core.uses.suites.sources import Found, find
from simcse_core.uses.suites.suite import measure_all
from simcse_core.uses.suites.table import as_text, percent

SENTENCE_TRANSFORMERS = {"STS12": 61.20, "STS13": 80.60, "STS14": 75.60, "STS-B dev": 86.72, "SICK dev": 79.80}
"""Spearman x 100 of minilm, all pairs of a task together."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("part", choices=("sts", "matching", "answers", "trained"))
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--tune", default="top:3")
    parser.add_argument("--loss", default="cosent")
    parser.add_argument("--lr", type=float, default=2e-5)
    options = parser.parse_args()
    print(f"{options.part}, {machine()}", flush=True)
    {"sts": sts, "matching": others, "answers": others, "trained": trained}[options.part](options)


def sts(options: argparse.Namespace) -> None:
    """The STS table of a model, beside sentence-transformers'."""
    result = measure_all([options.model], english(options.data), load)
    print(as_text(result))
    if options.model == "minilm":
        for column in result.columns:
            cell, peer = result.cell("minilm", column), SENTENCE_TRANSFORMERS.get(column.task)
            if cell is not None and peer is not None and column.part in ("", "all"):
                print(f"{column.task}: {100 * cell.value:.2f}, sentence-transformers {peer:.2f}")


def others(options: argparse.Namespace) -> None:
    """Matching, or answers with BM25 beside them."""
    found = find([options.part], str(options.data))
    print(as_text(measure_all([options.model], found, load)))
    for source in found.sources:
        if isinstance(source.data, Answers):
            ranked = ranked_by_words(source.data)
            print(f"BM25 on {source.task.name}, {ranked.metrics.questions} questions, {ranked.metrics.dropped} dropped")
            for metric, around in ranked.intervals.items():
                print(f"  {metric} {percent(around)}")


def trained(options: argparse.Namespace) -> None:
    """minilm beside what it becomes on the train part of STS-B."""
    data = read_scored(options.data, "train")
    models: dict[str, Trainable] = {"minilm": SimCSE.load("minilm")}
    for seed in range(options.seeds):
        settings = TrainingSettings(
            loss=options.loss,
            epochs=options.epochs,
            tune=options.tune,
            learning_rate=options.lr,
            batch_size=64,
            seed=seed,
        )
        started, model = time.monotonic(), SimCSE.load("minilm")
        learn(model, data, settings)
        models[f"seed {seed}"] = model
        print(f"seed {seed}: {len(data)} rows, {time.monotonic() - started:.0f} s", flush=True)
    result = measure_all(list(models), english(options.data), models.__getitem__)
    print(as_text(result))
    for column in result.columns:
        gains = [gain.value * 100 for name in models if (gain := result.gain(name, column)) is not None]
        print(f"{column.title}: gain over minilm {over_seeds(gains)}")


def english(data: Path) -> Found:
    """The English STS tasks of a folder."""
    found = find(["sts"], str(data))
    return Found(found.name, tuple(one for one in found.sources if one.task.language == "en"), found.missing)


if __name__ == "__main__":
    main()
