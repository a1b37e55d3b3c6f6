"""The metrics of a run: records that are only ever appended, and read while they grow."""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from simcse_core import durable
from simcse_core.jsonable import jsonable
from simcse_core.learning.records import RECORD, DamagedEnd, Evaluation, Note, Record, Step
from simcse_core.runs.files import replace_text

MOST_FILES_READ = 200
"""Files whose records stay in memory, so that a page that looks each second reads only what is new."""


_END = re.compile(rb'"event"\s*:\s*"finished"')
"""In a line that may be too damaged to be read as JSON."""


@dataclass
class _Read:
    """What has been read of a file."""

    file: int
    """Its inode: another one means that it was replaced."""
    read_to: int = 0
    """Bytes, up to the end of the last whole line."""
    last: bytes = b""
    """The last whole line: another one there means another file, because inodes are used again."""
    records: list[Record] = field(default_factory=list)


_files_read: OrderedDict[Path, _Read] = OrderedDict()
_lock = threading.Lock()


def append(path: Path, record: Record) -> None:
    """Add a record."""
    with path.open("a", encoding="utf-8") as file:
        file.write(lines([record]))


def lines(records: Iterable[Record]) -> str:
    """Records as they stand in the file."""
    return "".join(json.dumps(jsonable(record), allow_nan=False) + "\n" for record in records)


def read(path: Path) -> list[Record]:
    """The records so far. A last line that is still being written is left out, and so is what is no record."""
    with _lock:
        try:
            status = path.stat()
        except OSError:
            _files_read.pop(path, None)
            return []
        file = _files_read.get(path)
        if file is None or file.file != status.st_ino or file.read_to > status.st_size:
            file = _files_read[path] = _Read(status.st_ino)
        _files_read.move_to_end(path)
        if status.st_size > file.read_to and not _read_on(path, file):
            file = _files_read[path] = _Read(status.st_ino)
            _read_on(path, file)
        while len(_files_read) > MOST_FILES_READ:
            _files_read.popitem(last=False)
        return list(file.records)


def keep_before(path: Path, step: int) -> None:
    """Forget the records from a step on."""
    counted = [record for record in read(path) if isinstance(record, Step | Evaluation | Note)]
    _write(path, [record for record in counted if record.step < step])


def set_aside(path: Path) -> None:
    """Begin with no records; steps that stand there already are kept in a file beside."""
    if any(isinstance(record, Step) for record in read(path)):
        free = (path.with_name(f"{path.stem}-before-{number}{path.suffix}") for number in count(1))
        durable.move(path, next(beside for beside in free if not beside.exists()))
    _write(path, [])


def _write(path: Path, records: Iterable[Record]) -> None:
    replace_text(path, lines(records))


def _read_on(path: Path, so_far: _Read) -> bool:
    """Read what is new; whether the file is still the one that was read before."""
    try:
        with path.open("rb") as opened:
            opened.seek(so_far.read_to - len(so_far.last))
            if opened.read(len(so_far.last)) != so_far.last:
                return False
            new = opened.read()
    except OSError:  # another user's, or no file
        return True
    whole = new[: new.rfind(b"\n") + 1]
    so_far.read_to += len(whole)
    so_far.last = whole[whole[:-1].rfind(b"\n") + 1 :] or so_far.last
    so_far.records += [record for line in whole.split(b"\n") if (record := _parse(line)) is not None]
    return True


def _parse(line: bytes) -> Record | None:
    """A record; None where the line holds none."""
    if not line:
        return None
    try:
        return RECORD.validate_json(line)
    except ValueError:
        return DamagedEnd() if _END.search(line) else None
