"""Pooling: the hidden states of a sentence's tokens become one embedding.

Every pooling takes the same three tensors and leaves padding out, so a sentence's embedding never depends on the other
sentences in its batch. The tensors' own methods are enough here: the list of poolings is known without importing torch.

What the rest of the code has to know about a pooling is in its entry: whether it needs layer 0, and how the folder of a
model names it. Nothing elsewhere asks for a pooling's name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcse_core.errors import ModelError
from simcse_core.registry import Choices, Entry, options_of, summary_of

if TYPE_CHECKING:
    from torch import Tensor

PoolingFunction = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]


@dataclass(frozen=True)
class Saved:
    """How a model's folder names a pooling, in the layout of sentence-transformers."""

    mode: str
    """`pooling_mode` of its module `Pooling`."""
    averages_layers: bool = False
    """Whether a module `WeightedLayerPooling` comes before, with equal weights for layer 0 and the last layer."""
    other_modes: tuple[str, ...] = ()
    """Modes that are never written, but read as this pooling because they give the same embeddings."""


@dataclass(frozen=True)
class Pooling(Entry[PoolingFunction]):
    """One pooling: `function(tokens, mask, first)`."""

    needs_layer_0: bool = False
    """Whether it reads `first`, the hidden states of layer 0."""
    saved: Saved | None = None
    """None: a model with this pooling encodes, but can be neither trained nor saved."""


class Poolings(Choices[Pooling]):
    """The poolings, in the order in which they registered."""

    def register(
        self, name: str, *, saved: Saved | None = None, needs_layer_0: bool = False
    ) -> Callable[[PoolingFunction], PoolingFunction]:
        """Decorator: make the function choosable under `name`. The arguments are those of `Pooling`."""

        def add(function: PoolingFunction) -> PoolingFunction:
            summary, options = summary_of(function), options_of(function, name)
            self.add(Pooling(name, function, summary, options, needs_layer_0, saved))
            return function

        return add

    def saved(self, name: str) -> Saved:
        """How a model's folder names a pooling.

        Raises:
            ModelError: sentence-transformers has none like it.
        """
        saved = self[name].saved
        if saved is None:
            raise ModelError(
                "A model with the pooling {pooling!r} cannot be trained or saved: sentence-transformers has no such "
                "pooling. Choose another one.",
                pooling=name,
            )
        return saved

    def loaded(self, modes: Sequence[str], *, averages_layers: bool) -> Pooling | None:
        """The pooling that a model's folder names; None if there is none like it.

        Args:
            modes: of the module `Pooling`; several are concatenated, which no pooling here does.
            averages_layers: whether a `WeightedLayerPooling` comes before.
        """
        for pooling in self.entries():
            saved = pooling.saved
            if saved is None or len(modes) != 1 or saved.averages_layers != averages_layers:
                continue
            if modes[0] in (saved.mode, *saved.other_modes):
                return pooling
        return None


poolings = Poolings("pooling")
SAME_DIRECTION_AS_MEAN = ("mean_sqrt_len_tokens",)
"""The sum over the root of the length; only the direction counts here."""


@poolings.register("mean", saved=Saved("mean", other_modes=SAME_DIRECTION_AS_MEAN))
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


@poolings.register("max", saved=Saved("max"))
def max_(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The largest value of each dimension among the sentence's tokens.

    Arguments as for `mean`.
    """
    return tokens.masked_fill(~mask.bool().unsqueeze(-1), -float("inf")).amax(dim=1)


@poolings.register("cls", saved=Saved("cls"))
def cls(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The hidden state of the first token, [CLS].

    Arguments as for `mean`.
    """
    return tokens[:, 0]


@poolings.register(
    "first_last_mean",
    saved=Saved("mean", averages_layers=True, other_modes=SAME_DIRECTION_AS_MEAN),
    needs_layer_0=True,
)
def first_last_mean(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The average over the tokens of the chosen layer and of the word embeddings.

    Arguments as for `mean`.
    """
    return mean((first + tokens) / 2, mask, first)
