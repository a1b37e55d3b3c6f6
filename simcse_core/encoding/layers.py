"""Views of an encoder that have some of its layers. They share the weights and have modules of their own."""

import copy
from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from simcse_core.errors import ModelError, OptionError
from simcse_core.numerals import whole_number

_final_norms: WeakIdKeyDictionary = WeakIdKeyDictionary()
"""Encoder -> path of its final norm, or None."""


def repeats_its_layer(bert: PreTrainedModel) -> bool:
    """Whether all layers are one, with the same weights, as in ALBERT."""
    return getattr(bert.config, "num_hidden_groups", None) == getattr(bert.config, "inner_group_num", None) == 1


def layer_stack(bert: PreTrainedModel) -> list[nn.Module]:
    """The encoder's transformer layers, whatever the model family calls them. ALBERT has one, as often as it is used.

    Raises:
        ModelError: the model has no such list, or shares some of its layers.
    """
    if repeats_its_layer(bert):
        return [bert.get_submodule("encoder.albert_layer_groups.0")] * bert.config.num_hidden_layers
    return list(_layer_list(bert))


def _layer_list(bert: PreTrainedModel) -> nn.ModuleList:
    for module in bert.modules():
        is_stack = isinstance(module, nn.ModuleList) and len(module) == bert.config.num_hidden_layers
        if is_stack and getattr(bert.config, "inner_group_num", 1) == 1:
            return cast(nn.ModuleList, module)
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
        ModelError: the model cannot do without its layers, or something is behind them that cannot be taken off.
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
    norm = _final_norm(bert)
    view = all_layers(bert)
    if norm is not None:
        view.set_submodule(norm, _NoNorm())
    _drop(view, slice(keep, None))
    if keep == 0:
        _check_works_alone(view, name)
    return view


def _check_works_alone(view: PreTrainedModel, name: str) -> None:
    """Refuse the word embeddings of a model that stops without layers, as DeBERTa's does."""
    try:
        _output(view)
    except Exception as error:  # whatever its code stumbles over
        raise ModelError(
            "The word embeddings of {name}, its layer 0, cannot be taken alone: a model of the kind {kind!r} needs a "
            "layer. Choose another one.",
            name=name,
            kind=view.config.model_type,
        ) from error


