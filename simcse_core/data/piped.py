"""What is read once or is packed, as a file that can be read again: standard input, pipes, and gzip."""

import atexit
import contextlib
import gzip
import io
import os
import select
import shutil
import stat
import sys
import tempfile
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import BinaryIO

from simcse_core.errors import DataError
from simcse_core.limits import limits

STDIN = "-"
_STDIN_NAMES = (STDIN, "/dev/stdin", "/dev/fd/0")
PACKED = ".gz"
_HEAD = 65_536
"""Bytes that say what standard input holds."""
_PIECE = 1 << 20
_PATIENCE = 0.3
"""Seconds."""
_MOST_UNPACKED = 20
"""A packed file that is so many times as large as a file may be, when unpacked, would fill the disk."""


@dataclass(frozen=True)
class Local:
    """A file on the disk that can be read as often as needed."""

    name: str
    """What messages call it; its ending says how to read it."""
    path: Path


def is_piped(name: Path | str) -> bool:
    """Whether a name is standard input or a pipe: what can be read once."""
    if str(name) in _STDIN_NAMES:
        return True
    try:
        return stat.S_ISFIFO(os.stat(name).st_mode)
    except (OSError, ValueError):
        return False


def local(name: Path | str, columns: Iterable[str] = ()) -> Local:
    """A file as it is; of a pipe or a packed file a copy, for as long as this process lives.

    Standard input holds lines of text or, where its first line names columns, a table: CSV, TSV or JSON lines; Excel,
    Parquet and gzip are recognised too. A pipe with an ending (`pairs.csv`) is what the ending says.

    Args:
        name: of the file; "-" is standard input.
        columns: names of columns that a table may have besides those of our own kinds.

    Raises:
        DataError: a packed file is damaged, or too large; nothing comes out of a pipe.
    """
    if is_piped(name):
        content = _read_once(str(name))
        if not content.stat().st_size:
            called = "Standard input" if str(name) in _STDIN_NAMES else name
            raise DataError("{file} is empty: nothing was written to it.", file=called)
        return Local(_called(str(name), content, columns), content)
    path = Path(name)
    if path.name.lower().endswith(PACKED) and path.is_file():
        about = path.stat()
        return Local(path.name, _unpacked(path, about.st_size, about.st_mtime_ns))
    return Local(path.name, path)


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="simcse-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


_read: dict[tuple[object, ...], Path] = {}
"""By stream or pipe, what has been read from it."""


def _read_once(name: str) -> Path:
    """A copy of all that standard input or a pipe holds; read again, it is the same copy."""
    is_stdin = name in _STDIN_NAMES
    key = (sys.stdin,) if is_stdin else (name, os.stat(name).st_ino)
    if key not in _read:
        content = Path(tempfile.mkdtemp(dir=_folder())) / "stdin"
        with contextlib.ExitStack() as opened, content.open("wb") as file:
            shutil.copyfileobj(_stdin() if is_stdin else opened.enter_context(_pipe(name)), file, _PIECE)
        _read[key] = _whole(content)
    return _read[key]


def _whole(content: Path) -> Path:
    """The content, unpacked if it is packed."""
    with content.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return content
    unpacked = content.with_name("unpacked")
    _unpack(content, unpacked)
    return unpacked


def _stdin() -> BinaryIO:
    """Standard input as bytes; a test may have put text in its place."""
    stream = sys.stdin
    return stream.buffer if hasattr(stream, "buffer") else io.BytesIO(stream.read().encode())


def _pipe(name: str) -> BinaryIO:
    """A pipe. A moment is waited for somebody who writes to it; what is being written is waited for to the end."""
    number = os.open(name, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and not select.select([number], [], [], 0.05)[0]:
        pass  # an end without a writer is readable at once on some systems, and never on others
    os.set_blocking(number, True)
    return os.fdopen(number, "rb")


def _called(name: str, content: Path, columns: Iterable[str]) -> str:
    if suffix := Path(Path(name).name.removesuffix(PACKED)).suffix:
        return Path(name).stem.removesuffix(suffix) + suffix
    with content.open("rb") as file:
        return f"stdin{ending_of(file.read(_HEAD), columns)}"


@cache
def _unpacked(path: Path, _size: int, _changed: int) -> Path:
    content = Path(tempfile.mkdtemp(dir=_folder())) / path.name[: -len(PACKED)]
    _unpack(path, content)
    return content


def _unpack(packed: Path, content: Path) -> None:
    most = _MOST_UNPACKED * limits().max_file_megabytes * 1_000_000
    try:
        with gzip.open(packed) as source, content.open("wb") as file:
            while piece := source.read(_PIECE):
                if file.tell() + len(piece) > most:
                    raise DataError(
                        "{file} is too large when unpacked: the limit is {most:,} MB, {times} times "
                        "SIMCSE_MAX_FILE_MEGABYTES. Unpack it yourself.",
                        file=packed.name,
                        most=most // 1_000_000,
                        times=_MOST_UNPACKED,
                    )
                file.write(piece)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        content.unlink(missing_ok=True)
        raise DataError("{file} is no gzip file, or it is damaged. Pack it again.", file=packed.name) from error


def ending_of(head: bytes, columns: Iterable[str] = ()) -> str:
    """What a content is, by its beginning: the ending of a file that holds it.

    Example:
        >>> ending_of(b"text,label\\nI lost my card,lost\\n"), ending_of(b"I lost my card, again\\n")
        ('.csv', '.txt')
    """
    from simcse_core.data.columns import SYNONYMS, columns_of_all_kinds
    from simcse_core.data.kinds import normalised

    if head.startswith((b"PAR1", b"PK\x03\x04")):
        return ".parquet" if head.startswith(b"PAR1") else ".xlsx"
    is_wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = head.decode("utf-16" if is_wide else "utf-8-sig", "replace").lstrip()
    first = text.splitlines()[0].strip() if text else ""
    if first.startswith("{") and first.endswith("}"):
        return ".jsonl"
    if first.startswith("[") and text[1:].lstrip()[:1] in ("{", '"'):
        return ".json"
    if first.lower().startswith("sep="):
        return ".csv"
    names = {normalised(name) for name in (*columns_of_all_kinds(), *columns)}
    names |= {normalised(word) for words in SYNONYMS.values() for word in words if len(word) > 1}
    for separator, ending in (("\t", ".tsv"), (",", ".csv"), (";", ".csv")):
        cells = [normalised(cell.strip().strip('"')) for cell in first.split(separator)]
        if (len(cells) > 1 or cells == ["text"]) and not names.isdisjoint(cells):
            return ".csv" if len(cells) == 1 else ending
    return ".txt"
