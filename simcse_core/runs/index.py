"""Whose runs there are and which are finished, for pages that thirty people have open at once.

`store.runs_of` reads files of every run. Here the whole process looks at most once a second, and reads only what may
have changed since.
"""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from simcse_core.home import RUN_ID, home
from simcse_core.learning.records import State
from simcse_core.runs.run import Run

REFRESH_SECONDS = 1.0
SETTLED_NS = 3_000_000_000
"""A folder that changed so recently may change again without another time: some file systems count in two seconds."""


@dataclass(frozen=True)
class Entry:
    """What was read of a run, and when it may be out of date."""

    run: Run
    owners: tuple[str, ...]
    state: State
    changed: int
    """`st_mtime_ns` of the folder: it moves when a small file is replaced, because `files.replace` renames."""
    settled: bool
    """Nothing can happen to it that `changed` would not tell."""


class Index:
    """All runs in a folder. Any number of threads may ask.

    Args:
        folder: of the runs; it need not exist.
        clock: seconds that never go back.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Entry] = {}
        self._looked = -float("inf")

    def entries(self) -> list[Entry]:
        """The newest first, as they were within the last second."""
        with self._lock:  # who comes meanwhile waits for the answer instead of looking as well
            if self._clock() - self._looked >= REFRESH_SECONDS:
                self._known = self._look()
                self._looked = self._clock()
            return list(self._known.values())

    def _look(self) -> dict[str, Entry]:
        try:
            names = sorted(filter(RUN_ID.fullmatch, os.listdir(self._folder)), reverse=True)
        except OSError:  # there are none yet
            return {}
        found = ((name, self._entry(name)) for name in names)
        return {name: entry for name, entry in found if entry is not None}

    def _entry(self, name: str) -> Entry | None:
        path, now = f"{self._folder}/{name}", time.time_ns()
        try:
            changed = os.stat(path).st_mtime_ns  # before reading: what changes meanwhile is read again
        except OSError:
            return None  # it has just been removed
        known = self._known.get(name)
        if known is not None and known.settled and known.changed == changed:
            return known
        if not os.path.isfile(f"{path}/config.json"):
            return None  # not a run yet, or not any more
        run = Run(Path(path))
        state = run.status.state
        # Others may end without a word: whether a process is still alive stands in no file.
        settled = state.is_over and now - changed > SETTLED_NS
        return Entry(run, run.about.owners, state, changed, settled)


def runs_of(user: str) -> list[Run]:
    """A user's runs, the newest first, as they were within the last second."""
    return [entry.run for entry in _index(home() / "runs").entries() if user in entry.owners]


def finished_of(user: str) -> list[Run]:
    """Those of `runs_of` that are finished."""
    entries = _index(home() / "runs").entries()
    return [entry.run for entry in entries if user in entry.owners and entry.state == State.FINISHED]


@lru_cache(maxsize=1)
def _index(folder: Path) -> Index:
    return Index(folder)
