"""Models of the Hugging Face hub: only the files that are needed, whole and unchanged, or nothing."""

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path, PurePosixPath

from simcse_core.encoding import fetched
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.encoding.catalogue import find
from simcse_core.encoding.layout import module_paths, read_layout
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from simcse_core.hub import client, files
from simcse_core.hub.client import File, Query, Repository
from simcse_core.hub.files import Place, Progress

_SETTINGS = (".json", ".txt", ".model")
"""Configurations, vocabularies, and tokenizers of sentencepiece."""
_WHOLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")


def fetch(name: str, on_progress: Progress | None = None) -> Path:
    """Bring a model of the hub into the models folder, unless it is there already.

    Two that fetch the same model at once share one download. After Ctrl-C, a lost network or a crash the next call goes
    on with what has arrived.

    Args:
        name: catalogue name, or hub id owner/model.
        on_progress: receives (bytes done, bytes in all), about ten times a second while bytes arrive.

    Returns:
        The model's folder.

    Raises:
        ModelError: the name is none, there is no such model, it is gated, has no safetensors or is no model for SimCSE,
            the hub cannot be reached, there is no room, or what arrived is not what the hub has.
    """
    if name in CATALOGUE and CATALOGUE[name].package:
        return find(name, on_progress)
    folder, hub_id = fetched.folder_of(name), fetched.hub_id(name)
    if folder is None or hub_id is None:
        raise ModelError(
            "{name!r} is no model of the hub. Choose one of: {choices}; or name another one as owner/model.",
            name=name,
            choices=", ".join(card.name for card in CATALOGUE.values() if card.hub),
        )
    if not fetched.is_intact(folder):
        place = Place(models_folder(), folder)
        files.fetch(_look_up(hub_id, name), place, on_progress, accept=lambda staging: _check_layout(staging, name))
    return folder


def _check_layout(folder: Path, name: str) -> None:
    """Refuse what SimCSE cannot be, before the weights come."""
    read_layout(folder, name)


def _look_up(hub_id: str, name: str) -> Repository:
    query = Query(name, hub_id, "model", models_folder(), command=f"python -m simcse_core models fetch {name}")
    repository = client.look_up(query)
    modules = [("Transformer", "")]  # a plain BERT is one, in the root
    if any(file.path == "modules.json" for file in repository.files):
        modules = module_paths(client.read_json(query, repository, "modules.json"), name)
    return replace(repository, files=_needed(repository, modules))


def _needed(repository: Repository, modules: list[tuple[str, str]]) -> tuple[File, ...]:
    """The settings and the weights of these modules (kind and folder of each).

    Raises:
        ModelError: there are no safetensors.
    """
    paths = {PurePosixPath(file.path) for file in repository.files}
    transformer = next((PurePosixPath(path) for kind, path in modules if kind == "Transformer"), PurePosixPath())
    if not {transformer / _WHOLE, transformer / _INDEX} & paths:
        raise ModelError(
            "{name} has no safetensors. Weights in other formats can run code when they are loaded, so they never are. "
            "Choose another model.",
            name=repository.name,
        )
    folders = {PurePosixPath(), *(PurePosixPath(path) for _, path in modules)}
    needed = {path for path in paths if path.parent in folders and _is_needed(path, paths)}
    return tuple(file for file in repository.files if PurePosixPath(file.path) in needed)


def _is_needed(path: PurePosixPath, paths: Collection[PurePosixPath]) -> bool:
    if path.suffix != ".safetensors":
        return path.suffix in _SETTINGS
    whole = path.with_name(_WHOLE)
    return path == whole or (_SHARD.fullmatch(path.name) is not None and whole not in paths)
