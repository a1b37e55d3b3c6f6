"""What the tests of commands share: running one in this process, a worker beside it, and a hub."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simcse_core.commands.main import main
from simcse_core.encoding.model import SimCSE
from simcse_core.runs import queue
from tests.runs.conftest import carry_out_all
from tests.stand_in_hub import StandInHub, stand_in_hub, tiny_model

Command = Callable[..., tuple[int, str, str]]


def records_of(out: str) -> list[dict[str, Any]]:
    """The records that a training has printed."""
    return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs a command in this process; gives exit status, stdout and stderr."""

    def call(*arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


@pytest.fixture
def run_line(run: Command) -> Command:
    """As `run`, of lines of several words."""

    def call(*lines: str) -> tuple[int, str, str]:
        return run(*" ".join(lines).split())

    return call


@pytest.fixture
def the_worker_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are carried out in this process as soon as they are queued: each process would take seconds to start."""
    monkeypatch.setattr(queue, "ensure_supervisor", carry_out_all)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, minilm: SimCSE) -> Iterator[StandInHub]:
    tiny_model(minilm).save(tmp_path / "tiny")
    with stand_in_hub(monkeypatch) as hub:
        hub.add("someone/tiny", tmp_path / "tiny")
        hub.add("BAAI/bge-small-zh-v1.5", tmp_path / "tiny")
        yield hub
