"""The metrics of a run: records that are only ever appended, and read while they grow."""

import json
import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from simcse_core import durable
from simcse_core.jsonable import jsonable
from simcse_core.runs.files import replace_text

KEPT_FILES = 200
"""Files whose records stay in memory, so that a page that looks each second reads only what is new."""

DAMAGED = "damaged"
"""The event of a record that somebody has edited, where it said how the training ended."""

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


Count = Annotated[int, Field(ge=0, le=2**53)]
Positive = Annotated[float, Field(ge=0, le=1e15)]
Number = float | None
"""What is undefined is null."""


class _Record(BaseModel):
    """What others reckon with: somebody may have edited the file, and older versions wrote less."""

    model_config = ConfigDict(strict=True, extra="allow", allow_inf_nan=False)
    step: Count = 0
    seconds: Positive = 0.0


class _Step(_Record):
    event: Literal["step"]
    step: Annotated[Count, Field(ge=1)]
    steps: Annotated[Count, Field(ge=1)]
    epoch: Count
    seconds: Positive
    loss: Number = None
    learning_rate: Number = None
    gradient_norm: Number = None
    observed: dict[str, Number] = {}
    texts_per_second: Positive = 0.0
    texts: Count = 0


class _Evaluation(_Record):
    event: Literal["evaluation"]
    epoch: Count
    metrics: dict[str, Number]
    geometry: dict[str, Number] = {}
    best: bool = False


class _Note(_Record):
    event: Literal["note"]
    code: str = ""
    template: str = ""
    values: dict[str, float | int | str | None] = {}
    message: str = ""


class _Gain(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    metric: str
    over: str
    value: Number = None
    low: Number = None
    high: Number = None


class _Finished(_Record):
    event: Literal["finished"]
    reason: str = ""
    steps: Count = 0
    kept_step: Count | None = None
    dev_as_it_comes: dict[str, Number] | None = None
    dev_before: dict[str, Number] | None = None
    dev_after: dict[str, Number] | None = None
    gain: _Gain | None = None


_RECORD: TypeAdapter[_Record] = TypeAdapter(
    Annotated[_Step | _Evaluation | _Note | _Finished, Field(discriminator="event")]
)

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
    _write(path, [record for record in read(path) if record.get("step", math.inf) < step])


def set_aside(path: Path) -> None:
    """Begin with no records; steps that stand there already are kept in a file beside."""
    if any(record["event"] == "step" for record in read(path)):
        free = (path.with_name(f"{path.stem}-before-{number}{path.suffix}") for number in count(1))
        durable.move(path, next(beside for beside in free if not beside.exists()))
    _write(path, [])


def _write(path: Path, records: Iterable[Metric]) -> None:
    replace_text(path, "".join(json.dumps(jsonable(record), allow_nan=False) + "\n" for record in records))


def _read_on(path: Path, known: _Read) -> bool:
    """Read what is new; whether the file is still the one that was read before."""
    try:
        with path.open("rb") as file:
            file.seek(known.read_to - len(known.last))
            if file.read(len(known.last)) != known.last:
                return False
            new = file.read()
    except OSError:  # another user's, or no file
        return True
    whole = new[: new.rfind(b"\n") + 1]
    known.read_to += len(whole)
    known.last = whole[whole[:-1].rfind(b"\n") + 1 :] or known.last
    known.records += [record for line in whole.split(b"\n") if (record := _parse(line)) is not None]
    return True


def _parse(line: bytes) -> Metric | None:
    """A record in which everything is what others take it for; an end that is not is no end."""
    record = None
    try:
        record = json.loads(line)
        _RECORD.validate_python(record)
    except (ValueError, RecursionError):
        is_end = isinstance(record, dict) and record.get("event") == "finished"
        return {"event": DAMAGED} if is_end else None
    return dict(record)
