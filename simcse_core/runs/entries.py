"""The rows of the queue: one for each run, from its submission to its end."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from simcse_core.errors import RunError
from simcse_core.runs import database, store
from simcse_core.runs.backends import LocalProcesses
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run

T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """A run in the queue, as the supervisor sees it."""

    number: int
    run: Run
    owner: str
    threads: int | None
    expected: float | None
    job: str | None
    deaths: int
    reached: int


def transact(work: Callable[[sqlite3.Connection], T]) -> T:
    """Change the queue; as `database.transact`."""
    return database.transact(work, rebuild=_rebuild)


def look(work: Callable[[sqlite3.Connection], T]) -> T:
    """Read the queue, without holding anybody up; errors as for `database.transact`."""
    return database.transact(work, rebuild=_rebuild, writes=False)


def _rebuild(connection: sqlite3.Connection) -> None:
    """A new queue from the runs on disk: finished ones are known again, those that are not over wait again."""
    runs = [*store.all_runs(), *store.outside_runs()]
    _take_in(connection, runs, ("queued", "running", "interrupted", "finished"))


def take_in_lost_runs() -> None:
    """Queue runs that wait on disk only: their submitter died between making the folder and queueing it."""

    def work(connection: sqlite3.Connection) -> None:
        known = {entry.run for state in ("waiting", "given") for entry in entries(connection, state)}
        lost = [run for run in store.all_runs() if run.status.state == "queued" and run not in known]
        connection.executemany("DELETE FROM runs WHERE folder = ?", [(str(run.folder),) for run in lost])
        _take_in(connection, lost, ("queued",))

    transact(work)


def _take_in(connection: sqlite3.Connection, runs: Iterable[Run], states: Sequence[str]) -> None:
    for run in runs:
        status = run.status
        if status.state not in states or run.about.imported:  # nobody is to get somebody's import for a result
            continue
        try:
            config = run.config
        except RunError:
            continue  # damaged; the page Runs shows it
        insert(connection, run, (run.about.owners or ("cli",))[0], config, None, None)
        if status.state == "finished":
            end(connection, run, "waiting")
        elif status.state == "running":
            change(connection, run, state="given", job=LocalProcesses.job(status.pid, status.born))


def insert(
    connection: sqlite3.Connection,
    run: Run,
    owner: str,
    config: RunConfig,
    expected: float | None,
    threads: int | None,
) -> None:
    """Put a run into the queue, at its end."""
    connection.execute(
        "INSERT OR REPLACE INTO runs (folder, owner, fingerprint, state, expected, threads) "
        "VALUES (?, ?, ?, 'waiting', ?, ?)",
        (str(run.folder), owner, fingerprint(config), expected, threads),
    )


def fingerprint(config: RunConfig) -> str:
    """The same for configurations that do the same."""
    return hashlib.sha256(config.model_dump_json().encode()).hexdigest()


def entries(connection: sqlite3.Connection, state: str) -> list[Entry]:
    rows = connection.execute(
        "SELECT number, folder, owner, threads, expected, job, deaths, reached FROM runs WHERE state = ? "
        "ORDER BY number",
        (state,),
    )
    return [Entry(number, Run(Path(folder)), *rest) for number, folder, *rest in rows]


def turns(connection: sqlite3.Connection) -> dict[str, int]:
    return dict(connection.execute("SELECT owner, turn FROM turns").fetchall())


def given() -> list[Entry]:
    """The runs that the backend has."""
    return look(lambda connection: entries(connection, "given"))


def waits() -> bool:
    """Whether any run is not over."""
    return look(lambda connection: bool(entries(connection, "waiting") or entries(connection, "given")))


def is_known(run: Run) -> bool:
    """Whether a run waits or is at work, as far as the queue knows."""
    return look(lambda connection: has_state(connection, run, "waiting") or has_state(connection, run, "given"))


def set_job(run: Run, job: str) -> None:
    """Remember the backend's name for a run."""
    transact(lambda connection: change(connection, run, job=job))


def died(run: Run, deaths: int, reached: int) -> None:
    """Remember that the process of a run has ended without a word; it will be given to the backend again."""
    transact(lambda connection: change(connection, run, deaths=deaths, reached=reached, job=None))


def ended(run: Run, took: float | None) -> None:
    """A run is over, after `took` seconds."""

    def work(connection: sqlite3.Connection) -> None:
        change(connection, run, took=took)
        end(connection, run, "given")

    transact(work)


def has_state(connection: sqlite3.Connection, run: Run, state: str) -> bool:
    found = connection.execute("SELECT state FROM runs WHERE folder = ?", (str(run.folder),)).fetchone()
    return found == (state,)


def end(connection: sqlite3.Connection, run: Run, state: str) -> bool:
    """End a run that is in this state; whether it was."""
    ended = connection.execute(
        "UPDATE runs SET state = 'ended', job = NULL WHERE folder = ? AND state = ?", (str(run.folder), state)
    )
    return ended.rowcount > 0


def change(connection: sqlite3.Connection, run: Run, **values: object) -> None:
    names = ", ".join(f"{name} = ?" for name in values)  # names are our own, never a user's
    connection.execute(f"UPDATE runs SET {names} WHERE folder = ?", (*values.values(), str(run.folder)))  # noqa: S608
