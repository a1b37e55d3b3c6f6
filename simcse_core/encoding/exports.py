"""Models as other programs load them: one function a format.

A format is a function under `@formats.register("name")`; what is registered can be chosen by `models export --format`.
It writes into a folder that is there and empty, and that gets its name when everything is in it. Its own libraries are
imported when it is called.
"""

import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core import durable
from simcse_core.errors import ModelError
from simcse_core.registry import Registry

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE
    from simcse_core.encoding.protocol import Trainable

Write = Callable[["SimCSE", Path], None]
formats: Registry[Write] = Registry("format")


def export(model: "Trainable", form: str, folder: Path) -> None:
    """Write a model in one of the `formats`.

    Args:
        model: with layers.
        form: the format's name.
        folder: it is made, and is there whole or not at all; an empty one is taken too.

    Raises:
        OptionError: unknown format.
        ModelError: the model is frozen, or of a kind that the format cannot hold; or something stands in the folder.
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
    part = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        write(model, part)
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


@formats.register("sentence-transformers")
def complete_folder(model: "SimCSE", folder: Path) -> None:
    """The whole model in the layout of sentence-transformers, which loads it and gives the same embeddings.

    Args:
        model: with layers.
        folder: an empty one.

    Raises:
        ModelError: the layout cannot say what the model does.
    """
    model.save(folder)
