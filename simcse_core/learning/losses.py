"""The losses, each a function of embeddings and of a matrix that says who belongs together.

`targets` is (N, M): 1 where row i and column j match, -1 where they do not, 0 where the pair is left out. With one set
of embeddings each row is compared with all others and the diagonal is left out. To add a loss, write one function here
and register it: it appears on the command line, in the app and in the tests.

Which losses there are is known without torch, so that a page can list them before torch has loaded.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from simcse_core.errors import ShapeError
from simcse_core.registry import Registry

if TYPE_CHECKING:
    import torch
    from torch import Tensor

losses: Registry[Callable[..., "Tensor"]] = Registry("loss")


@dataclass(frozen=True)
class Learned:
    """Marks an option that is only where a parameter starts: training passes a tensor and learns it."""


Temperature = Annotated[
    float, Field(gt=0, le=10, description="Divides the cosines: the lower, the more the hardest negatives count.")
]
Scale = Annotated[
    float,
    Field(gt=0, le=100, description="Multiplies the cosines before the sigmoid, so that it can say 'surely not'."),
    Learned(),
]
Bias = Annotated[
    float,
    Field(ge=-50, le=50, description="Added to the scaled cosines; low, because most pairs do not match."),
    Learned(),
]
Margin = Annotated[
    float, Field(gt=0, le=2, description="How much closer, in cosine, a match has to be than a mismatch.")
]
Mining = Annotated[
    Literal["all", "hard"],
    Field(
        description="'hard': each anchor's farthest match and nearest mismatch; 'all': every triplet that is violated."
    ),
]


@losses.register("bce")
def bce(
    anchor: "Tensor", other: "Tensor | None" = None, *, targets: "Tensor", scale: Scale = 10.0, bias: Bias = -5.0
) -> "Tensor":
    """Every pair on its own: is it a match? (binary cross-entropy on scaled cosines)

    Args:
        anchor: (N, D) embeddings, any norm.
        other: (M, D) embeddings; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see the module.
        scale: t of t·cosine + b; learned in training.
        bias: b; learned in training.

    Returns:
        Scalar in nats, the mean over the pairs. log 2 when every logit is 0.

    Raises:
        ShapeError: the shapes do not fit.

    Source: the pairwise sigmoid loss of arXiv 2303.15343, which divides the sum by N where this takes the mean.
    """
    import torch.nn.functional as F

    cosines, targets = _compare(anchor, other, targets)
    counted = targets != 0
    logits = cosines * scale + bias  # (N, M)
    return _mean(-F.logsigmoid(targets * logits)[counted])


@losses.register("cross_entropy")
def cross_entropy(
    anchor: "Tensor", other: "Tensor | None" = None, *, targets: "Tensor", temperature: Temperature = 0.05
) -> "Tensor":
    """Each text has to pick its matches among all texts of the batch (softmax cross-entropy, InfoNCE).

    A row's matches share its target distribution equally; rows without a match teach nothing and are skipped.

    Args:
        anchor: (N, D) embeddings, any norm.
        other: (M, D) embeddings; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see the module.
        temperature: divides the cosines.

    Returns:
        Scalar in nats, the mean over the rows. log of the number of candidates when nothing is distinguishable; with P
        matches in a row it cannot fall under log P.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 1807.03748 (InfoNCE); with several matches arXiv 2004.11362; with two views arXiv 2104.08821 (SimCSE).
    """
    cosines, targets = _compare(anchor, other, targets)
    has_match = (targets == 1).any(dim=1)
    cosines, targets = cosines[has_match], targets[has_match]
    logits = (cosines / temperature).masked_fill(targets == 0, -math.inf)
    matches = targets == 1
    log_probabilities = logits.log_softmax(dim=1).masked_fill(~matches, 0.0)  # (N, M)
    return _mean(-log_probabilities.sum(dim=1) / matches.sum(dim=1))


@losses.register("triplet")
def triplet(
    anchor: "Tensor", other: "Tensor | None" = None, *, targets: "Tensor", margin: Margin = 0.2, mining: Mining = "hard"
) -> "Tensor":
    """A match has to be closer than a mismatch, by a margin; what is far enough apart is left alone.

    Args:
        anchor: (N, D) embeddings, any norm.
        other: (M, D) embeddings; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see the module.
        margin: in cosine distance, 1 - cosine.
        mining: which triplets of the batch count.

    Returns:
        Scalar: the mean of max(0, margin + cosine(anchor, mismatch) - cosine(anchor, match)), for 'hard' over the
        anchors that have both, for 'all' over the triplets above 0. Equal to the margin when all texts are equal.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 1503.03832 (FaceNet); batch-hard from arXiv 1703.07737.
    """
    cosines, targets = _compare(anchor, other, targets)
    matches, mismatches = targets == 1, targets == -1
    if mining == "hard":
        farthest_match = cosines.masked_fill(~matches, math.inf).amin(dim=1)  # (N,)
        nearest_mismatch = cosines.masked_fill(~mismatches, -math.inf).amax(dim=1)  # (N,)
        usable = matches.any(dim=1) & mismatches.any(dim=1)
        return _mean((margin + nearest_mismatch[usable] - farthest_match[usable]).relu())
    violations = (margin + cosines.unsqueeze(1) - cosines.unsqueeze(2)).relu()  # (N, match, mismatch)
    triplets = matches.unsqueeze(2) & mismatches.unsqueeze(1)
    return _mean(violations[triplets & (violations > 0)])


def targets_from_labels(labels: Sequence[str], device: "torch.device | None" = None) -> "Tensor":
    """(N, N) target matrix of a batch compared with itself: same class 1, other class -1, diagonal 0."""
    import torch

    codes = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    column = torch.tensor([codes[label] for label in labels], device=device)
    same = column.unsqueeze(0) == column.unsqueeze(1)
    return torch.where(same, 1, -1).fill_diagonal_(0)


def learned_options(name: str) -> list[str]:
    """The options of a loss that training learns."""
    fields = losses[name].options.model_fields
    return [option for option, field in fields.items() if any(isinstance(mark, Learned) for mark in field.metadata)]


def _compare(anchor: "Tensor", other: "Tensor | None", targets: "Tensor") -> "tuple[Tensor, Tensor]":
    """(N, M) cosines in float32 and the targets with the diagonal left out where a set meets itself."""
    import torch
    import torch.nn.functional as F

    right = anchor if other is None else other
    if anchor.ndim != 2 or right.ndim != 2 or anchor.shape[1] != right.shape[1]:
        raise ShapeError(
            "Embeddings must be (N, D) and (M, D): got {a} and {b}.", a=tuple(anchor.shape), b=tuple(right.shape)
        )
    if targets.shape != (len(anchor), len(right)):
        raise ShapeError(
            "targets must be {wanted}, a cell for each pair: got {given}.",
            wanted=(len(anchor), len(right)),
            given=tuple(targets.shape),
        )
    if other is None:
        targets = targets.clone().fill_diagonal_(0)
    precise = torch.float64 if anchor.dtype == torch.float64 else torch.float32  # half precision merges close cosines
    left = F.normalize(anchor.to(precise), dim=-1)
    return left @ (left if other is None else F.normalize(right.to(precise), dim=-1)).T, targets


def _mean(values: "Tensor") -> "Tensor":
    """The mean, or a 0 that still carries gradients when nothing counts."""
    return values.mean() if values.numel() else values.sum()
