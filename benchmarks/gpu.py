"""What a CUDA GPU gives: the same as the CPU, how fast beside sentence-transformers, and in how much memory.

    python -m pip install -r benchmarks/requirements.txt
    python -m benchmarks.gpu DATA [--rounds 3] [--model minilm] [--pairs 3072] [--sentences N] [--only SECTION ...]

DATA is a folder with `sts/stsb-en-train.csv` and `sts/stsb-en-dev.csv`. A section that fails is reported, the others
run all the same, and the exit status is 1. Without CUDA everything runs too: the CPU is compared with itself.

Peak memory is what a call took above what lay on the GPU before it.
"""

import argparse
import gc
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import torch

from benchmarks import encode, parity, train
from benchmarks.machine import machine
from benchmarks.sts import learn, read_scored
from simcse_core import SimCSE
from simcse_core.data.kinds import Pairs
from simcse_core.encoding.batching import TOKENS_PER_BATCH, batches_by_length, pad, tokens_per_batch
from simcse_core.encoding.device import pick_device
from simcse_core.learning.settings import training_settings

T = TypeVar("T")

PARITY_SENTENCES = 2_000
LEAST_SCORE = 2.5
"""Of the pairs that are trained on: their number matters here, not what is learned."""
WORKS = (train.WORKS[0], replace(train.WORKS[1], title="top two layers, one epoch", epochs=1))
BUDGETS = (4_096, 8_192, 16_384, 32_768, 65_536, 131_072, 262_144)
"""Tokens in a batch, to find the best."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="minilm", help="a name, or a folder that sentence-transformers reads too")
    parser.add_argument("--pairs", type=int, default=3_072, help="to train on")
    parser.add_argument("--sentences", type=int, help="to encode (default: all)")
    parser.add_argument("--only", nargs="+", choices=list(SECTIONS), default=list(SECTIONS), metavar="SECTION")
    options = parser.parse_args()
    print(machine("sentence-transformers", "transformers"))
    if not torch.cuda.is_available():
        print("There is no CUDA here: the sections compare the CPU with itself.")
    failed = [name for name in options.only if not succeeds(name, options)]
    print(f"\nfailed: {', '.join(failed) or 'none'}")
    sys.exit(1 if failed else 0)


def succeeds(name: str, options: argparse.Namespace) -> bool:
    """Run a section, and print what went wrong in it."""
    print(f"\n== {name}")
    started = time.perf_counter()
    try:
        SECTIONS[name](options)
    except Exception:  # noqa: BLE001 - whatever one section meets, the others are still worth their time
        print(traceback.format_exc(limit=-6))
        return False
    finally:
        print(f"({name}: {time.perf_counter() - started:.0f} s)", flush=True)
    return True


def same_vectors(options: argparse.Namespace) -> None:
    parity.compare_vectors(options.model, pick_device(), _sentences(options)[:PARITY_SENTENCES])


def same_trainings(options: argparse.Namespace) -> None:
    parity.compare_trainings(options.model, pick_device(), read_scored(options.data, "train"))


def same_losses(options: argparse.Namespace) -> None:
    parity.compare_losses(options.model, pick_device())


def encode_speed(options: argparse.Namespace) -> None:
    """A table for each precision; the peer also with larger batches than its default."""
    texts, model = _sentences(options), SimCSE.load(options.model)
    for dtype in (torch.float32, torch.float16, torch.bfloat16):
        precision = str(dtype).removeprefix("torch.")
        candidates = {
            f"peer {precision}, 32": encode.peer(dtype, options.model),
            f"peer {precision}, 256": encode.peer(dtype, options.model, batch_size=256),
            f"simcse_core {precision}": encode.ours(model, precision),
        }
        print(f"\n{len(texts):,} distinct sentences, {options.rounds} alternating rounds")
        encode.report(*encode.measure(candidates, texts, options.rounds))
        peaks = {name: with_peak(lambda run=run: run(texts))[1] for name, run in candidates.items()}  # type: ignore[misc]
        _print_peaks(peaks)


def train_speed(options: argparse.Namespace) -> None:
    pairs = close_pairs(options)
    dev = read_scored(options.data, "dev")
    print(f"{len(pairs):,} pairs, batches of {train.BATCH}, {options.rounds} alternating rounds")
    for work in WORKS:
        peaks: dict[str, float] = {}
        candidates = {name: remembering(peaks, name, run) for name, run in trainers(options.model).items()}
        if work.top is not None:
            candidates[train.UNFROZEN] = train.unfrozen(train.peer(train.peer_precision(), options.model))
        for candidate in candidates.values():  # everybody warms up
            candidate(replace(work, epochs=1), pairs.take(range(min(2 * train.BATCH, len(pairs)))))
        train.report(work, *train.measure(work, candidates, pairs, dev, options.rounds))
        _print_peaks(peaks)


def trainers(model: str) -> dict[str, train.Candidate]:
    """The peer first, in what it is measured with elsewhere; float16 needs a GPU. `auto` is bfloat16 on such a GPU."""
    cuda = pick_device().type == "cuda"
    precisions = ("bfloat16", "float16", "float32") if cuda else ("float32",)
    peers = {f"sentence-transformers {precision}": train.peer(precision, model) for precision in precisions}
    ours = {f"simcse_core {precision}": train.ours(precision, model) for precision in ("auto", "float32")}
    return {**peers, **ours}


def remembering(peaks: dict[str, float], name: str, candidate: train.Candidate) -> train.Candidate:
    """A candidate whose peak memory is written down."""

    def run(work: train.Work, pairs: Pairs) -> train.Trained:
        trained, peaks[name] = with_peak(lambda: candidate(work, pairs))
        return trained

    return run


def where_time_goes(options: argparse.Namespace) -> None:
    """Of encoding and of a training: the CPU's part before the model, and how long the GPU is busy."""
    texts, model = _sentences(options), SimCSE.load(options.model)
    prepared = model.prepare(texts)
    lengths = [len(ids) for ids in prepared]

    def padded() -> None:
        for batch in batches_by_length(lengths, tokens_per_batch(model.device)):
            pad([prepared[index] for index in batch], 0, model.device)

    print(f"{len(texts):,} sentences: tokenising {seconds(lambda: model.prepare(texts)):.3f} s", end="")
    print(f", padding and copying {seconds(padded):.3f} s")
    for precision in ("float32", "float16", "bfloat16"):
        model.encode(texts, precision=precision)
        whole = seconds(lambda precision=precision: model.encode(texts, precision=precision))  # type: ignore[misc]
        print(f"encode {precision}: {whole:.3f} s in all, without a profiler")
        _print_kernels(lambda precision=precision: model.encode(texts, precision=precision))  # type: ignore[misc]
    _training_time(options)
    _try_budgets(model, texts)


