"""Losses that judge pairs: each on its own (bce), or their order (cosent)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simcse_core.encoding.classifier import Carried, MatchScale
from simcse_core.learning.losses.compare import check_shape, compare, mean, row_cosines
from simcse_core.learning.losses.parts import Parts, only
from simcse_core.learning.losses.registry import Bias, InBatchNegatives, Scale, Temperature, Values, losses

if TYPE_CHECKING:
    from torch import Tensor


MOST_BIAS = 50.0


@dataclass(frozen=True)
class JudgedPairs:
    """Pairs that are judged each on its own, (N, M) each."""

    logits: "Tensor"
    costs: "Tensor"
    counted: "Tensor"
    """bool; the loss is the mean of the costs of these pairs."""

    def loss(self) -> "Tensor":
        return mean(self.costs[self.counted])

    def parts(self) -> Parts:
        shares = self.costs.masked_fill(~self.counted, 0.0) / self.counted.sum().clamp(min=1)
        return Parts(shares, only(self.logits, self.counted), only(self.logits.sigmoid(), self.counted))


def judged_by_sign(logits: "Tensor", targets: "Tensor") -> JudgedPairs:
    """A pair costs -log sigmoid(target * logit). Both (N, M); targets of 0 are left out."""
    import torch.nn.functional as F

    return JudgedPairs(logits, -F.logsigmoid(targets * logits), targets != 0)


def bias_at_start(
    anchor: "Tensor",
    positive: "Tensor | None" = None,
    *,
    targets: "Tensor",
    scale: Scale = 10.0,
    bias: Bias = -5.0,
    in_batch_negatives: InBatchNegatives = "off",
) -> dict[str, float]:
    """The bias with which a pair of the mean cosine gets the share of matches as its probability.

    It is learned, but slowly: the step size of what starts from scratch moves it by about 0.001 a step. Each side gets
    one pair more than it has, so that a batch without one of them does not make it infinite. Arguments as for `bce`.
    """
    cosines, targets = compare(anchor, positive, targets)
    matches, mismatches = (targets == 1).sum(), (targets == -1).sum()
    mean_cosine = float(mean(cosines[targets != 0]))
    fitting = math.log((float(matches) + 1) / (float(mismatches) + 1)) - scale * mean_cosine
    return {"bias": max(-MOST_BIAS, min(fitting, MOST_BIAS))}


def bce_parts(
    anchor: "Tensor",
    positive: "Tensor | None" = None,
    *,
    targets: "Tensor",
    scale: float,
    bias: float,
    in_batch_negatives: InBatchNegatives = "off",
) -> Parts:
    """What each pair costs. Arguments as for `bce`."""
    cosines, targets = compare(anchor, positive, targets)
    return judged_by_sign(cosines * scale + bias, targets).parts()


def match_scale(learned: Mapping[str, Values], options: Mapping[str, Any], classes: Sequence[str]) -> Carried:
    """What `bce` leaves with the model: its scale and bias, which make a cosine the probability of a match."""
    return Carried(matches=MatchScale(float(learned["scale"]), float(learned["bias"])))


@losses.register(
    "bce",
    inputs={
        "labelled": "classes",
        "pairs": "marked_rows",
        "scored": "marked_rows",
        "answers": "marked_rows",
        "triplets": "own_triplets",
    },
    in_batch={"pairs": "marked_pairs", "scored": "marked_pairs", "answers": "marked_pairs", "triplets": "triplets"},
    learned_nothing="The entropy of the share of matches, which one answer for all pairs reaches: 0.69 when half of "
    "the pairs match, 0.20 when one in twenty does.",
    collapse="Every pair gets the same cosine, and scale and bias alone bring the loss down to that entropy.",
    start=bias_at_start,
    carries=match_scale,
    parts=bce_parts,
)
def bce(
    anchor: "Tensor",
    positive: "Tensor | None" = None,
    *,
    targets: "Tensor",
    scale: Scale = 10.0,
    bias: Bias = -5.0,
    in_batch_negatives: InBatchNegatives = "off",
) -> "Tensor":
    """Every pair that the data judges, on its own: is it a match? (binary cross-entropy on scaled cosines)

    Of labelled texts these are all pairs of the batch. Of marked or scored pairs and of answers it is the pair of each
    row, of triplets each anchor with its positive and with its own negative.

    With `in_batch_negatives` the sentences of different rows are mismatches as well: of 32 rows up to 992 pairs, nearly
    all of them easy, beside the 32 that the data judges. Mismatches of the data itself, in pairs as in triplets, are
    hard and say more: on triplets of TREC QA, from layer 3, MAP ends at 76 without in-batch negatives and at 69 with
    them; `benchmarks/pairwise.py` has pairs and answers. Rows that all match have no mismatches but those across rows,
    so there they are always taken.

    Args:
        anchor: (N, D) embeddings, any norm.
        positive: (M, D) embeddings, the columns of the targets; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see `registry.Input`.
        scale: t of t·cosine + b; learned in training.
        bias: b; learned in training, which starts it with `bias_at_start` unless it is set.
        in_batch_negatives: whether training takes pairs across rows for mismatches. It says how targets are made of
            rows; targets that are given count as they are.

    Returns:
        Scalar in nats, the mean over the pairs. log 2 when every logit is 0.

    Raises:
        ShapeError: the shapes do not fit.

    Source: the pairwise sigmoid loss of arXiv 2303.15343, which divides the sum by N where this takes the mean.
    """
    cosines, targets = compare(anchor, positive, targets)
    return judged_by_sign(cosines * scale + bias, targets).loss()


@dataclass(frozen=True)
class Comparisons:
    """Every row compared with every row, (N, N) each: rows i with a higher score, columns j with a lower one."""

    differences: "Tensor"
    """(cosine_j - cosine_i) / temperature."""
    ordered: "Tensor"
    """bool; whether row i has the higher score."""

    def loss(self) -> "Tensor":
        import torch

        one = self.differences.new_zeros(1)  # exp(0)
        return torch.cat([one, self.differences[self.ordered]]).logsumexp(dim=0)

    def shares(self) -> "Tensor":
        """(N,): the loss is one logarithm over all comparisons; a row gets its part by its weight in them."""
        loss = self.loss()
        weights = (self.differences - loss).exp().masked_fill(~self.ordered, 0.0)
        by_row = weights.sum(dim=0) + weights.sum(dim=1)
        return by_row * (loss / by_row.sum().clamp(min=1e-300))


def comparisons(cosines: "Tensor", scores: "Tensor", temperature: float) -> Comparisons:
    """What `cosent` compares. Cosines and scores are (N,)."""
    differences = (cosines.unsqueeze(0) - cosines.unsqueeze(1)) / temperature  # (i, j): cosine_j - cosine_i
    return Comparisons(differences, scores.unsqueeze(1) > scores.unsqueeze(0))


def cosent_parts(anchor: "Tensor", positive: "Tensor", *, scores: "Tensor", temperature: float) -> Parts:
    """(N,) what each row contributes. Arguments as for `cosent`."""
    cosines = row_cosines(anchor, positive)
    return Parts(comparisons(cosines, scores, temperature).shares(), cosines / temperature)


@losses.register(
    "cosent",
    inputs={"scored": "scores", "pairs": "scores", "answers": "scores"},
    learned_nothing="The log of 1 plus the number of pairs of rows with different scores.",
    collapse="All rows get the same cosine whatever their score, and the loss stays at that value.",
    parts=cosent_parts,
)
def cosent(anchor: "Tensor", positive: "Tensor", *, scores: "Tensor", temperature: Temperature = 0.05) -> "Tensor":
    """Rows with a higher score have to get a higher cosine; only the order counts (CoSENT).

    Rows with equal scores are not compared, so a batch of equal scores teaches nothing and always gives 0.

    Args:
        anchor: (N, D) embeddings, any norm.
        positive: (N, D) embeddings; row i is compared with anchor i.
        scores: (N,), on any scale; higher is closer.
        temperature: divides the differences of cosines; 0.05 is the factor 20 of the paper.

    Returns:
        Scalar: log(1 + sum of exp((cosine_j - cosine_i) / temperature) over all rows with score_i > score_j).

    Raises:
        ShapeError: the shapes do not fit.

    Source: DOI 10.1109/TASLP.2024.3402087; first in kexue.fm/archives/8847.
    """
    cosines = row_cosines(anchor, positive)
    check_shape("scores", scores, tuple(cosines.shape))
    return comparisons(cosines, scores, temperature).loss()
