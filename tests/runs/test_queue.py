import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from simcse_core import durable
from simcse_core.errors import RunError, UserError
from simcse_core.learning.records import State
from simcse_core.runs import index, queue, race, schedule, store
from simcse_core.runs.run import Run
from simcse_core.runs.supervisor import Supervisor
from tests.records import step
from tests.runs.conftest import SMALL, Jobs, with_seed

pytestmark = pytest.mark.usefixtures("nobody_works")


def submit(user: str, *seeds: int, expected: float | None = None) -> list[Run]:
    return queue.submit([with_seed(seed) for seed in seeds], user=user, expected=expected)


@pytest.fixture
def started(jobs: Jobs) -> Callable[[], list[Run]]:
    """Has a supervisor look, a new one each time; gives the runs that it has started."""

    def look() -> list[Run]:
        before = len(jobs.submitted)
        Supervisor().look()
        return jobs.submitted[before:]

    return look


def test_users_take_turns_and_have_one_run_at_work_each(
    jobs: Jobs, started: Callable[[], list[Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_WORKERS", "2")
    anna, ben = submit("anna", 1, 2, 3), submit("ben", 4, 5)
    assert started() == [anna[0], ben[0]]
    assert started() == []  # two workers are busy
    jobs.finishes(anna[0])
    assert started() == [anna[1]]  # ben has one at work
    late = submit("carla", 6)
    jobs.finishes(ben[0])
    assert started() == late  # she has not had a turn yet
    jobs.finishes(anna[1])
    jobs.finishes(late[0])
    assert started() == [ben[1], anna[2]]


def test_who_deletes_their_runs_does_not_get_ahead(jobs: Jobs, started: Callable[[], list[Run]]) -> None:
    anna, ben = submit("anna", 1, 2), submit("ben", 3)
    assert started() == [anna[0]]
    jobs.finishes(anna[0])
    store.delete(anna[0], "anna")
    assert started() == ben


def test_a_place_says_how_many_and_about_how_long(jobs: Jobs, started: Callable[[], list[Run]]) -> None:
    first, second = submit("anna", 1, 2, expected=30)
    (ben,) = submit("ben", 3, expected=30)
    assert started() == [first]
    places = queue.places()
    assert [places[run.id].position for run in (ben, second)] == [1, 2]
    assert places[ben.id].seconds == pytest.approx(30 + 8)  # the one at work has not said how far it is
    first.append(step(10, 30, seconds=4.0))
    assert queue.places()[ben.id].seconds == pytest.approx(8.0)  # 20 of 30 steps are left, 10 took 4 s
    assert queue.places()[second.id].seconds == pytest.approx(8 + 30 + 8)


def test_where_nothing_is_known_no_time_is_told() -> None:
    first, second = submit("anna", 1, 2)
    assert queue.places()[first.id].seconds == 0
    assert queue.places()[second.id].seconds is None


def test_identical_configurations_run_once(jobs: Jobs, started: Callable[[], list[Run]]) -> None:
    (anna,) = submit("anna", 1)
    assert submit("ben", 1, 1) == [anna, anna]
    assert anna.about.owners == ("anna", "ben")
    assert started() == [anna]
    assert submit("carla", 1) == [anna]  # its process is starting
    jobs.begins(anna)
    assert submit("carla", 1) == [anna]
    jobs.finishes(anna)
    assert submit("carla", 1) == [anna]  # its result is there at once
    anna.set_status(State.FAILED)
    assert submit("carla", 1) != [anna]


def test_a_configuration_that_is_submitted_twice_at_once_runs_once() -> None:
    first, second = submit("anna", 1, 1)
    assert first == second
    assert store.all_runs() == [first]


def test_two_tabs_at_once_queue_one_run() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda tab: submit(f"tab {tab}", 1), range(4)))
    assert len({run.id for (run,) in made}) == 1
    assert len(store.all_runs()) == 1
    assert len(made[0][0].about.owners) == 4


SUBMIT = """
from simcse_core.runs import queue
from tests.runs.conftest import SMALL

queue.start_supervisor = lambda: None
print("ready", flush=True)
input()
print(*(run.id for run in queue.submit([SMALL])))
"""


def test_several_processes_that_submit_the_same_at_once_make_one_run() -> None:
    def start() -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", SUBMIT]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    processes = [start() for _process in range(3)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ids = {process.communicate(timeout=60)[0].strip() for process in processes}
    (run,) = store.all_runs()
    assert ids == {run.id}


def test_a_run_of_two_users_goes_on_for_the_other(started: Callable[[], list[Run]]) -> None:
    (run,) = submit("anna", 1)
    submit("ben", 1)
    queue.cancel(run, "anna")
    assert (run.status.state, run.about.owners) == ("queued", ("ben",))
    with pytest.raises(RunError, match="somebody else's"):
        queue.cancel(run, "anna")
    queue.cancel(run, "ben")
    assert run.status.state == "cancelled"
    assert started() == []


def test_a_run_whose_process_starts_is_asked_to_stop(started: Callable[[], list[Run]]) -> None:
    (run,) = submit("anna", 1)
    assert started() == [run]
    queue.cancel(run, "anna")
    assert run.cancel_asked
    assert run.status.state == "queued"  # its process will find out


def test_a_stopped_run_can_be_queued_again_and_a_finished_one_not(jobs: Jobs, started: Callable[[], list[Run]]) -> None:
    (run,) = submit("anna", 1)
    queue.cancel(run, "anna")
    with pytest.raises(RunError, match="somebody else's"):
        queue.resume(run, "ben")
    queue.resume(run, "anna")
    assert started() == [run]
    with pytest.raises(RunError, match="is not over"):
        queue.resume(run, "anna")
    jobs.finishes(run)
    with pytest.raises(RunError, match="is finished"):
        queue.resume(run, "anna")


def test_a_run_that_is_queued_again_stands_behind_those_that_wait(started: Callable[[], list[Run]]) -> None:
    first, second = submit("anna", 1, 2)
    queue.cancel(first, "anna")
    queue.resume(first, "anna")
    assert list(queue.places()) == [second.id, first.id]
    assert started() == [second]


def test_the_queue_has_a_limit_and_so_has_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_QUEUED_RUNS", "4")
    monkeypatch.setenv("SIMCSE_MAX_QUEUED_RUNS_PER_USER", "2")
    with pytest.raises(RunError, match="At most 2 of your runs"):
        submit("anna", 1, 2, 3)
    assert store.all_runs() == []  # all or nothing
    submit("anna", 1, 2)
    submit("ben", 3, 4)
    with pytest.raises(RunError, match="at most 4 runs"):
        submit("carla", 5)


def test_a_run_waits_as_soon_as_its_folder_is_one(started: Callable[[], list[Run]]) -> None:
    run = store.create(SMALL, owner="anna")  # and then its submitter was killed
    assert list(queue.places()) == [run.id]
    queue.cancel(run, "anna")
    run.set_status(State.QUEUED)  # by somebody who was killed before anything else
    index.touch()  # a second passes
    assert list(queue.places()) == [run.id]
    assert started() == [run]


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_an_entry_that_a_power_cut_left_empty_costs_a_run_its_place_and_nothing_else(
    jobs: Jobs, started: Callable[[], list[Run]], state: State
) -> None:
    (run,) = submit("anna", 1)
    if state == State.RUNNING:
        started()
        jobs.begins(run)
        jobs.ends(run)
    (run.folder / "queue.json").write_bytes(b"")
    index.touch()
    assert started() == [run]


def test_a_run_that_another_process_carries_out_itself_is_not_started_and_not_taken_over(
    jobs: Jobs, started: Callable[[], list[Run]]
) -> None:
    """Several processes with one training (`accelerate launch`) are no job of the queue."""
    run = store.create(SMALL, state=State.RUNNING)
    assert started() == []
    assert run.status.state == "interrupted"  # no such job is running any more
    assert started() == []
    queue.resume(run, None)
    assert started() == [run]


def test_a_queue_that_another_program_holds_is_an_error_in_words(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    submit("anna", 1)
    monkeypatch.setattr(schedule, "BUSY_SECONDS", 0.1)
    with FileLock(home / "queue.lock"), pytest.raises(RunError, match="Another program holds the queue"):
        submit("ben", 2)
    assert len(store.all_runs()) == 1
    submit("ben", 2)


def test_a_home_that_cannot_be_written_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path / "file" / "home", Path("/proc/simcse")):
        if place.parent.exists():
            monkeypatch.setenv("SIMCSE_HOME", str(place))
            with pytest.raises(UserError, match=r"cannot be written|is no folder"):
                submit("anna", 1)


def test_a_disk_that_fills_up_while_runs_are_queued_leaves_none_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    submit("anna", 1)
    real = durable.write
    left = [4]  # files; a run needs three

    def write(path: Path, content: bytes) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device", str(path))
        real(path, content)

    with monkeypatch.context() as full:
        full.setattr(durable, "write", write)
        with pytest.raises(RunError, match="no space left"):
            submit("anna", 2, 3)
    assert len(store.all_runs()) == 1
    assert len(queue.places()) == 1


class Killed(BaseException):
    """Ends a process between two of its writes."""


@pytest.fixture
def killed_before(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], object]], bool]:
    """Does something until it would write, rename or remove its n-th file; whether it came so far."""

    def call(count: int, work: Callable[[], object]) -> bool:
        left = [count]

        def counted(name: str) -> Callable[..., object]:
            real = getattr(os, name)

            def act(*arguments: object, **options: object) -> object:
                if left[0] == 0:
                    raise Killed
                left[0] -= 1
                return real(*arguments, **options)

            return act

        with monkeypatch.context() as patch:
            for name in ("replace", "rename", "unlink", "mkdir"):
                patch.setattr(os, name, counted(name))
            patch.setattr(store, "discard", lambda _run: None)  # who is killed tidies nothing up
            try:
                work()
            except Killed:
                return True
        return False

    return call


