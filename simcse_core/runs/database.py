"""The queue's SQLite file: short transactions, and a new file when the old one is damaged.

Nothing in it is needed to find a run: `runs_on_disk` makes it again from the folders.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from simcse_core.errors import RunError
from simcse_core.home import home
from simcse_core.runs import locks

T = TypeVar("T")

BUSY_SECONDS = 5.0
"""How long a transaction waits for another process to finish its own."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,  -- the order in which they came, whatever the clock says
    folder TEXT NOT NULL UNIQUE,
    owner TEXT NOT NULL,
    fingerprint TEXT NOT NULL,                 -- of the configuration
    state TEXT NOT NULL,                       -- waiting, given (to the backend), ended
    threads INTEGER,                           -- NULL: as many as the supervisor thinks right
    expected REAL,                             -- seconds of training, as measured beforehand
    took REAL,                                 -- seconds from being given to its end
    job TEXT,                                  -- the backend's name for it
    deaths INTEGER NOT NULL DEFAULT 0,         -- in a row, without getting farther
    reached INTEGER NOT NULL DEFAULT -1        -- step at the last death
);
CREATE INDEX IF NOT EXISTS by_fingerprint ON runs (fingerprint);
CREATE INDEX IF NOT EXISTS by_state ON runs (state);
CREATE TABLE IF NOT EXISTS turns (owner TEXT PRIMARY KEY, turn INTEGER NOT NULL);
"""
CHECK = (
    "SELECT number, folder, owner, fingerprint, state, threads, expected, took, job, deaths, reached FROM runs LIMIT 0"
)
"""Fails on a file of another program, or of an older version."""


def path() -> Path:
    """Where the file is."""
    return home() / "queue.sqlite"


def transact(
    work: Callable[[sqlite3.Connection], T], *, rebuild: Callable[[sqlite3.Connection], None], writes: bool = True
) -> T:
    """Do something in one transaction: wholly, or not at all.

    Args:
        work: gets the connection.
        rebuild: fills a new file from what is on disk, after the old one turned out to be damaged.
        writes: whether it changes anything; readers hold nobody up.

    Raises:
        RunError: another program holds the file, or it cannot be written.
    """
    for _attempt in range(2):
        try:
            with _opened(rebuild, writes=writes) as connection:
                return work(connection)
        except sqlite3.DatabaseError as error:
            if not _is_damaged(error):
                raise _explained(error) from error
            _set_aside(error)
    raise RunError("The queue {file} is damaged and could not be made anew. Remove the file.", file=path())


@contextmanager
def _opened(rebuild: Callable[[sqlite3.Connection], None], *, writes: bool) -> Iterator[sqlite3.Connection]:
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunError("{folder} cannot be written: {reason}.", folder=home(), reason=error.strerror) from error
    with closing(sqlite3.connect(path(), timeout=BUSY_SECONDS, isolation_level=None)) as connection:
        is_new = not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone()
        if is_new:
            _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE" if writes or is_new else "BEGIN")
        try:
            if is_new and not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
                for statement in SCHEMA.split(";"):
                    connection.execute(statement)
                rebuild(connection)
            connection.execute(CHECK)
            yield connection
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Readers hold no writer up then. SQLite does not wait for others who look at the new file at this moment."""
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _code(error) & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    if not isinstance(error, sqlite3.OperationalError):
        return True
    # A table or column is missing; or somebody has made a folder of that name.
    return _code(error) == sqlite3.SQLITE_ERROR or path().is_dir()


def _code(error: sqlite3.DatabaseError) -> int:
    """SQLite's number for what went wrong, with its details."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_INTERNAL)


def _set_aside(error: sqlite3.DatabaseError) -> None:
    """Keep the damaged file under another name; only one process does it."""
    with locks.lock(home() / "queue.lock"):
        try:
            with closing(sqlite3.connect(path(), timeout=BUSY_SECONDS)) as connection:
                found = connection.execute("PRAGMA integrity_check").fetchone()
                if found == ("ok",):
                    connection.execute(CHECK)
                    return  # another process was faster
        except sqlite3.DatabaseError as again:
            if not _is_damaged(again):
                raise _explained(again) from again
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")
        for ending in ("", "-wal", "-shm"):
            damaged = path().with_name(path().name + ending)
            if damaged.exists():
                damaged.replace(path().with_name(f"queue-damaged-{stamp}.sqlite{ending}"))


_LOCKING = (
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_IOERR_LOCK,
    sqlite3.SQLITE_IOERR_UNLOCK,
    sqlite3.SQLITE_IOERR_RDLOCK,
    sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
    sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)
"""Of a file system that has no locks, or no memory that processes share through a file."""
_NOT_OURS = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH)


def _explained(error: sqlite3.DatabaseError) -> RunError:
    code = _code(error) & 0xFF
    if _code(error) in _LOCKING:
        return locks.refused(home(), str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_INTERNAL):
        locks.check(home())  # SQLite calls it busy, too, when there are no locks
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return RunError("Another program holds the queue {file}. Close it, then try again.", file=path())
    if code == sqlite3.SQLITE_FULL:
        return RunError("There is no space left on the disk of {folder}. Make room, then go on.", folder=home())
    if code == sqlite3.SQLITE_IOERR or str(error) in ("disk I/O error", "locking protocol"):
        return RunError(
            "The disk of the queue {file} fails: {reason}. A folder of a network may have no locks: set SIMCSE_HOME to "
            "a folder on a disk of this machine.",
            file=path(),
            reason=error,
        )
    if code in _NOT_OURS:
        return RunError(
            "The queue {file} cannot be opened: {reason}. Is it another user's? Set SIMCSE_HOME to a folder of your "
            "own.",
            file=path(),
            reason=error,
        )
    return RunError("The queue {file} cannot be used: {reason}.", file=path(), reason=error)
