"""What the tests of commands share: running one in this process, a worker beside it, and a hub."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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


_HEEDING = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("simcse_core", run_name="__main__", alter_sys=True)
"""


@contextmanager
def heeding_ctrl_c(arguments: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    """A command in a process of its own that heeds Ctrl-C, and is ended whatever the test finds.

    A shell has what it starts with "&" ignore Ctrl-C, tests among it. The process itself undoes that: code between
    fork and exec may wait for ever for a lock that a thread of the tests had.
    """
    command = [sys.executable, "-c", _HEEDING, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


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
