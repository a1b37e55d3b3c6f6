"""A batch taken apart: for each pair of points its cosine, logit, probability, share of the loss and of the gradient.

The gradient of a cell comes from the loss function itself. Its share of the loss is a definition, one for each loss in
`_PARTS`; the shares of a batch add up to the loss. A loss that is not there has cosines and a gradient all the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.learning.circle.motion import Floats, Form, Motion, State
from simcse_core.learning.losses.registry import Loss

if TYPE_CHECKING:
    from torch import Tensor

_TAG = 1e-5


@dataclass(frozen=True)
class Parts:
    """What a loss makes of its cosines, (F, R, C) each; NaN where a cell takes no part, None where it makes no such."""

    logits: Floats | None
    probabilities: Floats | None
    shares: Floats
    """They add up to the loss of each frame."""


@dataclass(frozen=True)
class Cells:
    """The matrices of all frames: R rows are points, C columns are points, second views or centres."""

    targets: NDArray[np.int64]
    """(R, C)."""
    cosines: Floats
    """(F, R, C)."""
    gradients: Floats
    """(F, R, C): derivative of the loss by the cosine; a step moves the cosine the other way."""
    parts: Parts | None


def cells(loss: Loss, form: Form, motion: Motion, options: Mapping[str, object] | None = None) -> Cells:
    """The matrices of a motion.

    Args:
        loss, form, options: as they were given to `move`.
        motion: what came out.
    """
    values = loss.with_options(options or {})
    fixed = {name: value for name, value in values.items() if name not in motion.learned}
    frames = [_frame(loss, form, motion, at, fixed) for at in range(len(motion.points))]
    cosines = np.stack([found for found, _gradient in frames])
    gradients = np.stack([gradient for _found, gradient in frames])
    targets = np.array(form.targets)
    compute = _PARTS.get(loss.name)
    numbers = _Numbers(cosines, targets, motion, fixed)
    return Cells(targets, cosines, gradients, compute(numbers) if compute else None)


def _frame(loss: Loss, form: Form, motion: Motion, at: int, fixed: Mapping[str, Any]) -> tuple[Floats, Floats]:
    """(R, C) cosines and (R, C) derivatives of one frame."""
    import torch

    points = torch.tensor(motion.points[at])
    learned: State = {name: torch.tensor(value[at]) for name, value in motion.learned.items()}
    rows, columns = form.compared(points, learned)
    unit = torch.nn.functional.normalize
    cosines = unit(rows, dim=1) @ unit(columns, dim=1).T
    return cosines.numpy(), by_cosine(loss, form, points, learned, fixed).numpy()


def by_cosine(loss: Loss, form: Form, points: "Tensor", learned: State, fixed: Mapping[str, Any]) -> "Tensor":
    """(R, C) derivatives of a loss by each cosine, through the loss as it is.

    Each column gets a dimension of its own, in which it has a length of 1e-5. A row that moves by d along it changes
    its cosine with that column by 1e-5 · d and no other cosine, so the gradient of the rows by these dimensions is the
    derivative, right to ten digits.
    """
    import torch

    columns = len(form.targets[0])
    tags = torch.zeros(len(points), columns, dtype=points.dtype, requires_grad=True)
    positional, named, tagged = form.tagged(points, learned, tags, _TAG)
    value = loss.function(*positional, **named, **tagged, **fixed)
    (gradient,) = torch.autograd.grad(value, tags, allow_unused=True, materialize_grads=True)
    return gradient / _TAG


@dataclass(frozen=True)
class _Numbers:
    """What the parts of a loss are computed from."""

    cosines: Floats
    targets: NDArray[np.int64]
    motion: Motion
    fixed: Mapping[str, Any]

    def option(self, name: str) -> Any:
        """(F, 1, 1) when it is learned, else the option itself."""
        if name in self.motion.learned:
            return self.motion.learned[name].reshape(-1, 1, 1)
        return self.fixed[name]

    def where(self, values: Floats, chosen: NDArray[np.bool_]) -> Floats:
        """(F, R, C) with NaN in the cells that are not chosen."""
        return np.where(chosen, values, np.nan)


def _softplus(x: Floats) -> Floats:
    return np.logaddexp(0.0, x)


def _sigmoid(numbers: _Numbers, logits: Floats, costs: Floats) -> Parts:
    """Every counted pair on its own: the loss is the mean of the costs."""
    counted = numbers.targets != 0
    shares = np.where(counted, costs, 0.0) / max(counted.sum(), 1)
    probabilities = np.exp(-_softplus(-logits))
    return Parts(numbers.where(logits, counted), numbers.where(probabilities, counted), shares)


def _bce(numbers: _Numbers) -> Parts:
    logits = numbers.cosines * numbers.option("scale") + numbers.option("bias")
    return _sigmoid(numbers, logits, _softplus(-numbers.targets * logits))


def _naive_bce(numbers: _Numbers) -> Parts:
    return _sigmoid(numbers, numbers.cosines, _softplus(-numbers.targets * numbers.cosines))


def _bce_minus_one(numbers: _Numbers) -> Parts:
    logits = numbers.cosines * numbers.option("scale") + numbers.option("bias")
    return _sigmoid(numbers, logits, _softplus(logits) - numbers.targets * logits)


def _log_softmax(logits: Floats) -> Floats:
    """Over the columns; cells of -inf take no part, and a row without any has NaN."""
    highest = logits.max(axis=2, keepdims=True)
    with np.errstate(invalid="ignore"):
        return logits - highest - np.log(np.exp(logits - highest).sum(axis=2, keepdims=True))


def _softmax(numbers: _Numbers) -> Parts:
    """A row shares its loss among its matches."""
    matches = numbers.targets == 1
    has_match = matches.any(axis=1)
    counted = (numbers.targets != 0) & has_match[:, None]
    logits = numbers.cosines / numbers.option("temperature")
    log_probabilities = _log_softmax(np.where(counted, logits, -np.inf))
    each = np.maximum(matches.sum(axis=1, keepdims=True), 1) * max(has_match.sum(), 1)
    shares = np.where(matches, -log_probabilities, 0.0) / each
    return Parts(numbers.where(logits, counted), numbers.where(np.exp(log_probabilities), counted), shares)


def _naive_cross_entropy(numbers: _Numbers) -> Parts:
    logits = numbers.cosines / numbers.option("temperature")
    log_probabilities = _log_softmax(logits)
    shares = -numbers.targets * log_probabilities / len(numbers.targets)
    return Parts(logits, np.exp(log_probabilities), shares)


def _triplet(numbers: _Numbers) -> Parts:
    """Half of a triplet's violation belongs to its match, half to its mismatch."""
    choose = _MINING[numbers.option("mining")]
    shares = np.zeros_like(numbers.cosines)
    for at, cosines in enumerate(numbers.cosines):
        chosen = [
            (row, match, mismatch, numbers.option("margin") + cosines[row, mismatch] - cosines[row, match])
            for row, match, mismatch in choose(cosines, numbers.targets)
        ]
        violated = [triplet for triplet in chosen if triplet[3] > 0]
        counted = len(violated if numbers.option("mining") == "all" else chosen)
        for row, match, mismatch, violation in violated:
            shares[at, row, match] += violation / counted / 2
            shares[at, row, mismatch] += violation / counted / 2
    return Parts(None, None, shares)


