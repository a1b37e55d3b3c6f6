"""A BERT from nothing to sentences: hidden words, then SimCSE without labels, then scored pairs; what each stage adds.

    python -m benchmarks.chain DATA [--seconds 60 60 60] [--supervised cosent]

DATA is a folder with `unlabelled/wikitext2-sentences.txt`, `sts/stsb-en-train.csv` and `sts/stsb-en-dev.csv`. The model
is scratch-tiny with a vocabulary made from the wikitext sentences, which the first stage reads; the second reads these
and the sentences of STS-B's training pairs, the third the pairs themselves.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.sts import learn, read_scored, spearman
from simcse_core.data.conversions import convert
from simcse_core.data.kinds import Dataset, Texts
from simcse_core.data.readers import read_texts
from simcse_core.encoding.scratch import new_model
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.limits import limits

MODEL = "scratch-tiny"
MOST_EPOCHS = 1_000
"""The seconds end a stage, not the epochs."""


@dataclass(frozen=True)
class Stage:
    """One training of the chain."""

    name: str
    data: Dataset
    settings: TrainingSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, nargs=3, default=[60.0, 60.0, 60.0], help="of each stage")
    parser.add_argument("--lr", type=float, nargs=3, default=[1e-3, 2e-4, 2e-4], help="learning rate of each stage")
    parser.add_argument("--supervised", choices=("cosent", "cross_entropy"), default="cosent")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    wikitext = read_texts(options.data / "unlabelled" / "wikitext2-sentences.txt")
    dev = read_scored(options.data, "dev")
    model = new_model(MODEL, wikitext, seed=options.seed)
    print(f"{MODEL}: {model.layers} layers of {model.dim}, {len(model.tokenizer):,} word pieces; {machine()}\n")
    print(f"{'':16} {'rows':>6} {'learning rate':>13} {'batch':>6} {'steps':>7} {'seconds':>8} {'Spearman':>9}")
    print(f"{'random weights':16} {'':54} {spearman(model, dev):9.1f}", flush=True)
    for stage in stages(wikitext, options):
        ended = learn(model, stage.data, stage.settings)
        settings = stage.settings
        print(f"{stage.name:16} {len(stage.data):6} {settings.learning_rate:13g} {settings.batch_size:6}", end="")
        print(f" {ended.step:7} {ended.seconds:8.1f} {spearman(model, dev):9.1f}", flush=True)


def stages(wikitext: list[str], options: argparse.Namespace) -> list[Stage]:
    scored = read_scored(options.data, "train")
    sentences = convert(scored, "texts").data
    assert isinstance(sentences, Texts)
    data: tuple[Dataset, ...] = (
        Texts("wikitext", tuple(wikitext)),
        Texts("wikitext and STS-B", tuple(dict.fromkeys([*wikitext, *sentences.text]))),
        scored,
    )
    losses = ("mlm", "simcse", options.supervised)
    plans = zip(losses, data, options.seconds, options.lr, strict=True)
    return [Stage(loss, rows, settings(loss, seconds, rate, options.seed)) for loss, rows, seconds, rate in plans]


def settings(loss: str, seconds: float, rate: float, seed: int) -> TrainingSettings:
    return training_settings(
        {
            "loss": loss,
            "seconds": seconds,
            "epochs": MOST_EPOCHS,
            "steps": limits().max_training_steps,
            "batch_size": 64,
            "learning_rate": rate,
            "seed": seed,
        }
    )


if __name__ == "__main__":
    main()
