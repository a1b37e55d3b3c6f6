"""The whole state of a training in one file, so that it can go on as if it had never stopped."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from simcse_core import durable
from simcse_core.data.kinds import Dataset, rows
from simcse_core.errors import CheckpointError, RunError
from simcse_core.learning.schedule import Budget
from simcse_core.learning.settings import TrainingSettings

Weights = dict[str, Tensor]


@dataclass
class Best:
    """The best measurement so far and the weights that gave it."""

    metric: float = -math.inf
    at: int = 0
    """Which measurement it was, counted from 0."""
    step: int = 0
    """After which step."""
    weights: Weights = field(default_factory=dict)
    of_loss: Weights = field(default_factory=dict)
    """The loss's own parameters at that moment; a checkpoint of an earlier version has none."""


@dataclass
class Checkpoint:
    """What a training needs besides its settings and its data."""

    fingerprint: str
    """Of settings and data: another training cannot go on from here."""
    step: int
    steps: int
    """Planned."""
    seconds: float
    measurements: int
    weights: Weights
    """Of the model, as far as they train."""
    own: Weights
    """Tensors of the objective: a loss's own parameters."""
    optimizer: dict[str, Any]
    best: Best
    budget: Budget | None
    watch: dict[str, Any]
    """The state of `health.Watch`, so that no note is given twice."""

    def save(self, path: Path) -> None:
        """Write the file; an older one stays whole until the new one is.

        Raises:
            RunError: it cannot be written; is the disk full?
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with durable.replacing(path) as file:
                torch.save(self._content(), file)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            raise RunError("{file} cannot be written: {reason}", file=path, reason=first_line(error)) from error

    def _content(self) -> dict[str, Any]:
        """Tensors, numbers, and lists and dicts of them."""
        return {**vars(self), "best": asdict(self.best), "budget": self.budget and asdict(self.budget)}

    @classmethod
    def load(cls, path: Path, fingerprint: str) -> "Checkpoint":
        """Read a file that `save` wrote. It holds tensors and numbers; nothing in it is run.

        Raises:
            CheckpointError: there is none, it is damaged, or it belongs to other data or settings.
        """
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
            budget = content["budget"] and Budget(**content["budget"])
            checkpoint = cls(**{**content, "best": Best(**content["best"]), "budget": budget})
        except FileNotFoundError:
            raise CheckpointError("There is no checkpoint {file} to go on from.", file=path) from None
        except Exception as error:  # torch raises whatever a damaged file leads it to
            raise CheckpointError(
                "The checkpoint {file} is damaged: {reason}", file=path, reason=first_line(error)
            ) from error
        if checkpoint.fingerprint != fingerprint:
            raise CheckpointError(
                "{file} belongs to other data or settings: a training goes on only with its own. Start a new one.",
                file=path,
            )
        return checkpoint


def fingerprint(settings: TrainingSettings, data: Dataset, dev: Dataset | None, start: nn.Module) -> str:
    """Of a training: its settings, its data, and the weights that it starts from."""
    content: list[object] = [settings.model_dump(), data.columns, *rows(data)]
    content += [] if dev is None else [dev.columns, *rows(dev)]
    content.append(_hash_of(start))
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _hash_of(model: nn.Module) -> str:
    """Of weights, byte for byte: a sum would depend on the number of threads that add."""
    digest = hashlib.sha256()
    for name, parameter in model.named_parameters():
        digest.update(f"{name} {parameter.dtype} {list(parameter.shape)}".encode())
        digest.update(parameter.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its class when it has none."""
    return str(error).strip().partition("\n")[0][:200] or type(error).__name__
