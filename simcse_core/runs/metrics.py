"""The metrics of a run: records that are only ever appended, and read while they grow."""

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simcse_core.runs.files import replace_text

KEPT_FILES = 200
"""Files whose records stay in memory, so that a page that looks each second reads only what is new."""

NUMBERS = ("step", "steps", "epoch", "seconds", "texts_per_second", "loss")

Metric = dict[str, Any]


@dataclass
class _Read:
    """What is known of a file."""

    file: int
    """Its inode: another one means that it was replaced."""
    read_to: int = 0
    """Bytes, up to the end of the last whole line."""
    last: bytes = b""
    """The last whole line: another one there means another file, because inodes are used again."""
    records: list[Metric] = field(default_factory=list)


_known: OrderedDict[Path, _Read] = OrderedDict()
_lock = threading.Lock()


def append(path: Path, record: Mapping[str, object]) -> None:
    """Add a record."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, allow_nan=False) + "\n")


def read(path: Path) -> list[Metric]:
    """The records so far. A last line that is still being written is left out, and so is what is no record."""
    with _lock:
        try:
            found = path.stat()
        except OSError:
            _known.pop(path, None)
            return []
        known = _known.get(path)
        if known is None or known.file != found.st_ino or known.read_to > found.st_size:
            known = _known[path] = _Read(found.st_ino)
        _known.move_to_end(path)
        if found.st_size > known.read_to and not _read_on(path, known):
            known = _known[path] = _Read(found.st_ino)
            _read_on(path, known)
        while len(_known) > KEPT_FILES:
            _known.popitem(last=False)
        return list(known.records)


def keep_before(path: Path, step: int) -> None:
    """Forget the records from a step on."""
    kept = [record for record in read(path) if record.get("step", math.inf) < step]
    replace_text(path, "".join(json.dumps(record, allow_nan=False) + "\n" for record in kept))


def _read_on(path: Path, known: _Read) -> bool:
    """Read what is new; whether the file is still the one that was read before."""
    with path.open("rb") as file:
        file.seek(known.read_to - len(known.last))
        if file.read(len(known.last)) != known.last:
            return False
        new = file.read()
    whole = new[: new.rfind(b"\n") + 1]
    known.read_to += len(whole)
    known.last = whole[whole[:-1].rfind(b"\n") + 1 :] or known.last
    known.records += [record for line in whole.split(b"\n") if (record := _parse(line)) is not None]
    return True


def _parse(line: bytes) -> Metric | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and _is_record(record) else None


def _is_record(record: Metric) -> bool:
    """Whether others can reckon with it: somebody may have edited the file."""
    numbers = [record[name] for name in NUMBERS if name in record]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in numbers):
        return False
    event = record.get("event")
    return isinstance(event, str) and (event != "step" or {"step", "steps", "epoch", "seconds"} <= record.keys())
