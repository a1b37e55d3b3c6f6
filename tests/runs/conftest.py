"""What the tests of runs share: small runs, and no process that outlives its test."""

import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import queue
from simcse_core.runs.config import RunConfig, describe

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


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    stop_supervisors()


def stop_supervisors() -> None:
    """Kill the supervisors that this process has started, and what they have started."""
    for supervisor in queue._supervisors:
        if supervisor.poll() is None:
            children = psutil.Process(supervisor.pid).children(recursive=True)
            supervisor.kill()
            for child in children:
                child.kill()
        supervisor.wait(20)
    queue._supervisors.clear()


@pytest.fixture
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are queued, and stay there."""
    monkeypatch.setattr(queue, "start_supervisor", lambda: None)


def wait_until(holds: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
