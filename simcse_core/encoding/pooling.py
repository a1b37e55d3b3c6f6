"""Pooling: the embeddings of a sentence's tokens become one vector.

Every pooling takes the same three tensors and leaves padding out, so a sentence's vector never depends on the other
sentences in its batch. The tensors' own methods are enough here: the list of poolings is known without importing torch.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from simcse_core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

poolings: Registry[Callable[..., "Tensor"]] = Registry("pooling")


@poolings.register("mean")
def mean(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The average of the sentence's tokens.

    Args:
        tokens: (N, T, H) hidden states of the chosen layer.
        mask: (N, T) 1 for the sentence's own tokens, 0 for padding.
        first: (N, T, H) hidden states of layer 0, the word embeddings.

    Returns:
        (N, H).
    """
    weights = mask.unsqueeze(-1).to(tokens.dtype)  # (N, T, 1)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1)


@poolings.register("max")
def max_(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The largest value of each dimension among the sentence's tokens.

    Arguments as for `mean`.
    """
    return tokens.masked_fill(~mask.bool().unsqueeze(-1), -float("inf")).amax(dim=1)


@poolings.register("cls")
def cls(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The vector of the first token, [CLS].

    Arguments as for `mean`.
    """
    return tokens[:, 0]


@poolings.register("first_last_mean")
def first_last_mean(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The average over the tokens of the chosen layer and of the word embeddings.

    Arguments as for `mean`.
    """
    return mean((first + tokens) / 2, mask, first)