Triplets = list[tuple[int, int, int]]


def _sides(targets: NDArray[np.int64]) -> list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Each row that has both, with its matches and mismatches."""
    sides = [(row, np.flatnonzero(own == 1), np.flatnonzero(own == -1)) for row, own in enumerate(targets)]
    return [(row, matches, mismatches) for row, matches, mismatches in sides if len(matches) and len(mismatches)]


def _all_triplets(cosines: Floats, targets: NDArray[np.int64]) -> Triplets:
    return [(row, int(p), int(n)) for row, matches, mismatches in _sides(targets) for p in matches for n in mismatches]


def _hard_triplets(cosines: Floats, targets: NDArray[np.int64]) -> Triplets:
    return [
        (row, int(matches[cosines[row, matches].argmin()]), int(mismatches[cosines[row, mismatches].argmax()]))
        for row, matches, mismatches in _sides(targets)
    ]


def _semi_hard_triplets(cosines: Floats, targets: NDArray[np.int64]) -> Triplets:
    chosen = []
    for row, matches, mismatches in _sides(targets):
        for match in matches:
            farther = mismatches[cosines[row, mismatches] < cosines[row, match]]
            at = (
                farther[cosines[row, farther].argmax()]
                if len(farther)
                else mismatches[cosines[row, mismatches].argmin()]
            )
            chosen.append((row, int(match), int(at)))
    return chosen


_MINING: dict[str, Callable[[Floats, NDArray[np.int64]], Triplets]] = {
    "all": _all_triplets,
    "hard": _hard_triplets,
    "semi-hard": _semi_hard_triplets,
}


def _cosent(numbers: _Numbers) -> Parts:
    """The loss is one logarithm over all comparisons of two pairs; each pair gets its part by their weight in it.

    A pair (i, j) of points has two cells, which share what is its own.
    """
    first, second = np.nonzero(np.triu(numbers.targets, 1))
    scores = numbers.targets[first, second]
    logits = numbers.cosines / numbers.option("temperature")
    own = logits[:, first, second]  # (F, P)
    ordered = scores[:, None] > scores[None, :]
    differences = np.where(ordered, own[:, None, :] - own[:, :, None], -np.inf)  # (F, P, P)
    losses = np.logaddexp(0.0, np.logaddexp.reduce(differences.reshape(len(own), -1), axis=1, initial=-np.inf))
    weights = np.exp(differences - losses[:, None, None])
    by_pair = weights.sum(axis=1) + weights.sum(axis=2)  # (F, P); each comparison has two pairs
    by_pair *= (losses / np.maximum(by_pair.sum(axis=1), 1e-300))[:, None]
    shares = np.zeros_like(numbers.cosines)
    shares[:, first, second] = shares[:, second, first] = by_pair / 2
    return Parts(numbers.where(logits, numbers.targets != 0), None, shares)


def _center(numbers: _Numbers) -> Parts:
    """The columns are centres: the classifier's part and the pull stand in a point's own column.

    Half of a violated margin stands in the own column, half in that of the nearest other centre.
    """
    own = numbers.targets == 1
    count = len(numbers.targets)
    learned, points = numbers.motion.learned, numbers.motion.points
    directions = learned["classifier"] / np.linalg.norm(learned["classifier"], axis=2, keepdims=True)
    logits = points @ directions.transpose(0, 2, 1) / numbers.option("temperature")  # (F, N, C)
    log_probabilities = _log_softmax(logits)
    squares = np.square(points[:, :, None] - learned["centers"][:, None]).sum(axis=3)  # (F, N, C)
    shares = np.where(own, -log_probabilities + numbers.option("pull") / 2 * squares, 0.0)
    others = np.where(own, np.inf, squares)
    nearest = others.argmin(axis=2)[:, :, None]  # (F, N, 1)
    violation = np.maximum(
        numbers.option("margin") + squares[:, own][:, :, None] - others.min(axis=2, keepdims=True), 0
    )
    is_nearest = (np.arange(squares.shape[2]) == nearest) & ~own
    shares += np.where(own | is_nearest, numbers.option("push") * violation / 2, 0.0)
    return Parts(logits, np.exp(log_probabilities), shares / count)


_PARTS: dict[str, Callable[[_Numbers], Parts]] = {
    "bce": _bce,
    "naive_bce": _naive_bce,
    "bce_minus_one": _bce_minus_one,
    "cross_entropy": _softmax,
    "simcse": _softmax,
    "supcon": _softmax,
    "naive_cross_entropy": _naive_cross_entropy,
    "triplet": _triplet,
    "cosent": _cosent,
    "center": _center,
}
