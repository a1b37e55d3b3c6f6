"""Sentences per second, beside sentence-transformers on the same model, the same sentences and the same machine.

    python -m benchmarks.encode DATA [--rounds 5] [--sentences N]

DATA is a folder with `sts/stsb-en-train.csv`. Rounds alternate between the candidates, so that what else the machine
does hits all of them; compared are medians, and the ratio is taken within each round.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from simcse_core import SimCSE
from simcse_core.data.kinds import Scored
from simcse_core.data.readers import read_data
from simcse_core.encoding.catalogue import find
from simcse_core.encoding.device import pick_dtype

Vectors = NDArray[np.float32]
Encode = Callable[[list[str]], Vectors]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sentences", type=int, help="only so many (default: all)")
    options = parser.parse_args()
    texts = sentences(options.data / "sts" / "stsb-en-train.csv")[: options.sentences]
    candidates = encoders()
    vectors = {name: encode(texts[:256]) for name, encode in candidates.items()}  # everybody warms up
    speeds: dict[str, list[float]] = {name: [] for name in candidates}
    for _round in range(options.rounds):
        for name, encode in candidates.items():
            started = time.perf_counter()
            vectors[name] = encode(texts)
            speeds[name].append(len(texts) / (time.perf_counter() - started))
    report(texts, speeds, vectors)


def sentences(path: Path) -> list[str]:
    """The distinct sentences of scored pairs."""
    data = read_data(path)
    assert isinstance(data, Scored)
    return list(dict.fromkeys([*data.sentence1, *data.sentence2]))


def encoders() -> dict[str, Encode]:
    """The peer first: others are measured against it. On a GPU both also run in float16."""
    from sentence_transformers import SentenceTransformer

    model = SimCSE.load("minilm")
    device = str(model.device)

    def peer(dtype: torch.dtype) -> Encode:
        theirs = SentenceTransformer(str(find("minilm")), device=device, model_kwargs={"dtype": dtype})
        return lambda texts: np.asarray(theirs.encode(texts, batch_size=32, show_progress_bar=False), dtype=np.float32)

    def ours(precision: str) -> Encode:
        return lambda texts: model.encode(texts, precision=precision)

    if device.startswith("cuda"):
        peers = {"sentence-transformers float16": peer(torch.float16)}
        return {**peers, "simcse_core float16": ours("float16"), "simcse_core auto": ours("auto")}
    return {
        "sentence-transformers float32": peer(torch.float32),
        "simcse_core float32": ours("float32"),
        f"simcse_core auto ({str(pick_dtype('auto', model.device)).removeprefix('torch.')})": ours("auto"),
    }


def report(texts: list[str], speeds: dict[str, list[float]], vectors: dict[str, Vectors]) -> None:
    peer = next(iter(speeds))
    print(f"{len(texts):,} distinct sentences, {len(speeds[peer])} alternating rounds")
    print(f"{platform.system()} {platform.machine()}, {torch.get_num_threads()} threads", end="")
    print(f", GPU {torch.cuda.get_device_name()}" if torch.cuda.is_available() else "", end="")
    print(f"; torch {torch.__version__}, sentence-transformers {version('sentence-transformers')}\n")
    print(f"{'':32} {'sentences/s':>12} {'ratio':>7} {'lowest':>7} {'largest difference':>19} {'smallest cosine':>16}")
    for name, own in speeds.items():
        ratios = [mine / theirs for mine, theirs in zip(own, speeds[peer], strict=True)]
        difference = np.abs(vectors[name] - vectors[peer]).max()
        unit = vectors[name] / np.linalg.norm(vectors[name], axis=1, keepdims=True)
        closest = (unit * vectors[peer] / np.linalg.norm(vectors[peer], axis=1, keepdims=True)).sum(axis=1).min()
        print(
            f"{name:32} {statistics.median(own):12.0f} {statistics.median(ratios):7.2f} {min(ratios):7.2f} "
            f"{difference:19.1e} {closest:16.6f}"
        )


if __name__ == "__main__":
    main()
