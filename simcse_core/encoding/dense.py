"""The layers that a folder brings beside its encoder: Dense on tokens; Dense, LayerNorm, Normalize behind the pooling.

They are modules of torch that compute what those of sentence-transformers compute, and are written as those again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simcse_core.encoding.layout import Part
from simcse_core.encoding.module_files import IDENTITY, DenseSettings, LayerNormSettings, read_settings
from simcse_core.encoding.weights import load_tensors
from simcse_core.errors import ModelError

_Layer = TypeVar("_Layer", bound=nn.Module)


class Dense(nn.Linear):
    """A linear layer with an activation behind it, and what comes in added to what goes out if that is asked for."""

    def __init__(self, settings: DenseSettings) -> None:
        super().__init__(settings.in_features, settings.out_features, bias=settings.bias)
        self.settings = settings
        self.activation: nn.Module = getattr(nn, settings.activation)()
        self.residual: nn.Module | None = None
        if settings.use_residual:
            is_same = settings.in_features == settings.out_features
            self.residual = (
                nn.Identity() if is_same else nn.Linear(settings.in_features, settings.out_features, bias=False)
            )

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """(..., H) -> (..., D)."""
        values: Tensor = self.activation(super().forward(input))
        return values if self.residual is None else values + self.residual(input)


class Normalize(nn.Module):
    """Rows of length 1, with something behind them to which that matters."""

    def forward(self, embeddings: Tensor) -> Tensor:
        """(N, D) -> (N, D)."""
        return F.normalize(embeddings, dim=-1)


@dataclass(frozen=True)
class SavedModule:
    """A module as a folder of sentence-transformers has it."""

    kind: str
    config: dict[str, Any]
    tensors: dict[str, Tensor]


def load_layers(parts: Sequence[Part], name: str, width: int) -> nn.Sequential | None:
    """Layers that come one behind the other; None if there are none.

    Args:
        parts: their kinds and folders.
        name: how messages call the model.
        width: of what the first one takes.

    Raises:
        ModelError: one of them is damaged, or takes another number of values than it gets.
    """
    layers: list[nn.Module] = []
    for part in parts:
        if part.kind == "Normalize":
            layers.append(Normalize())
            continue
        layer = _dense(part.folder, name, width) if part.kind == "Dense" else _layer_norm(part.folder, name, width)
        width = width_behind(layer, width)
        layers.append(layer)
    return nn.Sequential(*layers) if layers else None


def width_behind(layers: nn.Module | None, width: int) -> int:
    """How many values there are behind layers that take `width` of them."""
    dense = [] if layers is None else [layer for layer in layers.modules() if _is_dense(layer)]
    return dense[-1].out_features if dense else width


def width_before(layers: nn.Module | None) -> int | None:
    """How many values layers take; None where any number will do."""
    for layer in [] if layers is None else layers.modules():
        if isinstance(layer, nn.LayerNorm):
            return int(layer.normalized_shape[0])
        if _is_dense(layer):
            return layer.in_features
    return None


def is_linear(layers: nn.Module | None) -> bool:
    """Whether a sum through the layers is the sum of what the summands give, but for a constant."""
    return layers is None or all(
        isinstance(layer, nn.Sequential | nn.Linear | nn.Identity) for layer in layers.modules()
    )


def saved_modules(layers: nn.Module | None, of: str) -> list[SavedModule]:
    """The modules of a folder that compute what the layers compute.

    Args:
        layers: one, or a sequence of them.
        of: what they work on, "token_embeddings" or "sentence_embedding".
    """
    if layers is None:
        return []
    each = list(layers) if isinstance(layers, nn.Sequential) else [layers]
    return [_saved(layer, of) for layer in each]


def _saved(layer: nn.Module, of: str) -> SavedModule:
    if isinstance(layer, Normalize):
        return SavedModule("Normalize", {}, {})
    tensors = {name: tensor.detach().cpu() for name, tensor in layer.state_dict().items()}
    if isinstance(layer, nn.LayerNorm):
        tensors = {f"norm.{name}": tensor for name, tensor in tensors.items()}
        return SavedModule("LayerNorm", {"dimension": layer.normalized_shape[0]}, tensors)
    assert isinstance(layer, nn.Linear)
    config = {
        "in_features": layer.in_features,
        "out_features": layer.out_features,
        "bias": layer.bias is not None,
        "activation_function": layer.settings.activation_function if isinstance(layer, Dense) else IDENTITY,
        "module_input_name": of,
        "module_output_name": of,
    }
    if isinstance(layer, Dense) and layer.residual is not None:
        config["use_residual"] = True
    return SavedModule("Dense", config, {_saved_name(name): tensor for name, tensor in tensors.items()})


def _saved_name(name: str) -> str:
    return name if name.startswith("residual.") else f"linear.{name}"


def _is_dense(layer: nn.Module) -> TypeGuard[nn.Linear]:
    return isinstance(layer, nn.Linear)


def _dense(folder: Path, name: str, width: int) -> Dense:
    settings = read_settings(folder / "config.json", DenseSettings, name)
    _check_width(settings.in_features, width, name, folder)
    with torch.device("meta"):
        dense = Dense(settings)
    return _with_tensors(dense, folder, name, {key: _saved_name(key) for key in dense.state_dict()})


def _layer_norm(folder: Path, name: str, width: int) -> nn.LayerNorm:
    settings = read_settings(folder / "config.json", LayerNormSettings, name)
    _check_width(settings.dimension, width, name, folder)
    with torch.device("meta"):
        norm = nn.LayerNorm(width)
    return _with_tensors(norm, folder, name, {key: f"norm.{key}" for key in norm.state_dict()})


def _with_tensors(layer: _Layer, folder: Path, name: str, saved_names: dict[str, str]) -> _Layer:
    shapes = {saved_names[key]: tuple(tensor.shape) for key, tensor in layer.state_dict().items()}
    tensors = load_tensors(folder / "model.safetensors", name, shapes)
    layer.load_state_dict({key: tensors[saved] for key, saved in saved_names.items()}, assign=True)
    return layer


def _check_width(expected: int, width: int, name: str, folder: Path) -> None:
    if expected != width:
        raise ModelError(
            "{name} is damaged: its layer {layer} takes {given} numbers, and gets {width}.",
            name=name,
            layer=folder.name,
            given=expected,
            width=width,
        )
