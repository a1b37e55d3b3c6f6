"""A hub of our own that has one repository of each kind, with a small and a large file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from simcse_core.hub.client import Kind, Query
from tests.stand_in_hub import StandInHub, stand_in_hub

SMALL, LARGE = "config.json", "inner/model.safetensors"
CONTENT = {SMALL: b'{"layers": 2}', LARGE: bytes(range(256)) * 8_000}
"""By path; the large one has two megabytes."""


@pytest.fixture(params=["model", "dataset"])
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    return kind


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandInHub]:
    with stand_in_hub(monkeypatch) as hub:
        for name in ("someone/things", "datasets/someone/things"):
            hub.repositories[name] = dict(CONTENT)
        yield hub


@pytest.fixture
def query(kind: Kind, tmp_path: Path) -> Query:
    return Query("things", "someone/things", kind, tmp_path / "root", command="fetch things")
