"""The triplet loss, with three ways to choose the triplets of a batch."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcse_core.learning.losses.compare import compare
from simcse_core.learning.losses.parts import Parts
from simcse_core.learning.losses.registry import Margin, Mining, losses

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class _Mined:
    """What a way of choosing found in a batch; each a scalar."""

    violations: "Tensor"
    """Sum of max(0, margin + cosine(anchor, mismatch) - cosine(anchor, match)) over the triplets it chose."""
    active: "Tensor"
    """How many of them are above 0."""
    considered: "Tensor"
    """How many it chose."""
    counted: "Tensor"
    """Over how many the loss is the mean: the chosen, or the active."""


def observe_triplets(
    anchor: "Tensor",
    positive: "Tensor | None" = None,
    *,
    targets: "Tensor",
    margin: Margin = 0.2,
    mining: Mining = "semi-hard",
) -> dict[str, float]:
    """active_triplets: the share of the chosen triplets that still teach, from 0 to 1. Arguments as for `triplet`."""
    import torch

    with torch.no_grad():
        mined = _mine(anchor, positive, targets, margin, mining)
    return {"active_triplets": float(mined.active / mined.considered.clamp(min=1))}


def triplet_parts(
    anchor: "Tensor", positive: "Tensor | None" = None, *, targets: "Tensor", margin: float, mining: Mining
) -> Parts:
    """Half of a triplet's violation belongs to its match, half to its mismatch. Arguments as for `triplet`.

    A violation v grows by the match's and the mismatch's cosine at a rate of -1 and 1, so the derivatives of v² / 4 are
    these halves; all triplets of a cell have the same sign there.
    """
    import torch

    cosines, targets = compare(anchor.detach(), None if positive is None else positive.detach(), targets)
    rows = _usable(targets)
    with torch.enable_grad():
        cosines.requires_grad_()
        violations = _TRIPLETS[mining](cosines[rows], targets[rows] == 1, targets[rows] == -1, margin).relu()
        quarters = violations.square().sum() / 4 / max(len(violations), 1)
    (shares,) = torch.autograd.grad(quarters, cosines)
    return Parts(shares.abs())


@losses.register(
    "triplet",
    inputs={
        "labelled": "classes",
        "triplets": "own_triplets",
        "pairs": "matches",
        "scored": "matches",
        "answers": "own_triplets",
    },
    learned_nothing="The margin: matches are no closer than mismatches.",
    collapse="All texts meet in one point: the loss stands at the margin and every triplet is active.",
    observe=observe_triplets,
    parts=triplet_parts,
)
def triplet(
    anchor: "Tensor",
    positive: "Tensor | None" = None,
    *,
    targets: "Tensor",
    margin: Margin = 0.2,
    mining: Mining = "semi-hard",
) -> "Tensor":
    """A match has to be closer than a mismatch, by a margin; what is far enough apart is left alone.

    - hard: of each anchor, the farthest match and the nearest mismatch.
    - semi-hard: of each anchor and match, the nearest mismatch that is farther than the match; where there is none, the
      farthest mismatch. Kinder than hard where labels are noisy.
    - all: every triplet of the batch that is violated.

    With one match and one mismatch a row there is nothing to choose: hard and semi-hard are then the mean over the
    rows, all is the mean over the violated ones.

    Args:
        anchor: (N, D) embeddings, any norm.
        positive: (M, D) embeddings, the columns of the targets; None compares the anchors with each other.
        targets: (N, M) of 1, -1 and 0, see `registry.Input`.
        margin: in cosine distance, 1 - cosine.
        mining: which triplets of the batch count.

    Returns:
        Scalar: the mean of max(0, margin + cosine(anchor, mismatch) - cosine(anchor, match)), for hard over the anchors
        that have both, for semi-hard over their matches, for all over the triplets above 0. Equal to the margin when
        all texts are equal.

    Raises:
        ShapeError: the shapes do not fit.

    Source: arXiv 1503.03832 (FaceNet, semi-hard); batch-hard and the mean over the violated from arXiv 1703.07737.
    """
    mined = _mine(anchor, positive, targets, margin, mining)
    return mined.violations / mined.counted.clamp(min=1)


def _mine(anchor: "Tensor", positive: "Tensor | None", targets: "Tensor", margin: float, mining: Mining) -> _Mined:
    cosines, targets = compare(anchor, positive, targets)
    rows = _usable(targets)
    batch = (cosines[rows], targets[rows] == 1, targets[rows] == -1, margin)
    return _all(*batch) if mining == "all" else _mean_over_chosen(_TRIPLETS[mining](*batch))


def _usable(targets: "Tensor") -> "Tensor":
    """(N,) bool: the anchors that have a match and a mismatch."""
    return (targets == 1).any(dim=1) & (targets == -1).any(dim=1)


def _hard(cosines: "Tensor", matches: "Tensor", mismatches: "Tensor", margin: float) -> "Tensor":
    """(anchors,): margin + cosine(anchor, mismatch) - cosine(anchor, match) of each triplet."""
    farthest_match = cosines.masked_fill(~matches, math.inf).amin(dim=1)  # (N,)
    nearest_mismatch = cosines.masked_fill(~mismatches, -math.inf).amax(dim=1)  # (N,)
    return margin + nearest_mismatch - farthest_match


def _semi_hard(cosines: "Tensor", matches: "Tensor", mismatches: "Tensor", margin: float) -> "Tensor":
    """(matches,): the same of the triplet of each match."""
    nearest_first = cosines.masked_fill(~mismatches, -math.inf).sort(dim=1, descending=True).values  # (N, M)
    closer = _searchsorted(-nearest_first, -cosines, right=True)  # mismatches as close as column j or closer
    nearest_farther = nearest_first.gather(1, closer.clamp(max=cosines.shape[1] - 1))  # (N, M), -inf where none
    farthest = cosines.masked_fill(~mismatches, math.inf).amin(dim=1, keepdim=True)  # (N, 1)
    mismatch = nearest_farther.where(nearest_farther > -math.inf, farthest)
    return (margin + mismatch - cosines)[matches]


def _violated(cosines: "Tensor", matches: "Tensor", mismatches: "Tensor", margin: float) -> "Tensor":
    """(triplets,): the same of every triplet that is violated. N × M × M numbers, so training takes `_all`."""
    terms = margin + cosines.unsqueeze(1) - cosines.unsqueeze(2)  # (anchor, match, mismatch)
    return terms[matches.unsqueeze(2) & mismatches.unsqueeze(1) & (terms > 0)]


def _all(cosines: "Tensor", matches: "Tensor", mismatches: "Tensor", margin: float) -> _Mined:
    """A match's violated mismatches are the first few of its row, so running sums do: N × M numbers, not N × M × M."""
    nearest_first = cosines.masked_fill(~mismatches, -math.inf).sort(dim=1, descending=True).values  # (N, M)
    violated = _searchsorted(-nearest_first, margin - cosines)  # (N, M), mismatches with margin + theirs - match > 0
    sums = nearest_first.masked_fill(nearest_first == -math.inf, 0.0).cumsum(dim=1)  # (N, M)
    sum_of_violated = sums.gather(1, (violated - 1).clamp(min=0))
    violations = (violated * (margin - cosines) + sum_of_violated)[matches & (violated > 0)]
    active = violated[matches].sum()
    considered = (matches.sum(dim=1) * mismatches.sum(dim=1)).sum()
    return _Mined(violations.sum(), active, considered, counted=active)


def _mean_over_chosen(terms: "Tensor") -> _Mined:
    import torch

    considered = torch.tensor(terms.numel(), device=terms.device)
    return _Mined(terms.relu().sum(), (terms > 0).sum(), considered, counted=considered)


def _searchsorted(rising: "Tensor", values: "Tensor", *, right: bool = False) -> "Tensor":
    """How many of each row of `rising` (N, M) are below each of `values` (N, M); with `right`, below or equal."""
    import torch

    return torch.searchsorted(rising.detach().contiguous(), values.detach().contiguous(), right=right)


_TRIPLETS: dict[str, Callable[["Tensor", "Tensor", "Tensor", float], "Tensor"]] = {
    "all": _violated,
    "hard": _hard,
    "semi-hard": _semi_hard,
}
"""The triplets of which the loss is the mean, one by one."""
