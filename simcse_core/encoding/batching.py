"""Batches that waste little arithmetic on padding."""

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

Prepared = Sequence[int] | Tensor
"""A text as token ids, or as (T, H) hidden states of a lower layer."""

TOKENS_PER_BATCH = {"cpu": 2_048, "mps": 8_192, "cuda": 32_768}
"""Enough to keep the device busy, few enough for its caches and its memory."""


def tokens_per_batch(device: torch.device) -> int:
    return TOKENS_PER_BATCH[device.type]


def batches_by_length(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group texts of similar length, longest first, so that a padded batch holds at most `budget` tokens.

    Longest first: if the memory does not suffice, it shows in the first batch.

    Args:
        lengths: tokens of each text.
        budget: tokens in a batch, padding counted in. A longer text forms a batch of its own.

    Yields:
        Positions of the texts of one batch; each position comes once.
    """
    longest_first = sorted(range(len(lengths)), key=lambda position: -lengths[position])
    batch: list[int] = []
    for position in longest_first:
        if batch and (len(batch) + 1) * lengths[batch[0]] > budget:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


def pad(prepared: Sequence[Prepared], padding_id: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Texts of different lengths as one tensor.

    Returns:
        ids (N, T) or states (N, T, H), and mask (N, T); the mask is 1 for a text's own tokens and 0 for padding.
    """
    lengths = torch.tensor([len(own) for own in prepared])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    padded = pad_sequence([torch.as_tensor(own) for own in prepared], batch_first=True, padding_value=padding_id)
    return padded.to(device), mask.long().to(device)
