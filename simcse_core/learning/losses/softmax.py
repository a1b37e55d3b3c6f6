"""Losses in which each text has to pick its matches among the candidates of the batch."""

import math
from typing import TYPE_CHECKING

from simcse_core.learning.losses.compare import compare, mean
from simcse_core.learning.losses.registry import HardNegativeWeight, Temperature, losses

if TYPE_CHECKING:
    from torch import Tensor


@losses.register(
    "cross_entropy",
    inputs={
        "labelled": "class_pairs",
        "pairs": "matches",
        "scored": "matches",
        "triplets": "triplets",
        "answers": "triplets",
    },
    learned_nothing="The log of the number of candidates of a row.",
    collapse="All cosines are equal: no text can pick its match, and the loss stays at the log of the candidates.",
)
def cross_entropy(
    anchor: "Tensor", other: "Tensor | None" = None, *, targets: "Tensor", temperature: Temperature = 0.05
) -> "Tensor":
    """Each text has to pick its matches among all texts of the batch (softmax cross-entropy, InfoNCE).

    A row's matches share its target distribution equally; rows without a match teach nothing and are skipped.

    Args:
        anchor: (N, D) embeddings, any norm.
        other: (M, D) embeddings; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see `registry.Input`.
        temperature: divides the cosines.

    Returns:
        Scalar in nats, the mean over the rows. log of the number of candidates when nothing is distinguishable; with P
        matches in a row it cannot fall under log P.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 1807.03748 (InfoNCE); in-batch negatives as in arXiv 1705.00652.
    """
    cosines, targets = compare(anchor, other, targets)
    return _over_candidates(cosines / temperature, targets)


@losses.register(
    "simcse",
    inputs={
        "texts": "views",
        "triplets": "triplets",
        "pairs": "matches",
        "scored": "matches",
        "labelled": "class_pairs",
    },
    learned_nothing="The log of the number of candidates of a row.",
    collapse="All cosines are equal: no text finds its second view, and the loss stays at the log of the candidates.",
)
def simcse(
    anchor: "Tensor",
    other: "Tensor",
    *,
    targets: "Tensor",
    temperature: Temperature = 0.05,
    hard_negative_weight: HardNegativeWeight = 1.0,
) -> "Tensor":
    """Each text has to find its own second view, or its own positive, among those of the batch (SimCSE).

    The two views of a text differ only by dropout; with dropout off they are equal, nothing has to be aligned, and the
    loss only spreads the texts. With a weight of 1 the formula is that of `cross_entropy`.

    Args:
        anchor: (N, D) embeddings, any norm.
        other: (N, D) second views or positives, or (2N, D) positives and then each anchor's own hard negative.
        targets: (N, N) or (N, 2N) with one match a row, see `registry.Input`.
        temperature: divides the cosines.
        hard_negative_weight: factor of the own hard negative in the denominator; used with (2N, D) only.

    Returns:
        Scalar in nats, the mean over the rows. log of the number of candidates when nothing is distinguishable.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 2104.08821; the weight is its alpha.
    """
    cosines, targets = compare(anchor, other, targets)
    logits = cosines / temperature  # (N, N) or (N, 2N)
    rows = len(anchor)
    if len(other) == 2 * rows:
        own_negative = logits.diagonal(offset=rows) + math.log(hard_negative_weight)
        logits = logits.diagonal_scatter(own_negative, offset=rows)
    return _over_candidates(logits, targets)


@losses.register(
    "supcon",
    inputs={"labelled": "classes"},
    learned_nothing="The log of the number of other texts in the batch.",
    collapse="All cosines are equal: a class is no closer than the rest, and the loss stays at that log.",
)
def supcon(
    anchor: "Tensor", other: "Tensor | None" = None, *, targets: "Tensor", temperature: Temperature = 0.1
) -> "Tensor":
    """Each text has to pick all texts of its class among the batch (supervised contrastive).

    The formula is that of `cross_entropy`; here all texts of a class are matches at once, there one of them is.

    Args:
        anchor: (N, D) embeddings, any norm.
        other: (M, D) embeddings; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see `registry.Input`.
        temperature: divides the cosines.

    Returns:
        Scalar in nats: the mean, over the texts that have a match, of the mean over their matches of -log softmax. log
        of the number of candidates when nothing is distinguishable; with P matches in a row it cannot fall under log P.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 2004.11362, L_out.
    """
    cosines, targets = compare(anchor, other, targets)
    return _over_candidates(cosines / temperature, targets)


def _over_candidates(logits: "Tensor", targets: "Tensor") -> "Tensor":
    """Mean over the rows with a match of the mean over its matches of -log softmax; targets of 0 are no candidates."""
    has_match = (targets == 1).any(dim=1)
    logits, targets = logits[has_match], targets[has_match]  # a softmax over nothing has no gradient
    matches = targets == 1
    log_probabilities = logits.masked_fill(targets == 0, -math.inf).log_softmax(dim=1)  # (N, M)
    return mean(-log_probabilities.masked_fill(~matches, 0.0).sum(dim=1) / matches.sum(dim=1))
