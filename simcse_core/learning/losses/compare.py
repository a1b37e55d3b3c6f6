"""What the losses share: checked shapes, cosines in float32, targets, a mean that survives an empty batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from simcse_core.errors import ShapeError

if TYPE_CHECKING:
    import torch
    from torch import Tensor


def unit(embeddings: "Tensor") -> "Tensor":
    """Embeddings of length 1, in float32 at least: half precision merges close cosines. Zeros stay zeros."""
    import torch
    import torch.nn.functional as F

    precise = torch.float64 if embeddings.dtype == torch.float64 else torch.float32
    return F.normalize(embeddings.to(precise), dim=-1)


def products(left: "Tensor", right: "Tensor") -> "Tensor":
    """(N, M) inner products of two sets of embeddings, in their own precision even under autocast."""
    import torch

    with torch.autocast(left.device.type, enabled=False):
        return left @ right.T


def cosines(anchor: "Tensor", positive: "Tensor | None") -> "Tensor":
    """(N, M) cosines of two sets of embeddings, or of one set with itself.

    Raises:
        ShapeError: the embeddings are not (N, D) and (M, D).
    """
    right = anchor if positive is None else positive
    if anchor.ndim != 2 or right.ndim != 2 or anchor.shape[1] != right.shape[1]:
        raise ShapeError(
            "Embeddings must be (N, D) and (M, D): got {a} and {b}.", a=tuple(anchor.shape), b=tuple(right.shape)
        )
    left = unit(anchor)
    return products(left, left if positive is None else unit(right))


def compare(anchor: "Tensor", positive: "Tensor | None", targets: "Tensor") -> "tuple[Tensor, Tensor]":
    """(N, M) cosines, and the targets without the diagonal where the anchors are compared with each other.

    Raises:
        ShapeError: the shapes do not fit.
    """
    compared = cosines(anchor, positive)
    check_shape("targets", targets, tuple(compared.shape))
    return compared, targets.clone().fill_diagonal_(0) if positive is None else targets


def row_cosines(anchor: "Tensor", positive: "Tensor") -> "Tensor":
    """(N,) cosine of each anchor with the positive of its row.

    Raises:
        ShapeError: the embeddings are not both (N, D).
    """
    if anchor.ndim != 2 or anchor.shape != positive.shape:
        raise ShapeError(
            "Embeddings must both be (N, D): got {a} and {b}.", a=tuple(anchor.shape), b=tuple(positive.shape)
        )
    return (unit(anchor) * unit(positive)).sum(dim=1)


def check_shape(name: str, tensor: "Tensor", shape: tuple[int, ...]) -> None:
    """Refuse a tensor of another shape.

    Raises:
        ShapeError: it has another shape.
    """
    if tuple(tensor.shape) != shape:
        raise ShapeError(
            "{name} must have the shape {wanted}: got {given}.", name=name, wanted=shape, given=tuple(tensor.shape)
        )


def mean(values: "Tensor") -> "Tensor":
    """The mean, or a 0 that still carries gradients when nothing counts."""
    return values.mean() if values.numel() else values.sum()


def targets_from_labels(labels: Sequence[str], device: "torch.device | None" = None) -> "Tensor":
    """(N, N) target matrix of a batch compared with itself: same class 1, other class -1, diagonal 0."""
    import torch

    codes = {label: code for code, label in enumerate(dict.fromkeys(labels))}
    column = torch.tensor([codes[label] for label in labels], device=device)
    same = column.unsqueeze(0) == column.unsqueeze(1)
    return torch.where(same, 1, -1).fill_diagonal_(0)
