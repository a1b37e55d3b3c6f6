import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from simcse_core.learning.records import State
from simcse_core.runs import alive, entries, queue, store, supervisor, worker
from simcse_core.runs.backends import WORKER, JobStatus, LocalProcesses
from simcse_core.runs.run import Run
from simcse_core.runs.schedule import claim
from simcse_core.runs.supervisor import Supervisor
from tests.records import step
from tests.runs.conftest import with_seed

pytestmark = pytest.mark.usefixtures("nobody_works")


class Jobs:
    """A backend whose jobs run when the test says so."""

    def __init__(self) -> None:
        self.running: dict[str, Run] = {}
        self.cancelled: list[str] = []

    def submit(self, command: Sequence[str]) -> str:
        assert tuple(command[: len(WORKER)]) == WORKER
        job = f"job {len(self.running)}"
        self.running[job] = Run(Path(command[-1]))
        return job

    def status(self, job: str) -> JobStatus:
        return "running" if job in self.running else "ended"

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)
        self.running.pop(job)

    def prepare(self) -> None:
        pass

    def ends(self, run: Run) -> None:
        self.running = {job: other for job, other in self.running.items() if other != run}


@pytest.fixture
def jobs() -> Jobs:
    return Jobs()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def submit(*seeds: int) -> list[Run]:
    return queue.submit([with_seed(seed) for seed in seeds], user="anna")


def test_runs_are_given_away_one_after_the_other(jobs: Jobs, clock: list[float]) -> None:
    first, second = submit(1, 2)
    watch = Supervisor(jobs)
    watch.look()
    watch.look()
    assert list(jobs.running.values()) == [first]
    first.set_status(State.FINISHED)
    jobs.ends(first)
    clock[0] += 12
    watch.look()
    assert list(jobs.running.values()) == [second]
    assert queue.places() == {}
    submit(3, 4)
    usual = [place.seconds for place in queue.places().values()]
    assert usual == [12, 24]  # as long as the one before took


def test_a_killed_run_goes_on_and_one_that_gets_no_farther_is_given_up(jobs: Jobs) -> None:
    (run,) = submit(1)
    watch = Supervisor(jobs)
    watch.look()
    for death in range(20):
        assert list(jobs.running.values()) == [run]
        run.append(step(max(min(death, 5), 1), 100))
        jobs.ends(run)
        watch.look()
        if run.status.state == "failed":
            break
    assert death == 5 + supervisor.MOST_DEATHS - 1  # it got farther up to step 5
    assert "8 times without a word" in run.status.message
    assert queue.places() == {}
    queue.resume(run, "anna")
    watch.look()
    assert list(jobs.running.values()) == [run]


def test_a_run_that_does_not_stop_by_itself_is_ended(jobs: Jobs, clock: list[float]) -> None:
    run, other = submit(1, 2)
    watch = Supervisor(jobs)
    watch.look()
    queue.cancel(run, "anna")
    watch.look()
    clock[0] += 1
    watch.look()
    assert list(jobs.running.values()) == [run]
    clock[0] += 0.5
    watch.look()
    watch.look()
    assert run.status.state == "cancelled"
    assert list(jobs.running.values()) == [other]
    assert supervisor.CANCEL_SECONDS + 2 * supervisor.LOOK_SECONDS < 2


def test_a_process_whose_heart_stops_is_replaced(jobs: Jobs, clock: list[float]) -> None:
    (run,) = submit(1)
    watch = Supervisor(jobs)
    watch.look()
    for beat in range(5):
        run.beat(f"1 {beat}")
        clock[0] += 50
        watch.look()
    assert jobs.cancelled == []
    clock[0] += 61
    watch.look()
    watch.look()
    assert len(jobs.cancelled) == 1
    assert list(jobs.running.values()) == [run]  # in a new process


def test_the_next_supervisor_takes_over_what_the_last_one_started(jobs: Jobs) -> None:
    (run,) = submit(1)
    Supervisor(jobs).look()
    Supervisor(jobs).look()
    assert list(jobs.running.values()) == [run]
    run.set_status(State.FINISHED)
    jobs.ends(run)
    Supervisor(jobs).look()
    assert entries.given() == []