def test_a_submission_that_is_killed_anywhere_leaves_a_run_that_waits_or_none(
    killed_before: Callable[[int, Callable[[], object]], bool], started: Callable[[], list[Run]], jobs: Jobs
) -> None:
    for count in range(100):
        if not killed_before(count, lambda count=count: submit("anna", count)):  # type: ignore[misc]
            break
        runs = store.all_runs()
        assert list(queue.places()) == [run.id for run in runs]
        assert [run.config.settings.seed for run in runs] in ([], [count])
        assert started() == runs
        for run in runs:
            jobs.finishes(run)
            started()
            store.delete(run, None)
    assert count > 5
    assert len(queue.places()) == 1


def test_a_submission_to_a_folder_that_is_killed_anywhere_leaves_a_run_that_waits_or_none(
    killed_before: Callable[[int, Callable[[], object]], bool], started: Callable[[], list[Run]], jobs: Jobs, home: Path
) -> None:
    for count in range(100):
        folder = home.parent / f"mine {count}"
        if not killed_before(count, lambda folder=folder: queue.submit([SMALL], folder=folder)):  # type: ignore[misc]
            break
        runs = [Run(folder)] if (folder / "config.json").is_file() else []
        assert list(queue.places()) == [run.id for run in runs]
        assert started() == runs
        for run in runs:
            jobs.finishes(run)
            started()
    assert count > 5


