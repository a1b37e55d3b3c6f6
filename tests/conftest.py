"""What all tests share: a home of their own, and the two offline models, loaded once."""

import os
from pathlib import Path

import pytest

from simcse_core.encoding.frozen import FrozenEncoder
from simcse_core.encoding.model import SimCSE

os.environ["HF_HUB_OFFLINE"] = "1"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees another one's runs, or the user's."""
    folder = tmp_path / "home"
    monkeypatch.setenv("SIMCSE_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def minilm() -> SimCSE:
    return SimCSE.load("minilm", device="cpu")


@pytest.fixture(scope="session")
def multilingual() -> FrozenEncoder:
    return FrozenEncoder.load()


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
