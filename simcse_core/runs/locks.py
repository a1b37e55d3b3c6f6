"""Locks between processes, and an error where a file system has none.

File systems of networks may refuse locks, in ways that would send somebody to look for another program.
"""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from simcse_core.errors import RunError
from simcse_core.runs import files

_BUSY = (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK)


@contextlib.contextmanager
def lock(path: Path, *, seconds: float | None = None) -> Iterator[None]:
    """Hold a lock, which goes with the process whatever happens to it.

    Args:
        path: of the lock's file; its folder is made.
        seconds: to wait for who has it; None waits as long as it takes.

    Raises:
        Timeout: somebody else has it.
        RunError: the folder cannot be written, or its file system has no locks.
    """
    holder = FileLock(path, timeout=-1 if seconds is None else seconds, fallback_to_soft=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        holder.acquire()
    except Timeout:
        raise
    except OSError as error:
        check(path.parent)
        raise files.explained(error, path.parent) from error
    try:
        yield
    finally:
        holder.release()


def check(folder: Path) -> None:
    """See that files in a folder can be locked.

    Raises:
        RunError: they cannot, and what to do.
    """
    try:
        import fcntl
    except ImportError:  # Windows has locks of its own, on every disk
        return
    probe = folder / f".{secrets.token_hex(8)}.lock"
    try:
        number = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return  # nothing can be told; whoever writes there says why it fails
    try:
        for take in (fcntl.flock, fcntl.lockf):
            take(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
            take(number, fcntl.LOCK_UN)
    except OSError as error:
        if error.errno not in _BUSY:
            raise refused(folder, error.strerror or str(error)) from error
    finally:
        os.close(number)
        with contextlib.suppress(OSError):
            probe.unlink()


def refused(folder: Path, reason: str) -> RunError:
    """What to do where files cannot be locked."""
    return RunError(
        "Files in {folder} cannot be locked ({reason}): its file system has no locks, as in some folders of a network. "
        "Set SIMCSE_HOME to a folder on a disk of this machine.",
        folder=folder,
        reason=reason,
    )
