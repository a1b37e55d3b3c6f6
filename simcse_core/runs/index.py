"""All runs by their small files, cached: for the queue, and for pages that thirty people have open at once.

A process reads the files of a run again only when its folder has changed, and looks at the folders at most once a
second, unless somebody needs to know how they are now.
"""

import contextlib
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from threading import Lock

from simcse_core.home import RUN_ID, home
from simcse_core.learning.records import About, State, Status
from simcse_core.runs import entries, files, outside
from simcse_core.runs.config import RunConfig
from simcse_core.runs.entries import QueueEntry
from simcse_core.runs.run import Run

REFRESH_SECONDS = 1.0
SETTLED_NS = 3_000_000_000
"""A folder that changed so recently may change again without another time: some file systems count in two seconds."""


@dataclass(frozen=True)
class Snapshot:
    """What the files of a run say; each is read when it is asked for, and once."""

    run: Run
    is_outside: bool
    """Whether somebody has named its folder."""
    changed: int
    """`st_mtime_ns` of the folder: it moves when a small file is replaced, because `files.replace` renames."""
    settled: bool
    """Nothing can happen to the files that `changed` would not tell."""

    @cached_property
    def recorded(self) -> Status:
        return self.run.recorded

    @cached_property
    def about(self) -> About:
        return self.run.about

    @cached_property
    def entry(self) -> QueueEntry:
        return entries.read(self.run)

    @cached_property
    def fingerprint(self) -> bytes:
        """The same for configurations that do the same; empty where it cannot be read."""
        try:
            return sha256(files.read_bytes(self.run.folder / "config.json")).digest()
        except (OSError, ValueError):
            return b""

    @property
    def owner(self) -> str:
        """Whose turn the run takes."""
        return self.about.owners[0] if self.about.owners else "cli"

    @property
    def is_waiting(self) -> bool:
        return self.recorded.state == State.QUEUED and self.entry.job is None

    @property
    def is_claimed(self) -> bool:
        """Whether the supervisor looks after it, from its turn to the end of its process.

        One that is at work is claimed even if the supervisor was killed before it could write down the job.
        """
        return self.entry.job is not None or (self.recorded.state == State.RUNNING and entries.is_there(self.run))


class Index:
    """All runs of a home. Any number of threads may ask.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = home() / "runs"
        self._clock = clock
        self._lock = Lock()
        self._snapshots: dict[str, Snapshot] = {}
        self._listed = -1
        self._looked = -float("inf")

    def look(self, age: float | None = None) -> list[Snapshot]:
        """All runs, the oldest first, those outside of the home last.

        Args:
            age: seconds that the answer may be old, by default `REFRESH_SECONDS`; it is not where a run has come, gone
                or been queued again since.
        """
        age = REFRESH_SECONDS if age is None else age
        with self._lock:  # who comes meanwhile waits for the answer instead of looking as well
            listed = _changed(self._folder)
            if listed != self._listed or self._clock() - self._looked >= age:
                self._snapshots = self._read()
                self._looked, self._listed = self._clock(), listed
            return list(self._snapshots.values())

    def touch(self) -> None:
        """Have the next look of every process see how things are now."""
        with self._lock:
            self._looked = -float("inf")
        with contextlib.suppress(OSError):
            os.utime(self._folder)

    def _read(self) -> dict[str, Snapshot]:
        try:
            names = sorted(filter(RUN_ID.fullmatch, os.listdir(self._folder)))
        except FileNotFoundError:  # there are none yet
            names = []
        except OSError as error:
            files.leave_out(self._folder, error)
            names = []
        folders = [f"{self._folder}/{name}" for name in names] + [str(folder) for folder in outside.folders()]
        snapshots = ((folder, self._snapshot(folder)) for folder in folders)
        return {folder: snapshot for folder, snapshot in snapshots if snapshot is not None}

    def _snapshot(self, folder: str) -> Snapshot | None:
        now, changed = time.time_ns(), _changed(folder)  # before reading: what changes meanwhile is read again
        before = self._snapshots.get(folder)
        if before is not None and before.settled and before.changed == changed:
            return before
        if not _is_run(folder):
            return None
        is_outside = not folder.startswith(f"{self._folder}/")
        return Snapshot(Run(Path(folder)), is_outside, changed, settled=now - changed > SETTLED_NS)


def look(age: float | None = None) -> list[Snapshot]:
    """As `Index.look`, of this home."""
    return _index(home()).look(age)


def snapshot(run: Run) -> Snapshot:
    """Of one run, now."""
    return Snapshot(run, run.folder.parent != home() / "runs", _changed(run.folder), settled=False)


def touch() -> None:
    """As `Index.touch`, of this home."""
    _index(home()).touch()


def runs_of(user: str, age: float | None = None) -> list[Run]:
    """A user's runs, the newest first; `age` as for `Index.look`."""
    return [one.run for one in reversed(look(age)) if user in one.about.owners and not one.is_outside]


def finished_of(user: str) -> list[Run]:
    """Those of `runs_of` that are finished."""
    finished = {one.run for one in look() if one.recorded.state == State.FINISHED}
    return [run for run in runs_of(user) if run in finished]


def fingerprint_of(config: RunConfig) -> bytes:
    """What a snapshot of a run of this configuration has."""
    return sha256(files.text_of(config.model_dump(mode="json")).encode()).digest()


def _is_run(folder: str) -> bool:
    """Whether a folder holds a run that this user can read."""
    config = f"{folder}/config.json"
    try:
        if not stat.S_ISREG(os.stat(config).st_mode):
            return False
        os.close(os.open(config, os.O_RDONLY))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # not yet, not any more, or no name of a folder at all
        return False
    except OSError as error:
        files.leave_out(Path(folder), error)
        return False
    return True


def _changed(folder: str | Path) -> int:
    try:
        return os.stat(folder).st_mtime_ns
    except (OSError, ValueError):
        return 0


@lru_cache(maxsize=1)
def _index(_home: Path) -> Index:
    return Index()
