"""Trainings in the queue, followed on the terminal: their records as they come, and what Ctrl-C does."""

import argparse
import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.api.queued import cancelling
from simcse_core.commands.printing import to_stderr
from simcse_core.data.held_out import Sentence
from simcse_core.plain import shell_word

if TYPE_CHECKING:
    from simcse_core.learning.records import Record
    from simcse_core.runs.config import RunConfig
    from simcse_core.runs.run import Run

__all__ = ["cancelling", "follow", "queued", "resuming", "say"]

Emit = Callable[["Record"], None]


def queued(configs: "Sequence[RunConfig]", options: argparse.Namespace, *, output: bool = True) -> "list[Run]":
    """Put trainings into the queue; says on stderr which of them are there already.

    Args:
        configs: described; several differ in something.
        options: of the command.
        output: whether --output is the folder of the only one.
    """
    from simcse_core.runs import queue

    folder = Path(options.output) if output and options.output else None
    asked_at = time.time()
    runs = queue.submit(configs, folder=folder, expected=configs[0].settings.seconds)
    for run in runs:
        if run.about.created < asked_at:
            to_stderr(f"the same training is there already: run {run.id}, {run.status.state}.")
    return runs


def follow(run: "Run", emit: Emit, *, skip: int = 0) -> None:
    """Give the records of a run to `emit` until it is over, all but the first `skip`.

    Raises:
        RunError: it failed.
    """
    from simcse_core.api.progress import WaitingLine
    from simcse_core.runs import following

    with contextlib.closing(WaitingLine()) as line:
        for record in following.follow(run, skip=skip, on_wait=line.show):
            line.close()
            emit(record)


def resuming(run: "Run") -> str:
    """The command that goes on with a run that was cancelled."""
    from simcse_core.home import home

    is_default = run.folder.parent == home() / "runs"
    command = f"runs resume {run.id}" if is_default else f"train --resume --output {shell_word(str(run.folder))}"
    return f"python -m simcse_core {command}"


def say(sentences: Iterable[Sentence], *, then: str = "") -> None:
    """One line on stderr, for people and programs alike."""
    to_stderr(" ".join([*(sentence.message for sentence in sentences), then]).strip())
