"""Points on a circle under a loss: gradient descent through the registered function, all frames in one go.

The step size is chosen so that the fastest point begins with a given angle, and no point ever moves farther in a step.
So losses of different size run at a like pace, and what differs is the direction in which they push.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.learning.circle.batch import Batch, Targets
from simcse_core.learning.circle.forms import Form, State, form_for
from simcse_core.learning.losses.registry import Learned, Loss

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]

STEPS = 60
FIRST_STEP = 0.1
"""Radians that the fastest point moves in the first step; 0.1 is 6 degrees."""
NOTHING = 1e-9
"""A gradient below this teaches nothing."""


@dataclass(frozen=True)
class Motion:
    """What a loss made of a batch; F frames, the first is the start."""

    points: Floats
    """(F, N, 2), of length 1."""
    losses: Floats
    """(F,); NaN where there is no loss."""
    gradients: Floats
    """(F,) length of the gradient by all points together."""
    truth: Targets
    """(N, N): which pairs belong together, whatever the loss was told."""
    rate: float = 0.0
    """Step size of the descent; 0 when there was no gradient at the start."""
    learned: Mapping[str, Floats] = field(default_factory=dict)
    """What the loss learned beside the points, each (F, …)."""

    @property
    def cosines(self) -> Floats:
        """(F, N, N)."""
        return self.points @ self.points.transpose(0, 2, 1)

    @property
    def matches(self) -> Floats:
        """(F,) mean cosine of the pairs that belong together; NaN if there are none."""
        return self._mean(1)

    @property
    def mismatches(self) -> Floats:
        """(F,) mean cosine of the pairs that do not; NaN if there are none."""
        return self._mean(-1)

    @property
    def nearest(self) -> Floats:
        """(F,) mean cosine of each point with its nearest mismatch; NaN if there are none."""
        apart = np.array(self.truth) == -1
        highest = np.where(apart, self.cosines, -np.inf).max(axis=2)[:, apart.any(axis=1)]
        return highest.mean(axis=1) if highest.shape[1] else np.full(len(self.points), np.nan)

    def _mean(self, target: int) -> Floats:
        cosines = self.cosines[:, np.array(self.truth) == target]
        return cosines.mean(axis=1) if cosines.shape[1] else np.full(len(self.points), np.nan)


def move(
    loss: Loss,
    batch: Batch,
    options: Mapping[str, object] | None = None,
    *,
    form: Form | None = None,
    steps: int = STEPS,
    rate: float | None = None,
    first_step: float = FIRST_STEP,
    learns_options: bool = True,
) -> Motion:
    """Let a loss push the points of a batch; in float64, and always the same.

    What training learns beside the encoder (scale, bias, centres) is learned here too.

    Args:
        loss: from `losses` or `naive_losses`.
        batch: N points.
        options: of the loss; what is left out has its default.
        form: how the points become its input; None is as `form_for` says.
        steps: so many frames come after the first.
        rate: step size; None chooses it by `first_step`.
        first_step: radians that the fastest point moves first, and the most that any point moves in a step.
        learns_options: whether options that training learns (scale, bias) move too; else they stay as they are set.

    Raises:
        OptionError: an option does not exist or is out of range.
    """
    import torch

    form = form or form_for(loss, batch)
    values = loss.with_options(options or {})
    learned_too = learned_at_start(loss, batch, values, with_options=learns_options)
    start: State = {"points": torch.tensor(batch.points), **learned_too}
    fixed = {name: value for name, value in values.items() if name not in start}

    def objective(state: State) -> "Tensor":
        positional, named = form.arguments(state["points"])
        learned = {name: value for name, value in state.items() if name != "points"}
        return loss.function(*positional, **named, **learned, **fixed)

    frames = descend(lambda state, _step: objective(state), start, steps=steps, rate=rate, first_step=first_step)
    return Motion(
        points=frames.states["points"],
        losses=frames.losses,
        gradients=frames.gradients,
        truth=batch.targets,
        rate=frames.rate,
        learned={name: value for name, value in frames.states.items() if name != "points"},
    )


def learned_at_start(loss: Loss, batch: Batch, options: Mapping[str, Any], *, with_options: bool = True) -> State:
    """What a loss learns beside the points, where it starts."""
    import torch

    learned: State = {
        field.name: torch.tensor(options[field.name], dtype=torch.float64)
        for field in loss.fields
        if with_options and field.has(Learned)
    }
    if loss.parameters is not None:
        classes = torch.tensor(batch.classes)
        learned |= loss.parameters(torch.tensor(batch.points), classes, max(batch.classes) + 1)
    return learned


@dataclass(frozen=True)
class Descent:
    """All states that a descent went through, the start among them."""

    states: dict[str, Floats]
    """(F, …) each."""
    losses: Floats
    gradients: Floats
    rate: float


def descend(
    objective: "Callable[[State, int], Tensor]",
    start: State,
    *,
    steps: int = STEPS,
    rate: float | None = None,
    first_step: float = FIRST_STEP,
) -> Descent:
    """Gradient descent on named tensors. The first is what is watched; under the name "points" it keeps its length 1.

    Args:
        objective: the loss of a state at a step.
        start: tensors in float64; not changed.
        steps, rate, first_step: as in `move`; rows of the first tensor count as points.
    """
    import torch

    watched = next(iter(start))
    state = {name: value.clone() for name, value in start.items()}
    states: list[State] = []
    losses, gradients = [], []
    for step in range(steps + 1):
        states.append(state)
        leaves = {name: value.clone().requires_grad_() for name, value in state.items()}
        loss = objective(leaves, step)
        slopes = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True, materialize_grads=True)
        gradient = dict(zip(leaves, slopes, strict=True))
        fastest = float(gradient[watched].norm(dim=-1).max())
        if rate is None:
            rate = first_step / fastest if fastest > NOTHING else 0.0
        losses.append(float(loss.detach()))
        gradients.append(float(gradient[watched].norm()))
        size = min(rate, first_step / max(fastest, NOTHING))
        state = {name: value - size * gradient[name] for name, value in state.items()}
        if "points" in state:
            state["points"] = torch.nn.functional.normalize(state["points"], dim=1)
    together = {name: np.stack([one[name].numpy() for one in states]) for name in start}
    return Descent(together, np.array(losses), np.array(gradients), float(rate or 0.0))
