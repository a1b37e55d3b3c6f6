"""A batch taken apart: for each pair of points its cosine, logit, probability, share of the loss and of the gradient.

All of it comes from the loss: the gradient of a cell from the function, the rest from the `parts` that the loss gives.
A loss that gives none has cosines and a gradient all the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.learning.circle.forms import Form, State
from simcse_core.learning.circle.motion import Floats, Motion
from simcse_core.learning.losses.registry import Loss

if TYPE_CHECKING:
    from torch import Tensor

_TAG = 1e-5


@dataclass(frozen=True)
class Cells:
    """The matrices of all frames: R rows are points, C columns are points, second views or centres."""

    targets: NDArray[np.int64]
    """(R, C)."""
    cosines: Floats
    """(F, R, C)."""
    gradients: Floats
    """(F, R, C): derivative of the loss by the cosine; a step moves the cosine the other way."""
    shares: Floats | None = None
    """(F, R, C): they add up to the loss of each frame. None where the loss gives no parts."""
    logits: Floats | None = None
    """(F, R, C): NaN where a cell takes no part, None where the loss has none."""
    probabilities: Floats | None = None
    """(F, R, C), as the logits."""


def cells(loss: Loss, form: Form, motion: Motion, options: Mapping[str, object] | None = None) -> Cells:
    """The matrices of a motion.

    Args:
        loss, form, options: as they were given to `move`.
        motion: what came out.
    """
    import torch

    values = loss.with_options(options or {})
    fixed = {name: value for name, value in values.items() if name not in motion.learned}
    points = torch.tensor(motion.points)  # (F, N, 2)
    learned: State = {name: torch.tensor(value) for name, value in motion.learned.items()}
    rows, columns = (torch.nn.functional.normalize(side, dim=-1) for side in form.compared(points, learned))
    return Cells(
        np.array(form.targets),
        (rows @ columns.transpose(1, 2)).numpy(),
        by_cosine(loss, form, points, learned, fixed).numpy(),
        **_parts(loss, form, points, learned, fixed),
    )


PARTS = ("shares", "logits", "probabilities")
"""The matrices that come from a loss's `Parts`."""


def _parts(
    loss: Loss, form: Form, points: "Tensor", learned: State, fixed: Mapping[str, Any]
) -> dict[str, Floats | None]:
    """Each of `PARTS`, (F, R, C); None for a loss that gives no parts, or not this one."""
    import torch

    if loss.parts is None:
        return {}
    frames = []
    for frame, placed in enumerate(points):
        positional, named = form.arguments(placed)
        frames.append(form.in_cells(loss.parts(*positional, **named, **_of_frame(learned, frame), **fixed)))
    columns = {name: [getattr(parts, name) for parts in frames] for name in PARTS}
    return {name: None if values[0] is None else torch.stack(values).numpy() for name, values in columns.items()}


def _of_frame(learned: State, frame: int) -> State:
    return {name: value[frame] for name, value in learned.items()}


def by_cosine(loss: Loss, form: Form, points: "Tensor", learned: State, fixed: Mapping[str, Any]) -> "Tensor":
    """(F, R, C) derivatives of a loss by each cosine, through the loss as it is.

    Each column gets a dimension of its own, in which it has a length of 1e-5. A row that moves by d along it changes
    its cosine with that column by 1e-5 · d and no other cosine, so the gradient of the rows by these dimensions is the
    derivative, right to ten digits.
    """
    import torch

    frames, rows, _coordinates = points.shape
    tags = torch.zeros(frames, rows, len(form.targets[0]), dtype=points.dtype, requires_grad=True)
    values = []
    for frame, (placed, tag) in enumerate(zip(points, tags.unbind(), strict=True)):
        positional, named, tagged = form.tagged(placed, _of_frame(learned, frame), tag, _TAG)
        values.append(loss.function(*positional, **named, **tagged, **fixed))
    (gradient,) = torch.autograd.grad(torch.stack(values).sum(), tags, allow_unused=True, materialize_grads=True)
    return gradient / _TAG