def test_a_failed_run_that_is_replaced_is_the_old_one_or_the_new_one_wherever_it_is_killed(
    killed_before: Callable[[int, Callable[[], object]], bool], started: Callable[[], list[Run]], tmp_path: Path
) -> None:
    for count in range(100):
        folder = tmp_path / f"mine {count}"
        (run,) = queue.submit([with_seed(1)], folder=folder)
        run.set_status(State.FAILED, "why")
        index.touch()  # a second passes
        again = [with_seed(2)]
        is_killed = killed_before(count, lambda again=again, folder=folder: queue.submit(again, folder=folder))  # type: ignore[misc]
        assert (run.status.state == "failed") == (run.id not in queue.places())
        if run.status.state == "queued":
            assert run.config == with_seed(2)
            queue.cancel(run, None)
        if not is_killed:
            break
    assert count > 5


def look_anew() -> None:
    """A new supervisor, in a process that has seen nothing yet."""
    index.touch()
    Supervisor().look()


def test_a_supervisor_that_is_killed_anywhere_loses_no_run(
    killed_before: Callable[[int, Callable[[], object]], bool], jobs: Jobs
) -> None:
    """While it starts a run, starts it again after a death, and sees it end, beside another user's run."""
    for count in range(100):
        run, other = *submit("anna", 2 * count), *submit("ben", 2 * count + 1)
        is_killed = killed_before(count, look_anew)
        jobs.running = {job: jobs.running[job] for job in list(jobs.running)[:1]}  # a second one ends by itself
        look_anew()
        first = next(iter(jobs.running.values()))
        jobs.begins(first)
        jobs.ends(first)
        is_killed |= killed_before(count, look_anew)
        look_anew()
        jobs.begins(first)
        jobs.finishes(first)
        is_killed |= killed_before(count, look_anew)
        for _look in range(5):
            look_anew()
            for running in set(jobs.running.values()):
                jobs.begins(running)
                jobs.finishes(running)
        assert (run.status.state, other.status.state) == ("finished", "finished")
        assert queue.places() == {}
        assert not schedule.waits(age=0)
        if not is_killed:
            break
    assert count > 2


