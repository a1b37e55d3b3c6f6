"""A model as fast as the machine can run it: in the precision asked for, with weights laid out for the processor.

oneDNN, which torch brings, multiplies faster when the weights are in its own blocked layout, and takes GELU along
in the same step. This holds for inference only; training works on the model itself.
"""

import copy
import warnings
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

_IN_7_BITS = True
"""Of what goes into an 8-bit layer: with 8, sums overflow on processors without VNNI."""

_State = tuple[int, int]
_Conversions = dict[tuple[torch.dtype, bool], tuple[_State, Any]]

converted_weights: WeakIdKeyDictionary = WeakIdKeyDictionary()
"""Weight -> {(dtype, blocked): (state, converted)}: views of one model at several layers share these too."""


def for_inference(bert: PreTrainedModel, dtype: torch.dtype) -> PreTrainedModel:
    """A read-only twin of the model that computes in `dtype`. Weights that need no conversion are shared.

    The twin holds the weights of this moment: after training make another (`stamp` tells).
    """
    tensors: dict[int, Any] = {id(buffer): buffer for buffer in bert.buffers()}
    is_rounded = dtype == torch.qint8  # of which only the linear layers have something
    rest = torch.float32 if is_rounded else dtype
    linear = {id(module.weight): module.weight for module in bert.modules() if isinstance(module, nn.Linear)}
    for parameter in bert.parameters():
        if id(parameter) in linear and (is_rounded or _can_block(parameter, dtype)):
            tensors[id(parameter)] = parameter  # another layer takes its place below
        else:
            tensors[id(parameter)] = nn.Parameter(_convert(parameter, rest), requires_grad=False)
    twin: PreTrainedModel = copy.deepcopy(bert, tensors)
    for module in list(twin.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Linear) and is_rounded:
                setattr(module, name, Int8Linear(child))
            elif isinstance(child, nn.Linear) and _can_block(child.weight, dtype):
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


class Int8Linear(nn.Module):
    """A linear layer in 8 bits: its weight is rounded with a step for each output, its input with one for each token.

    Torch rounds with one step for all tokens of a batch. They are brought to one size before, so the step suits each of
    them, and a text's embedding hardly depends on the others in its batch.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = _in_8_bits(linear.weight)
        self.bias = None if linear.bias is None else linear.bias.detach().float()

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., H) -> (..., D)."""
        size = tokens.abs().amax(dim=-1, keepdim=True).clamp_(min=1e-9)  # (..., 1)
        out = torch.ops.quantized.linear_dynamic(tokens / size, self.weight, _IN_7_BITS)
        return out * size if self.bias is None else torch.addcmul(self.bias, out, size)


def _in_8_bits(weight: Tensor) -> Any:
    """The weight as torch's product of 8-bit numbers takes it; (D, H) of any precision."""
    conversions: _Conversions = converted_weights.setdefault(weight, {})  # type: ignore[no-untyped-call]
    state, packed = conversions.get((torch.qint8, True), (None, None))
    if state != _state(weight):
        with torch.inference_mode(False), torch.no_grad():
            exact = weight.detach().float()
            steps = (exact.abs().amax(dim=1).clamp(min=1e-12) / 127).double()  # (D,)
            middle = torch.zeros(len(steps), dtype=torch.long)
            with warnings.catch_warnings():
                # torch announces that it will take this way to its 8-bit product away; the other one is slower so far.
                warnings.filterwarnings("ignore", message="torch.quantize_per", category=UserWarning)
                rounded = torch.quantize_per_channel(exact, steps, middle, 0, torch.qint8)
            packed = torch.ops.quantized.linear_prepack(rounded, None)
        conversions[(torch.qint8, True)] = (_state(weight), packed)
    return packed


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
