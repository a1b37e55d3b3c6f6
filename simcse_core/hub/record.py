"""What was fetched from the hub into a folder, and whether it is still that: `fetched.json` in the folder.

`huggingface_hub` compares a folder with the hub only by asking it again (`verify_repo_checksums`); a folder that was
copied to a machine without a network has to say itself what belongs in it.
"""

import os
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator

from simcse_core.hub import checksums

RECORD = "fetched.json"


class FetchedFile(BaseModel):
    """One file, as the hub has it."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    bytes: int | None = None
    """None where an earlier version has not written it."""


class Record(BaseModel):
    """What was fetched, and from where."""

    model_config = ConfigDict(frozen=True)

    repository: str
    revision: str
    files: dict[str, FetchedFile] = Field(validation_alias=AliasChoices("files", "weights"))
    """By path in the folder. Earlier versions wrote `weights` for a model."""

    @field_validator("files", mode="before")
    @classmethod
    def _with_sizes(cls, files: Any) -> Any:
        """Earlier versions wrote the SHA-256 alone for a data set."""
        if not isinstance(files, dict):
            return files
        return {path: {"sha256": file} if isinstance(file, str) else file for path, file in files.items()}


def write(folder: Path, record: Record) -> None:
    """Write the record of a folder.

    Raises:
        OSError: it cannot be written.
    """
    (folder / RECORD).write_text(record.model_dump_json(indent=2) + "\n", encoding="utf-8")


def read(folder: Path) -> Record | None:
    """The record of a folder; None where it has none.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    path = folder / RECORD
    return Record.model_validate_json(path.read_text(encoding="utf-8")) if os.path.isfile(path) else None


def missing(folder: Path, record: Record) -> list[str]:
    """The files that are not there, or not in their full size. Reads none of them."""

    def is_whole(path: Path, file: FetchedFile) -> bool:
        return os.path.isfile(path) and file.bytes in (None, os.path.getsize(path))

    return [path for path, file in record.files.items() if not is_whole(folder / path, file)]


def is_intact(folder: Path) -> bool:
    """Whether a folder has a record, and all its files with the content that was fetched."""
    try:
        record = read(folder)
        return (
            record is not None
            and bool(record.files)
            and not missing(folder, record)
            and all(checksums.sha256(folder / path) == file.sha256 for path, file in record.files.items())
        )
    except (OSError, ValueError):
        return False
