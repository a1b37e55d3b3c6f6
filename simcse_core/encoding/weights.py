"""Whether a BERT's weights are those that its configuration asks for: nothing random, ruined or left over.

transformers fills what is missing with random numbers and says so in a report; here that is an error.
"""

from collections.abc import Collection, Iterable
from itertools import chain
from pathlib import Path
from typing import Any, cast

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel, PreTrainedModel

from simcse_core.encoding.bases import read_base
from simcse_core.encoding.deltas import whole_weights
from simcse_core.encoding.foreign_errors import model_errors
from simcse_core.encoding.layout import decoder_error, two_parts_error, weight_files
from simcse_core.encoding.module_files import WeightsIndex, is_there, read_settings
from simcse_core.errors import ModelError

_NUMBERS = ("F64", "F32", "F16", "BF16")
"""How safetensors calls weights that are numbers as they stand; others are quantised or damaged."""
_COUNTERS = ("_ids", "inv_freq")
"""Ends of the names of what is computed and not learned; older versions saved it."""
_DEAD = (".masked_bias", ".attn.bias", ".word_embeddings._weight")
"""Ends of the names of what older versions saved and no version reads: masks, and a copy in mDeBERTa."""
_NAMED = 4
"""So many names stand in an error."""
_WORDS_TRIED = 64
_SAME_STATES = 1e-3
"""Of the largest number in them: far above rounding, far below what padding does where it does something."""


def load_bert(folder: Path, name: str) -> PreTrainedModel:
    """The encoder of a folder, in float32, on the CPU.

    Args:
        folder: with config.json and safetensors.
        name: how messages call the model.

    Raises:
        ModelError: weights are missing, left over, of another shape or no numbers, so that the embeddings would differ
            from those of the model that was saved; or the model is a decoder. Heads that hidden states do not depend on
            may be missing or left over.
    """
    with model_errors(name, "config.json"):
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    with model_errors(name, "weights"):
        # T5EncoderModel saves that it is none; its kind is one all the same.
        if getattr(config, "is_encoder_decoder", False) or getattr(type(config), "is_encoder_decoder", False):
            raise two_parts_error(name, config.model_type)
        base = read_base(folder, name)
        if base is None:
            _check_files(folder, name)
        weights = None if base is None else whole_weights(folder, base, name)
        sizes = _sizes(folder, name) if weights is None else {key: one.numel() for key, one in weights.items()}
        _check_size(config, sizes, name)
        # Of weights in memory only the class of the model can be told.
        load: Any = AutoModel if weights is None else type(_empty(config))
        bert, report = load.from_pretrained(
            folder if weights is None else None,
            config=config,
            state_dict=weights,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are refused below, by name
            **({"trust_remote_code": False} if weights is None else {}),
        )
        _check_fit(bert, report, name)
        _check_numbers(bert, name)
        if (probe := _probe(bert)) is None:
            raise ModelError("{name} is damaged: it has one and the same embedding for all words.", name=name)
        if not _sees_what_follows(bert, probe):
            if not _sees_what_precedes(bert, probe):
                raise ModelError(
                    "{name} is of the kind {kind!r}, whose tokens do not see each other on this machine: it needs code "
                    "for a GPU that is not here. Choose another model.",
                    name=name,
                    kind=config.model_type,
                )
            raise decoder_error(name, config.model_type)
        if not _ignores_padding(bert, probe):
            raise ModelError(
                "{name} is of the kind {kind!r}, in which padding changes embeddings: those of a text would depend on "
                "the texts beside it. Choose another model.",
                name=name,
                kind=config.model_type,
            )
    return bert


