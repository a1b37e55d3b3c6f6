"""What the tests of runs share: small runs, waiting for them, and backends that need no process."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from simcse_core.learning.records import State
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import backends
from simcse_core.runs.backends import WORKER, JobStatus
from simcse_core.runs.config import RunConfig, describe
from simcse_core.runs.run import Run
from simcse_core.runs.supervisor import Supervisor
from simcse_core.runs.worker import carry_out

SMALL = RunConfig(
    data="intents-zh",
    model="use-multilingual",
    settings=TrainingSettings(tune="head", epochs=2, head_learning_rate=1e-3),
)


def with_seed(seed: int, **settings: object) -> RunConfig:
    """The small run, with another seed or other settings."""
    return SMALL.model_copy(update={"settings": SMALL.settings.model_copy(update={"seed": seed, **settings})})


@pytest.fixture(scope="session")
def described() -> RunConfig:
    return describe(SMALL)


def wait_until(holds: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


class Jobs:
    """A backend that lives elsewhere: its jobs have no process here, and do what the test says."""

    def __init__(self) -> None:
        self.running: dict[str, Run] = {}
        self.submitted: list[Run] = []
        self.cancelled: list[str] = []
        self.inside = "a process outside of all jobs"
        """The job that this process stands for."""

    def submit(self, command: Sequence[str]) -> str:
        assert tuple(command[: len(WORKER)]) == WORKER
        run = Run(Path(command[-1]))
        self.submitted.append(run)
        job = f"job {len(self.submitted)} on node 7"
        self.running[job] = run
        return job

    def status(self, job: str) -> JobStatus:
        return "running" if job in self.running else "ended"

    def cancel(self, job: str) -> None:
        self.cancelled.append(job)
        self.running.pop(job)

    def this_job(self) -> str:
        return self.inside

    def prepare(self) -> None:
        pass

    def job_of(self, run: Run) -> str:
        """The first job of a run that is still there."""
        return next(job for job, other in self.running.items() if other == run)

    def begins(self, run: Run) -> None:
        """The process of a run says that it is at work."""
        self.inside = self.job_of(run)
        run.set_status(State.RUNNING)

    def ends(self, run: Run) -> None:
        """The processes of a run end without an error message."""
        self.running = {job: other for job, other in self.running.items() if other != run}

    def finishes(self, run: Run) -> None:
        """The process of a run ends after its training."""
        run.model.mkdir(exist_ok=True)
        run.set_status(State.FINISHED)
        self.ends(run)


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """The backend of everything in this process."""
    jobs = Jobs()
    monkeypatch.setattr(backends, "backend", lambda: jobs)
    return jobs


class Here:
    """A backend that carries out what it gets in this process, before it answers."""

    def submit(self, command: Sequence[str]) -> str:
        carry_out(Run(Path(command[-1])))
        return "done"

    def status(self, _job: str) -> JobStatus:
        return "ended"

    def cancel(self, _job: str) -> None:
        pass

    def this_job(self) -> str:
        return "this process"

    def prepare(self) -> None:
        pass


def carry_out_all(*, soon: bool = False) -> None:
    """In the place of `queue.ensure_supervisor`: all runs that wait are carried out at once, in this process."""
    supervisor = Supervisor(Here())
    while supervisor.look():
        pass
