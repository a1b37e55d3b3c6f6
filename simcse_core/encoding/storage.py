"""Models on disk, in the folder layout of sentence-transformers. Safetensors only, never pickle, never foreign code."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from simcse_core.encoding.device import pick_device
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.layout import FROZEN_FILE, POOLING_MODES, read_json, read_layout
from simcse_core.encoding.model import SimCSE
from simcse_core.errors import ModelError

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]

_TYPES = {
    "Transformer": "sentence_transformers.models.Transformer",
    "WeightedLayerPooling": "sentence_transformers.models.WeightedLayerPooling",
    "Dense": "sentence_transformers.models.Dense",
    "Pooling": "sentence_transformers.models.Pooling",
    "Normalize": "sentence_transformers.models.Normalize",
}


def save(model: SimCSE, folder: Path) -> None:
    """Write a model; sentence-transformers loads the folder and gives the same vectors."""
    folder.mkdir(parents=True, exist_ok=True)
    averages_layers = model.pooling == "first_last_mean" and model.layers > 0  # at layer 0 first and last are the same
    model.bert.config.output_hidden_states = averages_layers
    model.bert.save_pretrained(folder, safe_serialization=True)
    model.bert.config.output_hidden_states = False
    model.tokenizer.save_pretrained(folder)
    _write(folder / "sentence_bert_config.json", {"max_seq_length": model.max_tokens, "do_lower_case": False})

    modules = [("Transformer", "")]

    def add(kind: str, config: dict[str, Any], tensors: dict[str, torch.Tensor] | None = None) -> None:
        path = f"{len(modules)}_{kind}"
        modules.append((kind, path))
        (folder / path).mkdir(exist_ok=True)
        _write(folder / path / "config.json", config)
        if tensors is not None:
            save_file(
                {name: tensor.contiguous() for name, tensor in tensors.items()}, folder / path / "model.safetensors"
            )

    width = int(model.bert.config.hidden_size)
    if averages_layers:
        weights = torch.zeros(model.layers + 1)
        weights[[0, -1]] = 1.0
        config: dict[str, Any] = {"embedding_dimension": width, "layer_start": 0, "num_hidden_layers": model.layers}
        add("WeightedLayerPooling", config, {"layer_weights": weights})
    if model.head is not None:
        config = {
            "in_features": width,
            "out_features": model.dim,
            "bias": model.head.bias is not None,
            "activation_function": "torch.nn.modules.linear.Identity",
            "module_input_name": "token_embeddings",
            "module_output_name": "token_embeddings",
        }
        add(
            "Dense", config, {f"linear.{name}": value.detach().cpu() for name, value in model.head.state_dict().items()}
        )
    add("Pooling", {"embedding_dimension": model.dim, "pooling_mode": POOLING_MODES.get(model.pooling, "mean")})
    add("Normalize", {})
    _write(
        folder / "modules.json",
        [
            {"idx": number, "name": str(number), "path": path, "type": _TYPES[kind]}
            for number, (kind, path) in enumerate(modules)
        ],
    )


def load(folder: Path, name: str, *, device: str = "auto") -> SimCSE:
    """Read a model that we or sentence-transformers wrote, or a plain BERT folder (mean pooling then).

    Raises:
        ModelError: the folder is damaged, or the model does what SimCSE cannot (the message says what).
    """
    layout = read_layout(folder, name)
    head = None if layout.dense is None else _linear(_tensors(layout.dense / "model.safetensors", name), name)
    folder = layout.transformer
    try:
        bert = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, dtype=torch.float32
        )
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ModelError("{name} cannot be read: {reason}", name=name, reason=reason) from error
    if layout.averaging is not None:
        _check_first_last(layout.averaging, name, int(bert.config.num_hidden_layers))
    target = pick_device(device)
    return SimCSE(
        bert.to(target),
        tokenizer,
        pooling=layout.pooling if layout.averaging is None else "first_last_mean",
        head=None if head is None else head.to(target),
        max_tokens=_max_tokens(folder, bert.config.max_position_embeddings, tokenizer.model_max_length),
        name=name,
    )


def save_frozen(model: FrozenEncoder, folder: Path) -> None:
    """Write the name of a frozen base and its head, if there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / FROZEN_FILE, {"base": "use-multilingual", "head": model.head is not None})
    if model.head is not None:
        save_file(model.head.state_dict(), folder / "head.safetensors")


def is_frozen(folder: Path) -> bool:
    """Whether the folder holds a frozen model with a trained head."""
    return (folder / FROZEN_FILE).is_file()


def load_frozen(folder: Path, name: str, *, head: str | None = None, seed: int = 0) -> FrozenEncoder:
    """Read what `save_frozen` wrote; a head that is named takes the place of the saved one.

    Raises:
        ModelError: the folder is damaged.
    """
    if head is not None or not read_json(folder / FROZEN_FILE).get("head"):
        return FrozenEncoder.load(head=head, seed=seed, name=name)
    return FrozenEncoder.load(head=_linear(_tensors(folder / "head.safetensors", name), name), name=name)


def _linear(tensors: dict[str, torch.Tensor], name: str) -> nn.Linear:
    tensors = {key.removeprefix("linear."): value for key, value in tensors.items()}
    if "weight" not in tensors:
        raise ModelError("{name} is damaged: its linear layer has no weights.", name=name)
    weight = tensors["weight"]
    try:
        linear = nn.Linear(weight.shape[1], weight.shape[0], bias="bias" in tensors)
        linear.load_state_dict(tensors)
    except (IndexError, RuntimeError) as error:
        raise ModelError("{name} is damaged: the shapes of its linear layer do not fit.", name=name) from error
    return linear


def _check_first_last(path: Path, name: str, layers: int) -> None:
    weights = _tensors(path / "model.safetensors", name).get("layer_weights")
    starts_at_0 = read_json(path / "config.json").get("layer_start") == 0
    if weights is None or not starts_at_0 or len(weights) != layers + 1 or weights[1:-1].any():
        raise ModelError("{name} averages other layers than the first and the last.", name=name)
    if weights[0] != weights[-1] or not weights[0]:
        raise ModelError("{name} averages other layers than the first and the last.", name=name)


def _max_tokens(folder: Path, positions: int, of_tokenizer: int) -> int:
    config = folder / "sentence_bert_config.json"
    given = read_json(config).get("max_seq_length") if config.is_file() else None
    return int(given or min(positions, of_tokenizer))


def _tensors(path: Path, name: str) -> dict[str, torch.Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError("{name} is damaged: {file} cannot be read.", name=name, file=path.name) from error


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