def _training_time(options: argparse.Namespace) -> None:
    pairs = close_pairs(options)
    for tune in ("all", "top:2"):
        settings = training_settings({"epochs": 1, "batch_size": train.BATCH, "tune": tune})
        model = SimCSE.load(options.model)
        print(f"train {tune}, auto: {seconds(lambda: learn(model, pairs, settings)):.3f} s in all")  # noqa: B023
        model = SimCSE.load(options.model)
        _print_kernels(lambda: learn(model, pairs, settings))  # noqa: B023


def _try_budgets(model: SimCSE, texts: list[str]) -> None:
    """Sentences per second by tokens in a batch."""
    kind = model.device.type
    before = TOKENS_PER_BATCH[kind]
    try:
        for precision in ("float32", "float16"):
            print(f"{precision}, sentences/s by tokens in a batch:", end="")
            for budget in BUDGETS if kind == "cuda" else BUDGETS[:1]:
                TOKENS_PER_BATCH[kind] = budget
                runs = [seconds(lambda: model.encode(texts, precision=precision)) for _run in range(3)]  # noqa: B023
                print(f"  {budget:,}: {len(texts) / min(runs):.0f}", end="")
            print()
    finally:
        TOKENS_PER_BATCH[kind] = before


def _print_kernels(call: Callable[[], object], most: int = 4) -> None:
    """How long the GPU is busy in a call, and with what above all."""
    if not torch.cuda.is_available():
        return
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
        took = seconds(call)
    kernels = sorted(profile.key_averages(), key=lambda kernel: -kernel.self_device_time_total)
    busy = sum(kernel.self_device_time_total for kernel in kernels) / 1e6
    print(f"    the GPU is busy for {busy:.3f} of {took:.3f} s under the profiler")
    for kernel in kernels[:most]:
        print(f"    {kernel.self_device_time_total / 1e6:.3f} s, {kernel.count:,} times: {kernel.key[:70]}")


def seconds(call: Callable[[], object]) -> float:
    return train.seconds(call)


def with_peak(call: Callable[[], T]) -> tuple[T, float]:
    """What a call gives, and the megabytes of GPU memory that it took at most; 0 without a GPU."""
    if not torch.cuda.is_available():
        return call(), 0.0
    gc.collect()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    result = call()
    return result, (torch.cuda.max_memory_allocated() - before) / 1e6


def close_pairs(options: argparse.Namespace) -> Pairs:
    return train.close_pairs(read_scored(options.data, "train"), options.pairs, LEAST_SCORE)


def _sentences(options: argparse.Namespace) -> list[str]:
    return encode.sentences(options.data / "sts" / "stsb-en-train.csv")[: options.sentences]


def _print_peaks(peaks: dict[str, float]) -> None:
    print("peak memory, MB: " + ", ".join(f"{name} {megabytes:,.0f}" for name, megabytes in peaks.items()))


SECTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "same-vectors": same_vectors,
    "same-losses": same_losses,
    "same-trainings": same_trainings,
    "encode-speed": encode_speed,
    "where-time-goes": where_time_goes,
    "train-speed": train_speed,
}


if __name__ == "__main__":
    main()
