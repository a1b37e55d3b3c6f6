import json
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simcse_core.errors import RunError, UserError
from simcse_core.learning.records import State
from simcse_core.runs import database, entries, queue, race, store
from simcse_core.runs.run import Run
from simcse_core.runs.schedule import claim, in_order
from tests.records import step
from tests.runs.conftest import SMALL, with_seed

pytestmark = pytest.mark.usefixtures("nobody_works")


def submit(user: str, *seeds: int, expected: float | None = None) -> list[Run]:
    return queue.submit([with_seed(seed) for seed in seeds], user=user, expected=expected)


def claimed() -> Run:
    entry = claim()
    assert entry is not None
    return entry.run


def done(run: Run) -> None:
    run.model.mkdir()
    run.set_status(State.FINISHED)
    entries.ended(run, 5.0)


def test_users_take_turns_and_have_one_run_at_work_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_WORKERS", "2")
    anna, ben = submit("anna", 1, 2, 3), submit("ben", 4, 5)
    assert [claimed(), claimed()] == [anna[0], ben[0]]
    assert claim() is None  # two workers are busy
    done(anna[0])
    assert claimed() == anna[1]  # ben has one at work
    late = submit("carla", 6)
    done(ben[0])
    assert claimed() == late[0]  # she has not had a turn yet
    done(anna[1])
    done(late[0])
    assert [claimed(), claimed()] == [ben[1], anna[2]]


def test_a_place_says_how_many_and_about_how_long() -> None:
    submit("anna", 1, 2, expected=30)
    (ben,) = submit("ben", 3, expected=30)
    assert claimed().config.settings.seed == 1
    places = queue.places()
    assert [places[run.id].position for run in (ben, *store.runs_of("anna")[:1])] == [1, 2]
    assert places[ben.id].seconds == pytest.approx(30 + 8)  # the one at work has not said how far it is
    run = next(run for run in store.all_runs() if run.config.settings.seed == 1)
    run.append(step(10, 30, seconds=4.0))
    assert queue.places()[ben.id].seconds == pytest.approx(8.0)  # 20 of 30 steps are left, 10 took 4 s
    assert queue.places()[store.runs_of("anna")[0].id].seconds == pytest.approx(8 + 30 + 8)


def test_where_nothing_is_known_no_time_is_told() -> None:
    first, second = submit("anna", 1, 2)
    assert queue.places()[first.id].seconds == 0
    assert queue.places()[second.id].seconds is None


def test_identical_configurations_run_once() -> None:
    (anna,) = submit("anna", 1)
    assert submit("ben", 1) == submit("ben", 1) == [anna]
    assert anna.about.owners == ("anna", "ben")
    assert claimed() == anna
    done(anna)
    assert submit("carla", 1) == [anna]  # finished: its result is there at once
    anna.set_status(State.FAILED)
    assert submit("carla", 1) != [anna]


def test_two_tabs_at_once_queue_one_run() -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda tab: submit(f"tab {tab}", 1), range(4)))
    assert len({run.id for (run,) in found}) == 1
    assert len(list(store.all_runs())) == 1
    assert len(found[0][0].about.owners) == 4


def test_a_run_of_two_users_goes_on_for_the_other() -> None:
    (run,) = submit("anna", 1)
    submit("ben", 1)
    queue.cancel(run, "anna")
    assert (run.status.state, run.about.owners) == ("queued", ("ben",))
    with pytest.raises(RunError, match="somebody else's"):
        queue.cancel(run, "anna")
    queue.cancel(run, "ben")
    assert run.status.state == "cancelled"
    assert claim() is None


def test_a_run_that_was_given_away_is_asked_to_stop() -> None:
    (run,) = submit("anna", 1)
    assert claimed() == run
    queue.cancel(run, "anna")
    assert run.cancel_asked
    assert run.status.state == "queued"  # its process will find out