def _output(bert: PreTrainedModel) -> Tensor:
    """Hidden states of two tokens."""
    ids = torch.zeros(1, 2, dtype=torch.long, device=bert.device)
    with torch.no_grad():
        states: Tensor = bert(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state
    return states


class _NoNorm(nn.Identity):
    """Stands where an encoder has a norm behind its last layer: lower layers have none in their hidden states."""


def refuse_below_final_norm(bert: PreTrainedModel, name: str) -> None:
    """Refuse to save, or to train what could not be saved.

    Raises:
        ModelError: the encoder was cut, and had a norm behind its last layer that other libraries would apply.
    """
    if any(isinstance(module, _NoNorm) for module in bert.modules()):
        raise ModelError(
            "Layer {layer} of {name} cannot be trained or saved: a model of this kind has a norm behind its last "
            "layer, which other libraries would apply here too. Take the last layer.",
            layer=len(layer_stack(bert)),
            name=name,
        )


def _final_norm(bert: PreTrainedModel) -> str | None:
    """The path of what comes between the last layer and the output; None where there is nothing.

    Raises:
        ModelError: something is there that is no single module.
    """
    if bert not in _final_norms:
        _final_norms[bert] = _look_for_final_norm(bert)
    return _final_norms[bert]


def _look_for_final_norm(bert: PreTrainedModel) -> str | None:
    if repeats_its_layer(bert):
        return None
    view = all_layers(bert)  # hooks and mode are its own
    view.train(False)
    states: list[Tensor] = []
    passed: dict[str, Tensor] = {}

    def after_last_layer(_module: nn.Module, _inputs: object, output: Tensor | tuple[Tensor, ...]) -> None:
        states.append(output if isinstance(output, Tensor) else output[0])

    def after_leaf(path: str, inputs: tuple[object, ...], output: object) -> None:
        if states and isinstance(output, Tensor) and inputs and inputs[0] is states[0]:
            passed[path] = output

    stack = layer_stack(view)
    inside = {id(module) for layer in stack for module in layer.modules()}
    for path, module in view.named_modules():
        if id(module) not in inside and not list(module.children()):
            module.register_forward_hook(lambda _module, inputs, output, path=path: after_leaf(path, inputs, output))
    if not len(stack):
        return None
    stack[-1].register_forward_hook(after_last_layer)
    last = _output(view)
    if torch.equal(states[0], last):
        return None
    for path, output in passed.items():
        if torch.equal(output, last):
            return path
    raise ModelError("A model of the kind {kind!r} has no layers that can be told apart.", kind=bert.config.model_type)


def _drop(view: PreTrainedModel, layers: slice) -> None:
    """Throw layers of a view away."""
    left = layer_stack(view)
    del left[layers]
    if not repeats_its_layer(view):
        del _layer_list(view)[layers]
    view.config.num_hidden_layers = len(left)
    if isinstance(kinds := getattr(view.config, "layer_types", None), list):
        kinds = list(kinds)
        del kinds[layers]
        view.config.layer_types = kinds


def trains(module: nn.Module) -> bool:
    """Whether training may change anything in a module."""
    return any(parameter.requires_grad for parameter in module.parameters())


class GivenStates(nn.Module):
    """Stands where an encoder has its word embeddings and hands on the hidden states it is given instead."""

    def forward(self, *inputs: object, inputs_embeds: Tensor | None = None, **_others: object) -> Tensor:
        """(N, T, H) -> (N, T, H)."""
        candidates = (inputs_embeds, *inputs)  # DistilBERT gives them without a name
        return next(states for states in candidates if isinstance(states, Tensor) and states.is_floating_point())


def last_layers(bert: PreTrainedModel, layer: int) -> PreTrainedModel:
    """The layers above `layer`, 0 to L; the encoder then takes hidden states of that layer as `inputs_embeds`."""
    view = all_layers(bert)
    view.embeddings = GivenStates()
    if hasattr(view, "embeddings_project"):  # ELECTRA widens its word embeddings; the states are wide already
        view.embeddings_project = nn.Identity()
    if repeats_its_layer(view):
        view.set_submodule("encoder.embedding_hidden_mapping_in", nn.Identity())  # ALBERT widens them there
    if layer == len(layer_stack(view)):
        view.forward = _hand_on  # what is behind the last layer, such as a norm, has been at work already
    _drop(view, slice(layer))
    if next(view.parameters(), None) is None:
        view.register_parameter("place", nn.Parameter(torch.empty(0, device=bert.device), requires_grad=False))
    return view


def _hand_on(*, inputs_embeds: Tensor, **_others: object) -> BaseModelOutput:
    """(N, T, H) -> the same, as an encoder without anything in it gives it."""
    states = cast(torch.FloatTensor, inputs_embeds)
    return BaseModelOutput(last_hidden_state=states, hidden_states=(states,))


def refuse_part_of_one_layer(bert: PreTrainedModel, part: str, name: str) -> None:
    """Refuse to train the upper layers of a model whose layers are one.

    Raises:
        OptionError: that.
    """
    if part.startswith("top:") and repeats_its_layer(bert):
        raise OptionError(
            "{name} uses one layer {count} times, so its upper layers cannot train alone. Choose 'head' or 'all'.",
            name=name,
            count=bert.config.num_hidden_layers,
        )


def layers_to_tune(part: str, count: int) -> int:
    """How many layers from the top "head", "top:K" or "all" means, in a model of `count` layers.

    Raises:
        OptionError: none of these, or more layers than the model has.
    """
    if part in ("head", "all"):
        return 0 if part == "head" else count
    kind, _, number = part.partition(":")
    if kind != "top" or not 1 <= (whole_number(number) or 0) <= count:
        raise OptionError(
            "Cannot train {given!r}. Choose 'head', 'all', or 'top:K' with K from 1 to {count}.",
            given=part,
            count=count,
        )
    return int(number)
