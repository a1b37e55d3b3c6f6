"""The models folder: models fetched from the hub, here or on a machine whose folder was copied."""

import os
from pathlib import Path

from simcse_core.encoding.cards import CATALOGUE
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from simcse_core.hub import checksums, record
from simcse_core.hub.names import as_folder, is_hub_id
from simcse_core.hub.record import Record


def hub_id(name: str) -> str | None:
    """The hub id that a name stands for: a catalogue model's, or the name itself; None for every other name."""
    if name in CATALOGUE:
        return CATALOGUE[name].hub
    return name if is_hub_id(name) else None


def folder_of(name: str) -> Path | None:
    """Where the models folder has a model, or would have it; None for a name that is not on the hub.

    A model has one folder, whether it is asked for by its catalogue name or by its hub id.
    """
    identity = hub_id(name)
    if identity is None:
        return None
    of_catalogue = next((card.name for card in CATALOGUE.values() if card.hub == identity), None)
    return models_folder() / (of_catalogue or as_folder(identity))


def holds_model(folder: Path) -> bool:
    """Whether a folder looks like a model of ours, of sentence-transformers or of transformers."""
    return any(os.path.isfile(folder / file) for file in ("modules.json", "config.json", "simcse.json"))


def is_complete(folder: Path) -> bool:
    """Whether all weights of a fetched model are there in their full size. Reads no weights."""
    try:
        written = _read_record(folder)
    except ModelError:
        return False
    return holds_model(folder) and (written is None or not record.missing(folder, written))


def is_intact(folder: Path) -> bool:
    """Whether a folder holds a model with the weights of the hub, or one that somebody put there."""
    return holds_model(folder) and (not os.path.lexists(folder / record.RECORD) or record.is_intact(folder))


def check(folder: Path, name: str) -> None:
    """Refuse a fetched model whose weights are not those of the hub. A folder without a record is taken as it is.

    Raises:
        ModelError: weights are missing or differ.
    """
    written = _read_record(folder)
    if written is None:
        return
    if missing := record.missing(folder, written):
        raise ModelError(
            "{name} is incomplete: {file} is missing or cut short. Copy the folder {folder} again, or run: "
            "python -m simcse_core models fetch {name}",
            name=name,
            file=missing[0],
            folder=folder,
        )
    for path, file in written.files.items():
        if (digest := checksums.sha256(folder / path)) != file.sha256:
            raise ModelError(
                "{name} is damaged: the SHA-256 of {file} begins with {found}, it has to begin with {expected}. "
                "Copy the folder {folder} again, or run: python -m simcse_core models fetch {name}",
                name=name,
                file=path,
                found=digest[:12],
                expected=file.sha256[:12],
                folder=folder,
            )


def _read_record(folder: Path) -> Record | None:
    try:
        return record.read(folder)
    except (OSError, ValueError) as error:
        raise ModelError("The model file {file} cannot be read.", file=folder / record.RECORD) from error
