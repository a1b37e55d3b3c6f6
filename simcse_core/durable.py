"""Files that a power cut, a full disk or a kill leaves old or new: never half, never empty.

A file is written beside its place, synced, and renamed into it; then the folder is synced, because a name is content of
its folder. What is only renamed may be found empty after a power cut.
"""

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_NO_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EACCES, errno.EPERM, errno.EBADF)
"""What systems say that cannot sync a folder."""
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What they say that have no room for more."""


def write(path: Path, content: bytes) -> None:
    """Write a file; it is the old one or the new one at every moment.

    Raises:
        OSError: it cannot be written; the old one is then as it was.
    """
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block ends well, and else leaves no trace.

    A device or a pipe is written to directly. A link stays one: the file that it leads to is replaced.

    Raises:
        OSError: it cannot be written; it names `path`, also where the disk is full.
    """
    name, path = path, Path(os.path.realpath(path))
    mode = _mode(path)
    if mode is not None and not stat.S_ISREG(mode):
        with _naming(name, path), path.open("wb") as file:
            yield file
        return
    temporary = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        with _naming(name, temporary), temporary.open("xb") as file:
            if mode is not None:
                with contextlib.suppress(OSError):
                    temporary.chmod(stat.S_IMODE(mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        move(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def write_unsynced(path: Path, content: bytes) -> None:
    """Write a file that a kill leaves old or new, and that a power cut may leave empty: much faster than `write`.

    Raises:
        OSError: it cannot be written; the old one is then as it was.
    """
    temporary = path.with_name(f".{secrets.token_hex(8)}.new")
    try:
        with _naming(path, temporary):
            temporary.write_bytes(content)
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def move(source: Path, target: Path) -> None:
    """Rename a file or folder whose content is synced, and sync the new name.

    Raises:
        OSError: it cannot be renamed.
    """
    for _attempt in range(20 if os.name == "nt" else 0):  # Windows refuses while somebody reads the old file
        with contextlib.suppress(PermissionError):
            source.replace(target)
            break
        time.sleep(0.05)
    else:
        source.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Have the disk take up a file's content, or a folder's names.

    Raises:
        OSError: it could not; a system that cannot sync folders is no error.
    """
    is_folder = path.is_dir()
    if is_folder and os.name == "nt":
        return
    # Windows syncs only what is open for writing.
    number = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(number)
    except OSError as error:
        if not (is_folder and error.errno in _NO_SYNC):
            raise
    finally:
        os.close(number)


def sync_tree(folder: Path) -> None:
    """Sync all files in a folder, then the folders themselves from the inside out.

    Raises:
        OSError: as for `sync`.
    """
    for inner, _folders, names in os.walk(folder, topdown=False):
        for name in names:
            sync(Path(inner) / name)
        sync(Path(inner))


@contextlib.contextmanager
def _naming(name: Path, written: Path) -> Iterator[None]:
    """Have errors of writing name the file that was asked for: nobody knows the temporary one, and a full disk none."""
    try:
        yield
    except OSError as error:
        if error.filename == str(written) or (error.filename is None and error.errno in _FULL):
            error.filename = str(name)
        raise


def _mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except OSError:
        return None
