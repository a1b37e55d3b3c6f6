"""Sentences per second of fine-tuning, beside SentenceTransformerTrainer: same model, same pairs, same machine.

    python -m pip install -r benchmarks/requirements.txt
    python -m benchmarks.train DATA [--rounds 5] [--pairs 1024]

DATA is a folder with `sts/stsb-en-train.csv` and `sts/stsb-en-dev.csv`. Learned from are the first pairs of a score
from 4 on, with in-batch cross-entropy, in two works: all layers for one epoch, and the top two layers for three epochs,
where the peer is measured with the lower layers frozen and, once, training all layers as it does by default.

Rounds alternate between the candidates, each second one in the opposite order; ratios are taken within a round. Each
training starts from a freshly loaded model. Its time is that of `trainer.train()`, without the construction of the
trainer (the peer's model card with its examples is made there), and of our whole `train(...)`: preparation,
tokenisation and the cache of frozen layers are part of it. Both sentences of a pair count, in every epoch.

The peer computes as it does by default: float32 on a CPU; on a GPU it is given bfloat16.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks.machine import machine
from benchmarks.sts import learn, read_scored, spearman
from simcse_core import SimCSE
from simcse_core.data.kinds import Pairs, Scored
from simcse_core.encoding.catalogue import find
from simcse_core.encoding.device import pick_device, pick_dtype
from simcse_core.encoding.layers import layer_stack
from simcse_core.learning.settings import training_settings

BATCH, LEARNING_RATE, WARMUP, WEIGHT_DECAY, CLIP, SEED = 64, 2e-5, 0.1, 0.01, 1.0, 0
TEMPERATURE = 0.05
"""The peer calls 1 / temperature its scale."""


@dataclass(frozen=True)
class Work:
    """What is to be trained."""

    title: str
    top: int | None
    """So many layers from the top; None is all, word embeddings included."""
    epochs: int


@dataclass(frozen=True)
class Trained:
    """What became of a work."""

    seconds: float
    model: SimCSE


Candidate = Callable[[Work, Pairs], Trained]

WORKS = (Work("all layers, one epoch", None, 1), Work("top two layers, three epochs", 2, 3))
UNFROZEN = "sentence-transformers, all layers"
"""The peer's second training of a work in which layers are frozen; in the first round only."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=1024)
    options = parser.parse_args()
    if find_spec("datasets") is None:
        parser.error("the peer needs the package datasets: python -m pip install -r benchmarks/requirements.txt")
    pairs, dev = close_pairs(read_scored(options.data, "train"), options.pairs), read_scored(options.data, "dev")
    print(f"{len(pairs):,} pairs, batches of {BATCH}, {options.rounds} alternating rounds")
    print(machine("sentence-transformers", "transformers"))
    print(f"STS-B dev Spearman x 100 before training: {spearman(SimCSE.load('minilm'), dev):.1f}")
    for work in WORKS:
        candidates = {**trainers(), **({} if work.top is None else {UNFROZEN: unfrozen(peer(peer_precision()))})}
        for train_it in candidates.values():  # everybody warms up
            train_it(replace(work, epochs=1), pairs.take(range(min(BATCH, len(pairs)))))
        report(work, *measure(work, candidates, pairs, dev, options.rounds))


def close_pairs(data: Scored, count: int, least: float = 4) -> Pairs:
    """The first pairs of a score from `least` on, as matches."""
    rows = [index for index, score in enumerate(data.score) if score >= least][:count]
    return Pairs(
        "pairs",
        tuple(data.sentence1[index] for index in rows),
        tuple(data.sentence2[index] for index in rows),
        (1,) * len(rows),
    )


def trainers() -> dict[str, Candidate]:
    """The peer first: others are measured against it."""
    auto = str(pick_dtype("auto", pick_device())).removeprefix("torch.")
    return {
        f"sentence-transformers {peer_precision()}": peer(peer_precision()),
        "simcse_core float32": ours("float32"),
        f"simcse_core auto ({auto})": ours("auto"),
    }


def peer_precision() -> str:
    return "bfloat16" if pick_device().type == "cuda" else "float32"


