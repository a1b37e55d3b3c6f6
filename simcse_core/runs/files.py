"""Writing the small files of a run so that a reader never sees half of one."""

import errno
import json
import secrets
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
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def explained(error: OSError, path: Path) -> UserError:
    """What a disk refused, in words."""
    if error.errno == errno.ENOSPC:
        return RunError("There is no space left on the disk of {folder}. Make room, then go on.", folder=path)
    return RunError("{folder} cannot be written: {reason}.", folder=path, reason=error.strerror or str(error))
