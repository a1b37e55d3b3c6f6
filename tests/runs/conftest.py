"""What the tests of runs share: small runs, and waiting for them."""

import time
from collections.abc import Callable

import pytest

from simcse_core.learning.settings import TrainingSettings
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


def wait_until(holds: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