def test_a_stopped_run_can_be_queued_again_and_a_finished_one_not() -> None:
    (run,) = submit("anna", 1)
    queue.cancel(run, "anna")
    with pytest.raises(RunError, match="somebody else's"):
        queue.resume(run, "ben")
    queue.resume(run, "anna")
    assert claimed() == run
    with pytest.raises(RunError, match="is not over"):
        queue.resume(run, "anna")
    done(run)
    with pytest.raises(RunError, match="is finished"):
        queue.resume(run, "anna")


def test_the_queue_has_a_limit_and_so_has_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_MAX_QUEUED_RUNS", "4")
    monkeypatch.setenv("SIMCSE_MAX_QUEUED_RUNS_PER_USER", "2")
    with pytest.raises(RunError, match="At most 2 of your runs"):
        submit("anna", 1, 2, 3)
    assert list(store.all_runs()) == []  # all or nothing
    submit("anna", 1, 2)
    submit("ben", 3, 4)
    with pytest.raises(RunError, match="at most 4 runs"):
        submit("carla", 5)


@pytest.mark.parametrize(
    "content", [b"this is no database" * 100, b"SQLite format 3\0" + b"\xff" * 5_000, b"\0" * 4096]
)
def test_a_damaged_queue_is_kept_aside_and_the_runs_are_found_again(home: Path, content: bytes) -> None:
    (finished,) = submit("anna", 1)
    claimed()
    done(finished)
    anna, ben = submit("anna", 2), submit("ben", 3)
    (cancelled,) = submit("ben", 4)
    queue.cancel(cancelled, "ben")
    (home / "queue.sqlite-wal").unlink(missing_ok=True)
    (home / "queue.sqlite").write_bytes(content)
    assert list(queue.places()) == [anna[0].id, ben[0].id]
    kept = [path for path in home.glob("queue-damaged-*.sqlite") if path.read_bytes() == content]
    assert len(kept) == 1
    assert submit("carla", 1) == [finished]
    assert [claimed()] == anna


def test_another_programs_tables_are_kept_aside_too(home: Path) -> None:
    home.mkdir()
    with sqlite3.connect(home / "queue.sqlite") as connection:
        connection.execute("CREATE TABLE runs (something TEXT)")
    assert submit("anna", 1)[0].id in queue.places()
    assert len(list(home.glob("queue-damaged-*"))) == 1


def test_a_removed_queue_finds_its_runs_again(home: Path) -> None:
    (run,) = submit("anna", 1)
    for path in home.glob("queue.sqlite*"):
        path.unlink()
    queue.ensure_supervisor()
    assert claimed() == run


def test_a_run_that_never_reached_the_queue_is_taken_in(home: Path) -> None:
    queue.places()
    run = store.create(SMALL, owner="anna")  # and then its submitter was killed
    entries.take_in_lost_runs()
    entries.take_in_lost_runs()
    assert list(queue.places()) == [run.id]
    queue.cancel(run, "anna")
    run.set_status(State.QUEUED)  # by somebody who was killed before the run was in the queue again
    entries.take_in_lost_runs()
    assert list(queue.places()) == [run.id]


