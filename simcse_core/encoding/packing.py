"""No arithmetic on padding: a batch as one row of tokens, in which only attention looks at where a text ends.

Everything in a BERT but attention works on each token alone. So the texts of a batch stand one behind the other in a
single row (1, T), sorted by length, and attention takes the texts of one length at a time, which need no mask.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from simcse_core.encoding.batching import Prepared

ATTENTION = "sdpa_packed"
"""How transformers knows our attention."""

_SHORT = 64
"""Up to this length the plain formula is faster in bfloat16, and in training, than torch's own for long texts."""

_FAMILIES = {"bert", "electra", "roberta", "xlm-roberta", "camembert"}
_POSITIONS_AFTER_PADDING = {"roberta", "xlm-roberta", "camembert"}
"""These count positions from the number of the padding token + 1."""


@dataclass(frozen=True)
class Group:
    """Texts of one length, one behind the other in a packed row."""

    count: int
    length: int

    @property
    def tokens(self) -> int:
        """How many there are in the row."""
        return self.count * self.length


@dataclass(frozen=True)
class PackedBatch:
    """Texts as one row of tokens."""

    inputs: dict[str, Tensor]
    """What the model calls them: (1, T) `input_ids` or (1, T, H) `inputs_embeds`, and (1, T) `position_ids`, each
    token's place in its text, as the model counts."""
    groups: tuple[Group, ...]
    order: list[int]
    """Where the texts stood before they were sorted by length."""

    def restore(self, embeddings: Tensor) -> Tensor:
        """(N, D) from packed order to the order of the texts."""
        place = torch.empty(len(self.order), dtype=torch.long)
        place[self.order] = torch.arange(len(self.order))
        return embeddings[place.to(embeddings.device)]


def can_pack(bert: PreTrainedModel) -> bool:
    """Whether the model takes a packed row: its family computes positions the way it needs, its attention is ours.

    On a GPU padding costs less than taking lengths one by one.
    """
    is_ours = bert.config._attn_implementation == ATTENTION  # another one would look across the texts
    return is_ours and bert.config.model_type in _FAMILIES and bert.device.type == "cpu"


def use_packed_attention(bert: PreTrainedModel) -> None:
    """Let a model that can pack attend by groups; without groups it attends as before."""
    if bert.config.model_type in _FAMILIES and bert.config._attn_implementation == "sdpa":
        bert.config._attn_implementation = ATTENTION
        cast(nn.Module, bert.embeddings).register_forward_hook(_as_autocast)


def pack(prepared: Sequence[Prepared], bert: PreTrainedModel) -> PackedBatch:
    """Texts, as lists of token ids or as hidden states of a lower layer, in one row."""
    order = sorted(range(len(prepared)), key=lambda position: len(prepared[position]))
    groups: list[Group] = []
    for length, members in groupby(len(prepared[position]) for position in order):
        groups.append(Group(len(list(members)), length))
    config = bert.config
    first = int(config.pad_token_id or 0) + 1 if config.model_type in _POSITIONS_AFTER_PADDING else 0
    positions = torch.cat([torch.arange(first, first + group.length).repeat(group.count) for group in groups])
    inputs = {}
    if isinstance(prepared[0], Tensor):
        states = torch.cat([torch.as_tensor(prepared[position]) for position in order])
        inputs["inputs_embeds"] = states[None].to(bert.device)
    else:
        ids = torch.tensor([token for position in order for token in prepared[position]])
        inputs["input_ids"] = ids[None].to(bert.device)
        if first and bool((ids == first - 1).any()):  # somebody wrote the padding token into a text
            positions = _positions_around_padding(ids, groups, first - 1)
    inputs["position_ids"] = positions[None].to(bert.device)
    return PackedBatch(inputs, tuple(groups), order)


def _positions_around_padding(ids: Tensor, groups: Sequence[Group], padding: int) -> Tensor:
    """(T,) as RoBERTa counts positions: a padding token has the padding position and moves nobody."""
    rows = torch.split(ids, [group.length for group in groups for _text in range(group.count)])
    return torch.cat([(row != padding).cumsum(0) * (row != padding) + padding for row in rows])


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    dropout: float = 0.0,
    scaling: float | None = None,
    groups: Sequence[Group] | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention within each text of a packed row.

    Args:
        query, key, value: (1, heads, T, d) with groups, (N, heads, T, d) without.
        groups: the texts in the row; None for a padded batch.

    Returns:
        (1, T, heads, d), and no attention weights.
    """
    if groups is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
        )
    heads, width = query.shape[1], query.shape[-1]
    scale = width**-0.5 if scaling is None else scaling
    training = torch.is_grad_enabled()
    sizes = [group.tokens for group in groups]  # split, and not sliced: slices have slow gradients
    attended = []
    rows = (torch.split(states[0], sizes, dim=1) for states in (query, key, value))
    for group, *parts in zip(groups, *rows, strict=True):
        q, k, v = (part.reshape(heads, group.count, group.length, width).transpose(0, 1) for part in parts)
        if group.length <= _SHORT and (training or q.dtype == torch.bfloat16):
            weights = torch.softmax((q * scale) @ k.transpose(-1, -2), dim=-1)  # (count, heads, L, L)
            out = F.dropout(weights, dropout, training=dropout > 0) @ v
        else:
            out = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, scale=scale)
        attended.append(out.transpose(1, 2).flatten(0, 1))  # (count * L, heads, d)
    return torch.cat(attended)[None], None


def _mask(*, attention_mask: Tensor | None = None, allow_is_bidirectional_skip: bool = False, **others: Any) -> Any:
    """transformers' mask of a padded batch; a GPU is not asked whether it could do without, which would wait for it."""
    skip = allow_is_bidirectional_skip and (attention_mask is None or attention_mask.device.type != "cuda")
    return sdpa_mask(attention_mask=attention_mask, allow_is_bidirectional_skip=skip, **others)


def _as_autocast(module: nn.Module, inputs: Any, embeddings: Tensor) -> Tensor:
    """Word embeddings in the half precision of autocast: then all that is added to them stays in it."""
    kind = embeddings.device.type
    return embeddings.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else embeddings


AttentionInterface.register(ATTENTION, _attend)
AttentionMaskInterface.register(ATTENTION, _mask)
