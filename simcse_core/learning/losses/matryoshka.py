"""Embeddings whose beginnings are embeddings too (Matryoshka): any loss, over several lengths at once."""

from collections.abc import Collection, Sequence
from functools import wraps
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from simcse_core.errors import OptionError
from simcse_core.learning.losses.registry import LossFunction
from simcse_core.numerals import whole_number

if TYPE_CHECKING:
    from torch import Tensor

MOST_DIMS = 16
"""Lengths: each costs one more computation of the loss."""


def parse_dims(text: str) -> tuple[int, ...]:
    """The lengths that "384,192,96" says.

    Raises:
        OptionError: they are no whole numbers from 1 that become smaller, or too many.
    """
    numbers = [whole_number(part.strip()) for part in text.split(",")]
    dims = tuple(number for number in numbers if number is not None and number >= 1)
    descends = all(longer > shorter for longer, shorter in pairwise(dims))
    if len(dims) < len(numbers) or not descends or len(dims) > MOST_DIMS:
        raise OptionError(
            "{option} is {given!r}: write up to {most} whole numbers, the largest first, such as 384,192,96,48.",
            option="matryoshka",
            given=text,
            most=MOST_DIMS,
        )
    return dims


def over_dims(loss: LossFunction, dims: Sequence[int], parameters: Collection[str] = ()) -> LossFunction:
    """The mean of a loss over embeddings that are cut to their first dimensions and brought to length 1 again.

    Options, numbers that training learns among them, are the same for all lengths.

    Args:
        loss: any of `losses`.
        dims: lengths of the embeddings, none longer than they are. What is to work whole has to be among them.
        parameters: names of what the loss learns in the space of the embeddings, (C, D), such as centres: it is cut as
            they are and keeps its length.

    Source: arXiv 2205.13147.
    """

    @wraps(loss)
    def mean_over_dims(*embeddings: "Tensor", **named: Any) -> "Tensor":
        import torch

        values = []
        for dim in dims:
            cut = {name: _cut(named[name], dim, keeps_length=True) for name in parameters}
            values.append(loss(*(_cut(one, dim) for one in embeddings), **{**named, **cut}))
        return torch.stack(values).mean()

    return mean_over_dims


def _cut(embeddings: "Tensor", dim: int, *, keeps_length: bool = False) -> "Tensor":
    """(N, D) -> (N, dim), of length 1 or of the length that they had."""
    import torch.nn.functional as F

    directions = F.normalize(embeddings[..., :dim], dim=-1)
    return directions * embeddings.norm(dim=-1, keepdim=True) if keeps_length else directions
