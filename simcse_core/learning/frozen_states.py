"""The hidden states below the trained layers never change: they are computed once for each text and cached."""

import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

import torch
from torch import Tensor, nn

from simcse_core.encoding.batching import Prepared
from simcse_core.encoding.device import pick_dtype
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.protocol import Trainable
from simcse_core.errors import DataError
from simcse_core.learning.word_rows import train_rows
from simcse_core.limits import limits

BYTES_PER_MEGABYTE = 1_000_000

FAMILIES = {"bert", "roberta", "xlm-roberta", "camembert"}
"""Whose upper layers go on from given states; others compute their frozen layers at each step, with their dropout."""


def learner(model: Trainable, texts: Sequence[str], precision: str) -> tuple[Trainable, Sequence[Prepared]]:
    """The part of a model that trains, and the texts as its `embed` takes them.

    Frozen layers compute without dropout, whether or not their states are cached. Where the word embeddings train, the
    part trains the rows of the texts' tokens (`word_rows`).

    Args:
        model: after `tune`; the part shares its weights.
        texts: to learn from.
        precision: of the cached states, as for `encode`.

    Raises:
        DataError: the states take more disk than allowed.
    """
    if isinstance(model, FrozenEncoder):
        return model, model.prepare(texts)
    layer = model.frozen_layers()
    if layer is None or model.bert.config.model_type not in FAMILIES:
        part, prepared = model.above(None), model.prepare(texts)
        if layer is None:
            train_rows(part, prepared)
        return part, prepared
    return model.above(layer), FrozenStates(model, texts, layer, precision)


class FrozenStates(Sequence[Tensor]):
    """Hidden states of a layer, for each text (T, H); in memory, or in a file that goes with the object.

    Args:
        model: gives the states.
        texts: in their order.
        layer: of which layer.
        precision: as for `encode`.

    Raises:
        DataError: they take more disk than allowed (SIMCSE_MAX_CACHE_DISK_MEGABYTES).
    """

    def __init__(self, model: SimCSE, texts: Sequence[str], layer: int, precision: str) -> None:
        prepared = model.prepare(texts)
        lengths = [len(ids) for ids in prepared]
        self._starts = [0]
        for length in lengths:
            self._starts.append(self._starts[-1] + length)
        width = int(model.bert.config.hidden_size) * (2 if poolings[model.pooling].needs_layer_0 else 1)
        self.file: Path | None = None
        """The file that holds them when they are not in memory."""
        self._states = self._allocate((self._starts[-1], width), pick_dtype(precision, model.device))
        for index, states in model.states_of(prepared, layer, precision):
            self._states[self._starts[index] : self._starts[index + 1]] = states

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> Tensor: ...
    @overload
    def __getitem__(self, index: slice) -> "Sequence[Tensor]": ...
    def __getitem__(self, index: int | slice) -> "Tensor | Sequence[Tensor]":
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        return self._states[self._starts[index] : self._starts[index + 1]]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[index] for index in range(len(self)))

    def _allocate(self, shape: tuple[int, int], dtype: torch.dtype) -> Tensor:
        megabytes = shape[0] * shape[1] * dtype.itemsize / BYTES_PER_MEGABYTE
        if megabytes <= limits().max_cache_memory_megabytes:
            return torch.empty(shape, dtype=dtype)
        if megabytes > limits().max_cache_disk_megabytes:
            raise DataError(
                "The states of the frozen layers take {given:,.0f} MB: the limit is {most:,} MB "
                "(SIMCSE_MAX_CACHE_DISK_MEGABYTES). Take a sample of the texts, or train 'all'.",
                given=megabytes,
                most=limits().max_cache_disk_megabytes,
            )
        if megabytes > (free := shutil.disk_usage(tempfile.gettempdir()).free / BYTES_PER_MEGABYTE):
            raise DataError(
                "The states of the frozen layers take {given:,.0f} MB, and the disk has {free:,.0f} MB left. "
                "Make room, take a sample of the texts, or train 'all'.",
                given=megabytes,
                free=free,
            )
        folder = tempfile.mkdtemp(prefix="simcse-states-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.file = Path(folder) / "states"
        return torch.from_file(str(self.file), shared=True, size=shape[0] * shape[1], dtype=dtype).view(shape)


def set_dropout(model: nn.Module, share: float) -> None:
    """Let every dropout of a model drop this share."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = share
