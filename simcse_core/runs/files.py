"""Writing the small files of a run so that a reader never sees half of one."""

import contextlib
import errno
import json
import os
import secrets
import time
from pathlib import Path

from simcse_core.errors import RunError, UserError


def replace(path: Path, value: object) -> None:
    """Write a value as JSON; the file is the old one or the new one at every moment."""
    replace_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a text, as `replace`."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_text(text, encoding="utf-8")
        _move(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _move(temporary: Path, path: Path) -> None:
    """Windows refuses to replace a file that somebody reads at this very moment."""
    for _attempt in range(20 if os.name == "nt" else 0):
        with contextlib.suppress(PermissionError):
            temporary.replace(path)
            return
        time.sleep(0.05)
    temporary.replace(path)


def explained(error: OSError, path: Path) -> UserError:
    """What a disk refused, in words."""
    if error.errno == errno.ENOSPC:
        return RunError("There is no space left on the disk of {folder}. Make room, then go on.", folder=path)
    return RunError("{folder} cannot be written: {reason}.", folder=path, reason=error.strerror or str(error))
