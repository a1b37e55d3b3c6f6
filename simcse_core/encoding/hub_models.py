"""Fetching models from the Hugging Face hub: only the files that are needed, whole and unchanged, or nothing."""

import shutil
from pathlib import Path

from simcse_core import durable
from simcse_core.encoding import fetched
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.encoding.catalogue import find
from simcse_core.encoding.layout import read_layout
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from simcse_core.hub import checksums
from simcse_core.hub.client import is_weights, look_up
from simcse_core.hub.files import Download, Progress, Repository, reserved


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
        return find(name)
    folder, hub_id = fetched.folder_of(name), fetched.hub_id(name)
    if folder is None or hub_id is None:
        raise ModelError(
            "{name!r} is no model of the hub. Choose one of: {choices}; or name another one as owner/model.",
            name=name,
            choices=", ".join(card.name for card in CATALOGUE.values() if card.hub),
        )
    if not _is_intact(folder, name):
        _fetch(look_up(hub_id, name), folder, on_progress or _say_nothing)
    return folder


def _say_nothing(done: int, total: int) -> None:
    pass


def _is_intact(folder: Path, name: str) -> bool:
    if not fetched.holds_model(folder):
        return False
    try:
        fetched.check(folder, name)
    except ModelError:
        return False
    return True


def _fetch(repository: Repository, folder: Path, on_progress: Progress) -> None:
    with reserved(repository, models_folder(), folder.name, on_progress) as staging:
        if not _is_intact(folder, repository.name):  # nobody else has fetched it meanwhile
            _download(repository, staging, on_progress)
            _put_in_place(repository, staging, folder)
    on_progress(repository.size, repository.size)


def _download(repository: Repository, staging: Path, on_progress: Progress) -> None:
    download = Download(repository, staging, on_progress)
    for file in repository.files:
        if not is_weights(file):
            download.bring(file)
    try:
        read_layout(staging, repository.name)  # refuses what SimCSE cannot be, before the weights come
    except ModelError:
        shutil.rmtree(staging)
        raise
    for file in repository.files:
        if is_weights(file):
            download.bring(file)


def _put_in_place(repository: Repository, staging: Path, folder: Path) -> None:
    """Make the download the model, in one step."""
    weights = {
        file.path: fetched.Weights(bytes=file.size, sha256=file.sha256 or checksums.sha256_now(staging / file.path))
        for file in repository.files
        if is_weights(file)
    }
    fetched.write_record(
        staging, fetched.Record(repository=repository.hub_id, revision=repository.revision, weights=weights)
    )
    if folder.exists():  # a damaged one
        shutil.rmtree(folder)
    durable.sync_tree(staging)
    durable.move(staging, folder)
    for path, own in weights.items():
        checksums.remember(folder / path, own.sha256)
