"""The formats, and what is the same for all of them: a folder that is there whole or not at all."""

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from simcse_core import durable
from simcse_core.encoding.protocol import Encodes
from simcse_core.errors import ModelError
from simcse_core.registry import Registry

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE
    from simcse_core.encoding.protocol import Trainable


class Exported(Encodes, Protocol):
    """What encodes with the files that were written."""

    use: str
    """Lines of Python that load the folder in another program and encode `texts`."""
    note: str
    """What its user has to know."""


Progress = Callable[[int, int], None]
Write = Callable[["SimCSE", Path, Progress], "Exported | None"]
"""(model, an empty folder, what receives (texts done, in all) of long work) -> what encodes with the files that were
written; None where that would be the model itself again."""
Describe = Callable[[Path, Exported], None]
formats: Registry[Write] = Registry("format")


def export(
    model: "Trainable",
    form: str,
    folder: Path,
    *,
    on_progress: Progress = lambda _done, _total: None,
    describe: Describe = lambda _folder, _exported: None,
) -> None:
    """Write a model in one of the `formats`.

    Args:
        model: with layers.
        form: the format's name.
        folder: it is made, and is there whole or not at all; an empty one is taken too.
        on_progress: receives (done, in all) of work that takes long.
        describe: receives the folder, before it gets its name, and what encodes with it where that is not the model
            itself again; it may add a README.

    Raises:
        OptionError: unknown format.
        ModelError: the model is frozen, or of a kind that the format cannot hold; something stands in the folder; or a
            package is missing.
        OSError: it cannot be written.
    """
    from simcse_core.encoding.frozen import FrozenEncoder

    write = formats[form].function
    if isinstance(model, FrozenEncoder):
        raise ModelError(
            "{name} is a frozen encoder that only this program has, so no other format can hold it. Choose a model "
            "with layers.",
            name=model.name,
        )
    check_free(folder)
    folder = Path(os.path.abspath(folder))  # "." has no name
    part = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        exported = write(model, part, on_progress)
        if exported is not None:
            describe(part, exported)
        _share(part)
        durable.sync_tree(part)
        if folder.is_dir():
            folder.rmdir()
        durable.move(part, folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _share(folder: Path) -> None:
    """Let those read the files who may read the folder: safetensors are written for their owner alone."""
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(stat.S_IMODE(folder.stat().st_mode) & 0o666)


def check_free(folder: Path) -> None:
    """Refuse a folder in which something stands.

    Raises:
        ModelError: it is a file, or not empty.
    """
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise ModelError("{folder} holds files already. Name a new folder, or an empty one.", folder=folder)
