"""Whose turn it is, and about when: round-robin among the users who wait."""

import heapq
import sqlite3
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from simcse_core.limits import limits
from simcse_core.runs.entries import Entry, entries, transact, turns

STARTING_SECONDS = 8.0
"""What a run takes besides its training, until some have shown it."""
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

    def work(connection: sqlite3.Connection) -> tuple[list[Entry], list[Entry], float, float | None]:
        waiting, given = entries(connection, "waiting"), entries(connection, "given")
        return in_order(waiting, given, turns(connection)), given, *_usual(connection)

    waiting, given, starting, usual = transact(work)
    free = [_left(entry, starting, usual) for entry in given] + [0.0] * max(limits().workers - len(given), 0)
    known: list[float] = [0.0 if left is None else left for left in free]
    told = None not in free
    heapq.heapify(known)
    found = {}
    for position, entry in enumerate(waiting, 1):
        starts = heapq.heappop(known)
        found[entry.run.id] = Place(position, starts if told else None)
        expected = usual if entry.expected is None else entry.expected
        told = told and expected is not None
        heapq.heappush(known, starts + starting + (expected or 0.0))
    return found


def claim() -> Entry | None:
    """The run whose turn it is, which now counts as given to the backend; None when nobody is next."""

    def work(connection: sqlite3.Connection) -> Entry | None:
        given = entries(connection, "given")
        waiting = in_order(entries(connection, "waiting"), given, turns(connection))
        busy = {entry.owner for entry in given}
        entry = next((entry for entry in waiting if entry.owner not in busy), None)
        if entry is None or len(given) >= limits().workers:
            return None
        connection.execute("UPDATE runs SET state = 'given', job = NULL WHERE number = ?", (entry.number,))
        turn = connection.execute("SELECT coalesce(max(turn), 0) + 1 FROM turns").fetchone()[0]
        connection.execute("INSERT OR REPLACE INTO turns VALUES (?, ?)", (entry.owner, turn))
        return entry

    return transact(work)


def in_order(waiting: Sequence[Entry], given: Sequence[Entry], turns: dict[str, int]) -> list[Entry]:
    """Round-robin: each turn goes to the owner who has waited longest since the last one."""
    left = {entry.owner: [own for own in waiting if own.owner == entry.owner] for entry in waiting}
    last = {owner: turns.get(owner, 0) for owner in left}
    turn = max([0, *turns.values()])
    order: list[Entry] = []
    while left:
        owner = min(left, key=lambda owner: (last[owner], left[owner][0].number))
        order.append(left[owner].pop(0))
        turn += 1
        last[owner] = turn
        if not left[owner]:
            del left[owner]
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
        if record["event"] == "step" and record.get("step"):
            return float((record["steps"] - record["step"]) * record["seconds"] / record["step"])
    expected = usual if entry.expected is None else entry.expected
    return None if expected is None else expected + starting
