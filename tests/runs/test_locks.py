"""File systems without locks: what is said is the truth, and what to do."""

import errno
import fcntl
import sqlite3
from pathlib import Path

import pytest
from filelock import Timeout

from simcse_core.errors import RunError
from simcse_core.runs import database, locks, queue
from tests.runs.conftest import SMALL

pytestmark = pytest.mark.usefixtures("nobody_works")

WITHOUT_LOCKS = [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP]
TRUTH = r"cannot be locked .*Set SIMCSE_HOME to a folder on a disk of this machine"


def refuse(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def call(*_arguments: object) -> None:
        raise OSError(number, "No locks available")

    monkeypatch.setattr(fcntl, "flock", call)
    monkeypatch.setattr(fcntl, "lockf", call)


@pytest.mark.parametrize("number", WITHOUT_LOCKS)
def test_a_lock_on_a_file_system_without_any_says_so_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refuse(monkeypatch, number)
    with pytest.raises(RunError, match=TRUTH), locks.lock(tmp_path / "a.lock"):
        pass
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("number", WITHOUT_LOCKS)
def test_a_queue_that_sqlite_calls_busy_where_there_are_no_locks_is_not_held_by_a_program(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    queue.submit([SMALL])
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.01)
    with sqlite3.connect(database.path(), isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        refuse(monkeypatch, number)
        with pytest.raises(RunError, match=TRUTH):
            queue.submit([SMALL.model_copy(update={"device": "cpu"})])


@pytest.mark.parametrize("said", ["disk I/O error", "locking protocol"])
def test_what_sqlite_says_of_a_network_folder_is_put_into_words(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    def connect(*_arguments: object, **_options: object) -> None:
        raise sqlite3.OperationalError(said)

    monkeypatch.setattr(sqlite3, "connect", connect)
    with pytest.raises(RunError, match="set SIMCSE_HOME to a folder on a disk of this machine") as caught:
        queue.places()
    assert "Another program" not in str(caught.value)


def test_a_lock_that_somebody_has_is_waited_for_as_long_as_asked(tmp_path: Path) -> None:
    with (
        locks.lock(tmp_path / "a.lock"),
        pytest.raises(Timeout),
        locks.lock(tmp_path / "a.lock", seconds=0.05),
    ):
        pass
    with locks.lock(tmp_path / "a.lock", seconds=0):
        pass
