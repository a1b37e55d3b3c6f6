"""What the tests of calls share: a worker beside them, a model that trains in moments, and its data."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from simcse_core.runs import queue
from tests.learning.small import data_of, tiny_model
from tests.runs.conftest import carry_out_all


@pytest.fixture(autouse=True)
def the_worker_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are carried out in this process as soon as they are queued: each process would take seconds to start."""
    monkeypatch.setattr(queue, "ensure_supervisor", carry_out_all)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of two layers."""
    folder = tmp_path_factory.mktemp("tiny") / "model"
    tiny_model().save(folder)
    return folder


def columns_of(kind: str) -> Mapping[str, Sequence[Any]]:
    """The small data of a kind as a dictionary of columns."""
    data = data_of(kind)
    return {column: list(getattr(data, column)) for column in data.columns}


QUICK: dict[str, Any] = {"epochs": 1, "batch_size": 16, "progress": False}
