"""From the hidden states of tokens to one embedding: which poolings fit a model's layers, and which tokens count."""

from typing import TYPE_CHECKING

from torch import Tensor

from simcse_core.encoding.dense import is_linear, width_before, width_behind
from simcse_core.encoding.pooling import poolings
from simcse_core.errors import OptionError

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE


def possible_poolings(model: "SimCSE") -> list[str]:
    """As `SimCSE.possible_poolings`."""
    return [name for name in dict.fromkeys([*poolings.names(), model.pooling]) if _fits(model, name)]


def dim_of(model: "SimCSE", pooling: str) -> int:
    """D, the length of an embedding, with a pooling that fits."""
    whole = whole_dim_of(model, pooling)
    return whole if model.most_dims is None else min(model.most_dims, whole)


def whole_dim_of(model: "SimCSE", pooling: str) -> int:
    """The length of an embedding that is not cut, with a pooling that fits."""
    return width_behind(model.sentence_layers, _width(model, pooling))


def refuse_misfit(model: "SimCSE") -> None:
    """Refuse a pooling that does not fit the layers before or behind it.

    Raises:
        OptionError: it gives another number of values than the layers behind it take, or averages what it may not.
    """
    if _fits(model, model.pooling):
        return
    expected, width = width_before(model.sentence_layers), _width(model, model.pooling)
    if expected in (None, width):
        raise OptionError(
            "The pooling {pooling} does not go with {name}: its layers on tokens have an activation, and no folder of "
            "sentence-transformers can describe both. Choose another pooling.",
            name=model.name,
            pooling=model.pooling,
        )
    raise OptionError(
        "{name} has layers after its pooling that take {expected} numbers, and {pooling} gives {given}. Keep the "
        "pooling and the head that the model comes with.",
        name=model.name,
        expected=expected,
        pooling=model.pooling,
        given=width,
    )


def counting(model: "SimCSE", mask: Tensor) -> Tensor:
    """(N, T) the mask of a batch, without the tokens of a prompt that does not count in the pooling."""
    if model.include_prompt or not model.prompts.text:
        return mask
    (ids,) = model.prepare([""])  # the prompt comes before
    behind = ids[-1] in model.tokenizer.all_special_ids
    mask = mask.clone()
    mask[:, : len(ids) - behind] = 0
    return mask


def _width(model: "SimCSE", pooling: str) -> int:
    return width_behind(model.head, int(model.bert.config.hidden_size)) * len(poolings[pooling].each)


def _fits(model: "SimCSE", pooling: str) -> bool:
    averages_what_differs = poolings[pooling].needs_layer_0 and not is_linear(model.head)
    return width_before(model.sentence_layers) in (None, _width(model, pooling)) and not averages_what_differs
