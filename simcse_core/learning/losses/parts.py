"""A loss taken apart: what each pair that it compares contributes. The page Losses shows it; training does not ask."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Parts:
    """(N, M) each: rows are anchors, columns what they are compared with. (N,) for a loss that compares row by row."""

    shares: "Tensor"
    """They add up to the loss."""
    logits: "Tensor | None" = None
    """What the loss makes of the cosines; NaN where a pair is left out, None where the loss has none."""
    probabilities: "Tensor | None" = None
    """Of a match, from 0 to 1; NaN and None as for the logits."""


def only(values: "Tensor", counted: "Tensor") -> "Tensor":
    """The values of the pairs that are counted, NaN elsewhere."""
    return values.masked_fill(~counted, math.nan)
