"""Folders of other users and files with other things in them: they are left out, and nobody else notices."""

import builtins
import io
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from simcse_core.errors import RunError
from simcse_core.jsonable import jsonable
from simcse_core.learning.records import State
from simcse_core.runs import entries, files, index, metrics, queue, race, schedule, store, supervisor
from simcse_core.runs.run import Run
from simcse_core.runs.summary import summarise
from simcse_core.runs.supervisor import Supervisor
from tests.records import step
from tests.runs.conftest import SMALL, Jobs, with_seed

pytestmark = pytest.mark.usefixtures("nobody_works")

ODD = {
    "nothing": b"",
    "null": b"null",
    "list": b"[]",
    "list of null": b"[null]",
    "text": b'"text"',
    "number": b"7",
    "digits": b"9" * 5_000,
    "large": b"1e999",
    "not a number": b"NaN",
    "deep": b"[" * 100_000,
    "deep and closed": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "no UTF-8": b'{"state": "\xff"}',
    "half": b'{"state": "finis',
    "nulls": b'{"state": null, "owners": null, "name": null, "created": null, "before": null, "event": null}',
    "huge": b'{"state": "running", "owners": ["a"], "name": "b", "pid": 9%s, "created": 9%s}'
    % (b"9" * 400, b"9" * 400),
    "numbers": b'{"state": "failed", "message": 5, "template": [], "values": 3, "owners": 4, "before": {"values": 1}}',
    "nested nulls": b'{"before": {"values": {"m": [null, "x"]}, "cosines": [null], "gold": []}, "after": {}}',
    "lone surrogate": b'{"state": "failed", "message": "\\ud800", "owners": ["\\ud800"], "name": ""}',
}
"""What a damaged file may hold where an object belongs."""


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that belong to somebody else, mode 700: for root there are none, so the system calls refuse."""
    shut: list[Path] = []
    real = {name: getattr(os, name) for name in ("stat", "listdir", "scandir", "open")}

    def refusing(name: str) -> Any:
        def call(path: Any = ".", *arguments: Any, **options: Any) -> Any:
            if isinstance(path, str | os.PathLike) and any(
                folder in Path(path).parents or (name in ("listdir", "scandir") and folder == Path(path))
                for folder in shut
            ):
                raise PermissionError(13, "Permission denied", str(path))
            return real[name](path, *arguments, **options)

        return call

    opened = io.open

    def open_(file: Any, *arguments: Any, **options: Any) -> Any:
        if isinstance(file, str | os.PathLike) and any(folder in Path(file).parents for folder in shut):
            raise PermissionError(13, "Permission denied", str(file))
        return opened(file, *arguments, **options)

    for name in real:
        monkeypatch.setattr(os, name, refusing(name))
    monkeypatch.setattr(io, "open", open_)
    monkeypatch.setattr(builtins, "open", open_)
    monkeypatch.setattr(files, "passed_over", set())
    return shut


def test_a_folder_of_another_user_is_left_out_with_one_line_and_all_others_go_on(
    jobs: Jobs, closed: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    theirs, mine = queue.submit([with_seed(1), with_seed(2)], user="anna")
    closed.append(theirs.folder)
    with pytest.raises(PermissionError):
        (theirs.folder / "config.json").is_file()  # what Python says of such a folder
    assert store.all_runs() == store.runs_of("anna") == index.runs_of("anna") == [mine]
    assert capsys.readouterr().err.count("is left out: Permission denied") == 1
    with pytest.raises(RunError, match="There is no run"):
        store.get(theirs.id)
    assert list(queue.places()) == [mine.id]
    Supervisor().look()
    assert jobs.submitted == [mine]


def test_a_run_that_waits_or_is_at_work_in_a_folder_that_is_closed_now_stops_no_other(
    jobs: Jobs, closed: list[Path]
) -> None:
    at_work, theirs, mine = queue.submit([with_seed(1), with_seed(2), with_seed(3)], user="anna")
    watch = Supervisor()
    watch.look()
    jobs.ends(at_work)
    closed += [at_work.folder, theirs.folder]
    for _look in range(3):
        watch.look()
    assert list(jobs.running.values()) == [mine]
    closed.clear()
    index.touch()  # a second passes
    watch.tried_at -= 2 * supervisor.AGAIN_SECONDS
    watch.look()
    assert list(jobs.running.values()) == [mine, at_work]  # it was the first one


def test_a_home_whose_runs_cannot_be_listed_has_none(home: Path, closed: list[Path]) -> None:
    store.create(SMALL)
    closed.append(home / "runs")
    assert list(store.all_runs()) == []
    assert index.Index().look() == []


def test_what_only_looks_like_a_run_is_none(home: Path) -> None:
    run = store.create(SMALL, owner="anna")
    for make in (
        lambda path: path.write_text("a file"),
        lambda path: path.mkdir(),
        lambda path: path.symlink_to("nowhere"),
        lambda path: path.symlink_to(path),
        lambda path: (path.mkdir(), (path / "config.json").mkdir()),
        lambda path: (path.mkdir(), (path / "config.json").symlink_to("nowhere")),
    ):
        make(store.new_folder())
    assert list(store.all_runs()) == [run]
    assert [one.run for one in index.Index().look()] == [run]
    assert list(queue.places()) == [run.id]


@pytest.mark.parametrize("content", ODD.values(), ids=list(ODD))
@pytest.mark.parametrize(
    "name",
    ["config.json", "status.json", "about.json", "queue.json", "items.json", "metrics.jsonl", "heartbeat", "log.txt"],
)
def test_whatever_stands_in_a_file_of_a_run_it_is_read_as_nothing(name: str, content: bytes) -> None:
    run = store.create(SMALL, owner="anna")
    (run.folder / name).write_bytes(content + b"\n")
    read_all_of(run)
    assert metrics.read(run.folder / "metrics.jsonl") == []
    assert [seen.id for seen in store.all_runs()] == [run.id]


@pytest.mark.parametrize(
    "name", ["status.json", "about.json", "queue.json", "items.json", "metrics.jsonl", "heartbeat", "log.txt"]
)
def test_a_folder_in_the_place_of_a_file_of_a_run_is_read_as_nothing(name: str) -> None:
    run = store.create(SMALL, owner="anna")
    (run.folder / name).unlink(missing_ok=True)
    (run.folder / name).mkdir()
    read_all_of(run)


def read_all_of(run: Run) -> None:
    """All that pages and supervisors read of a run; a damaged configuration is the only error, in words."""
    summary = summarise(run, "anna")
    assert summary.id == run.id
    assert run.status.state != State.RUNNING
    assert isinstance(run.about.owners, tuple)
    assert run.items() is None
    assert isinstance(run.heartbeat, str)
    assert isinstance(run.log_end(100), str)
    assert isinstance(run.title_for("anna"), str)
    assert run.records() == []
    if not summary.damaged:
        assert race.outcome(run).finished is None
    assert set(queue.places()) <= {run.id}


@pytest.mark.parametrize("name", ["config.json", "about.json", "status.json", "queue.json", "heartbeat", "items.json"])
def test_a_pipe_or_gigabytes_in_the_place_of_a_file_of_a_run_hold_nobody_up(name: str) -> None:
    odd, sound = store.create(SMALL), store.create(with_seed(1))
    (odd.folder / name).unlink(missing_ok=True)
    os.mkfifo(odd.folder / name)
    assert sound in store.all_runs()
    assert sound.id in queue.places()
    (odd.folder / name).unlink()
    with (odd.folder / name).open("wb") as file:
        file.truncate(2**33)  # of zeros that take no room
    assert sound in store.all_runs()
    assert sound.id in queue.places()
    assert odd.heartbeat == ""
    assert odd.status.state in ("queued", "interrupted")


def test_a_run_is_made_in_no_folder_that_holds_other_files(tmp_path: Path) -> None:
    (tmp_path / "project" / "model").mkdir(parents=True)
    (tmp_path / "project" / "model" / "weights.bin").write_bytes(b"precious")
    for folder in (tmp_path / "project", tmp_path / "project" / "model" / "weights.bin"):
        with pytest.raises(RunError, match=r"holds other files\. Name a new folder for the run"):
            store.create(SMALL, folder)
    assert (tmp_path / "project" / "model" / "weights.bin").read_bytes() == b"precious"
    (tmp_path / "empty").mkdir()
    assert store.create(SMALL, tmp_path / "empty").status.state == "queued"


@pytest.mark.parametrize("content", ODD.values(), ids=list(ODD))
def test_a_damaged_race_takes_no_other_race_away(home: Path, content: bytes) -> None:
    race_id = race.start(SMALL, ["bce"], user="anna")
    (home / "races" / "0123456789abcdef.json").write_bytes(content)
    (home / "races" / "fedcba9876543210.json").mkdir()
    (run,) = race.runs(race_id)
    assert race.races_of(run.id) == [race_id]
    with pytest.raises(RunError, match="There is no race"):
        race.runs("0123456789abcdef")
    for name in ("outside.json", "served.json"):
        (home / name).write_bytes(content)
    assert store.all_runs() == [run]
    assert list(queue.places()) == [run.id]
    baselines = race.baselines_file(run.config)
    baselines.parent.mkdir()
    baselines.write_bytes(content)
    assert race.baselines(race_id) == {}


def test_numbers_that_are_none_in_a_record_leave_it_out_and_an_end_without_sense_is_no_end() -> None:
    run = store.create(SMALL)
    sound = step(1, 2, loss=0.5)
    run.append(sound)
    path = run.folder / "metrics.jsonl"
    for odd in (
        '"loss": "low"',
        '"loss": true',
        '"step": 0',
        '"epoch": 1e999',
        '"observed": [1]',
        f'"steps": {"9" * 500}',
    ):
        line = json.dumps(jsonable(sound))[:-1] + f", {odd}}}\n"  # the later value of a name counts
        with path.open("a") as file:
            file.write(line)
    assert run.records() == [sound]
    with path.open("a") as file:
        file.write('{"event": "finished", "seconds": "long", "dev_after": {"auc": 1}}\n')
    run.set_status(State.FINISHED)
    assert race.outcome(run).finished is None
    assert summarise(run).damaged


def test_whatever_stands_where_the_queue_keeps_its_files_the_runs_are_carried_out(home: Path, jobs: Jobs) -> None:
    (home / "queue.sqlite").mkdir(parents=True)  # an earlier version's
    (home / "outside.json").mkdir()
    (run,) = queue.submit([SMALL], user="anna")
    (home / "served.json").write_text("[1, 2]")
    Supervisor().look()
    assert jobs.submitted == [run]


def test_a_run_whose_entry_cannot_be_written_is_given_up_in_words_and_the_next_one_starts(jobs: Jobs) -> None:
    odd, sound = queue.submit([with_seed(1), with_seed(2)], user="anna")
    (odd.folder / "queue.json").unlink()
    (odd.folder / "queue.json").mkdir()
    Supervisor().look()
    assert list(jobs.running.values()) == [sound]
    assert odd.status.state == "failed"
    assert "cannot be written" in odd.status.message


def test_a_supervisor_outlives_whatever_it_meets_at_its_start(
    home: Path, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_run: Run) -> bool:
        raise RecursionError("somebody's file")

    home.mkdir()
    (home / "queue.sqlite").write_bytes(b"of an earlier version")
    store.create(SMALL).set_status(State.RUNNING)
    monkeypatch.setattr(supervisor, "IDLE_SECONDS", 0.0)
    monkeypatch.setattr(entries, "is_there", fails)
    Supervisor().work()
    assert "RecursionError: somebody's file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "content",
    [
        '{"number": 1, "expected": NaN}',
        '{"number": 1, "took": Infinity}',
        '{"number": 1, "expected": 1e308}',
        '{"number": 1, "expected": -5}',
        '{"number": ' + "9" * 4_300 + "}",
        '{"deaths": -5}',
    ],
)
def test_an_entry_of_the_queue_with_impossible_numbers_counts_as_none(content: str) -> None:
    edited, waiting = queue.submit([with_seed(1), with_seed(2)])
    (edited.folder / "queue.json").write_text(content)
    assert [math.isfinite(place.seconds or 0.0) for place in queue.places().values()] == [True, True]
    edited.set_status(State.CANCELLED)
    queue.resume(edited, None)
    assert set(queue.places()) == {edited.id, waiting.id}


def test_a_pointer_to_no_folder_at_all_takes_no_run_away(home: Path) -> None:
    (run,) = queue.submit([SMALL])
    (home / "outside.json").write_text('["\\u0000", ""]')
    assert list(queue.places()) == [run.id]


def test_who_was_served_last_may_be_unwritable(home: Path) -> None:
    (home / "served.json").mkdir(parents=True)
    with schedule.locked():
        schedule.serve("somebody")
    assert (home / "served.json").is_dir()
