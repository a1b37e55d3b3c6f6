"""Models on disk, in the folder layout of sentence-transformers. Safetensors only, never pickle, never foreign code."""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from transformers.utils import logging as transformers_logging

from simcse_core.encoding.bases import tokenizer_folder
from simcse_core.encoding.classifier import load_carried, save_carried
from simcse_core.encoding.deltas import save_changed
from simcse_core.encoding.dense import load_layers, saved_modules, width_behind
from simcse_core.encoding.device import pick_device
from simcse_core.encoding.foreign_errors import model_errors
from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.layers import refuse_below_final_norm
from simcse_core.encoding.layout import FROZEN_FILE, Layout, read_layout
from simcse_core.encoding.model import SimCSE
from simcse_core.encoding.module_files import AveragingSettings, FrozenSettings, read_settings
from simcse_core.encoding.pooling import poolings
from simcse_core.encoding.tokenizer import load_tokenizer, puts_in_lower_case
from simcse_core.encoding.weights import load_bert, load_tensors, most_positions
from simcse_core.errors import ModelError

transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
transformers_logging.set_verbosity_error()  # type: ignore[no-untyped-call] # what it warns of is checked here

NO_LIMIT = 1_000_000
"""Tokens of a text, where neither tokenizer nor BERT has a limit."""
_TYPE = "sentence_transformers.models.{kind}"


def save(model: SimCSE, folder: Path, *, base: str | None = None) -> None:
    """Write a model; sentence-transformers loads the folder and gives the same embeddings.

    Args:
        model: to write.
        folder: it is made where there is none.
        base: name of the model that it was made from. What is in there is left out where that saves much; the folder is
            then one for this program alone (`deltas`).

    Raises:
        ModelError: the folder's layout has no name for the model's pooling, or cannot say that the model ends below a
            final norm.
    """
    saved = poolings.saved(model.pooling)
    refuse_below_final_norm(model.bert, model.name)
    folder.mkdir(parents=True, exist_ok=True)
    averages_layers = saved.averages_layers and model.layers > 0  # at layer 0 first and last are the same
    model.bert.config.output_hidden_states = averages_layers
    if base is None or not save_changed(model.bert, model.tokenizer, folder, base):
        model.bert.save_pretrained(folder, safe_serialization=True)
        model.tokenizer.save_pretrained(folder)
    model.bert.config.output_hidden_states = False
    _write(
        folder / "sentence_bert_config.json",
        {"max_seq_length": model.max_tokens, "do_lower_case": puts_in_lower_case(model.tokenizer)},
    )
    _write(
        folder / "config_sentence_transformers.json",
        {
            "model_type": "SentenceTransformer",
            "prompts": dict(model.prompts.texts),
            "default_prompt_name": model.prompts.default,
            "similarity_fn_name": "cosine",
            "truncate_dim": model.most_dims,
        },
    )

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

    def add_all(layers: nn.Module | None, of: str) -> None:
        for module in saved_modules(layers, of):
            add(module.kind, module.config, module.tensors or None)

    width = int(model.bert.config.hidden_size)
    if averages_layers:
        weights = torch.zeros(model.layers + 1)
        weights[[0, -1]] = 1.0
        config: dict[str, Any] = {"embedding_dimension": width, "layer_start": 0, "num_hidden_layers": model.layers}
        add("WeightedLayerPooling", config, {"layer_weights": weights})
    add_all(model.head, "token_embeddings")
    pooling = {"embedding_dimension": width_behind(model.head, width), "pooling_mode": saved.mode}
    add("Pooling", pooling if model.include_prompt else {**pooling, "include_prompt": False})
    add_all(model.sentence_layers, "sentence_embedding")
    add("Normalize", {})
    save_carried(model.carried, folder)
    _write(
        folder / "modules.json",
        [
            {"idx": number, "name": str(number), "path": path, "type": _TYPE.format(kind=kind)}
            for number, (kind, path) in enumerate(modules)
        ],
    )


