"""Sentences per second, beside sentence-transformers on the same model, the same sentences and the same machine.

    python -m benchmarks.encode DATA [--model minilm] [--rounds 5] [--sentences N]

DATA is a folder with `sts/stsb-en-train.csv` and the dev parts of STS-B. Rounds alternate between the candidates, so
that what else the machine does hits all of them; compared are medians, and the ratio is taken within each round. Behind
it stands what each precision leaves of Spearman: one is offered when that is at least 99.6 % of float32's, in every
language that the model reads.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.machine import machine
from simcse_core import SimCSE
from simcse_core.data.kinds import Scored
from simcse_core.data.readers import read_data
from simcse_core.encoding.catalogue import CATALOGUE, find
from simcse_core.encoding.device import pick_device, pick_dtype
from simcse_core.learning.measuring import evaluate, main_metric

Embeddings = NDArray[np.float32]
Encode = Callable[[list[str]], Embeddings]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, help="only so many (default: all)")
    options = parser.parse_args()
    texts = sentences(options.data / "sts" / "stsb-en-train.csv")[: options.sentences]
    speeds, embeddings = measure(encoders(options.model), texts, options.rounds)
    print(f"{len(texts):,} distinct sentences, {options.rounds} alternating rounds")
    print(f"{machine('sentence-transformers')}\n")
    report(speeds, embeddings)
    quality(SimCSE.load(options.model), options.data)


def sentences(path: Path) -> list[str]:
    """The distinct sentences of scored pairs."""
    data = read_data(path)
    assert isinstance(data, Scored)
    return list(dict.fromkeys([*data.sentence1, *data.sentence2]))


def encoders(name: str = "minilm") -> dict[str, Encode]:
    """The peer first: others are measured against it. On a GPU both also run in float16."""
    model = SimCSE.load(name)
    if model.device.type == "cuda":
        return {
            "sentence-transformers float16": peer(torch.float16, name),
            "simcse_core float16": ours(model, "float16"),
            "simcse_core auto": ours(model, "auto"),
        }
    return {
        "sentence-transformers float32": peer(torch.float32, name),
        "simcse_core float32": ours(model, "float32"),
        f"simcse_core auto ({str(pick_dtype('auto', model.device)).removeprefix('torch.')})": ours(model, "auto"),
        "simcse_core int8": ours(model, "int8"),
    }


def peer(dtype: torch.dtype, name: str = "minilm", batch_size: int = 32) -> Encode:
    """The peer's `encode` of a model, on the device that ours picks; its batches have 32 texts by default."""
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(find(name)), device=str(pick_device()), model_kwargs={"dtype": dtype})
    return lambda texts: np.asarray(
        theirs.encode(texts, batch_size=batch_size, show_progress_bar=False), dtype=np.float32
    )


def ours(model: SimCSE, precision: str) -> Encode:
    return lambda texts: model.encode(texts, precision=precision)


def measure(
    candidates: dict[str, Encode], texts: list[str], rounds: int
) -> tuple[dict[str, list[float]], dict[str, Embeddings]]:
    """Sentences per second of each round, and the vectors of the last."""
    embeddings = {name: encode(texts[:256]) for name, encode in candidates.items()}  # everybody warms up
    speeds: dict[str, list[float]] = {name: [] for name in candidates}
    for _round in range(rounds):
        for name, encode in candidates.items():
            started = time.perf_counter()
            embeddings[name] = encode(texts)
            speeds[name].append(len(texts) / (time.perf_counter() - started))
    return speeds, embeddings


def report(speeds: dict[str, list[float]], embeddings: dict[str, Embeddings]) -> None:
    """A line each; the first is the one that others are measured against."""
    first = next(iter(speeds))
    print(f"{'':32} {'sentences/s':>12} {'ratio':>7} {'lowest':>7} {'largest difference':>19} {'smallest cosine':>16}")
    for name, rates in speeds.items():
        ratios = [mine / theirs for mine, theirs in zip(rates, speeds[first], strict=True)]
        difference = np.abs(embeddings[name] - embeddings[first]).max()
        unit = embeddings[name] / np.linalg.norm(embeddings[name], axis=1, keepdims=True)
        closest = (
            (unit * embeddings[first] / np.linalg.norm(embeddings[first], axis=1, keepdims=True)).sum(axis=1).min()
        )
        print(
            f"{name:32} {statistics.median(rates):12.0f} {statistics.median(ratios):7.2f} {min(ratios):7.2f} "
            f"{difference:19.1e} {closest:16.6f}"
        )


def quality(model: SimCSE, data: Path) -> None:
    """Spearman on the dev parts of STS-B in each precision of this device, and its share of float32's."""
    languages = ("en", "zh") if CATALOGUE[model.name].multilingual else ("en",)
    precisions = ("float32", "bfloat16", "int8") if model.device.type == "cpu" else ("float32", "bfloat16", "float16")
    print()
    for language in languages:
        dev = read_data(data / "sts" / f"stsb-{language}-dev.csv")
        measured = {precision: main_metric(evaluate(model, dev, precision=precision)) for precision in precisions}
        for precision, value in measured.items():
            share = value / measured["float32"]
            print(f"STS-B {language} dev, {precision:10} Spearman {value:.4f}, {share:.2%} of float32's")


if __name__ == "__main__":
    main()
