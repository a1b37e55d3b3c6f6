"""The index of runs says what `store.runs_of` says, a second later at most, and reads next to nothing."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simcse_core.home import home
from simcse_core.learning.records import State
from simcse_core.runs import files, index, store
from simcse_core.runs.files import replace
from simcse_core.runs.index import Index
from tests.runs.conftest import SMALL


class Clock:
    """Goes on when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def look(clock: Clock) -> Callable[[], dict[str, str]]:
    """Owner and state of all runs, the newest first, a second later."""
    runs = Index(clock)

    def once() -> dict[str, str]:
        clock.now += index.REFRESH_SECONDS
        return {one.run.id: f"{'+'.join(one.about.owners)} {one.recorded.state}" for one in reversed(runs.look())}

    return once


def finished(owner: str = "anna") -> store.Run:
    run = store.create(SMALL, owner=owner)
    run.set_status(State.FINISHED)
    return run


def long_ago(run: store.Run) -> store.Run:
    """As if nothing had happened to it for an hour."""
    before = time.time() - 3600
    os.utime(run.folder, (before, before))
    return run


def owners(runs: Index) -> list[str]:
    """The first owner of each run that waits or has waited."""
    return [one.owner for one in runs.look() if not one.is_waiting]


def test_everybody_has_their_own_runs_the_newest_first() -> None:
    assert index.runs_of("anna") == []
    first, other, last = finished(), finished("ben"), store.create(SMALL, owner="anna")
    other.join("anna")
    assert index.runs_of("anna") == store.runs_of("anna") == [last, other, first]
    assert index.finished_of("anna") == [other, first]
    assert index.runs_of("ben") == [other]
    assert index.runs_of("nobody") == []


def test_what_happens_to_a_run_is_known_a_second_later(look: Callable[[], dict[str, str]]) -> None:
    assert look() == {}
    run = long_ago(store.create(SMALL, owner="anna"))
    assert look() == {run.id: "anna queued"}
    run.set_status(State.FINISHED)
    assert look() == {run.id: "anna finished"}
    long_ago(run)
    assert look() == {run.id: "anna finished"}
    run.join("ben")
    assert look() == {run.id: "anna+ben finished"}
    later = finished("carl")
    assert list(look().items()) == [(later.id, "carl finished"), (run.id, "anna+ben finished")]
    store.delete(run, None)
    assert look() == {later.id: "carl finished"}


def test_two_changes_in_one_tick_of_the_file_system_are_both_seen(look: Callable[[], dict[str, str]]) -> None:
    run = finished()
    tick = run.folder.stat().st_mtime_ns
    assert look() == {run.id: "anna finished"}
    run.join("ben")
    os.utime(run.folder, ns=(tick, tick))
    assert look() == {run.id: "anna+ben finished"}


def test_within_a_second_nobody_looks_and_afterwards_only_what_changed_is_read(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [long_ago(finished()) for _run in range(5)]
    index_of_all = Index(clock)
    read: list[str] = []
    listed: list[Path] = []
    content, names = files.read_bytes, os.listdir

    def read_bytes(path: Path) -> bytes:
        if path.parent.parent == home() / "runs":
            read.append(path.parent.name)
        return content(path)

    def listdir(path: Path) -> list[str]:
        listed.append(path)
        time.sleep(0.02)  # so that the others ask meanwhile
        return names(path)

    monkeypatch.setattr(files, "read_bytes", read_bytes)
    monkeypatch.setattr(os, "listdir", listdir)

    def ask() -> tuple[int, list[str]]:
        read.clear()
        listed.clear()
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _user: owners(index_of_all), range(8)))
        assert answers == [["anna"] * 5] * 8
        return len(listed), sorted(set(read))

    assert ask() == (1, [run.id for run in runs])
    assert ask() == (0, [])
    clock.now = 0.99
    assert ask() == (0, [])
    clock.now = 1.0
    assert ask() == (1, [])
    runs[3].rename("another name", "anna")
    clock.now = 2.0
    assert ask() == (1, [runs[3].id])


def test_what_is_no_run_is_left_out(look: Callable[[], dict[str, str]]) -> None:
    run, gone, damaged = finished(), finished(), long_ago(finished())
    assert len(look()) == 3
    store.discard(gone)
    replace(damaged.folder / "about.json", "nonsense")
    (home() / "runs" / "a folder of somebody").mkdir()
    store.new_folder().mkdir()
    assert look() == {run.id: "anna finished", damaged.id: " finished"}
