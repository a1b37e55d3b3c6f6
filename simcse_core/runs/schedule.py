"""Whose turn it is, and about when: round-robin among the users who wait."""

import heapq
import sqlite3
import statistics
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simcse_core.home import home
from simcse_core.learning.records import Step
from simcse_core.limits import limits
from simcse_core.runs.entries import Entry, entries, look, transact, turns

STARTING_SECONDS = 8.0
"""What a run takes besides its training, until some have shown it."""
RECENT_SECONDS = 0.5
LOOKED_BACK = 20
"""Runs that ended last, from which the time of others is told."""


@dataclass(frozen=True)
class Place:
    """Where a run stands in the queue."""

    position: int
    """1 is the next one."""
    seconds: float | None
    """Until it starts, as far as that can be told."""


def places() -> dict[str, Place]:
    """Where each waiting run stands, by its id."""
    waiting, given, last, (starting, usual) = look(
        lambda connection: (
            entries(connection, "waiting"),
            entries(connection, "given"),
            turns(connection),
            _usual(connection),
        )
    )
    free = [_left(entry, starting, usual) for entry in given] + [0.0] * max(limits().workers - len(given), 0)
    known: list[float] = [0.0 if left is None else left for left in free]
    told = None not in free
    heapq.heapify(known)
    found = {}
    for position, entry in enumerate(in_order(waiting, last), 1):
        starts = heapq.heappop(known)
        found[entry.run.id] = Place(position, starts if told else None)
        expected = usual if entry.expected is None else entry.expected
        told = told and expected is not None
        heapq.heappush(known, starts + starting + (expected or 0.0))
    return found


def recent_places() -> dict[str, Place]:
    """`places`, at most half a second old: many pages ask at once."""
    with _asking:
        now, place = time.monotonic(), str(home())
        if _recent.home != place or now - _recent.at > RECENT_SECONDS:
            _recent.places, _recent.home, _recent.at = places(), place, now
        return _recent.places


@dataclass
class _Recent:
    home: str = ""
    at: float = 0.0
    places: dict[str, Place] = field(default_factory=dict)


_recent = _Recent()
_asking = threading.Lock()


def claim() -> Entry | None:
    """The run whose turn it is, which now counts as given to the backend; None when nobody is next."""
    if not look(_may_claim):
        return None  # mostly so, and it holds nobody up

    def work(connection: sqlite3.Connection) -> Entry | None:
        if not _may_claim(connection):
            return None
        busy = {entry.owner for entry in entries(connection, "given")}
        free = [entry for entry in entries(connection, "waiting") if entry.owner not in busy]
        if not free:
            return None
        entry = in_order(free, turns(connection))[0]
        connection.execute("UPDATE runs SET state = 'given', job = NULL WHERE number = ?", (entry.number,))
        turn = connection.execute("SELECT coalesce(max(turn), 0) + 1 FROM turns").fetchone()[0]
        connection.execute("INSERT OR REPLACE INTO turns VALUES (?, ?)", (entry.owner, turn))
        return entry

    return transact(work)


def _may_claim(connection: sqlite3.Connection) -> bool:
    given, waiting = (
        connection.execute("SELECT count(*) FROM runs WHERE state = ?", (state,)).fetchone()[0]
        for state in ("given", "waiting")
    )
    return waiting > 0 and given < limits().workers


def in_order(waiting: Sequence[Entry], turns: Mapping[str, int]) -> list[Entry]:
    """Round-robin: each turn goes to the owner who has waited longest since the last one.

    Args:
        waiting: in the order in which they came.
        turns: when each owner was served last, as a number that grows.
    """
    left: dict[str, deque[Entry]] = {}
    for entry in waiting:
        left.setdefault(entry.owner, deque()).append(entry)
    next_ones = [(turns.get(owner, 0), own[0].number, owner) for owner, own in left.items()]
    heapq.heapify(next_ones)
    turn = max([0, *turns.values()])
    order: list[Entry] = []
    while next_ones:
        _last, _number, owner = heapq.heappop(next_ones)
        order.append(left[owner].popleft())
        turn += 1
        if left[owner]:
            heapq.heappush(next_ones, (turn, left[owner][0].number, owner))
    return order


def _usual(connection: sqlite3.Connection) -> tuple[float, float | None]:
    """Seconds that runs take besides their training, and seconds of training where nothing was expected."""
    rows = connection.execute(
        "SELECT took, expected FROM runs WHERE took IS NOT NULL ORDER BY number DESC LIMIT ?", (LOOKED_BACK,)
    ).fetchall()
    besides = [took - expected for took, expected in rows if expected is not None]
    starting = max(statistics.median(besides), 0.0) if besides else STARTING_SECONDS
    known = [max(took - starting, 0.0) for took, _expected in rows]
    return starting, statistics.median(known) if known else None


def _left(entry: Entry, starting: float, usual: float | None) -> float | None:
    """Seconds that a run at work still needs."""
    for record in reversed(entry.run.records()):
        if isinstance(record, Step):
            return (record.steps - record.step) * record.seconds / record.step
    expected = usual if entry.expected is None else entry.expected
    return None if expected is None else expected + starting
