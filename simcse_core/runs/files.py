"""The small files of a run: written so that a power cut leaves none empty, and read safely when edited."""

import errno
import json
import os
import stat
import sys
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from simcse_core import durable
from simcse_core.errors import RunError, UserError
from simcse_core.plain import printable

T = TypeVar("T")
DISK_IS_FULL = (errno.ENOSPC, errno.EDQUOT)
MOST_BYTES = 50_000_000
"""Of a file that describes a run; the items of 100,000 texts have some megabytes."""
passed_over: set[str] = set()
"""Messages that this process has printed already."""


def replace(path: Path, value: object) -> None:
    """Write a value as JSON; the file is the old one or the new one at every moment, and safe when this returns."""
    replace_text(path, text_of(value))


def text_of(value: object) -> str:
    """A value as `replace` writes it."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def replace_text(path: Path, text: str) -> None:
    """Write a text, as `replace`."""
    durable.write(path, text.encode())


def read(path: Path, kind: TypeAdapter[T]) -> T:
    """What `replace` wrote, as the type that it has to have.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: something else stands in it: no JSON, another type, too deep, too large a number, no UTF-8.
    """
    return kind.validate_json(read_bytes(path))


def read_bytes(path: Path) -> bytes:
    """The content of a small file. Pipes and devices are refused without waiting, large files without reading.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is no ordinary file, or too large.
    """
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with open(number, "rb") as file:
        about = os.fstat(number)
        if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
            raise ValueError(f"{path.name} is no small file")
        return file.read(about.st_size)  # for more, Python would reserve memory


def is_file(path: Path) -> bool:
    """Whether there is such a file as far as this user can see: in other people's folders there is nothing."""
    return os.path.isfile(path)  # Path.is_file raises where a folder above may not be entered


def leave_out(path: Path, error: OSError) -> None:
    """Say on stderr, once, that a folder or a file is passed over."""
    reason = printable(error.strerror or str(error))
    if str(path) not in passed_over:
        print(f"simcse_core: {printable(str(path))} is left out: {reason}.", file=sys.stderr, flush=True)
    passed_over.add(str(path))


def explained(error: OSError, path: Path) -> UserError:
    """The message for an OSError of a disk."""
    if error.errno in DISK_IS_FULL:
        return RunError("There is no space left on the disk of {folder}. Make room, then go on.", folder=path)
    return RunError("{folder} cannot be written: {reason}.", folder=path, reason=error.strerror or str(error))
