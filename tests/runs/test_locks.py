"""File systems without locks: what is said is the truth, and what to do."""

import errno
import fcntl
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import Timeout

from simcse_core.errors import RunError
from simcse_core.runs import locks, queue, store
from simcse_core.runs.run import Run
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
@pytest.mark.parametrize(
    "work",
    [
        lambda _waiting, _stopped: queue.submit([SMALL.model_copy(update={"layer": 2})]),
        lambda waiting, _stopped: queue.cancel(waiting, None),
        lambda _waiting, stopped: queue.resume(stopped, None),
    ],
    ids=["submit", "cancel", "resume"],
)
def test_a_queue_where_there_are_no_locks_says_so_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, number: int, work: Callable[[Run, Run], object]
) -> None:
    waiting, stopped = queue.submit([SMALL, SMALL.model_copy(update={"device": "cpu"})])
    queue.cancel(stopped, None)
    refuse(monkeypatch, number)
    with pytest.raises(RunError, match=TRUTH):
        work(waiting, stopped)
    assert [run.status.state for run in store.all_runs()] == ["queued", "cancelled"]


def test_a_lock_that_somebody_has_is_waited_for_as_long_as_asked(tmp_path: Path) -> None:
    with (
        locks.lock(tmp_path / "a.lock"),
        pytest.raises(Timeout),
        locks.lock(tmp_path / "a.lock", seconds=0.05),
    ):
        pass
    with locks.lock(tmp_path / "a.lock", seconds=0):
        pass
