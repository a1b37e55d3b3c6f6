"""Losses that judge pairs: each on its own (bce), or their order (cosent)."""

from typing import TYPE_CHECKING

from simcse_core.learning.losses.compare import check_shape, compare, mean, row_cosines
from simcse_core.learning.losses.registry import Bias, Scale, Temperature, losses

if TYPE_CHECKING:
    from torch import Tensor


@losses.register(
    "bce",
    inputs={
        "labelled": "classes",
        "pairs": "marked_pairs",
        "scored": "marked_pairs",
        "answers": "marked_pairs",
        "triplets": "triplets",
    },
    learned_nothing="The entropy of the share of matches, which one answer for all pairs reaches: 0.69 when half of "
    "the pairs match, 0.20 when one in twenty does.",
    collapse="Every pair gets the same cosine, and scale and bias alone bring the loss down to that entropy.",
)
def bce(
    anchor: "Tensor", other: "Tensor | None" = None, *, targets: "Tensor", scale: Scale = 10.0, bias: Bias = -5.0
) -> "Tensor":
    """Every pair on its own: is it a match? (binary cross-entropy on scaled cosines)

    Args:
        anchor: (N, D) embeddings, any norm.
        other: (M, D) embeddings; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see `registry.Input`.
        scale: t of t·cosine + b; learned in training.
        bias: b; learned in training.

    Returns:
        Scalar in nats, the mean over the pairs. log 2 when every logit is 0.

    Raises:
        ShapeError: the shapes do not fit.

    Source: the pairwise sigmoid loss of arXiv 2303.15343, which divides the sum by N where this takes the mean.
    """
    import torch.nn.functional as F

    cosines, targets = compare(anchor, other, targets)
    counted = targets != 0
    logits = cosines * scale + bias  # (N, M)
    return mean(-F.logsigmoid(targets * logits)[counted])


@losses.register(
    "cosent",
    inputs={"scored": "scores", "pairs": "scores", "answers": "scores"},
    learned_nothing="The log of 1 plus the number of pairs of rows with different scores.",
    collapse="All rows get the same cosine whatever their score, and the loss stays at that value.",
)
def cosent(anchor: "Tensor", other: "Tensor", *, scores: "Tensor", temperature: Temperature = 0.05) -> "Tensor":
    """Rows with a higher score have to get a higher cosine; only the order counts (CoSENT).

    Rows with equal scores are not compared, so a batch of equal scores teaches nothing and always gives 0.

    Args:
        anchor: (N, D) embeddings, any norm.
        other: (N, D) embeddings; row i is compared with anchor i.
        scores: (N,), on any scale; higher is closer.
        temperature: divides the differences of cosines; 0.05 is the factor 20 of the paper.

    Returns:
        Scalar: log(1 + sum of exp((cosine_j - cosine_i) / temperature) over all rows with score_i > score_j).

    Raises:
        ShapeError: the shapes do not fit.

    Source: DOI 10.1109/TASLP.2024.3402087; first in kexue.fm/archives/8847.
    """
    import torch

    cosines = row_cosines(anchor, other)
    check_shape("scores", scores, tuple(cosines.shape))
    differences = (cosines.unsqueeze(0) - cosines.unsqueeze(1)) / temperature  # (i, j): cosine_j - cosine_i
    ordered = scores.unsqueeze(1) > scores.unsqueeze(0)
    one = cosines.new_zeros(1)  # exp(0)
    return torch.cat([one, differences[ordered]]).logsumexp(dim=0)
