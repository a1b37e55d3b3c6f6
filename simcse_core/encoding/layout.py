"""What a model's folder says about itself: the modules of sentence-transformers and their settings, without weights."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simcse_core.errors import ModelError

POOLING_MODES = {"mean": "mean", "max": "max", "cls": "cls"}
"""Our name -> the name in the folder; the same, for the poolings that both have."""
FROZEN_FILE = "simcse.json"
"""In the folder of a head on a frozen model."""
_OLD_POOLING_KEYS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True)
class Layout:
    """Where the parts of a model are."""

    transformer: Path
    """Folder of the BERT and its tokenizer."""
    pooling: str = "mean"
    """How the tokens are pooled; what a plain BERT folder does not say is mean."""
    averaging: Path | None = None
    """Folder of the weights that average layers, if there are any."""
    dense: Path | None = None
    """Folder of the linear layer on each token, if there is one."""


def read_layout(folder: Path, name: str) -> Layout:
    """Read a folder that we or sentence-transformers wrote, or a plain BERT folder.

    Raises:
        ModelError: the folder is damaged, or the model does what SimCSE cannot (the message says what).
    """
    found: dict[str, Path] = {}
    for kind, path in _modules(folder, name):
        if kind not in ("Transformer", "WeightedLayerPooling", "Dense", "Pooling", "Normalize"):
            raise ModelError("{name} has a module {kind!r}, which SimCSE does not have.", name=name, kind=kind)
        found[kind] = path
    layout = Layout(
        transformer=found.get("Transformer", folder),
        pooling=_pooling(found["Pooling"], name) if "Pooling" in found else "mean",
        averaging=found.get("WeightedLayerPooling"),
        dense=found.get("Dense"),
    )
    if layout.averaging is not None and layout.pooling != "mean":
        raise ModelError(
            "{name} averages layers before {pooling} pooling; only mean works.", name=name, pooling=layout.pooling
        )
    if layout.dense is not None:
        _check_dense(layout.dense, name)
    return layout


def module_paths(modules: object, name: str) -> list[tuple[str, str]]:
    """Kind and path of each module in the content of a modules.json; the path is "" or leads further into the folder.

    Raises:
        ModelError: it is no list of modules, or a path leads out of the folder.
    """
    try:
        found = [
            (str(entry["type"]).rpartition(".")[2], str(entry["path"]))
            for entry in modules  # type: ignore[attr-defined] # whatever the file holds
        ]
    except (TypeError, KeyError):
        found = []
    if not found:
        raise ModelError("{name} is damaged: modules.json lists no modules.", name=name)
    if any(Path(path).is_absolute() or ".." in Path(path).parts for _, path in found):
        raise ModelError("{name} is damaged: modules.json leads out of the model's folder.", name=name)
    return found


def read_json(path: Path) -> Any:
    """The content of one of the model's files.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError("The model file {file} cannot be read.", file=path.name) from error


def _modules(folder: Path, name: str) -> list[tuple[str, Path]]:
    """Kind and folder of each module; none for a plain BERT folder."""
    path = folder / "modules.json"
    return [(kind, folder / own) for kind, own in module_paths(read_json(path), name)] if path.is_file() else []


def _pooling(path: Path, name: str) -> str:
    config = read_json(path / "config.json")
    given = config.get("pooling_mode") or [mode for key, mode in _OLD_POOLING_KEYS.items() if config.get(key)]
    modes = [given] if isinstance(given, str) else list(given)
    if len(modes) != 1 or modes[0] not in POOLING_MODES:
        raise ModelError("{name} pools by {modes}, which SimCSE does not have.", name=name, modes=" and ".join(modes))
    return str(modes[0])


def _check_dense(path: Path, name: str) -> None:
    config = read_json(path / "config.json")
    if config.get("module_input_name") != "token_embeddings":
        raise ModelError(
            "{name} has a dense layer on the sentence vector; SimCSE's linear layer works on each token.", name=name
        )
    if not str(config.get("activation_function", "")).endswith("Identity"):
        raise ModelError("{name} has a dense layer with an activation; SimCSE's layer is linear.", name=name)
