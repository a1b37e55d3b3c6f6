"""Whether a GPU gives what the CPU gives: vectors, trainings, every loss. `python -m benchmarks.gpu` runs it.

Vectors in float32 may differ by 1e-4, with TF32 switched off as it is by default; half precisions by 1e-2, with a
cosine of 0.999 at least. Trainings compare the loss of each step and the vectors of some texts afterwards. What has to
be the same on one machine, a training that is repeated or that goes on after a break, may not differ at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from benchmarks.train import close_pairs
from simcse_core import SimCSE
from simcse_core.data.kinds import Dataset, Scored, Texts
from simcse_core.data.opening import open_data
from simcse_core.encoding.device import PRECISIONS
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.texts import Embeddings
from simcse_core.learning.losses import losses
from simcse_core.learning.records import Step
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.learning.training import train

FLOAT32, HALF, HALF_COSINE = 1e-4, 1e-2, 0.999
LOSS, TRAINED, MIXED = 1e-3, 1e-2, 5e-2
"""Of losses in float32, relative above 1; of vectors after a training; of losses in mixed precision."""

SETUPS: dict[str, dict[str, Any]] = {
    "layer 3": {"layer": 3},
    "layer 0": {"layer": 0},
    "pooling cls": {"pooling": "cls"},
    "pooling max": {"pooling": "max"},
    "first_last_mean": {"pooling": "first_last_mean"},
    "head linear": {"head": "linear"},
    "head random": {"head": "random"},
}
ROWS, BATCH, STEPS, BREAK = 256, 32, 8, 4
"""Of the trainings that are compared; the break comes after so many steps."""


@dataclass
class Comparisons:
    """A table with a verdict in each line."""

    failed: list[str] = field(default_factory=list)

    def line(self, title: str, passed: bool, numbers: str) -> None:
        print(f"{title:44} {numbers}  {'ok' if passed else 'FAILED'}")
        if not passed:
            self.failed.append(title)

    def embeddings(self, title: str, got: Embeddings, expected: Embeddings, *, half: bool = False) -> None:
        """Compare two matrices of unit rows."""
        difference = float(np.abs(got - expected).max())
        cosine = float((got * expected).sum(axis=-1).min())
        passed = difference <= HALF and cosine >= HALF_COSINE if half else difference <= FLOAT32
        self.line(title, passed, f"{difference:8.1e} {cosine:10.6f}")

    def trainings(self, title: str, got: "Training", expected: "Training", of_losses: float, of_vectors: float) -> None:
        """Compare two trainings step by step, and what became of the model."""
        by_loss, by_vector = got.loss_difference(expected), float(np.abs(got.embeddings - expected.embeddings).max())
        same_length = len(got.losses) == len(expected.losses)
        passed = same_length and by_loss <= of_losses and by_vector <= of_vectors
        self.line(
            title, passed, f"{by_loss:8.1e} {by_vector:8.1e}  {expected.losses[0]:.4f} > {expected.losses[-1]:.4f}"
        )

    def close(self) -> None:
        """Say which lines failed, as an error."""
        if self.failed:
            raise RuntimeError(f"{len(self.failed)} comparisons failed: {'; '.join(self.failed)}")


@dataclass(frozen=True)
class Training:
    """What a training did."""

    losses: list[float]
    embeddings: Embeddings
    """Of some texts, afterwards."""

    def loss_difference(self, other: "Training") -> float:
        """The largest, relative for losses above 1."""
        return max(abs(a - b) / max(1.0, abs(b)) for a, b in zip(self.losses, other.losses, strict=False))


def compare_vectors(name: str, device: torch.device, texts: Sequence[str]) -> None:
    """Vectors of the CPU in float32 beside those of the device.

    Args:
        name: of the model.
        device: that is compared.
        texts: sentences; longer and shorter ones are made of them.
    """
    tf32 = "on" if torch.backends.cuda.matmul.allow_tf32 else "off"
    print(f"TF32 is {tf32}; a line: largest difference, smallest cosine")
    table, mixed = Comparisons(), [*texts, *mixed_lengths(texts)]
    expected = SimCSE.load(name, device="cpu").encode(mixed)
    model = SimCSE.load(name, device=device.type)
    for precision in PRECISIONS:
        if precision == "int8":  # of CPUs
            continue
        got, half = model.encode(mixed, precision=precision), precision != "float32"
        table.embeddings(f"{len(mixed):,} texts, {precision}", got, expected, half=half)
        few = mixed[-60:]
        alone = np.concatenate([model.encode([text], precision=precision) for text in few])
        table.embeddings(f"alone or in a batch, {precision}", alone, got[-60:], half=half)
    for title, setup in SETUPS.items():
        _compare_setup(table, title, name, device, mixed[-300:], setup)
    _compare_looks(table, name, device, mixed[-40:])
    table.close()


def mixed_lengths(texts: Sequence[str]) -> list[str]:
    """Texts of one word, of a few sentences, and of more tokens than the model reads."""
    words = [text.split()[0] for text in texts[:20]]
    joined = [" ".join(texts[start : start + count]) for count in (2, 3, 5, 8, 13, 40) for start in range(0, 20, 2)]
    return [*words, *joined]


def _compare_setup(
    table: Comparisons, title: str, name: str, device: torch.device, texts: list[str], setup: dict[str, Any]
) -> None:
    expected = SimCSE.load(name, device="cpu", **setup).encode(texts)
    model = SimCSE.load(name, device=device.type, **setup)
    for precision in ("float32", "float16", "bfloat16"):
        got = model.encode(texts, precision=precision)
        table.embeddings(f"{title}, {precision}", got, expected, half=precision != "float32")


def _compare_looks(table: Comparisons, name: str, device: torch.device, texts: list[str]) -> None:
    """The grid of layers and poolings, and what each token adds."""
    models = [SimCSE.load(name, device=kind) for kind in (device.type, "cpu")]
    grids = [model.encode_grid(texts, poolings.names()) for model in models]
    table.embeddings("every layer with every pooling", *(np.concatenate(list(grid.values())) for grid in grids))
    got, expected = (np.concatenate([model.tokens(text).parts for text in texts]) for model in models)
    difference = float(np.abs(got - expected).max())
    table.line("what each token adds", difference <= FLOAT32, f"{difference:8.1e}")


@dataclass(frozen=True)
class Job:
    """A small training of a model that is freshly loaded each time."""

    title: str
    model: str
    data: Dataset
    settings: dict[str, object]
    probe: list[str]
    """Texts to encode afterwards."""

    def run(self, device: torch.device, break_after: int | None = None, **changed: object) -> Training:
        """Train on a device, with other settings if they are named."""
        settings = small_settings({**self.settings, **changed})
        return trained(self.model, device, self.data, settings, self.probe, break_after=break_after)


def compare_trainings(name: str, device: torch.device, data: Scored) -> None:
    """Trainings of the CPU beside those of the device, and those of the device beside each other."""
    print("a line: largest difference of losses, of vectors afterwards; first and last loss")
    table = Comparisons()
    for job in _jobs(name, data):
        whole = job.run(device)
        table.trainings(f"CPU and device: {job.title}", whole, job.run(torch.device("cpu")), LOSS, TRAINED)
        if job.settings["loss"] != "mlm":  # which hides other words when it reads in chunks
            cached = job.run(device, chunk_size=10)
            table.trainings(f"gradient caching: {job.title}", cached, whole, LOSS, TRAINED)
        mixed = job.run(device, precision="bfloat16")
        table.trainings(f"bfloat16 and float32: {job.title}", mixed, whole, MIXED, 5 * TRAINED)
        if job.title.endswith("all"):
            _compare_same(table, job, device)
    table.close()


def _compare_same(table: Comparisons, job: Job, device: torch.device) -> None:
    """With dropout: a training, the same again, and the same with a break."""
    for precision in ("float32", "bfloat16"):
        whole, again, broken = (
            job.run(device, break_after, precision=precision, dropout=0.1) for break_after in (None, None, BREAK)
        )
        table.trainings(f"repeated: {job.title}, {precision}", again, whole, 0.0, 0.0)
        table.trainings(f"with a break: {job.title}, {precision}", broken, whole, 0.0, 0.0)


def _jobs(name: str, data: Scored) -> list[Job]:
    probe = list(data.sentence1[-100:])
    jobs = [Job("mlm, all", name, Texts("texts", data.sentence1[:ROWS]), {"loss": "mlm"}, probe)]
    for tune in ("head", "top:2", "all"):
        for loss, rows in (("cosent", data.take(range(ROWS))), ("cross_entropy", close_pairs(data, ROWS))):
            jobs.append(Job(f"{loss}, {tune}", name, rows, {"loss": loss, "tune": tune}, probe))
    return jobs


def small_settings(values: dict[str, object]) -> TrainingSettings:
    """A few steps without chance, but for what is given."""
    return training_settings(
        {"batch_size": BATCH, "steps": STEPS, "dropout": 0.0, "precision": "float32", **values},
    )


def trained(
    name: str,
    device: torch.device,
    data: Dataset,
    settings: TrainingSettings,
    probe: list[str],
    break_after: int | None = None,
    layer: int | None = None,
) -> Training:
    """Train a freshly loaded model, in one go or with a break.

    Args:
        probe: texts to encode afterwards.
        break_after: so many steps the training is stopped, and goes on with another freshly loaded model.
        layer: cut the model there.
    """
    with TemporaryDirectory(prefix="simcse-benchmark-") as folder:
        file, asked = Path(folder) / "state.pt", 0

        def stop() -> bool:
            nonlocal asked
            asked += 1
            return break_after is not None and asked > break_after

        model = SimCSE.load(name, device=device.type, layer=layer)
        records = list(train(model, data, None, settings, checkpoint=file, stop=stop))
        if break_after is not None:
            model = SimCSE.load(name, device=device.type, layer=layer)
            records += train(model, data, None, settings, checkpoint=file, resume=True)
    steps = [record.loss for record in records if isinstance(record, Step)]
    return Training(steps, model.encode(probe))


def compare_losses(name: str, device: torch.device) -> None:
    """Three steps of every loss, with every kind of data that it takes, on the model's first two layers."""
    print("a line: largest difference of losses, of vectors afterwards")
    table, probe = Comparisons(), ["A cat sleeps.", "Two men play chess in the park."]
    for loss in losses.entries():
        worst: dict[str, tuple[float, float]] = {}
        for kind in loss.inputs:
            rows = open_data({"labelled": "intents-en"}.get(kind, f"{kind}-en"))
            rows = rows.take(range(min(48, len(rows))))
            given = small_settings({"loss": loss.name, "steps": 3, "batch_size": 16})
            on_device, on_cpu = (trained(name, on, rows, given, probe, layer=2) for on in (device, torch.device("cpu")))
            worst[kind] = (
                on_device.loss_difference(on_cpu),
                float(np.abs(on_device.embeddings - on_cpu.embeddings).max()),
            )
        by_loss, by_vector = (max(values) for values in zip(*worst.values(), strict=True))
        passed = by_loss <= LOSS and by_vector <= TRAINED
        table.line(f"{loss.name} ({', '.join(worst)})", passed, f"{by_loss:8.1e} {by_vector:8.1e}")
    table.close()