def load(folder: Path, name: str, *, device: str = "auto") -> SimCSE:
    """Read a model that we or sentence-transformers wrote, or a plain BERT folder (mean pooling then).

    Raises:
        ModelError: the folder is damaged, its parts do not fit each other, or the model does what SimCSE cannot (the
            message says what).
    """
    layout = read_layout(folder, name)
    bert = load_bert(layout.transformer, name)
    with model_errors(name, "config.json"):
        width, words = int(bert.config.hidden_size), len(cast(nn.Embedding, bert.get_input_embeddings()).weight)
    place = tokenizer_folder(layout.transformer, name)
    tokenizer = load_tokenizer(place, name, lower_case=layout.lower_case, embeddings=words)
    if layout.averaging is not None:
        gives_layers = bool(bert.config.output_hidden_states)
        _check_first_last(layout.averaging, name, int(bert.config.num_hidden_layers), gives_layers=gives_layers)
    head = load_layers(layout.token_layers, name, width)
    pooled = width_behind(head, width) * len(poolings[layout.pooling].each)
    sentence_layers = load_layers(layout.sentence_layers, name, pooled)
    with model_errors(name, "config.json"):
        at_most = [int(tokenizer.model_max_length), getattr(bert.config, "max_position_embeddings", None)]
    model = SimCSE(
        bert,
        tokenizer,
        pooling=layout.pooling,
        head=head[0] if head is not None and len(head) == 1 else head,
        sentence_layers=sentence_layers,
        include_prompt=layout.include_prompt,
        max_tokens=_max_tokens(layout, at_most, most_positions(bert)),
        name=name,
        prompts=layout.prompts,
        most_dims=layout.dim,
    )
    model.to(pick_device(device))
    _try(model)
    model.carried = load_carried(folder, name)
    return model


def save_frozen(model: FrozenEncoder, folder: Path) -> None:
    """Write the name of a frozen base and its head, if there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / FROZEN_FILE, {"base": model.base, "head": model.head is not None, "dim": model.most_dims})
    if model.head is not None:
        save_file(model.head.state_dict(), folder / "head.safetensors")
    save_carried(model.carried, folder)


def load_frozen(
    folder: Path, name: str, *, head: str | None = None, dim: int | None = None, seed: int = 0
) -> FrozenEncoder:
    """Read what `save_frozen` wrote; a head and dimensions that are given take the place of the saved ones.

    Raises:
        ModelError: the folder is damaged.
        OptionError: it does not have so many dimensions.
    """
    settings = read_settings(folder / FROZEN_FILE, FrozenSettings, name)
    layer = _linear(folder / "head.safetensors", name, 512) if settings.head else None
    saved = FrozenEncoder.load(head=layer, dim=settings.dim, name=name)
    saved.carried = load_carried(folder, name)
    return saved.configured(head=head, dim=dim, seed=seed)


def _linear(path: Path, name: str, width: int) -> nn.Linear:
    tensors = load_tensors(path, name, {"weight": (width, width), "bias": (width,)})
    with torch.device("meta"):
        linear = nn.Linear(width, width)
    linear.load_state_dict(tensors, assign=True)
    return linear


def _check_first_last(path: Path, name: str, layers: int, *, gives_layers: bool) -> None:
    settings = read_settings(path / "config.json", AveragingSettings, name)
    weights = None
    if settings.layer_start == 0 and settings.num_hidden_layers == layers:
        weights = load_tensors(path / "model.safetensors", name, {"layer_weights": (layers + 1,)})["layer_weights"]
    if weights is None or weights[1:-1].any() or weights[0] != weights[-1] or not weights[0]:
        raise ModelError("{name} averages other layers than the first and the last.", name=name)
    if not gives_layers:
        raise ModelError(
            "{name} averages layers, but its config.json gives none: output_hidden_states has to be true.", name=name
        )


def _max_tokens(layout: Layout, at_most: list[int | None], positions: int | None) -> int:
    """As sentence-transformers has it, and never more than the table of positions has."""
    limits = [NO_LIMIT, positions, *([layout.max_tokens] if layout.max_tokens is not None else at_most)]
    return min(limit for limit in limits if limit is not None and limit >= 0)


def _try(model: SimCSE) -> None:
    """See that texts get embeddings, by the way that they will get them, with a tokenizer and settings of any content.

    Raises:
        ModelError: they do not.
    """
    fewest = 1 + len(model.tokenizer("", verbose=False)["input_ids"])
    if model.max_tokens < fewest:
        raise ModelError(
            "{name} cuts texts at {most} tokens, which leaves nothing of them. Correct max_seq_length.",
            name=model.name,
            most=model.max_tokens,
        )
    with model_errors(model.name, "config.json"):
        lengths = np.linalg.norm(model.encode(["", "A cat sleeps on the sofa. 猫"]), axis=1)
    if not (lengths > 0.5).all():  # False for NaN too
        raise ModelError("{name} is damaged: its embeddings are zeros or no numbers.", name=model.name)


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
