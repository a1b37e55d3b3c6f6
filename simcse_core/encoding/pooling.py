"""Pooling: the hidden states of a sentence's tokens become one embedding.

Every pooling takes the same three tensors and leaves padding out, so a sentence's embedding never depends on the other
sentences in its batch. The tensors' own methods are enough here: the list of poolings is known without importing torch.

What the rest of the code has to know about a pooling is in its entry: whether it needs layer 0, and how the folder of a
model names it. Nothing elsewhere asks for a pooling's name.

A name of several poolings joined by "+" is a pooling too: what they give, one behind the other.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simcse_core.errors import ModelError
from simcse_core.registry import Choices, Entry, options_of, summary_of

if TYPE_CHECKING:
    from torch import Tensor

JOINED = "+"
"""Between the names of poolings whose values stand one behind the other."""
PoolingFunction = Callable[["Tensor", "Tensor", "Tensor"], "Tensor"]


@dataclass(frozen=True)
class Saved:
    """How a model's folder names a pooling, in the layout of sentence-transformers."""

    mode: str | tuple[str, ...]
    """`pooling_mode` of its module `Pooling`; several for poolings that are joined."""
    averages_layers: bool = False
    """Whether a module `WeightedLayerPooling` comes before, with equal weights for layer 0 and the last layer."""
    same_direction: tuple[str, ...] = ()
    """Modes that give the same unit rows, where nothing comes behind the pooling: they are read as this one."""


@dataclass(frozen=True)
class Pooling(Entry[PoolingFunction]):
    """One pooling: `function(tokens, mask, first)`."""

    needs_layer_0: bool = False
    """Whether it reads `first`, the hidden states of layer 0."""
    saved: Saved | None = None
    """None: a model with this pooling encodes, but can be neither trained nor saved."""
    is_offered: bool = True
    """Whether lists of choices have it. What only folders bring can be named all the same."""
    joined: tuple["Pooling", ...] = ()
    """The poolings whose values stand one behind the other; none in a pooling that is one."""

    @property
    def each(self) -> tuple["Pooling", ...]:
        """The poolings that it is made of; one alone is made of itself."""
        return self.joined or (self,)


class Poolings(Choices[Pooling]):
    """The poolings, in the order in which they registered."""

    def register(
        self, name: str, *, saved: Saved | None = None, needs_layer_0: bool = False, is_offered: bool = True
    ) -> Callable[[PoolingFunction], PoolingFunction]:
        """Decorator: make the function choosable under `name`. The arguments are those of `Pooling`."""

        def add(function: PoolingFunction) -> PoolingFunction:
            summary, options = summary_of(function), options_of(function, name)
            self.add(Pooling(name, function, summary, options, needs_layer_0, saved, is_offered))
            return function

        return add

    def entries(self) -> list[Pooling]:
        """Those that are offered."""
        return [pooling for pooling in super().entries() if pooling.is_offered]

    def names(self) -> list[str]:
        """Of those that are offered."""
        return [pooling.name for pooling in self.entries()]

    def __getitem__(self, name: str) -> Pooling:
        each = [super(Poolings, self).__getitem__(one) for one in name.split(JOINED)]
        return each[0] if len(each) == 1 else _joined(name, each)

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

    def loaded(self, modes: Sequence[str], *, averages_layers: bool, is_last: bool) -> str | None:
        """The pooling that a model's folder names; None if there is none like it.

        Args:
            modes: of the module `Pooling`; the values of several stand one behind the other.
            averages_layers: whether a `WeightedLayerPooling` comes before.
            is_last: whether nothing but the direction of what it gives counts.
        """
        only_direction = is_last and len(modes) == 1
        names = [self._loaded(mode, averages_layers, only_direction) for mode in modes]
        return JOINED.join(name for name in names if name is not None) if names and None not in names else None

    def _loaded(self, mode: str, averages_layers: bool, only_direction: bool) -> str | None:
        saved = [(pooling.name, pooling.saved) for pooling in super().entries() if pooling.saved is not None]
        like = [(name, entry) for name, entry in saved if entry.averages_layers == averages_layers]
        same = [name for name, entry in like if only_direction and mode in entry.same_direction]
        return next(iter([*same, *(name for name, entry in like if entry.mode == mode)]), None)


