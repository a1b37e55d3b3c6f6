"""A model as fast as the machine can run it: in the precision asked for, with weights laid out for the processor.

oneDNN, which torch brings, multiplies faster when the weights are in its own blocked layout, and takes GELU along
in the same step. This holds for inference only; training works on the model itself.
"""

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.autograd.graph import increment_version
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook
from torch.utils.weak import WeakIdKeyDictionary
from transformers import PreTrainedModel
from transformers.activations import GELUActivation

from simcse_core.encoding.batching import batches_by_length, chunks_by_length, tokens_per_batch
from simcse_core.encoding.texts import Embeddings, Progress

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE

_TOKENS_AT_ONCE = 2_048
"""The layout is chosen for about so many rows; others are right too."""

_State = tuple[int, int]
_Conversions = dict[tuple[torch.dtype, bool], tuple[_State, Tensor]]

converted_weights: WeakIdKeyDictionary = WeakIdKeyDictionary()
"""Weight -> {(dtype, blocked): (state, converted)}: views of one model at several layers share these too."""


def for_inference(bert: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    """A read-only twin of the model that computes in `dtype`. Weights that need no conversion are shared.

    The twin holds the weights of this moment: after training make another (`stamp` tells).
    """
    tensors: dict[int, Any] = {id(buffer): buffer for buffer in bert.buffers()}
    linear = {id(module.weight): module.weight for module in bert.modules() if isinstance(module, nn.Linear)}
    for parameter in bert.parameters():
        if id(parameter) in linear and _can_block(parameter, dtype):
            tensors[id(parameter)] = parameter  # BlockedLinear takes its place below
        else:
            tensors[id(parameter)] = nn.Parameter(_convert(parameter, dtype), requires_grad=False)
    twin: PreTrainedModel = copy.deepcopy(bert, tensors)
    for module in list(twin.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and _can_block(child.weight, dtype):
                fused = name == "dense" and isinstance(getattr(module, "intermediate_act_fn", None), GELUActivation)
                setattr(module, name, BlockedLinear(child, dtype, gelu=fused))
                if fused:
                    setattr(module, "intermediate_act_fn", nn.Identity())  # noqa: B010 - modules are typed as tensors
    if getattr(twin, "pooler", None) is not None:
        # BERT's own pooler feeds a task that nobody asks about here.
        setattr(twin, "pooler", _NoPooler())  # noqa: B010 - modules are typed as tensors
    return cast(PreTrainedModel, twin.train(False))


def stamp(bert: PreTrainedModel) -> tuple[tuple[int, _State], ...]:
    """Changes when a weight is replaced or changed in place (only a change through `.data` goes unnoticed)."""
    return tuple((id(parameter), _state(parameter)) for parameter in bert.parameters())


def encode_distinct(
    model: "SimCSE", texts: Sequence[str], dtype: torch.dtype, on_progress: Progress | None = None
) -> Embeddings:
    """One embedding per text; a GPU computes one chunk while the next one is tokenised.

    Args:
        model: an encoder with layers.
        texts: N texts, each of which comes once.
        dtype: to compute in.
        on_progress: receives (done, total) after each batch.

    Returns:
        (N, D) float32, unit rows.
    """
    embeddings = np.empty((len(texts), model.dim), dtype=np.float32)
    twin = model.twin(dtype)
    launched: list[tuple[list[int], Tensor]] = []
    done = 0
    for chunk in chunks_by_length(texts, model.device):
        prepared = model.prepare([texts[position] for position in chunk])
        _copy_back(launched, embeddings)  # a GPU has computed them meanwhile
        for batch in batches_by_length([len(ids) for ids in prepared], tokens_per_batch(model.device)):
            pooled = model.embed([prepared[position] for position in batch], twin)
            launched.append(([chunk[position] for position in batch], pooled))
            if model.device.type == "cpu":
                _copy_back(launched, embeddings)
            done += len(batch)
            if on_progress is not None:
                on_progress(done, len(texts))
    _copy_back(launched, embeddings)
    return embeddings


def _copy_back(launched: list[tuple[list[int], Tensor]], embeddings: Embeddings) -> None:
    """Put embeddings in their rows and forget them; this waits until a GPU has computed them."""
    for rows, pooled in launched:
        embeddings[rows] = pooled.cpu().numpy()
    launched.clear()


class _NoPooler(nn.Module):
    """Stands where a pooler was. ALBERT, SqueezeBERT, LayoutLM call theirs without looking whether there is one."""

    def forward(self, states: Tensor, *_others: object, **_settings: object) -> Tensor:
        """What comes in: ALBERT has an activation behind."""
        return states


class BlockedLinear(nn.Module):
    """A linear layer, and GELU behind it if wanted, with its weight in oneDNN's blocked layout."""

    def __init__(self, linear: nn.Linear, dtype: torch.dtype, *, gelu: bool) -> None:
        super().__init__()
        self.weight = _convert(linear.weight, dtype, blocked=True)
        self.bias = None if linear.bias is None else linear.bias.detach().to(dtype)
        self.after, self.variant = ("gelu", "none") if gelu else ("none", "")

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., H) -> (..., D)."""
        return torch.ops.mkldnn._linear_pointwise(tokens, self.weight, self.bias, self.after, [], self.variant)


def _convert(weight: Tensor, dtype: torch.dtype, *, blocked: bool = False) -> Tensor:
    conversions: _Conversions = converted_weights.setdefault(weight, {})  # type: ignore[no-untyped-call]
    state, converted = conversions.get((dtype, blocked), (None, None))
    if state != _state(weight):
        with torch.inference_mode(False), torch.no_grad():
            converted = weight.detach().to(dtype)
            if blocked:
                converted = torch.ops.mkldnn._reorder_linear_weight(converted.contiguous(), _TOKENS_AT_ONCE)
        conversions[(dtype, blocked)] = (_state(weight), converted)
    assert converted is not None
    return converted


def _state(weight: Tensor) -> _State:
    """How often a weight was changed in place, and where it is: `.to(device)` puts another tensor in its place."""
    return 0 if weight.is_inference() else weight._version, weight.data_ptr()


def _count_fused_step(optimizer: Optimizer, *_arguments: object) -> None:
    """A fused optimizer, alone of all, changes weights without counting it."""
    for group in optimizer.param_groups:
        if group.get("fused"):
            increment_version([weight for weight in group["params"] if not weight.is_inference()])


register_optimizer_step_post_hook(_count_fused_step)


def _can_block(weight: Tensor, dtype: torch.dtype) -> bool:
    """Whether this build of torch, on this processor, has oneDNN's linear layer for the precision."""
    if weight.device.type != "cpu" or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):
        return False
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return dtype == torch.float32 and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
