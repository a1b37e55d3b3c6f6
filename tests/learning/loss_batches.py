"""Batches as every loss takes them, and each loss with each of its inputs and choices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import torch
from torch import Tensor

from simcse_core.learning.losses import (
    Input,
    Loss,
    OfInput,
    losses,
    targets_from_labels,
)
from simcse_core.learning.losses.parts import Parts

LABELS = list("aabbbccaac")
CODES = torch.tensor([ord(label) - ord("a") for label in LABELS])


def embeddings(n: int = len(LABELS), seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, 6, generator=generator, dtype=dtype) * 3


def matching(n: int) -> Tensor:
    """(n, n): 1 on the diagonal, -1 elsewhere."""
    return 2 * torch.eye(n, dtype=torch.int64) - 1


@dataclass(frozen=True)
class Batch:
    """What a loss is called with."""

    anchor: Tensor
    positive: Tensor | None
    rest: dict[str, Any]
    """Targets, scores or classes, and the parameters that training learns."""

    def embeddings(self) -> list[Tensor]:
        return [self.anchor] if self.positive is None else [self.anchor, self.positive]

    def tensors(self) -> dict[str, Tensor]:
        embeddings = {"anchor": self.anchor} | ({} if self.positive is None else {"positive": self.positive})
        return embeddings | {name: value for name, value in self.rest.items() if isinstance(value, Tensor)}

    def having(self, **tensors: Tensor) -> "Batch":
        embeddings = {name: tensors.pop(name) for name in ("anchor", "positive") if name in tensors}
        return replace(self, **embeddings, rest={**self.rest, **tensors})


@dataclass(frozen=True)
class Case:
    """One loss on one of its inputs, with one of each option that is a choice."""

    loss: Loss
    input: Input
    options: dict[str, Any]

    def parts(self, batch: Batch) -> Parts:
        assert self.loss.parts is not None
        options = self.loss.with_options(self.options)
        return self.loss.parts(*batch.embeddings(), **{**options, **batch.rest})

    def value(self, batch: Batch) -> Tensor:
        return self.loss.function(*batch.embeddings(), **{**self.options, **batch.rest})

    def observed(self, batch: Batch) -> dict[str, float]:
        assert self.loss.observe is not None
        return self.loss.observe(*batch.embeddings(), **{**self.options, **batch.rest})

    def batch(self, anchor: Tensor, positive: Tensor, labels: Sequence[str] = LABELS) -> Batch:
        """A batch as `registry.Input` says; `positive` has 2N rows, of which the input takes as many as it needs."""
        n = len(labels)
        match = matching(n)
        same_class = targets_from_labels(labels) == 1
        marks = torch.where(torch.arange(n) % 3 == 1, -1, 1)
        targets = {
            "views": (n, match),
            "matches": (n, match),
            "classes": (0, targets_from_labels(labels)),
            "class_pairs": (n, match.masked_fill(same_class, 0)),
            "marked_pairs": (n, match.where(match == -1, marks)),
            "marked_rows": (n, marks.diag()),
            "triplets": (2 * n, torch.cat([match, torch.full_like(match, -1)], dim=1)),
            "own_triplets": (2 * n, torch.cat([torch.eye(n), -torch.eye(n)], dim=1)),
        }
        if self.input == "scores":
            return Batch(
                anchor, positive[:n], {"scores": torch.tensor([float(ord(label) - ord("a")) for label in labels])}
            )
        if self.input == "class_codes":
            codes = torch.tensor([ord(label) - ord("a") for label in labels])
            assert self.loss.parameters is not None
            return Batch(anchor, None, {"classes": codes, **self.loss.parameters(anchor, codes, int(codes.max()) + 1)})
        columns, matrix = targets[self.input]
        return Batch(anchor, positive[:columns] if columns else None, {"targets": matrix})

    def random_batch(self, labels: Sequence[str] = LABELS, dtype: torch.dtype = torch.float32) -> Batch:
        n = len(labels)
        return self.batch(embeddings(n, dtype=dtype), embeddings(2 * n, seed=1, dtype=dtype), labels)


def choices(loss: Loss) -> Iterator[dict[str, Any]]:
    """One of each option that is a choice for the loss itself, in all combinations."""
    literal = {field.name: field.choices for field in loss.fields if field.choices and not field.has(OfInput)}
    return (dict(zip(literal, values, strict=True)) for values in product(*literal.values()))


CASES = [
    Case(loss, kind, options)
    for loss in losses.entries()
    for kind in dict.fromkeys([*loss.inputs.values(), *loss.in_batch.values()])
    for options in choices(loss)
]
