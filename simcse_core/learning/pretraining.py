"""Pre-training on unlabelled texts: tokens are masked, and the model predicts them from their neighbours.

The registry needs no torch; functions import it when they are called.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from simcse_core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

pretraining: Registry[Callable[..., "tuple[Tensor, Tensor]"]] = Registry("pre-training")

MaskShare = Annotated[float, Field(gt=0, lt=1, description="Share of the words that are hidden and guessed.")]


@pretraining.register("mlm")
def mlm(
    ids: "Tensor", *, special: "Tensor", mask_id: int, vocabulary: int, mask_share: MaskShare = 0.15
) -> "tuple[Tensor, Tensor]":
    """Words are hidden, and each is guessed from its neighbours (masked language model).

    Of the masked tokens 80 % become [MASK], 10 % another token by chance, 10 % stay: the model cannot know which.

    Args:
        ids: (T,) token ids of a batch, one text behind the other.
        special: (T,) True for markers such as [CLS], which are never chosen.
        mask_id: of the token [MASK].
        vocabulary: how many tokens there are.
        mask_share: how many are chosen.

    Returns:
        (T,) the ids to read, and (T,) True for the chosen tokens. At least one is chosen when there is a word.

    Source: arXiv 1810.04805 (BERT).
    """
    import torch

    masked = (torch.rand(len(ids)) < mask_share) & ~special
    if not masked.any() and not special.all():
        words = (~special).nonzero().flatten()
        masked[words[torch.randint(len(words), (1,))]] = True
    fate = torch.rand(len(ids))
    hidden = torch.where(masked & (fate < 0.8), mask_id, ids)
    swapped = masked & (fate >= 0.9)
    return torch.where(swapped, torch.randint(vocabulary, ids.shape), hidden), masked
