"""An encoder that trains and encodes the same texts again and again: the states below its trained layers are cached."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from simcse_core.encoding.batching import batches_by_length, tokens_per_batch
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.protocol import Encodes, Trainable
from simcse_core.encoding.texts import Embeddings, checked, once_each
from simcse_core.errors import DataError
from simcse_core.learning.frozen_states import FAMILIES, FrozenStates


class FinalEncoder:
    """A model whose weights no longer change: each text is encoded once, however often somebody asks."""

    def __init__(self, model: Encodes) -> None:
        self.model, self.name = model, model.name
        self._embeddings: dict[str, Embeddings] = {}

    def encode(self, texts: Sequence[str], *, precision: str = "float32") -> Embeddings:
        """(N, D) unit rows, as the model's own in float32."""
        new = [text for text in dict.fromkeys(texts) if text not in self._embeddings]
        self._embeddings |= dict(zip(new, self.model.encode(new), strict=True))
        return np.stack([self._embeddings[text] for text in texts]) if texts else self.model.encode([])


class CachedEncoder:
    """A model that caches the hidden states below its trained layers: encoding a text again costs only those layers.

    The embeddings are those of the model's own `encode` in float32, up to the order of additions (1e-5). Where no layer
    is frozen, or the states take more disk than allowed, texts are encoded anew each time.

    Args:
        model: the model that is going to train; the weights of its frozen layers may not change.
        tune: as for `SimCSE.tune`, which is called with it.

    Raises:
        OptionError: the model cannot train what `tune` says.
    """

    def __init__(self, model: Trainable, tune: str) -> None:
        self.model, self.name = model, model.name
        model.tune(tune)
        self._layer: int | None = None
        self._part: Trainable = model
        if isinstance(model, SimCSE) and model.bert.config.model_type in FAMILIES:
            self._layer = model.frozen_layers()
            self._part = model if self._layer is None else model.above(self._layer)
        self._cached: dict[str, tuple[Sequence[Tensor], int]] = {}
        """For each text the cached states and its position in them."""

    def read(self, texts: Sequence[str]) -> bool:
        """Cache the states of texts that are not cached yet.

        It takes as much memory, or disk, as the states of training texts may (`limits`).

        Returns:
            Whether all of them are cached now.
        """
        new = [text for text in dict.fromkeys(checked(texts)) if text not in self._cached]
        if not new:
            return True
        states: Sequence[Tensor]
        if isinstance(self.model, FrozenEncoder):
            states = self.model.prepare(new)
        elif self._layer is None:
            return False
        else:
            try:
                states = FrozenStates(self.model, new, self._layer, "float32")
            except DataError:  # too many for the disk
                return False
        self._cached |= {text: (states, position) for position, text in enumerate(new)}
        return True

    def encode(self, texts: Sequence[str], *, precision: str = "float32") -> Embeddings:
        """(N, D) unit rows, as `SimCSE.encode`. Texts are cached; other precisions go through the whole model."""
        if precision != "float32" or not self.read(texts):
            return self.model.encode(texts, precision=precision)
        return once_each(checked(texts), self.model.dim, self._from_states)

    @torch.inference_mode()
    def _from_states(self, texts: list[str]) -> Embeddings:
        states = [cached[position] for cached, position in (self._cached[text] for text in texts)]  # (T, H), or (D,)
        lengths = [len(state) if state.ndim > 1 else 1 for state in states]
        embeddings = np.empty((len(texts), self.model.dim), dtype=np.float32)
        for batch in batches_by_length(lengths, tokens_per_batch(self.model.device)):
            embeddings[batch] = self._part.embed([states[position] for position in batch]).cpu().numpy()
        return embeddings
