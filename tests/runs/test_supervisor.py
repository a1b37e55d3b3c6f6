import errno
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from simcse_core import durable
from simcse_core.errors import RunError
from simcse_core.learning.records import State
from simcse_core.runs import alive, index, queue, schedule, store, supervisor, worker
from simcse_core.runs.backends import LocalProcesses
from simcse_core.runs.run import Run
from simcse_core.runs.supervisor import Supervisor
from tests.records import step
from tests.runs.conftest import SMALL, Jobs, wait_until, with_seed

pytestmark = pytest.mark.usefixtures("nobody_works")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def submit(*seeds: int) -> list[Run]:
    return queue.submit([with_seed(seed) for seed in seeds], user="anna")


def test_runs_are_given_away_one_after_the_other(jobs: Jobs, clock: list[float]) -> None:
    first, second = submit(1, 2)
    watch = Supervisor()
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
    watch = Supervisor()
    watch.look()
    for death in range(20):
        assert list(jobs.running.values()) == [run]
        run.append(step(max(min(death, 5), 1), 100))
        jobs.ends(run)
        watch.look()
        if run.status.state == "failed":
            break
    assert death == 5 + supervisor.MOST_DEATHS - 1  # it got farther up to step 5
    assert "8 times without an error message" in run.status.message
    assert queue.places() == {}
    queue.resume(run, "anna")
    watch.look()
    assert list(jobs.running.values()) == [run]


def test_a_run_that_does_not_stop_by_itself_is_ended(jobs: Jobs, clock: list[float]) -> None:
    run, other = submit(1, 2)
    watch = Supervisor()
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
    watch = Supervisor()
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
    Supervisor().look()
    Supervisor().look()
    assert jobs.submitted == [run]
    jobs.finishes(run)
    Supervisor().look()
    assert not schedule.waits(age=0)


def test_a_supervisor_killed_before_it_wrote_down_the_job_leaves_it_to_the_process_that_is_at_work(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run,) = submit(1)
    (run.folder / "queue.json").rename(run.folder / "before")
    Supervisor().look()
    jobs.begins(run)
    (run.folder / "before").replace(run.folder / "queue.json")  # as if nothing had been written down
    Supervisor().look()
    assert jobs.submitted == [run]
    jobs.ends(run)
    Supervisor().look()
    assert jobs.submitted == [run, run]  # it was killed, too


def test_a_second_process_of_a_run_leaves_it_to_the_first(jobs: Jobs) -> None:
    (run,) = submit(1)
    watch = Supervisor()
    watch.look()
    second = jobs.job_of(run)
    jobs.running["the first job"] = run
    jobs.inside = "the first job"
    run.set_status(State.RUNNING)
    del jobs.running[second]  # it could not get the run's lock
    watch.look()
    assert jobs.submitted == [run]
    assert run.status.state == "running"
    del jobs.running["the first job"]
    watch.look()
    assert jobs.submitted == [run, run]


def test_a_run_is_at_work_as_long_as_its_backend_says_so_wherever_that_has_it(jobs: Jobs) -> None:
    (run,) = submit(1)
    watch = Supervisor()
    watch.look()
    jobs.begins(run)
    assert run.status.state == "running"
    assert run.status.job == "job 1 on node 7"
    with pytest.raises(RunError, match="is not over"):
        store.delete(run, "anna")
    jobs.ends(run)
    assert run.status.state == "interrupted"
    watch.look()
    jobs.begins(run)
    assert (run.status.state, run.status.job) == ("running", "job 2 on node 7")
    queue.cancel(run, "anna")
    watch.look()
    watch.watched[run].cancel_at = time.monotonic() - 2 * supervisor.CANCEL_SECONDS
    watch.look()
    assert jobs.cancelled == ["job 2 on node 7"]
    watch.look()
    assert run.status.state == "cancelled"


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
    Supervisor().look()
    assert "no space left on the disk" in first.status.message
    assert list(jobs.running.values()) == [second]


class Over(BaseException):
    """Ends what goes on for ever."""


def looks(watch: Supervisor, monkeypatch: pytest.MonkeyPatch, between: Sequence[Callable[[], object]]) -> None:
    """Has a supervisor work; after each of its looks the next thing happens."""
    left = list(between)

    def sleep(seconds: float) -> None:
        if seconds == supervisor.LOOK_SECONDS:
            if not left:
                raise Over
            left.pop(0)()

    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", sleep)
        with pytest.raises(Over):
            watch.work()