def load_tensors(path: Path, name: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The tensors of a module's file, in float32.

    Args:
        path: of the safetensors.
        name: how messages call the model.
        shapes: of all tensors that the module has, by name.

    Raises:
        ModelError: the file cannot be read, or holds others.
    """
    file = f"{path.parent.name}/{path.name}"
    try:
        tensors = load_file(path)
    except Exception as error:  # whatever safetensors makes of the file
        raise ModelError("{name} is damaged: {file} cannot be read.", name=name, file=file) from error
    shapes_there = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    if shapes_there != shapes:
        raise ModelError(
            "{name} is damaged: {file} has to hold {expected}, and it holds {found}.",
            name=name,
            file=file,
            expected=_shapes(shapes),
            found=_shapes(shapes_there),
        )
    for key, tensor in tensors.items():
        if not tensor.is_floating_point() or not tensor.isfinite().all():
            raise ModelError("{name} is damaged: {tensors} in its weights are no numbers.", name=name, tensors=key)
    return {key: tensor.float() for key, tensor in tensors.items()}


def most_positions(bert: PreTrainedModel) -> int | None:
    """How many tokens a text can have before the table of positions ends; None where there is no such table."""
    for path, module in bert.named_modules():
        if path.endswith("position_embeddings") and isinstance(module, nn.Embedding):
            # RoBERTa and its kin count from the number of the padding token + 1.
            return module.num_embeddings - (0 if module.padding_idx is None else module.padding_idx + 1)
    return None


def _check_files(folder: Path, name: str) -> None:
    """Refuse a folder without the files that its weights should be in."""
    index = folder / "model.safetensors.index.json"
    if is_there(folder / "model.safetensors"):
        return
    if is_there(index):
        files = sorted(set(read_settings(index, WeightsIndex, name).weight_map.values()))
        missing = [file for file in files if not is_there(folder / file)]
        if missing:
            raise ModelError(
                "{name} is damaged: one of {count} weight files is missing: {file}. Get the folder again.",
                name=name,
                count=len(files),
                file=missing[0],
            )
    elif pickled := sorted(path.name for path in folder.glob("pytorch_model*.bin")):
        raise ModelError(
            "{name} has its weights in {file} only, which can run code when it is read. Save it with "
            "save_pretrained(safe_serialization=True), or take a revision with model.safetensors.",
            name=name,
            file=pickled[0],
        )
    else:
        raise ModelError(
            "{name} has no weights: its folder needs model.safetensors, as save_pretrained writes it.", name=name
        )


def _sizes(folder: Path, name: str) -> dict[str, int]:
    """How many numbers each tensor of a folder has. Errors as for `load_bert`."""
    sizes: dict[str, int] = {}
    for path in weight_files(folder):
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 - it is no mapping
                tensor = file.get_slice(key)
                if tensor.get_dtype() not in _NUMBERS and not key.endswith(_COUNTERS):
                    raise ModelError(
                        "{name} stores {tensor} as {kind}. SimCSE reads weights in float32, float16 and bfloat16.",
                        name=name,
                        tensor=key,
                        kind=tensor.get_dtype(),
                    )
                sizes[key] = int(torch.Size(tensor.get_shape()).numel())
    return sizes


def _empty(config: object) -> PreTrainedModel:
    """A model of the configuration, with shapes and without memory."""
    with torch.device("meta"):
        return AutoModel.from_config(config, trust_remote_code=False)  # type: ignore[no-untyped-call]


def _check_size(config: object, sizes: dict[str, int], name: str) -> None:
    """Refuse a configuration of a much larger model than the weights are, before anything large is made for it."""
    if not sizes:
        return  # transformers says what is missing
    layers, numbers = getattr(config, "num_hidden_layers", 0), sum(sizes.values())
    if layers <= len(sizes):
        model = _empty(config)
        needed = sum(tensor.numel() for tensor in chain(model.parameters(), model.buffers()))
        if needed <= 2 * numbers + 1_000_000:  # a missing pooler is fine, and whatever else is missing gets named
            return
    raise ModelError(
        "The weights of {name} do not fit its config.json, which describes a much larger model, of {layers} layers. "
        "They are {tensors} tensors with {numbers:,} numbers.",
        name=name,
        layers=layers,
        tensors=len(sizes),
        numbers=numbers,
    )


def _check_fit(bert: PreTrainedModel, report: dict[str, Collection[Any]], name: str) -> None:
    filled = sorted(str(key) for key in report["missing_keys"])
    missing = _used(bert, filled)
    _set_to_zero(bert, set(filled) - set(missing))
    misfit = sorted(str(key[0]) for key in report["mismatched_keys"])
    misfit = _used(bert, misfit)
    left_over = _left_over(bert, sorted(str(key) for key in report["unexpected_keys"]))
    if left_over and not missing and not misfit:
        raise ModelError(
            "The folder of {name} holds parts that its config.json does not use, so the embeddings would ignore "
            "them: {left_over} have no place ({tensors}). Get the folder again from where the model works, saved "
            "with save_pretrained.",
            name=name,
            left_over=len(left_over),
            tensors=_some(left_over, len(left_over)),
        )
    if missing or misfit:
        raise ModelError(
            "The weights of {name} do not fit its config.json: {missing} are missing, {misfit} have another shape, "
            "{left_over} have no place ({tensors}). The embeddings would be random. Get the folder again from where "
            "the model works, saved with save_pretrained.",
            name=name,
            missing=len(missing),
            misfit=len(misfit),
            left_over=len(left_over),
            tensors=_some([*missing[:2], *misfit[:2], *left_over], len(missing) + len(misfit) + len(left_over)),
        )


def _set_to_zero(bert: PreTrainedModel, names: Collection[str]) -> None:
    """Have nothing random in a model: what it does not use is the same each time it is loaded."""
    for name, parameter in bert.named_parameters():
        if name in names:
            nn.init.zeros_(parameter)


def _left_over(bert: PreTrainedModel, keys: Iterable[str]) -> list[str]:
    """What has no place in the model and is no head: it belongs to a part that hidden states depend on."""
    prefix = f"{bert.base_model_prefix}."
    inside = [key for key in keys if not key.endswith((*_COUNTERS, *_DEAD))]
    parts = {key: key.removeprefix(prefix).partition(".")[0] for key in inside}
    children = dict(bert.named_children())  # not by attribute: `base_model` is one, and is the model itself
    used: dict[str, bool] = {}
    for part in set(parts.values()):
        if (child := children.get(part)) is not None:
            used[part] = bool(_used(bert, [f"{part}.{key}" for key, _parameter in child.named_parameters()]))
    return [key for key in inside if used.get(parts[key])]


def _used(bert: PreTrainedModel, names: list[str]) -> list[str]:
    """Those of the names that hidden states depend on: by their gradients."""
    parameters = dict(bert.named_parameters())
    learned = [name for name in names if name in parameters]
    if not learned:
        return names
    with torch.enable_grad():
        ids = torch.zeros(1, 2, dtype=torch.long)
        total = bert(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.sum()
        slopes = torch.autograd.grad(total, [parameters[name] for name in learned], allow_unused=True)
    unused = {name for name, slope in zip(learned, slopes, strict=True) if slope is None}
    return [name for name in names if name not in unused]


def _check_numbers(bert: PreTrainedModel, name: str) -> None:
    ruined = [key for key, weight in bert.named_parameters() if not are_numbers(weight)]
    if ruined := _used(bert, ruined):
        raise ModelError(
            "{name} is damaged: {tensors} in its weights are no numbers.",
            name=name,
            tensors=_some(ruined, len(ruined)),
        )


def are_numbers(weight: Tensor) -> bool:
    """Whether a weight holds no NaN and nothing infinite."""
    return bool(weight.sum().isfinite()) or bool(weight.isfinite().all())  # the sum needs no memory


def _sees_what_follows(bert: PreTrainedModel, probe: dict[str, Tensor]) -> bool:
    """Whether the first token's state depends on the last token, in which the two texts differ."""
    if not getattr(bert.config, "num_hidden_layers", 0):
        return True
    with torch.no_grad():
        first, second = bert(**probe).last_hidden_state  # (T, H) each
    return bool((first[0] != second[0]).any())


def _sees_what_precedes(bert: PreTrainedModel, probe: dict[str, Tensor]) -> bool:
    """Whether the last token's state depends on the first: a decoder's does, MRA's without its kernel does not."""
    with torch.no_grad():
        first, second = bert(**{**probe, "input_ids": probe["input_ids"].flip(1)}).last_hidden_state
    return bool((first[-1] != second[-1]).any())


def _ignores_padding(bert: PreTrainedModel, probe: dict[str, Tensor]) -> bool:
    """Whether a text alone has the states that it has beside a longer one, as convolutions and Fourier have not."""
    padding = getattr(bert.config, "pad_token_id", None)
    wider = (0, 5)  # on the right
    ids = F.pad(probe["input_ids"], wider, value=padding if isinstance(padding, int) else 0)
    with torch.no_grad():
        alone = bert(**probe).last_hidden_state
        padded = bert(input_ids=ids, attention_mask=F.pad(probe["attention_mask"], wider)).last_hidden_state
    scale = float(alone.abs().max())
    return bool(torch.allclose(padded[:, : alone.shape[1]], alone, rtol=0.0, atol=_SAME_STATES * scale))


def _probe(bert: PreTrainedModel) -> dict[str, Tensor] | None:
    """Two texts of three tokens that differ in the last one; None where all tokens are embedded alike."""
    words = cast(nn.Embedding, bert.get_input_embeddings()).weight.detach()
    tried = torch.arange(0, len(words), max(len(words) // _WORDS_TRIED, 1))
    others = tried[(words[tried] != words[tried[-1]]).any(dim=1)]
    if not len(others):
        return None
    usual, last = int(tried[-1]), int(others[-1])
    ids = torch.tensor([[usual, usual, usual], [usual, usual, last]])
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def _some(names: list[str], count: int) -> str:
    return ", ".join(names[:_NAMED]) + (" …" if count > _NAMED else "")


def _shapes(shapes: dict[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{key} {'×'.join(map(str, shape))}" for key, shape in sorted(shapes.items())) or "nothing"