@pytest.mark.parametrize("work", [queue.cancel, queue.resume], ids=["cancel", "resume"])
def test_who_is_killed_while_cancelling_or_going_on_leaves_a_run_that_can_be_started_again(
    killed_before: Callable[[int, Callable[[], object]], bool],
    started: Callable[[], list[Run]],
    jobs: Jobs,
    work: Callable[[Run, str], None],
) -> None:
    for count in range(100):
        (run,) = submit("anna", count)
        if work is queue.resume:
            queue.cancel(run, "anna")
        is_killed = killed_before(count, lambda run=run: work(run, "anna"))  # type: ignore[misc]
        assert run.status.state in ("queued", "cancelled")
        if run.status.state == "cancelled":
            queue.resume(run, "anna")
        assert started() == [run]
        jobs.finishes(run)
        started()
        if not is_killed:
            break
    assert count > 0


def test_a_failed_run_in_a_folder_of_ones_own_is_replaced_and_other_files_stay(
    jobs: Jobs, started: Callable[[], list[Run]], tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    (first,) = queue.submit([SMALL], folder=folder)
    assert started() == [first]
    first.set_status(State.FAILED, "why")
    jobs.ends(first)
    assert started() == []
    (second,) = queue.submit([SMALL], folder=folder)
    assert started() == [second]
    with pytest.raises(RunError, match="already holds a run"):
        queue.submit([SMALL], folder=folder)
    jobs.finishes(second)
    with pytest.raises(RunError, match="was chosen with --output"):
        store.delete(second, None)
    second.model.rmdir()
    store.discard(second)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_an_imported_run_is_nobody_elses_result(jobs: Jobs, started: Callable[[], list[Run]]) -> None:
    (run,) = submit("anna", 1)
    started()
    jobs.finishes(run)
    assert submit("ben", 1) == [run]
    about = json.loads((run.folder / "about.json").read_text())
    (run.folder / "about.json").write_text(json.dumps({**about, "imported": True}))
    assert submit("carla", 1) != [run]


def test_the_clock_may_jump(jobs: Jobs, started: Callable[[], list[Run]], monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = submit("anna", 1)
    assert started() == [first]
    jobs.begins(first)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    (second,), (third,) = submit("anna", 2), submit("ben", 3)
    assert first.status.state == "running"
    jobs.finishes(first)
    assert started() == [third]
    jobs.finishes(third)
    assert started() == [second]


def test_going_on_while_the_cancelled_process_still_ends_is_not_lost(
    jobs: Jobs, started: Callable[[], list[Run]]
) -> None:
    (run,) = submit("anna", 1)
    assert started() == [run]
    queue.cancel(run, "anna")
    run.set_status(State.CANCELLED)  # by its process, which the supervisor has not seen end yet
    queue.resume(run, "anna")
    assert run.status.state == "queued"
    assert not run.cancel_asked
    assert started() == []  # one process at a time
    jobs.ends(run)
    assert started() == [run]


def test_a_race_is_cancelled_even_if_one_of_its_runs_is_no_longer_ones_own() -> None:
    race_id = race.start(SMALL, ["bce", "supcon", "triplet"], user="anna")
    race.start(race.runs(race_id)[1].config, ["supcon"], user="ben")
    queue.cancel(race.runs(race_id)[1], "anna")
    race.cancel(race_id, "anna")
    assert [outcome.state for outcome in race.outcomes(race_id)] == ["cancelled", "queued", "cancelled"]
    with pytest.raises(RunError, match="somebody else's"):
        race.cancel(race_id, "carla")


def test_two_owners_who_leave_at_once_leave_nothing_behind() -> None:
    (run,) = submit("anna", 1)
    submit("ben", 1)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda user: queue.cancel(run, user), ("anna", "ben")))
    assert run.status.state == "cancelled"
    assert run.about.owners != ()


