"""One training over several processes (`accelerate launch`): each encodes its share, all see all embeddings.

So the negatives of a batch are global, and the loss is the one a single process would compute.
"""

from collections.abc import Sequence
from typing import TypeVar

import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather, reduce
from torch import Tensor

T = TypeVar("T")


def launched() -> "Processes":
    """The processes that `accelerate launch` has started; a single one without it."""
    return Processes(torch.device("cuda" if torch.cuda.is_available() else "cpu"))


class Processes:
    """The processes of one training; a single one when nobody launched more."""

    def __init__(self, device: torch.device) -> None:
        self._state = PartialState(cpu=device.type == "cpu")
        self.count: int = self._state.num_processes
        self.index: int = self._state.process_index

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that writes files and prints."""
        return self.index == 0

    def share(self, items: Sequence[T]) -> list[T]:
        """This process's part of a list: all parts in order give the whole; the last may be shorter."""
        size = -(-len(items) // self.count)
        return list(items[self.index * size : (self.index + 1) * size])

    def gather(self, local: Tensor, total: int) -> Tensor:
        """(total, D) the rows of all processes, in the order of `share`; gradients flow to this process's rows only.

        Each process computes the whole loss, so `sum_gradients` has the whole gradient.
        """
        if self.count == 1:
            return local
        size = -(-total // self.count)
        padded = torch.cat([local.detach(), local.new_zeros(size - len(local), local.shape[1])])
        everyone = gather(padded).split(size)
        parts = [
            part if index != self.index else torch.cat([local, padded[len(local) :]])
            for index, part in enumerate(everyone)
        ]
        return torch.cat(parts)[:total]

    def sum_gradients(self, parameters: Sequence[Tensor]) -> None:
        """Sum the gradients of the shared weights over the processes."""
        if self.count == 1:
            return
        gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
        summed = reduce(torch.cat([gradient.flatten() for gradient in gradients]), reduction="sum")
        for parameter, gradient in zip(parameters, summed.split([p.numel() for p in parameters]), strict=True):
            parameter.grad = gradient.view_as(parameter)

    def sum(self, value: float) -> float:
        """A number added up over the processes."""
        if self.count == 1:
            return value
        return float(reduce(torch.tensor(value, dtype=torch.float64, device=self._state.device), reduction="sum"))

    def agreed(self, value: T) -> T:
        """The main process's value, in all of them."""
        if self.count == 1:
            return value
        values = [value]
        broadcast_object_list(values)
        return values[0]
