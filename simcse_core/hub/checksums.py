"""SHA-256 of large files, computed once on each machine.

A file with the path, size and time of change of before counts as the same: hashing 91 MB of weights in every process
again costs more than loading them. A copy, a download or a replacement changes one of the three.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from simcse_core import durable
from simcse_core.home import home

_seen: dict[str, object] = {}
"""Path -> (bytes, mtime_ns, SHA-256): what this process has computed, also where `home()` cannot be written."""


def sha256(path: Path) -> str:
    """The SHA-256 of a file in hexadecimal, from memory where the file has not changed since.

    Raises:
        OSError: the file cannot be read.
    """
    state, key = path.stat(), str(path.resolve())
    for entry in (_seen.get(key), _remembered().get(key)):
        match entry:
            case [size, changed, str(digest)] if (size, changed) == (state.st_size, state.st_mtime_ns):
                return digest
    digest = sha256_now(path)
    remember(path, digest)
    return digest


def sha256_now(path: Path) -> str:
    """The SHA-256 of a file as it is, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remember(path: Path, digest: str) -> None:
    """Keep what somebody has just computed. That it cannot be written only costs time."""
    state = path.stat()
    _seen[str(path.resolve())] = entry = [state.st_size, state.st_mtime_ns, digest]
    entries = {name: value for name, value in _remembered().items() if Path(name).exists()}
    with suppress(OSError):
        _memory().parent.mkdir(parents=True, exist_ok=True)
        durable.write(_memory(), (json.dumps({**entries, str(path.resolve()): entry}, indent=2) + "\n").encode())


def _memory() -> Path:
    return home() / "checksums.json"


def _remembered() -> dict[str, object]:
    try:
        entries = json.loads(_memory().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}
