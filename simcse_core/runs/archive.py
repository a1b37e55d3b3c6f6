"""Unpacking a zip that somebody else has packed: names, sizes and kinds are checked before a byte is written."""

import os
import re
import shutil
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from simcse_core.errors import RunError
from simcse_core.limits import limits

MOST_ENTRIES = 100
MOST_DIRECTORY_BYTES = 100_000
"""Of the list of entries; it is read as a whole before anything in it can be checked."""
FREE_BYTES_LEFT = 100_000_000
"""Space of the disk that stays free."""
MOST_BYTES = (
    (re.compile(r"bundle\.json|README\.md|(model/(\w+/)?)?config\.json|model/(modules|simcse|base)\.json"), 200_000),
    (re.compile(r"metrics\.jsonl|(items|map)\.json"), 40_000_000),
)
"""Of files that are read as a whole, and that everybody's list of runs is made of. The first pattern that fits counts;
others have the limit of any file."""
_CHUNK = 2**20
_END = struct.Struct("<4s4H2LH")
"""The record at the end of a zip."""


@contextmanager
def opened(source: Path | BinaryIO, allowed: re.Pattern[str]) -> Iterator[tuple[ZipFile, list[ZipInfo]]]:
    """A zip whose entries may all be unpacked, with those that are files.

    Args:
        source: a file, or one that is open for reading and can be wound back.
        allowed: has to match the whole path of each file.

    Raises:
        RunError: it is no zip, it is damaged, too large, or holds what it may not hold.
        OSError: it cannot be read.
    """
    try:
        with source.open("rb") if isinstance(source, Path) else _rewound(source) as file:
            _check_end(file)
            with ZipFile(file) as archive:
                entries = archive.infolist()
                _check_entries(entries, allowed)
                yield archive, [entry for entry in entries if not entry.is_dir()]
    # What a damaged zip makes zipfile raise; a wrong password and unknown methods of compression among it.
    except (BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, RuntimeError, struct.error) as error:
        raise RunError("This file is no bundle, or it is damaged: {reason}.", reason=_reason(error)) from error


def unpack(archive: ZipFile, entries: list[ZipInfo], folder: Path) -> None:
    """Write checked entries into a folder.

    Raises:
        RunError: the disk has too little room, or an entry holds more than it says.
        OSError: the folder cannot be written.
    """
    needed = sum(entry.file_size for entry in entries)
    if shutil.disk_usage(folder).free < needed + FREE_BYTES_LEFT:
        raise RunError(
            "The bundle needs {needed:,} MB on the disk of {folder}; that much is not free.",
            needed=needed // 1_000_000 + 1,
            folder=folder.parent,
        )
    for entry in entries:
        path = folder / entry.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(entry) as packed, path.open("xb") as file:
            written = 0
            while chunk := packed.read(_CHUNK):
                written += len(chunk)
                if written > entry.file_size:
                    raise BadZipFile(f"{entry.filename} is larger than it says")
                file.write(chunk)


@contextmanager
def _rewound(file: BinaryIO) -> Iterator[BinaryIO]:
    """An open file from its beginning; it stays open."""
    file.seek(0)
    yield file


def _check_end(file: BinaryIO) -> None:
    """Refuse a file that is too large, and a list of entries that is too long to be looked at."""
    size = file.seek(0, os.SEEK_END)
    _check_size(size)
    file.seek(max(size - _END.size - 20, 0))
    tail = file.read()
    file.seek(0)
    if len(tail) < _END.size:
        raise BadZipFile("File is not a zip file")
    signature, *_numbers, directory_bytes, _offset, comment = _END.unpack(tail[-_END.size :])
    if signature != b"PK\x05\x06" or comment:
        raise BadZipFile("File is not a zip file without a comment")
    if directory_bytes > MOST_DIRECTORY_BYTES or tail.startswith(b"PK\x06\x07"):  # or the list stands elsewhere (Zip64)
        raise RunError("The bundle holds too many files: a bundle has at most {most}.", most=MOST_ENTRIES)


def _check_entries(entries: list[ZipInfo], allowed: re.Pattern[str]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise RunError("The bundle holds too many files: a bundle has at most {most}.", most=MOST_ENTRIES)
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename  # zipfile mends names on some systems; what is odd is refused on all
        if entry.is_dir() and entry.file_size == 0 and allowed.fullmatch(f"{name}config.json"):
            continue
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not allowed.fullmatch(name) or kind not in (0, stat.S_IFREG):
            raise RunError("The bundle holds {file!r}, which does not belong into a bundle.", file=name[:100])
        if name.lower() in seen:
            raise RunError("The bundle holds {file!r} twice.", file=name)
        seen.add(name.lower())
        if entry.flag_bits & 0x1 or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise RunError("{file} in the bundle is encrypted, or packed in an unusual way.", file=name)
        _check_file(name, entry.file_size)
    _check_size(sum(entry.file_size for entry in entries))


def _check_file(name: str, size: int) -> None:
    if name.endswith(".safetensors"):
        return  # as large as the bundle may be
    limit = next((most for pattern, most in MOST_BYTES if pattern.fullmatch(name)), None)
    if limit is not None and size > limit:
        raise RunError("{file} in the bundle is too large: the limit is {most:,} kB.", file=name, most=limit // 1_000)
    most = limits().max_file_megabytes
    if size > most * 1_000_000:
        raise RunError(
            "{file} in the bundle is too large: the limit is {most:,} MB (SIMCSE_MAX_FILE_MEGABYTES).",
            file=name,
            most=most,
        )


def _check_size(size: int) -> None:
    most = limits().max_bundle_megabytes
    if size > most * 1_000_000:
        raise RunError(
            "The bundle is too large: {given:,} MB; the limit is {most:,} MB (SIMCSE_MAX_BUNDLE_MEGABYTES).",
            given=size // 1_000_000 + 1,
            most=most,
        )


def _reason(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