def test_a_queue_that_another_program_holds_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    submit("anna", 1)
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.1)
    with sqlite3.connect(database.path(), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(RunError, match="Another program holds the queue"):
            submit("ben", 2)
        other.execute("ROLLBACK")
    assert len(list(store.all_runs())) == 1
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
    real = store.create
    made: list[Run] = []

    def create(*arguments: object, **options: object) -> Run:
        if made:
            raise RunError("There is no space left on the disk of {folder}. Make room, then go on.", folder="home")
        made.append(real(*arguments, **options))  # type: ignore[arg-type]
        return made[0]

    monkeypatch.setattr(store, "create", create)
    with pytest.raises(RunError, match="no space left"):
        submit("anna", 2, 3)
    assert len(list(store.all_runs())) == 1
    assert len(queue.places()) == 1


def test_a_failed_run_in_a_folder_of_ones_own_is_replaced_and_other_files_stay(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "thesis.txt").write_text("years of work")
    (first,) = queue.submit([SMALL], folder=folder)
    assert claimed() == first
    first.set_status(State.FAILED, "why")
    entries.ended(first, None)
    (second,) = queue.submit([SMALL], folder=folder)
    assert claimed() == second
    entries.ended(second, None)
    with pytest.raises(RunError, match="already holds a run"):
        queue.submit([SMALL], folder=folder)
    second.set_status(State.FINISHED)
    with pytest.raises(RunError, match="a folder of your own"):
        store.delete(second, None)
    store.discard(second)
    assert [path.name for path in folder.iterdir()] == ["thesis.txt"]


def test_an_imported_run_is_nobody_elses_result(home: Path) -> None:
    (run,) = submit("anna", 1)
    claimed()
    done(run)
    about = json.loads((run.folder / "about.json").read_text())
    (run.folder / "about.json").write_text(json.dumps({**about, "imported": True}))
    for path in home.glob("queue.sqlite*"):
        path.unlink()
    assert submit("ben", 1) != [run]


def test_the_clock_may_jump(monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = submit("anna", 1)
    assert claimed() == first
    first.set_status(State.RUNNING)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    second, third = submit("anna", 2), submit("ben", 3)
    assert first.status.state == "running"
    assert first.status.pid == os.getpid()
    done(first)
    assert [claimed()] == third
    done(third[0])
    assert [claimed()] == second


def test_going_on_while_the_cancelled_process_still_ends_is_not_lost() -> None:
    (run,) = submit("anna", 1)
    assert claimed() == run
    queue.cancel(run, "anna")
    run.set_status(State.CANCELLED)  # by its process, which the supervisor has not seen end yet
    queue.resume(run, "anna")
    assert run.status.state == "queued"
    assert not run.cancel_asked
    assert [entry.run for entry in entries.given()] == [run]


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


def test_who_wants_a_run_that_is_just_deleted_gets_a_new_one() -> None:
    (run,) = submit("anna", 1)
    claimed()
    done(run)
    store.delete(run, "anna")
    (other,) = submit("ben", 1)
    assert other != run
    with pytest.raises(RunError):
        run.join("ben")
    assert not run.folder.exists()


def test_a_link_to_the_home_is_the_home(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    (tmp_path / "link").symlink_to(home)
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "link"))
    (run,) = submit("anna", 1)
    entries.take_in_lost_runs()
    assert len(queue.places()) == 1
    assert submit("ben", 1) == [run]


def test_a_run_in_a_folder_of_its_own_is_found_again_when_the_queue_is_lost(home: Path, tmp_path: Path) -> None:
    (run,) = queue.submit([SMALL], folder=tmp_path / "mine")
    for path in home.glob("queue.sqlite*"):
        path.unlink()
    assert list(queue.places()) == ["mine"]
    assert claimed() == run


def test_nobody_waits_for_an_interrupted_run_that_nobody_carries_out() -> None:
    (run,) = submit("anna", 1)
    claimed()
    done(run)
    (run.folder / "status.json").write_text("{half")
    assert run.status.state == "interrupted"
    assert submit("ben", 1) != [run]


def test_turns_go_round_whatever_the_number_of_runs() -> None:
    waiting = [entries.Entry(n, Run(Path(str(n))), f"user {n % 30}", None, None, None, 0, -1) for n in range(500)]
    order = in_order(waiting, {"user 3": 7})
    assert [entry.number for entry in order[:30]] == [*range(3), *range(4, 30), 3]
    assert sorted(entry.number for entry in order) == list(range(500))


def test_many_who_make_the_queue_at_once_make_one(home: Path) -> None:
    for number in range(10):
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(lambda _tab: queue.places(), range(8))) == [{}] * 8
        (home / "queue.sqlite").rename(home / f"queue-{number}.sqlite")
