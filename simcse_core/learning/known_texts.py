"""Texts that are encoded again and again while a model trains: what lies under the layers that train is kept."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from simcse_core.encoding.batching import batches_by_length, tokens_per_batch
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.texts import Vectors, checked, once_each
from simcse_core.errors import DataError
from simcse_core.learning.frozen_states import FAMILIES, FrozenStates, Trainable


class KnownTexts:
    """A model that knows some texts: their vectors, at any moment of its training, cost only the layers that train.

    The vectors are those of the model's own `encode` in float32, but for the order of additions (1e-5). Where no layer
    is frozen, or the states take more disk than allowed, the texts are encoded anew each time.

    Args:
        model: what is going to train; its weights of the moment count, those of frozen layers may not change.
        texts: to encode later; repetitions are kept once. Their states take as much memory, or disk, as those of
            training texts may (`limits`), and are computed now.
        tune: as for `SimCSE.tune`, which is called with it.

    Raises:
        OptionError: the model cannot train what `tune` says.
    """

    def __init__(self, model: Trainable, texts: Sequence[str], tune: str) -> None:
        self.model, self.name = model, model.name
        model.tune(tune)
        unique = list(dict.fromkeys(checked(texts)))
        self._number = {text: at for at, text in enumerate(unique)}
        self._part: Trainable = model
        self._kept: Sequence[Tensor] | None = None
        try:
            self._keep(unique)
        except DataError:  # too many for the disk
            self._kept = None

    def _keep(self, texts: list[str]) -> None:
        if isinstance(self.model, FrozenEncoder):
            self._kept = self.model.prepare(texts)
        elif (layer := self.model.frozen_layers()) is not None and self.model.bert.config.model_type in FAMILIES:
            self._part, self._kept = self.model.above(layer), FrozenStates(self.model, texts, layer, "float32")

    def encode(self, texts: Sequence[str], *, precision: str = "float32") -> Vectors:
        """(N, D) unit rows, as `SimCSE.encode`. Only known texts in float32 are cheap; others are encoded whole."""
        texts = checked(texts)
        kept = self._kept
        if kept is None or precision != "float32" or not self._number.keys() >= set(texts):
            return self.model.encode(texts, precision=precision)
        return once_each(texts, self.model.dim, lambda unique: self._from_states(kept, unique))

    @torch.inference_mode()
    def _from_states(self, kept: Sequence[Tensor], texts: list[str]) -> Vectors:
        states = [kept[self._number[text]] for text in texts]  # (T, H) each; (512,) of a frozen encoder
        lengths = [len(own) if own.ndim > 1 else 1 for own in states]
        vectors = np.empty((len(texts), self.model.dim), dtype=np.float32)
        for batch in batches_by_length(lengths, tokens_per_batch(self.model.device)):
            vectors[batch] = self._part.embed([states[at] for at in batch]).cpu().numpy()
        return vectors