def test_a_supervisor_outlives_a_full_disk_and_the_run_waits_until_there_is_room(
    jobs: Jobs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (run,) = submit(1)
    real = durable.write_unsynced

    def full(path: Path, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(durable, "write_unsynced", full)

    def make_room() -> None:
        assert jobs.submitted == []
        assert run.status.state == "queued"
        monkeypatch.setattr(durable, "write_unsynced", real)

    looks(Supervisor(), monkeypatch, [lambda: None, make_room, lambda: None])
    assert jobs.submitted == [run]
    assert capsys.readouterr().err.count("no space left on the disk") == 1


def test_a_folder_that_somebody_removed_does_not_stop_the_others(jobs: Jobs) -> None:
    waiting, other = submit(1, 2)
    store.discard(waiting)
    watch = Supervisor()
    watch.look()
    assert list(jobs.running.values()) == [other]
    store.discard(other)
    jobs.ends(other)
    watch.look()
    assert not schedule.waits(age=0)


def test_a_local_process_is_known_by_its_birth() -> None:
    backend = LocalProcesses()
    job = backend.submit([sys.executable, "-c", "import time; time.sleep(60)"])
    assert LocalProcesses().status(job) == "running"
    pid, _colon, birth = job.partition(":")
    assert backend.status(f"{pid}:{float(birth) + 1}") == "ended"  # another process with the same id
    backend.cancel(f"{pid}:{float(birth) + 1}")
    assert backend.status(job) == "running"
    LocalProcesses().cancel(job)
    wait_until(lambda: backend.status(job) == "ended", 10)
    backend.cancel(job)


@pytest.mark.parametrize("job", ["", "None:None", "1:None", "7", "12 on node 7", "9" * 500 + ":1.0", "-1:1.0"])
def test_what_is_no_local_process_has_ended_and_nothing_is_killed_for_it(job: str) -> None:
    backend = LocalProcesses()
    assert backend.status(job) == "ended"
    backend.cancel(job)


def test_a_run_is_judged_by_its_process_which_is_this_one() -> None:
    run = store.create(SMALL)
    run.set_status(State.RUNNING)
    assert run.status.job == LocalProcesses().this_job() == f"{os.getpid()}:{alive.born(os.getpid())}"
    assert run.status.state == "running"


@pytest.mark.parametrize(("born", "state"), [(0.0, "running"), (1.0, "interrupted")])
def test_a_process_that_an_earlier_version_wrote_down_is_found(born: float, state: str) -> None:
    run = store.create(SMALL)
    birth = (alive.born(os.getpid()) or 0.0) + born
    (run.folder / "status.json").write_text(f'{{"state": "running", "pid": {os.getpid()}, "born": {birth}}}')
    assert run.status.state == state


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
    watch = Supervisor()
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


def test_a_spare_worker_takes_a_folder_whatever_letters_it_has(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode("家 \udcff".encode("utf-8", "surrogateescape"))
    run = store.create(SMALL)
    run.folder.rename(folder)
    given = os.fsencode(folder) + b"\n"
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(given)))
    monkeypatch.setattr(os, "nice", lambda _more: 0)
    monkeypatch.setattr(os, "dup2", lambda _file, _stream: None)
    carried_out: list[Run] = []
    monkeypatch.setattr(worker, "carry_out", carried_out.append)
    worker.main(["--spare"])
    assert carried_out == [Run(folder)]


def test_what_an_earlier_version_had_at_work_is_watched_and_goes_on(
    home: Path, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_work, killed, other = submit(1, 2, 3)
    for run in (at_work, killed, other):
        (run.folder / "queue.json").unlink()
    for run, pid in ((at_work, 1), (killed, 2)):
        (run.folder / "status.json").write_text(f'{{"state": "running", "pid": {pid}, "born": 7.5}}')
    jobs.running["1:7.5"] = at_work
    for name in ("queue.sqlite", "queue.sqlite-wal"):
        (home / name).write_bytes(b"SQLite format 3")
    looks(Supervisor(), monkeypatch, [lambda: None, lambda: None])
    assert jobs.submitted == [killed]
    assert at_work.status.state == "running"
    assert list(queue.places()) == [other.id]
    assert list(home.glob("queue.sqlite*")) == []


def test_a_look_with_nothing_to_do_reads_no_file_of_a_run(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = submit(1, 2)
    watch = Supervisor()
    watch.look()
    long_ago = time.time() - 3_600
    for run in runs:
        os.utime(run.folder, (long_ago, long_ago))
    index.touch()
    watch.look()
    read: list[Path] = []
    real = os.open

    def open_(path: Path, *rest: int) -> int:
        read.append(Path(path))
        return real(path, *rest)

    monkeypatch.setattr(os, "open", open_)
    watch.look()
    assert {path.parent for path in read} <= {runs[0].folder}  # the one at work
