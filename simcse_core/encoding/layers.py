"""Views of an encoder that have some of its layers. They share the weights and have modules of their own."""

import copy
from itertools import chain
from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel

from simcse_core.errors import ModelError, OptionError


def layer_stack(bert: PreTrainedModel) -> nn.ModuleList:
    """The encoder's list of transformer layers, whatever the model family calls it.

    Raises:
        ModelError: the model has no such list (ALBERT uses one layer again and again).
    """
    for module in bert.modules():
        if isinstance(module, nn.ModuleList) and len(module) == bert.config.num_hidden_layers:
            return module
    raise ModelError("A model of the kind {kind!r} has no layers that can be told apart.", kind=bert.config.model_type)


def all_layers(bert: PreTrainedModel) -> PreTrainedModel:
    """The whole encoder: its dropout and its mode (training or not) can be changed without changing the original's."""
    # Copies the modules, not the tensors: what the memo already holds counts as copied.
    tensors: dict[int, Any] = {id(tensor): tensor for tensor in chain(bert.parameters(), bert.buffers())}
    view: PreTrainedModel = copy.deepcopy(bert, tensors)
    return view


def first_layers(bert: PreTrainedModel, layer: int, name: str) -> PreTrainedModel:
    """The encoder cut after a layer.

    Raises:
        OptionError: the model does not have this layer.
    """
    count = len(layer_stack(bert))
    if not -count - 1 <= layer <= count:
        raise OptionError(
            "{name} has no layer {given}: choose 0 (word embeddings) to {last}, or -1 (last) to {first}.",
            name=name,
            given=layer,
            last=count,
            first=-count - 1,
        )
    keep = layer if layer >= 0 else count + 1 + layer
    if keep == count:
        return bert
    view = all_layers(bert)
    del layer_stack(view)[keep:]
    view.config.num_hidden_layers = keep
    return view


class GivenStates(nn.Module):
    """Stands where an encoder has its word embeddings and hands on the hidden states it is given instead."""

    def forward(self, *, inputs_embeds: Tensor, **_others: object) -> Tensor:
        """(N, T, H) -> (N, T, H)."""
        return inputs_embeds


def last_layers(bert: PreTrainedModel, layer: int) -> PreTrainedModel:
    """The layers above `layer`, 0 to L; the encoder then takes hidden states of that layer as `inputs_embeds`."""
    view = all_layers(bert)
    view.embeddings = GivenStates()
    if hasattr(view, "embeddings_project"):  # ELECTRA widens its word embeddings; the states are wide already
        view.embeddings_project = nn.Identity()
    del layer_stack(view)[:layer]
    view.config.num_hidden_layers -= layer
    return view


def layers_to_tune(what: str, count: int) -> int:
    """How many layers from the top "head", "top:K" or "all" means, in a model of `count` layers.

    Raises:
        OptionError: none of these, or more layers than the model has.
    """
    if what in ("head", "all"):
        return 0 if what == "head" else count
    kind, _, number = what.partition(":")
    if kind != "top" or not (number.isascii() and number.isdecimal()) or not 1 <= int(number) <= count:
        raise OptionError(
            "Cannot train {given!r}. Choose 'head', 'all', or 'top:K' with K from 1 to {count}.",
            given=what,
            count=count,
        )
    return int(number)
