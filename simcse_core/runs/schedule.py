"""Whose turn it is, and about when: round-robin among the users who wait.

There is no list of the runs that wait: their folders say it. All that stands beside them is `served.json`, the users in
the order in which they were served last.
"""

import contextlib
import heapq
import statistics
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from filelock import Timeout
from pydantic import TypeAdapter

from simcse_core import durable
from simcse_core.errors import RunError
from simcse_core.home import home
from simcse_core.learning.records import Step
from simcse_core.limits import limits
from simcse_core.runs import files, index, locks
from simcse_core.runs.index import Snapshot
from simcse_core.runs.run import Run

BUSY_SECONDS = 20.0
"""How long a change waits for others, which may be queueing many runs on a slow disk."""
STARTING_SECONDS = 8.0
"""What a run takes besides its training, until some have shown it."""
LOOKED_BACK = 20
"""Runs that ended last, from which the time of others is estimated."""
REMEMBERED = 10_000
"""Users whose last turn is remembered."""

_USERS = TypeAdapter(list[str])


@dataclass(frozen=True)
class Place:
    """Where a run stands in the queue."""

    position: int
    """1 is the next one."""
    seconds: float | None
    """Until it starts, as far as that can be told."""


@dataclass(frozen=True)
class Load:
    """What the workers have to do already."""

    runs: int
    """That wait or are at work."""
    seconds: float
    """Until all of them are over, as far as that can be told: those of which nothing is known count as their start."""
    starting: float
    """What a run takes besides its training."""
    workers: int


def load() -> Load:
    """How busy the workers are."""
    runs = index.look()
    starting, usual = _usual(runs)
    at_work = [_left(one, starting, usual) or starting for one in runs if one.is_claimed]
    expected = [usual if one.entry.expected is None else one.entry.expected for one in runs if one.is_waiting]
    seconds = sum(at_work) + sum(starting + (of_run or 0.0) for of_run in expected)
    workers = max(limits().workers, 1)
    return Load(len(at_work) + len(expected), seconds / workers, starting, workers)


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Held by who changes what waits or is at work; the others see the change at their next look.

    Raises:
        RunError: another program holds the lock, or it cannot be written.
    """
    path = home() / "queue.lock"
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locks.lock(path, seconds=BUSY_SECONDS))
        except Timeout as error:
            raise RunError("Another program holds the queue {file}. Close it, then try again.", file=path) from error
        try:
            yield
        finally:
            index.touch()


def places() -> dict[str, Place]:
    """Where each waiting run stands, by its id."""
    runs = index.look()
    starting, usual = _usual(runs)
    at_work = [one for one in runs if one.is_claimed]
    free = [_left(one, starting, usual) for one in at_work] + [0.0] * max(limits().workers - len(at_work), 0)
    starts = [0.0 if left is None else left for left in free]
    is_told = None not in free
    heapq.heapify(starts)
    places = {}
    for position, one in enumerate(in_order([one for one in runs if one.is_waiting], _served()), 1):
        start = heapq.heappop(starts)
        places[one.run.id] = Place(position, start if is_told else None)
        expected = usual if one.entry.expected is None else one.entry.expected
        is_told = is_told and expected is not None
        heapq.heappush(starts, start + starting + (expected or 0.0))
    return places


def waits(age: float | None = None) -> bool:
    """Whether any run waits, or the supervisor has one to look after; `age` as for `index.look`."""
    return any(one.is_waiting or one.is_claimed for one in index.look(age))


def is_next(unusable: Collection[Run] = ()) -> bool:
    """Whether a run may start, as far as one knows without a lock."""
    return bool(_order(index.look(), unusable))


def next_run(unusable: Collection[Run] = ()) -> Snapshot | None:
    """The run whose turn it is; None when nobody is next. The caller holds the lock.

    Args:
        unusable: runs that are passed over.
    """
    return next(iter(_order(index.look(0), unusable)), None)


def serve(owner: str) -> None:
    """Put an owner behind all others. The caller holds the lock.

    It is no harm when a power cut takes the file, or somebody closes it: all are equal then.

    Raises:
        RunError: the disk is full.
    """
    users = [*(user for user in _served() if user != owner), owner]
    try:
        durable.write_unsynced(home() / "served.json", files.text_of(users[-REMEMBERED:]).encode())
    except OSError as error:
        if error.errno in files.DISK_IS_FULL:
            raise files.explained(error, home()) from error


def in_order(waiting: Sequence[Snapshot], served: Sequence[str]) -> list[Snapshot]:
    """Round-robin: each turn goes to the owner who has waited longest since the last one.

    Args:
        waiting: runs, in any order.
        served: owners; who was served last stands last.
    """
    runs_of: dict[str, deque[Snapshot]] = {}
    for one in sorted(waiting, key=_came):
        runs_of.setdefault(one.owner, deque()).append(one)
    turns = {owner: turn for turn, owner in enumerate(served, 1)}
    next_ones = [(turns.get(owner, 0), _came(runs[0]), owner) for owner, runs in runs_of.items()]
    heapq.heapify(next_ones)
    turn = len(served)
    order: list[Snapshot] = []
    while next_ones:
        _last, _first, owner = heapq.heappop(next_ones)
        order.append(runs_of[owner].popleft())
        turn += 1
        if runs_of[owner]:
            heapq.heappush(next_ones, (turn, _came(runs_of[owner][0]), owner))
    return order


def _came(one: Snapshot) -> tuple[int, float, str]:
    """Sorts runs as they came; those of earlier versions have no number."""
    return one.entry.number, 0.0 if one.entry.number else one.about.created, one.run.id


def _order(runs: Sequence[Snapshot], unusable: Collection[Run]) -> list[Snapshot]:
    """The runs that may start now, the next one first."""
    claimed = [one for one in runs if one.is_claimed and one.run not in unusable]
    if len(claimed) >= limits().workers:
        return []
    busy = {one.owner for one in claimed}
    waiting = [one for one in runs if one.is_waiting and one.run not in unusable]
    free = [one for one in waiting if one.owner not in busy]
    return in_order(free, _served()) if free else []


def _served() -> list[str]:
    """Owners of runs; who was served last stands last. Where the file is lost all are equal."""
    try:
        return files.read(home() / "served.json", _USERS)
    except (OSError, ValueError):
        return []


def _usual(runs: Sequence[Snapshot]) -> tuple[float, float | None]:
    """Seconds that runs take besides their training, and seconds of training where nothing was expected."""
    latest = reversed([one for one in runs if one.recorded.state.is_over and not one.is_outside])
    ended = islice((one.entry for one in latest if one.entry.took is not None), LOOKED_BACK)
    times = [(entry.took or 0.0, entry.expected) for entry in ended]
    besides = [took - expected for took, expected in times if expected is not None]
    starting = max(statistics.median(besides), 0.0) if besides else STARTING_SECONDS
    trained = [max(took - starting, 0.0) for took, _expected in times]
    return starting, statistics.median(trained) if trained else None


def _left(one: Snapshot, starting: float, usual: float | None) -> float | None:
    """Seconds that a run at work still needs."""
    for record in reversed(one.run.records()):
        if isinstance(record, Step):
            return (record.steps - record.step) * record.seconds / record.step
    expected = usual if one.entry.expected is None else one.entry.expected
    return None if expected is None else expected + starting