def test_who_wants_a_run_that_is_just_deleted_gets_a_new_one(jobs: Jobs, started: Callable[[], list[Run]]) -> None:
    (run,) = submit("anna", 1)
    started()
    jobs.finishes(run)
    store.delete(run, "anna")
    (new,) = submit("ben", 1)
    assert new != run
    with pytest.raises(RunError):
        run.join("ben")
    assert not run.folder.exists()


def test_a_link_to_the_home_is_the_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "link"))
    (run,) = submit("anna", 1)
    assert len(queue.places()) == 1
    assert submit("ben", 1) == [run]


def test_a_run_in_a_folder_of_its_own_waits_like_the_others_and_is_shared_with_nobody(
    started: Callable[[], list[Run]], tmp_path: Path
) -> None:
    (run,) = queue.submit([SMALL], folder=tmp_path / "mine")
    assert list(queue.places()) == ["mine"]
    assert index.runs_of("cli") == store.all_runs() == []
    (inside,) = queue.submit([SMALL])
    assert inside != run
    assert started() == [run]


def test_nobody_waits_for_an_interrupted_run_that_nobody_carries_out(
    jobs: Jobs, started: Callable[[], list[Run]]
) -> None:
    (run,) = submit("anna", 1)
    started()
    jobs.finishes(run)
    started()
    (run.folder / "status.json").write_text("{half")
    assert run.status.state == "interrupted"
    assert submit("ben", 1) != [run]


def test_turns_go_round_whatever_the_number_of_runs(
    jobs: Jobs, started: Callable[[], list[Run]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    (served,) = submit("user 3", 1_000)
    assert started() == [served]
    runs = [run for number in range(120) for run in submit(f"user {number % 30}", number)]
    order = list(queue.places())
    numbers = {run.id: number for number, run in enumerate(runs)}
    assert [numbers[run] for run in order[:30]] == [*range(3), *range(4, 30), 3]
    assert sorted(order) == sorted(numbers)


def test_many_who_look_at_a_home_that_is_not_there_see_no_run(home: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _tab: queue.places(), range(8))) == [{}] * 8
    assert not home.exists()


def of_an_earlier_version(run: Run, status: dict[str, object]) -> None:
    """As a run was when the queue was a database."""
    (run.folder / "queue.json").unlink()
    (run.folder / "status.json").write_text(json.dumps({"changed": 1.0, "message": "", **status}))


def test_runs_that_an_earlier_version_queued_come_first_in_their_order(
    home: Path, jobs: Jobs, started: Callable[[], list[Run]]
) -> None:
    """All of them said in their folders that they wait; the database is not looked at."""
    old = submit("anna", 1, 2)
    for run in old:
        of_an_earlier_version(run, {"state": "queued", "pid": None, "born": None})
    (home / "queue.sqlite").write_bytes(b"no database any more")
    (home / "outside.json").write_text("[]")
    (new,) = submit("anna", 3)
    assert list(queue.places()) == [*(run.id for run in old), new.id]
    assert submit("ben", 1) == [old[0]]
    for run in (*old, new):
        assert started() == [run]
        jobs.finishes(run)
