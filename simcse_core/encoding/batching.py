"""Batches that waste little arithmetic on padding."""

from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

Prepared = Sequence[int] | Tensor
"""A text as token ids, or as (T, H) hidden states of a lower layer."""

TOKENS_PER_BATCH = {"cpu": 2_048, "mps": 8_192, "cuda": 32_768}
"""Enough to keep the device busy, few enough for its caches and its memory."""

TEXTS_PER_CHUNK = 8_192
"""A GPU works on so many while the CPU tokenises the next ones."""


def tokens_per_batch(device: torch.device) -> int:
    return TOKENS_PER_BATCH[device.type]


def chunks_by_length(texts: Sequence[str], device: torch.device) -> Iterator[list[int]]:
    """Group texts to be tokenised together: all of them for a CPU, which has nothing else to do meanwhile.

    Yields:
        Positions of the texts of one chunk, in ascending order; the chunk of the longest texts (in characters) comes
        first, so that batches made within a chunk waste little on padding.
    """
    size = len(texts) if device.type == "cpu" else TEXTS_PER_CHUNK
    longest_first = sorted(range(len(texts)), key=lambda position: -len(texts[position]))
    for start in range(0, len(texts), size):
        yield sorted(longest_first[start : start + size])


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
    lengths = np.array([len(text) for text in prepared])
    mask = np.arange(lengths.max()) < lengths[:, None]  # (N, T)
    if isinstance(prepared[0], Tensor):
        states = [torch.as_tensor(text) for text in prepared]
        padded = pad_sequence(states, batch_first=True, padding_value=padding_id)
    else:
        ids = np.full(mask.shape, padding_id, dtype=np.int64)
        ids[mask] = np.fromiter(chain.from_iterable(prepared), np.int64, count=lengths.sum())
        padded = torch.from_numpy(ids)
    return to_device(padded, device), to_device(torch.from_numpy(mask), device).long()


def to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on the device. A CUDA GPU copies pinned memory by itself: the CPU goes on without waiting for it."""
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)
