"""What all tests share: a home of their own, no process that outlives its test, and the offline models."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE
from simcse_core.runs import queue

os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One models folder for all tests, so that the packed model is unpacked once."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "models"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees another one's runs, or the user's."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SIMCSE_HOME", str(folder))
    monkeypatch.setenv("SIMCSE_MODELS", str(models))
    return folder


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    stop_supervisors()


def stop_supervisors() -> None:
    """Kill the supervisors that this process has started, and what they have started."""
    for supervisor in queue.supervisors:
        if supervisor.poll() is None:
            children = psutil.Process(supervisor.pid).children(recursive=True)
            supervisor.kill()
            for child in children:
                child.kill()
        supervisor.wait(20)
    queue.supervisors.clear()


@pytest.fixture
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are queued, and stay there."""
    monkeypatch.setattr(queue, "start_supervisor", lambda: None)


@pytest.fixture(scope="session")
def minilm() -> SimCSE:
    return SimCSE.load("minilm", device="cpu")


@pytest.fixture(scope="session")
def me5_small(models: Path) -> SimCSE:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SIMCSE_HOME", str(models.parent / "home"))
        environment.setenv("SIMCSE_MODELS", str(models))
        return SimCSE.load("me5-small", device="cpu")


@pytest.fixture(scope="session")
def multilingual() -> FrozenEncoder:
    return FrozenEncoder.load()


@pytest.fixture(scope="session")
def offline(minilm: SimCSE, me5_small: SimCSE, multilingual: FrozenEncoder) -> dict[str, SimCSE | FrozenEncoder]:
    """All models that need no network, by name."""
    return {"minilm": minilm, "me5-small": me5_small, "use-multilingual": multilingual}


SENTENCES = [
    "A cat sleeps on the sofa.",
    "A kitten naps.",
    "The committee postponed its decision on the new tram line until the end of the month.",
    "Stocks fell.",
    "",
    "Is it?",
    "A cat sleeps on the sofa.",
    "one long sentence that goes on and " * 6,
]
"""Short, long, empty and repeated."""