def test_a_supervisor_killed_before_it_wrote_down_the_job_loses_no_run(jobs: Jobs) -> None:
    (run,) = submit(1)
    assert claim() is not None
    Supervisor(jobs).look()
    assert list(jobs.running.values()) == [run]  # its process had not begun
    entries.died(run, 0, -1)
    run.set_status(State.RUNNING)  # by this process, which stands for the worker
    Supervisor(jobs).look()
    assert len(jobs.running) == 1
    assert [entry.job for entry in entries.given()] == [LocalProcesses.job(os.getpid(), alive.born(os.getpid()))]


def test_a_second_process_of_a_run_leaves_it_to_the_first(jobs: Jobs) -> None:
    (run,) = submit(1)
    watch = Supervisor(jobs)
    watch.look()
    run.set_status(State.RUNNING)  # by this process, which stands for a worker that was there first
    jobs.ends(run)  # the second one could not get the run's lock
    watch.look()
    assert [entry.job for entry in entries.given()] == [LocalProcesses.job(os.getpid(), alive.born(os.getpid()))]
    assert [entry.deaths for entry in entries.given()] == [0]


def test_a_backend_that_cannot_start_a_process_fails_the_run_and_goes_on(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = submit(1, 2)

    real = jobs.submit

    def full(command: Sequence[str]) -> str:
        if command[-1] == str(first.folder):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(command)

    monkeypatch.setattr(jobs, "submit", full)
    Supervisor(jobs).look()
    assert "no space left on the disk" in first.status.message
    assert list(jobs.running.values()) == [second]


def test_a_supervisor_outlives_a_full_disk(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    watch = Supervisor(jobs)
    monkeypatch.setattr(watch, "look", lambda: store.get("nothing"))
    assert watch._look()
    assert watch._look()
    assert capsys.readouterr().err.count("There is no run") == 1


def test_a_folder_that_somebody_removed_does_not_stop_the_others(jobs: Jobs) -> None:
    waiting, other = submit(1, 2)
    store.discard(waiting)
    watch = Supervisor(jobs)
    watch.look()
    assert list(jobs.running.values()) == [other]
    store.discard(other)
    jobs.ends(other)
    watch.look()
    assert entries.given() == []


def test_a_local_process_is_known_by_its_birth() -> None:
    backend = LocalProcesses()
    job = backend.submit([sys.executable, "-c", "import time; time.sleep(60)"])
    assert LocalProcesses().status(job) == "running"
    pid, _colon, birth = job.partition(":")
    assert backend.status(f"{pid}:{float(birth) + 1}") == "ended"  # another process with the same id
    backend.cancel(f"{pid}:{float(birth) + 1}")
    assert backend.status(job) == "running"
    LocalProcesses().cancel(job)
    while backend.status(job) == "running":
        pass
    backend.cancel(job)


def test_a_process_that_nobody_has_waited_for_is_dead() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    birth = alive.born(child.pid)
    while alive.is_alive(child.pid, birth):
        pass
    child.wait()


@pytest.mark.parametrize(
    "status", ['{"state": "running", "pid": "x", "born": 1}', "[" * 100_000, '{"state": "running", "pid": 1.5}', ""]
)
def test_a_run_edited_by_hand_stops_nobody_else(jobs: Jobs, status: str) -> None:
    edited, other = submit(1, 2)
    watch = Supervisor(jobs)
    watch.look()
    (edited.folder / "metrics.jsonl").write_text('{"event": "step", "step": null}\n{"event": "step", "step": 3}\n')
    (edited.folder / "status.json").write_text(status)
    assert edited.status.state == "interrupted"
    jobs.ends(edited)
    watch.look()
    assert list(jobs.running.values()) == [edited]  # it begins anew
    jobs.ends(edited)
    (edited.folder / "status.json").unlink()
    (edited.folder / "status.json").mkdir()  # nothing can be written there any more
    for _look in range(supervisor.MOST_DEATHS + 1):
        jobs.ends(edited)
        watch.look()
    assert list(jobs.running.values()) == [other]


def test_arguments_reach_a_spare_worker_whatever_letters_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    with os.fdopen(write, "wb") as given:
        given.write(os.fsencode("--threads\x002\x00/home/家/\udcff") + b"\n")
    with open(read, encoding="gbk") as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert worker._wait_for_arguments() == ["--threads", "2", "/home/家/\udcff"]