def ours(precision: str, name: str = "minilm") -> Candidate:
    def candidate(work: Work, pairs: Pairs) -> Trained:
        settings = training_settings(
            {
                "loss": "cross_entropy",
                "loss_options": {"temperature": TEMPERATURE},
                "epochs": work.epochs,
                "batch_size": BATCH,
                "learning_rate": LEARNING_RATE,
                "warmup": WARMUP,
                "weight_decay": WEIGHT_DECAY,
                "clip": CLIP,
                "tune": "all" if work.top is None else f"top:{work.top}",
                "precision": precision,
                "seed": SEED,
            }
        )
        model = SimCSE.load(name)
        return Trained(seconds(lambda: learn(model, pairs, settings)), model)

    return candidate


def peer(precision: str, name: str = "minilm") -> Candidate:
    """The peer in float32, or mixing it with float16 or bfloat16."""
    return lambda work, pairs: _train_peer(work, pairs, precision, name)


def _train_peer(work: Work, pairs: Pairs, precision: str, name: str) -> Trained:
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from transformers import PreTrainedModel, PrinterCallback
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call] # of loading the weights
    device = pick_device()
    model = SentenceTransformer(str(find(name)), device=str(device))
    if work.top is not None:
        bert = model[0].auto_model
        assert isinstance(bert, PreTrainedModel)
        bert.requires_grad_(False)
        for layer in layer_stack(bert)[-work.top :]:
            layer.requires_grad_(True)
    with TemporaryDirectory(prefix="simcse-benchmark-", ignore_cleanup_errors=True) as folder:
        trainer = SentenceTransformerTrainer(
            model=model,
            args=SentenceTransformerTrainingArguments(
                output_dir=folder,
                num_train_epochs=work.epochs,
                per_device_train_batch_size=BATCH,
                learning_rate=LEARNING_RATE,
                warmup_steps=WARMUP,  # below 1 it is a share
                weight_decay=WEIGHT_DECAY,
                max_grad_norm=CLIP,
                seed=SEED,
                use_cpu=device.type == "cpu",
                bf16=precision == "bfloat16",
                fp16=precision == "float16",
                report_to=[],
                save_strategy="no",
                logging_strategy="no",
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_dict({"anchor": list(pairs.sentence1), "positive": list(pairs.sentence2)}),
            loss=MultipleNegativesRankingLoss(model, scale=1 / TEMPERATURE),
        )
        trainer.remove_callback(PrinterCallback)
        took = seconds(trainer.train)
        model.save_pretrained(f"{folder}/model", create_model_card=False)
        return Trained(took, SimCSE.load(f"{folder}/model"))


def unfrozen(candidate: Candidate) -> Candidate:
    return lambda work, pairs: candidate(replace(work, top=None), pairs)


def seconds(training: Callable[[], object]) -> float:
    started = time.perf_counter()
    training()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - started


def measure(
    work: Work, candidates: dict[str, Candidate], pairs: Pairs, dev: Scored, rounds: int
) -> tuple[dict[str, list[float]], dict[str, float]]:
    """Sentences per second of each round, and dev Spearman of what the first round trained (the seed is fixed)."""
    speeds: dict[str, list[float]] = {name: [] for name in candidates}
    quality: dict[str, float] = {}
    for number in range(rounds):
        for name in list(candidates) if number % 2 == 0 else reversed(candidates):
            if name == UNFROZEN and number > 0:
                continue
            trained = candidates[name](work, pairs)
            speeds[name].append(2 * len(pairs) * work.epochs / trained.seconds)
            if number == 0:
                quality[name] = spearman(trained.model, dev)
    return speeds, quality


def report(work: Work, speeds: dict[str, list[float]], quality: dict[str, float]) -> None:
    first = next(iter(speeds))
    print(f"\n{work.title:34} {'sentences/s':>11} {'ratio':>7} {'lowest':>7}", end="")
    print(f" {'to all layers':>14}" if UNFROZEN in speeds else "", f"{'Spearman':>9}")
    for name, rates in speeds.items():
        ratios = [
            mine / theirs for mine, theirs in zip(rates, speeds[first], strict=False)
        ]  # some ran in one round only
        print(f"{name:34} {statistics.median(rates):11.0f} {statistics.median(ratios):7.2f} {min(ratios):7.2f}", end="")
        print(f" {rates[0] / speeds[UNFROZEN][0]:14.2f}" if UNFROZEN in speeds else "", f"{quality[name]:9.1f}")
    print(f"ratio: to {first}{'' if work.top is None else ' with the same layers frozen'}, within a round", end="")
    print(f"; to all layers: to {UNFROZEN}, within the first round" if UNFROZEN in speeds else "", flush=True)


if __name__ == "__main__":
    main()
