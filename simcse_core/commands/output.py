"""The file that a command writes, refused before the work where it cannot be written."""

import argparse
import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from simcse_core.errors import OptionError


def files_read(options: argparse.Namespace) -> list[tuple[str, str]]:
    """The files that --input and --model name, each with its flag: a model in a folder is several.

    Raises:
        ModelError: the model is damaged.
    """
    from simcse_core.encoding.layout import model_files

    of_model = model_files(Path(options.model), options.model) if os.path.isdir(options.model) else []
    return [("--input", options.input), *(("--model", str(file)) for file in of_model)]


def output_file(name: str, inputs: Iterable[tuple[str, str]] = (), *, regular: bool = False) -> Path:
    """A file that can be written. The new one is made beside the old one, so their folder has to take files.

    Args:
        name: of the file; it need not exist.
        inputs: files that are read, each behind the flag that names it; none of them may be written.
        regular: whether a device or a pipe will not do.

    Raises:
        OptionError: it cannot be written, or is read.
    """
    path = Path(name)
    for flag, read in inputs:
        with contextlib.suppress(OSError):  # one of them does not exist
            if os.path.samefile(path, read):
                raise OptionError(
                    "--output is the file that {flag} names: {file} would be lost. Name another file.",
                    flag=flag,
                    file=path,
                )
    folder = Path(os.path.realpath(path)).parent  # a link stays one: the file that it leads to is replaced
    if not path.parent.is_dir() or not folder.is_dir():
        raise OptionError("There is no folder {folder} to write {file} in.", folder=path.parent, file=path.name)
    is_special = path.exists() and not path.is_file()
    if path.is_dir() or (is_special and regular) or (path.exists() and not os.access(path, os.W_OK)):
        raise OptionError("{file} cannot be written: name a file in a folder that you may write to.", file=path)
    if not is_special and not os.access(folder, os.W_OK | os.X_OK):
        raise OptionError(
            "{file} cannot be written: its folder {folder} takes no new files. Name a file in a folder that you may "
            "write to.",
            file=path,
            folder=folder,
        )
    return path
