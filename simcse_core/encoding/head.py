"""The optional linear layer between an encoder and its pooling, and the cut of embeddings."""

from typing import TYPE_CHECKING

from simcse_core.errors import OptionError

if TYPE_CHECKING:
    from torch import nn

HEADS = {
    "none": "no layer",
    "linear": "a linear layer that starts as the identity and changes nothing until it is trained",
    "random": "a linear layer with random weights: what an untrained layer does to the embeddings",
}


def make_head(kind: str, width: int, seed: int = 0) -> "nn.Linear | None":
    """A linear layer H -> H, or None.

    Args:
        kind: one of `HEADS`.
        width: H.
        seed: for the random weights.

    Raises:
        OptionError: unknown kind.
    """
    import torch
    from torch import nn

    if kind not in HEADS:
        raise OptionError("Unknown head {given!r}. Choose one of: {choices}.", given=kind, choices=", ".join(HEADS))
    if kind == "none":
        return None
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would reseed the GPUs too
        head = nn.Linear(width, width)
    if kind == "linear":
        nn.init.eye_(head.weight)
        nn.init.zeros_(head.bias)
    return head


def cut_at(dim: int, whole: int, name: str) -> int | None:
    """How many dimensions of an embedding count; None for all.

    Args:
        dim: the first so many.
        whole: how many there are.
        name: how messages call the model.

    Raises:
        OptionError: there are not so many.
    """
    if not 1 <= dim <= whole:
        raise OptionError(
            "{name} has embeddings of {whole} dimensions: cut them to 1 to {whole}, not to {given}.",
            name=name,
            whole=whole,
            given=dim,
        )
    return None if dim == whole else dim
