"""The parameters that a training changes, and the optimiser that changes them."""

import math
from collections.abc import Mapping

import torch
from torch import nn

from simcse_core.encoding.protocol import Trainable
from simcse_core.learning.checkpoints import Weights
from simcse_core.learning.settings import TrainingSettings
from simcse_core.learning.word_rows import WordRows


class Optimiser:
    """AdamW over the tuned parameters of a model and the parameters of the loss.

    Args:
        model: with gradients for what is tuned.
        of_loss: the loss's own parameters, by name.
        settings: learning rates, weight decay and clipping.
        rows: what trains in the place of the table of word embeddings, if anything does.
    """

    def __init__(
        self,
        model: Trainable,
        of_loss: Mapping[str, nn.Parameter],
        settings: TrainingSettings,
        rows: WordRows | None = None,
    ) -> None:
        self._rows = rows
        self.of_model = {
            name: rows.weight if rows is not None and parameter is rows.table else parameter
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        }
        self.of_loss = dict(of_loss)
        self._clip = settings.clip
        self._adamw = torch.optim.AdamW(self._groups(model, settings), lr=settings.learning_rate, fused=True)

    def step(self, factor: float) -> float:
        """One step at a share of the full learning rates; none where the gradients are no numbers.

        Returns:
            The norm of the gradients before clipping.
        """
        for group in self._adamw.param_groups:
            group["lr"] = group["full_learning_rate"] * factor
        norm = float(nn.utils.clip_grad_norm_([*self.of_model.values(), *self.of_loss.values()], self._clip))
        if math.isfinite(norm):  # at a learning rate of 0, too: 0 times NaN is NaN
            self._adamw.step()
        self._adamw.zero_grad()
        return norm

    def rehearse(self) -> None:
        """A step that takes as long as a real one and changes nothing."""
        self.step(0.0)
        self._adamw.state.clear()

    def update_model(self) -> None:
        """Have the model encode with the weights of this moment: rows of its word embeddings are trained elsewhere."""
        if self._rows is not None:
            self._rows.write_back()

    def weights(self) -> Weights:
        """A copy of the tuned weights."""
        return {name: value.detach().clone() for name, value in self.of_model.items()}

    def weights_of_loss(self) -> Weights:
        """The parameters of the loss; not a copy."""
        return {name: value.detach() for name, value in self.of_loss.items()}

    def copy_of_loss(self) -> Weights:
        """A copy of the parameters of the loss."""
        return {name: value.clone() for name, value in self.weights_of_loss().items()}

    def state(self) -> dict[str, object]:
        """The state of the optimiser, for a checkpoint."""
        return dict(self._adamw.state_dict())

    def load(self, weights: Weights) -> None:
        """Put weights in the place of those of the model that are tuned."""
        _copy(weights, self.of_model)

    def restore(self, weights: Weights, of_loss: Weights, state: dict[str, object]) -> None:
        """Go on from a checkpoint.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: it does not fit; some weights may have changed.
        """
        self.load(weights)
        _copy({name: of_loss[name] for name in self.of_loss}, self.of_loss)
        self._adamw.load_state_dict(state)

    def _groups(self, model: Trainable, settings: TrainingSettings) -> list[dict[str, object]]:
        """Encoder, head, and what belongs to the loss; only matrices of the first two are decayed."""
        head = [] if model.head is None else list(model.head.parameters())
        of_head = {id(parameter) for parameter in head}
        encoder = [parameter for parameter in self.of_model.values() if id(parameter) not in of_head]
        slow, fast, decay = settings.learning_rate, settings.head_learning_rate, settings.weight_decay
        groups = [
            ([parameter for parameter in encoder if parameter.ndim > 1], slow, decay),
            ([parameter for parameter in encoder if parameter.ndim < 2], slow, 0.0),
            ([parameter for parameter in head if parameter.ndim > 1], fast, decay),
            ([parameter for parameter in head if parameter.ndim < 2], fast, 0.0),
            (list(self.of_loss.values()), fast, 0.0),
        ]
        return [
            {"params": parameters, "full_learning_rate": rate, "weight_decay": share}
            for parameters, rate, share in groups
            if parameters
        ]


def _copy(weights: Weights, parameters: Mapping[str, nn.Parameter]) -> None:
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)
