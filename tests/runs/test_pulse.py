"""A supervisor that lives and does nothing is found out and replaced."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from simcse_core.runs import pulse, queue
from simcse_core.runs.alive import born, is_alive
from simcse_core.runs.pulse import Listener, Pulse
from tests.runs.conftest import SMALL


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pass_by(listener: Listener, clock: Clock, seconds: float) -> bool:
    """Look each second; the last answer."""
    silent = False
    for _second in range(int(seconds)):
        clock.now += 1
        silent = listener.is_silent()
    return silent


def test_a_supervisor_that_beats_is_never_silent_and_one_that_stops_is_after_half_a_minute(
    home: Path, clock: Clock
) -> None:
    home.mkdir()
    listener, own = Listener(clock), Pulse(clock)
    for beat in range(100):
        clock.now += 1
        own.beat()
        os.utime(pulse.path(), ns=(beat, beat))  # tests are faster than a file system's clock
        assert not listener.is_silent()
    assert not pass_by(listener, clock, pulse.SILENT_SECONDS - 1)
    assert pass_by(listener, clock, 2)


def test_who_was_asleep_as_well_does_not_call_the_supervisor_silent(home: Path, clock: Clock) -> None:
    home.mkdir()
    listener = Listener(clock)
    Pulse(clock)
    listener.is_silent()
    clock.now += 3_600  # a machine that was frozen with both
    assert not listener.is_silent()


def test_a_supervisor_that_has_ended_is_not_silent_but_gone(home: Path, clock: Clock) -> None:
    home.mkdir()
    pulse.path().write_text(f"{2**22 + 1}:1.0")
    assert not pass_by(Listener(clock), clock, 100)


SUPERVISOR = """
import time
from simcse_core.home import home
from simcse_core.runs import locks
from simcse_core.runs.pulse import Pulse

with locks.lock(home() / "supervisor.lock"):
    Pulse()
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The supervisors that were to be started after the first run was queued."""
    started: list[str] = []
    monkeypatch.setattr(queue, "start_supervisor", lambda: started.append("another"))
    queue.submit([SMALL])
    started.clear()
    return started


@contextmanager
def a_supervisor() -> Iterator["subprocess.Popen[str]"]:
    """A process that has the lock and the pulse of a supervisor."""
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def test_a_supervisor_of_an_earlier_version_is_replaced_at_once(started: list[str]) -> None:
    """It looks for runs in a database, and would hold the lock as long as it has work there."""
    with a_supervisor() as process:
        queue.ensure_supervisor()
        assert started == []
        pulse.path().write_text(f"{process.pid}:{born(process.pid)}")  # all that an earlier version writes
        queue.ensure_supervisor()
        assert started == ["another"]
        assert not is_alive(process.pid, born(process.pid))


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no signals")
def test_a_stopped_supervisor_is_replaced_while_runs_wait(
    home: Path, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(pulse, "BEAT_SECONDS", 0.1)
    with a_supervisor() as process:
        process.send_signal(signal.SIGSTOP)
        until = time.monotonic() + 20
        while not started:
            assert time.monotonic() < until
            queue.ensure_supervisor()
            time.sleep(0.05)
        assert started == ["another"]
        assert not is_alive(process.pid, born(process.pid))
    with FileLock(home / "supervisor.lock", timeout=0):
        pass


def test_a_supervisor_is_watched_while_nobody_has_a_page_open(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    monkeypatch.setattr(queue, "ensure_supervisor", lambda: looks.append(time.monotonic()))
    monkeypatch.setattr(queue, "WATCH_SECONDS", 0.01)
    queue.keep_watch()
    until = time.monotonic() + 20
    while len(looks) < 3:
        assert time.monotonic() < until
        time.sleep(0.01)
    monkeypatch.setenv("SIMCSE_HOME", str(home / "another"))  # it ends with its home


@pytest.mark.parametrize("content", [None, "", "no number", "{own}:1.0", "{parent}:1.0"])
def test_where_no_supervisor_is_nobody_is_silent_and_nobody_is_ended(
    home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    home.mkdir()
    ended: list[int] = []
    monkeypatch.setattr(psutil.Process, "kill", lambda process: ended.append(process.pid))
    if content is not None:
        pulse.path().write_text(content.format(own=os.getpid(), parent=os.getppid()))
    listener = Listener(clock)
    assert not pass_by(listener, clock, 100)
    clock.now += 0.1  # two pages at once
    assert not listener.is_silent()
    listener.end()
    assert ended == []


def test_this_process_does_not_end_itself(home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    ended: list[int] = []
    monkeypatch.setattr(psutil.Process, "kill", lambda process: ended.append(process.pid))
    pulse.path().write_text(f"{os.getpid()}:{born(os.getpid())}")
    Listener(clock).end()
    assert ended == []
