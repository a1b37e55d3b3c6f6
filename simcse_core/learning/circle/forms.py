"""How the points of a batch become what a loss is called with, and which cells its pairs are."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from simcse_core.learning.circle.batch import Batch, Targets
from simcse_core.learning.losses.parts import Parts
from simcse_core.learning.losses.registry import Loss

if TYPE_CHECKING:
    from torch import Tensor

State = dict[str, "Tensor"]

VIEW_DEGREES = 8.0
"""How far dropout turns the second view of a text, at most about."""


class Form(Protocol):
    """How points become what a loss is called with."""

    @property
    def targets(self) -> Targets:
        """(R, C): what the loss takes for a match and for a mismatch."""

    def arguments(self, points: "Tensor") -> "tuple[tuple[Tensor, ...], State]":
        """Positional and named arguments of the loss."""

    def compared(self, points: "Tensor", learned: State) -> "tuple[Tensor, Tensor]":
        """(…, R, 2) and (…, C, 2): whose cosines the loss looks at. Points and what is learned may be of all frames."""

    def tagged(self, points: "Tensor", learned: State, tags: "Tensor", size: float) -> "tuple[Any, Any, State]":
        """The same arguments with a dimension for each column; see `cells.by_cosine`."""

    def in_cells(self, parts: Parts) -> Parts:
        """(R, C) each: what the loss says of its pairs, at the cells of these pairs."""


@dataclass(frozen=True)
class Itself:
    """The batch compared with itself."""

    targets: Targets
    diagonal: bool = False
    """Whether the loss is also asked about each point and itself."""

    @cached_property
    def _supervision(self) -> State:
        return {"targets": matrix(self.targets)}

    def arguments(self, points: "Tensor") -> "tuple[tuple[Tensor, ...], State]":
        return (points, *([points] if self.diagonal else [])), self._supervision

    def compared(self, points: "Tensor", learned: State) -> "tuple[Tensor, Tensor]":
        return points, points

    def tagged(self, points: "Tensor", learned: State, tags: "Tensor", size: float) -> "tuple[Any, Any, State]":
        return (_with(points, tags), _with_own_tags(points, size)), self._supervision, learned

    def in_cells(self, parts: Parts) -> Parts:
        return parts


@dataclass(frozen=True)
class Views:
    """Each point has to find its second view, the same point turned a little; classes do not count."""

    turns: tuple[float, ...]
    """(N,) radians."""

    @cached_property
    def targets(self) -> Targets:
        return identity_targets(len(self.turns))

    @cached_property
    def _supervision(self) -> State:
        return {"targets": matrix(self.targets)}

    def arguments(self, points: "Tensor") -> "tuple[tuple[Tensor, ...], State]":
        return self.compared(points, {}), self._supervision

    def compared(self, points: "Tensor", learned: State) -> "tuple[Tensor, Tensor]":
        import torch

        turns = torch.tensor(self.turns, dtype=points.dtype)
        x, y = points.unbind(dim=-1)
        turned = torch.stack([x * turns.cos() - y * turns.sin(), x * turns.sin() + y * turns.cos()], dim=-1)
        return points, turned

    def tagged(self, points: "Tensor", learned: State, tags: "Tensor", size: float) -> "tuple[Any, Any, State]":
        first, second = self.compared(points, learned)
        return (_with(first, tags), _with_own_tags(second, size)), self._supervision, learned

    def in_cells(self, parts: Parts) -> Parts:
        return parts


@dataclass(frozen=True)
class Pairs:
    """Each pair of points is a row with a score, its target."""

    targets: Targets

    @cached_property
    def rows(self) -> tuple[list[int], list[int]]:
        """The first and the second point of each pair that counts."""
        upper = [(i, j) for i, row in enumerate(self.targets) for j, target in enumerate(row) if i < j and target]
        return [i for i, _j in upper], [j for _i, j in upper]

    @cached_property
    def _supervision(self) -> State:
        import torch

        scores = [self.targets[i][j] for i, j in zip(*self.rows, strict=True)]
        return {"scores": torch.tensor(scores, dtype=torch.float64)}

    def arguments(self, points: "Tensor") -> "tuple[tuple[Tensor, ...], State]":
        first, second = self.rows
        return (points[first], points[second]), self._supervision

    def compared(self, points: "Tensor", learned: State) -> "tuple[Tensor, Tensor]":
        return points, points

    def tagged(self, points: "Tensor", learned: State, tags: "Tensor", size: float) -> "tuple[Any, Any, State]":
        first, second = self.rows
        return (_with(points, tags)[first], _with_own_tags(points, size)[second]), self._supervision, learned

    def in_cells(self, parts: Parts) -> Parts:
        """A pair (i, j) has the cells (i, j) and (j, i); each has half of its share."""
        shares = self._at_both(parts.shares / 2, 0.0)
        logits, probabilities = (
            None if values is None else self._at_both(values, math.nan)
            for values in (parts.logits, parts.probabilities)
        )
        return Parts(shares, logits, probabilities)

    def _at_both(self, values: "Tensor", elsewhere: float) -> "Tensor":
        first, second = self.rows
        cells = values.new_full((len(self.targets), len(self.targets)), elsewhere)
        cells[first, second] = cells[second, first] = values
        return cells


@dataclass(frozen=True)
class Codes:
    """Each point has a class, whose centre it is compared with; pairs of points do not count."""

    classes: tuple[int, ...]

    @cached_property
    def targets(self) -> Targets:
        columns = range(max(self.classes) + 1)
        return tuple(tuple(1 if label == column else -1 for column in columns) for label in self.classes)

    @cached_property
    def _supervision(self) -> State:
        import torch

        return {"classes": torch.tensor(self.classes)}

    def arguments(self, points: "Tensor") -> "tuple[tuple[Tensor, ...], State]":
        return (points,), self._supervision

    def compared(self, points: "Tensor", learned: State) -> "tuple[Tensor, Tensor]":
        return points, learned["centers"]

    def tagged(self, points: "Tensor", learned: State, tags: "Tensor", size: float) -> "tuple[Any, Any, State]":
        tagged = {name: _with_own_tags(value, size) if value.ndim == 2 else value for name, value in learned.items()}
        return (_with(points, tags),), self._supervision, tagged

    def in_cells(self, parts: Parts) -> Parts:
        return parts


def form_for(loss: Loss, batch: Batch) -> Form:
    """How a loss gets a batch, by the kind of data that suits it best."""
    match next(iter(loss.inputs.values())):
        case "views":
            return Views(view_turns(len(batch.classes)))
        case "scores":
            return Pairs(batch.targets)
        case "class_codes":
            return Codes(batch.classes)
        case _:
            return Itself(batch.targets)


def identity_targets(count: int) -> Targets:
    """(N, N): each point matches itself only."""
    return tuple(tuple(1 if row == column else -1 for column in range(count)) for row in range(count))


def view_turns(count: int) -> tuple[float, ...]:
    """(count,) radians, up to about `VIEW_DEGREES` to either side; always the same."""
    chance = np.random.default_rng(0)
    return tuple(map(float, np.radians(chance.uniform(-VIEW_DEGREES, VIEW_DEGREES, count))))


def matrix(targets: Targets) -> "Tensor":
    import torch

    return torch.tensor(targets)


def _with(points: "Tensor", tags: "Tensor") -> "Tensor":
    import torch

    return torch.cat([points, tags], dim=1)


def _with_own_tags(points: "Tensor", size: float) -> "Tensor":
    """(M, 2 + M): each point with a dimension for itself, in which it has the size."""
    import torch

    return _with(points, size * torch.eye(len(points), dtype=points.dtype))
