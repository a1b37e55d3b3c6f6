"""Losses in which each text has to pick its matches among the candidates of the batch."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcse_core.learning.losses.compare import compare, mean
from simcse_core.learning.losses.parts import Parts, only
from simcse_core.learning.losses.registry import HardNegativeWeight, Temperature, losses

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Candidates:
    """A softmax over the candidates of each of the R rows that have a match."""

    logits: "Tensor"
    """(N, M), of all rows."""
    targets: "Tensor"
    """(N, M), of all rows."""
    has_match: "Tensor"
    """(N,) bool."""
    log_probabilities: "Tensor"
    """(R, M); -inf where the target is 0."""

    def loss(self) -> "Tensor":
        """The mean over the rows with a match of the mean over its matches of -log softmax."""
        matches = self._matches()
        return mean(-self.log_probabilities.masked_fill(~matches, 0.0).sum(dim=1) / matches.sum(dim=1))

    def parts(self) -> Parts:
        """A row shares its loss among its matches."""
        import torch

        matches = self._matches()
        costs = -self.log_probabilities.masked_fill(~matches, 0.0) / matches.sum(dim=1, keepdim=True)
        shares, probabilities = torch.zeros_like(self.logits), torch.zeros_like(self.logits)
        shares[self.has_match] = costs / max(len(costs), 1)
        probabilities[self.has_match] = self.log_probabilities.exp()
        counted = (self.targets != 0) & self.has_match.unsqueeze(1)
        return Parts(shares, only(self.logits, counted), only(probabilities, counted))

    def _matches(self) -> "Tensor":
        """(R, M)."""
        return self.targets[self.has_match] == 1


def candidates(logits: "Tensor", targets: "Tensor") -> Candidates:
    """The softmax of each row; targets of 0 are no candidates. Both (N, M)."""
    has_match = (targets == 1).any(dim=1)  # a softmax over nothing has no gradient
    log_probabilities = logits[has_match].masked_fill(targets[has_match] == 0, -math.inf).log_softmax(dim=1)
    return Candidates(logits, targets, has_match, log_probabilities)


def softmax_parts(
    anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor", temperature: float
) -> Parts:
    """What each match costs. Arguments as for `cross_entropy` and `supcon`."""
    cosines, targets = compare(anchor, positive, targets)
    return candidates(cosines / temperature, targets).parts()


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
    parts=softmax_parts,
)
def cross_entropy(
    anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor", temperature: Temperature = 0.05
) -> "Tensor":
    """Each text has to pick its matches among all texts of the batch (softmax cross-entropy, InfoNCE).

    A row's matches share its target distribution equally; rows without a match teach nothing and are skipped.

    Args:
        anchor: (N, D) embeddings, any norm.
        positive: (M, D) embeddings, the columns of the targets; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see `registry.Input`.
        temperature: divides the cosines.

    Returns:
        Scalar in nats, the mean over the rows. log of the number of candidates when nothing is distinguishable; with P
        matches in a row it cannot fall under log P.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 1807.03748 (InfoNCE); in-batch negatives as in arXiv 1705.00652.
    """
    cosines, targets = compare(anchor, positive, targets)
    return candidates(cosines / temperature, targets).loss()


def _simcse_logits(
    anchor: "Tensor", positive: "Tensor", targets: "Tensor", temperature: float, hard_negative_weight: float
) -> "tuple[Tensor, Tensor]":
    """(N, N) or (N, 2N) logits and targets."""
    cosines, targets = compare(anchor, positive, targets)
    logits = cosines / temperature
    rows = len(anchor)
    if len(positive) == 2 * rows:
        hard_negatives = logits.diagonal(offset=rows) + math.log(hard_negative_weight)
        logits = logits.diagonal_scatter(hard_negatives, offset=rows)
    return logits, targets


def simcse_parts(
    anchor: "Tensor", positive: "Tensor", *, targets: "Tensor", temperature: float, hard_negative_weight: float
) -> Parts:
    """What each positive costs. Arguments as for `simcse`."""
    return candidates(*_simcse_logits(anchor, positive, targets, temperature, hard_negative_weight)).parts()


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
    parts=simcse_parts,
)
def simcse(
    anchor: "Tensor",
    positive: "Tensor",
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
        positive: (N, D) second views or positives, or (2N, D) positives and then the hard negative of each anchor.
        targets: (N, N) or (N, 2N) with one match a row, see `registry.Input`.
        temperature: divides the cosines.
        hard_negative_weight: factor of an anchor's hard negative in its denominator; used with (2N, D) only.

    Returns:
        Scalar in nats, the mean over the rows. log of the number of candidates when nothing is distinguishable.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 2104.08821; the weight is its alpha.
    """
    logits, targets = _simcse_logits(anchor, positive, targets, temperature, hard_negative_weight)
    return candidates(logits, targets).loss()


@losses.register(
    "supcon",
    inputs={"labelled": "classes"},
    learned_nothing="The log of the number of other texts in the batch.",
    collapse="All cosines are equal: a class is no closer than the rest, and the loss stays at that log.",
    parts=softmax_parts,
)
def supcon(
    anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor", temperature: Temperature = 0.1
) -> "Tensor":
    """Each text has to pick all texts of its class among the batch (supervised contrastive).

    The formula is that of `cross_entropy`; here all texts of a class are matches at once, there one of them is.

    Args:
        anchor: (N, D) embeddings, any norm.
        positive: (M, D) embeddings, the columns of the targets; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see `registry.Input`.
        temperature: divides the cosines.

    Returns:
        Scalar in nats: the mean, over the texts that have a match, of the mean over their matches of -log softmax. log
        of the number of candidates when nothing is distinguishable; with P matches in a row it cannot fall under log P.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 2004.11362, L_out.
    """
    cosines, targets = compare(anchor, positive, targets)
    return candidates(cosines / temperature, targets).loss()
