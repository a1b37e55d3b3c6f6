"""The base of a model that stores only what its training has changed: which one it is, and where. Loads no weights."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from simcse_core.encoding.catalogue import find
from simcse_core.encoding.layout import BASE_FILE, read_layout, weight_files
from simcse_core.encoding.module_files import is_there, read_settings
from simcse_core.errors import ModelError
from simcse_core.hub import checksums

_FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
"""Leads nowhere else."""


class Base(BaseModel):
    """`base.json`: what a model's folder takes from another one's."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    base: str
    """By which it can be loaded."""
    weights: dict[_FileName, str]
    """SHA-256 of its weights, by file."""
    unchanged: dict[str, str]
    """Names of the tensors that are its own, with the names that they have there."""
    rows: dict[str, str]
    """Likewise, of tensors in which other rows are its own: `changed.safetensors` has the rest, and their numbers under
    NAME.rows."""
    tokenizer: dict[_FileName, str] = {}
    """SHA-256 of the files of its tokenizer, which this model has too; empty for a tokenizer of this folder's own."""


def read_base(folder: Path, name: str) -> Base | None:
    """What the folder of a BERT takes from another model; None for a complete one.

    Raises:
        ModelError: `base.json` is damaged.
    """
    return read_settings(folder / BASE_FILE, Base, name) if is_there(folder / BASE_FILE) else None


def base_folder(base: Base, name: str) -> Path:
    """Where the BERT of a base is, whose files are those that were there when the model was saved.

    Raises:
        ModelError: it is not on this machine, or another one by now.
    """
    try:
        folder = transformer_of(base.base)
        files = {**dict.fromkeys((path.name for path in weight_files(folder)), ""), **base.weights, **base.tokenizer}
        changed = next((file for file, digest in files.items() if checksums.sha256(folder / file) != digest), None)
    except (ModelError, OSError) as error:
        raise ModelError(
            "{name} stores only what its training has changed; the rest is in {base}, which cannot be read: {reason}",
            name=name,
            base=base.base,
            reason=error,
        ) from error
    if changed is not None:
        raise ModelError(
            "{name} stores only what its training has changed; the rest is in {base}, which has changed since then: "
            "the SHA-256 of {file} no longer begins with {expected}. Restore the model that the training started from.",
            name=name,
            base=base.base,
            file=changed,
            expected=files[changed][:12],
        )
    return folder


def tokenizer_folder(folder: Path, name: str) -> Path:
    """Where the tokenizer of a BERT's folder is. Errors as for `base_folder`."""
    base = read_base(folder, name)
    return folder if base is None or not base.tokenizer else base_folder(base, name)


def transformer_of(name: str) -> Path:
    """The folder of the BERT of a model on this machine.

    Raises:
        ModelError: there is none.
    """
    return read_layout(find(name), name).transformer