def _joined(name: str, each: Sequence[Pooling]) -> Pooling:
    def join(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
        import torch

        return torch.cat([pooling.function(tokens, mask, first) for pooling in each], dim=-1)

    saved = [pooling.saved for pooling in each if pooling.saved is not None]
    modes = tuple(str(entry.mode) for entry in saved)
    averages_layers = {entry.averages_layers for entry in saved}
    return Pooling(
        name,
        join,
        summary="",
        options=each[0].options,
        needs_layer_0=any(pooling.needs_layer_0 for pooling in each),
        # A folder averages layers for all of its poolings or for none.
        saved=Saved(modes, averages_layers=averages_layers.pop())
        if len(saved) == len(each) and len(averages_layers) == 1
        else None,
        is_offered=False,
        joined=tuple(each),
    )


poolings = Poolings("pooling")
SAME_DIRECTION_AS_MEAN = ("mean_sqrt_len_tokens",)
"""The sum over the root of the length."""


@poolings.register("mean", saved=Saved("mean", same_direction=SAME_DIRECTION_AS_MEAN))
def mean(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The average of the sentence's tokens.

    Args:
        tokens: (N, T, H) hidden states of the chosen layer.
        mask: (N, T) 1 for the sentence's own tokens, 0 for padding, and for a prompt that does not count.
        first: (N, T, H) hidden states of layer 0, the word embeddings.

    Returns:
        (N, H).
    """
    weights = mask.unsqueeze(-1).to(tokens.dtype)  # (N, T, 1)
    return _weighted(tokens, weights)


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
    return _token(tokens, mask.int().argmax(dim=1))


@poolings.register(
    "first_last_mean",
    saved=Saved("mean", averages_layers=True, same_direction=SAME_DIRECTION_AS_MEAN),
    needs_layer_0=True,
)
def first_last_mean(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The average over the tokens of the chosen layer and of the word embeddings.

    Arguments as for `mean`.
    """
    return mean((first + tokens) / 2, mask, first)


@poolings.register("weightedmean", saved=Saved("weightedmean"), is_offered=False)
def weightedmean(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The average over the tokens, in which the second counts twice, the third three times.

    Arguments as for `mean`.
    """
    weights = mask.new_ones(mask.shape).cumsum(dim=1) * mask  # (N, T)
    return _weighted(tokens, weights.unsqueeze(-1).to(tokens.dtype))


@poolings.register("lasttoken", saved=Saved("lasttoken"), is_offered=False)
def lasttoken(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The hidden state of the last token, [SEP].

    Arguments as for `mean`.
    """
    return _token(tokens, mask.cumsum(dim=1).argmax(dim=1))


@poolings.register("mean_sqrt_len_tokens", saved=Saved("mean_sqrt_len_tokens"), is_offered=False)
def mean_sqrt_len_tokens(tokens: "Tensor", mask: "Tensor", first: "Tensor") -> "Tensor":
    """The sum over the tokens, divided by the root of their number: as the mean, and longer for long sentences.

    Arguments as for `mean`.
    """
    return mean(tokens, mask, first) * mask.sum(dim=1, keepdim=True).sqrt()


def _weighted(tokens: "Tensor", weights: "Tensor") -> "Tensor":
    """(N, T, H), (N, T, 1) -> (N, H); zeros where no token counts."""
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


def _token(tokens: "Tensor", position: "Tensor") -> "Tensor":
    """(N, T, H), (N,) -> (N, H)."""
    return tokens.gather(1, position[:, None, None].expand(-1, 1, tokens.shape[-1])).squeeze(1)
