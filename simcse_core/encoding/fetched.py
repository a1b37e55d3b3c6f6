"""The models folder: models fetched from the hub, here or on a machine whose folder was copied."""

import os
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from simcse_core.encoding.cards import CATALOGUE
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from simcse_core.hub import checksums

_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?"
_HUB_ID = re.compile(rf"(?!.*(?:--|\.\.|\.git$)){_PART}/{_PART}")
"""What the hub allows: two parts of letters, digits, `-`, `_` and `.`, with neither `--` nor `..` in them."""


class Weights(BaseModel):
    """One file of weights, as the hub has it."""

    model_config = ConfigDict(frozen=True)

    bytes: int
    sha256: str


class Record(BaseModel):
    """What was fetched: `fetched.json` in a model's folder."""

    model_config = ConfigDict(frozen=True)

    repository: str
    revision: str
    weights: dict[str, Weights]
    """By path in the folder."""


def hub_id(name: str) -> str | None:
    """The hub id that a name stands for: a catalogue model's, or the name itself; None for every other name."""
    if name in CATALOGUE:
        return CATALOGUE[name].hub
    return name if is_hub_id(name) else None


def is_hub_id(name: str) -> bool:
    """Whether the hub could have a repository of this name, owner/name. It never leads out of a folder."""
    return len(name) <= 96 and _HUB_ID.fullmatch(name) is not None


def folder_of(name: str) -> Path | None:
    """Where the models folder has a model, or would have it; None for a name that is not on the hub.

    A model has one folder, whether it is asked for by its catalogue name or by its hub id.
    """
    identity = hub_id(name)
    if identity is None:
        return None
    known = next((card.name for card in CATALOGUE.values() if card.hub == identity), None)
    return models_folder() / (known or identity.replace("/", "--"))


def holds_model(folder: Path) -> bool:
    """Whether a folder looks like a model of ours, of sentence-transformers or of transformers."""
    return any(os.path.isfile(folder / file) for file in ("modules.json", "config.json", "simcse.json"))


def is_complete(folder: Path) -> bool:
    """Whether all weights of a fetched model are there in their full size. Reads no weights."""
    try:
        record = _read_record(folder)
    except ModelError:
        return False
    return holds_model(folder) and (record is None or not _missing(folder, record))


def check(folder: Path, name: str) -> None:
    """Refuse a fetched model whose weights are not those of the hub. A folder without a record is taken as it is.

    Raises:
        ModelError: weights are missing or differ.
    """
    record = _read_record(folder)
    if record is None:
        return
    if missing := _missing(folder, record):
        raise ModelError(
            "{name} is incomplete: {file} is missing or cut short. Copy the folder {folder} again, or run: "
            "python -m simcse_core models fetch {name}",
            name=name,
            file=missing[0],
            folder=folder,
        )
    for file, weights in record.weights.items():
        if (found := checksums.sha256(folder / file)) != weights.sha256:
            raise ModelError(
                "{name} is damaged: the SHA-256 of {file} begins with {found}, it has to begin with {expected}. "
                "Copy the folder {folder} again, or run: python -m simcse_core models fetch {name}",
                name=name,
                file=file,
                found=found[:12],
                expected=weights.sha256[:12],
                folder=folder,
            )


def write_record(folder: Path, record: Record) -> None:
    (folder / "fetched.json").write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def _read_record(folder: Path) -> Record | None:
    path = folder / "fetched.json"
    if not os.path.isfile(path):
        return None
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError("The model file {file} cannot be read.", file=path) from error


def _missing(folder: Path, record: Record) -> list[str]:
    def is_whole(file: str, weights: Weights) -> bool:
        return os.path.isfile(folder / file) and os.path.getsize(folder / file) == weights.bytes

    return [file for file, weights in record.weights.items() if not is_whole(file, weights)]
