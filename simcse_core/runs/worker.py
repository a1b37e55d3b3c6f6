"""The process that carries out one run: `python -m simcse_core.runs.worker FOLDER`.

With `--spare` it imports what a run needs, and waits on its standard input for the arguments of one.
"""

import argparse
import contextlib
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import Timeout

from simcse_core.errors import CheckpointError, RunError, UserError
from simcse_core.learning.records import State
from simcse_core.limits import limits
from simcse_core.plain import short_line
from simcse_core.runs import files, locks
from simcse_core.runs.run import Run

if TYPE_CHECKING:
    from simcse_core.runs.execute import Emit

BEAT_SECONDS = 0.5
SPARE_SECONDS = 300.0
"""For what a run does besides its training, before it counts as taking too long."""
MOST_OF_THE_MEMORY = 0.8
"""A run may never take more of the machine's memory than this share."""


def main(arguments: Sequence[str]) -> None:
    """Carry out the run that the arguments name."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    if list(arguments) == ["--spare"]:
        received = _wait_for_arguments()
        if received is None:
            return
        arguments = received
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    options = parser.parse_args(arguments)
    run = Run(options.folder)
    _write_to(run.log)
    carry_out(run)


def carry_out(run: Run) -> None:
    """One run, from its checkpoint if there is one. Whatever happens is said in its status.

    Only one process at a time does it; a second one ends silently.
    """
    if not files.is_file(run.folder / "config.json"):  # removed meanwhile
        return
    try:
        with locks.lock(run.folder / "worker.lock", seconds=5), _heart(run):
            if not run.status.state.is_over:
                _carry_out(run)
    except Timeout:
        return
    except UserError as error:  # its folder cannot be written, or locked
        print(short_line(str(error)), file=sys.stderr)
        with contextlib.suppress(UserError):
            run.set_status(State.FAILED, error)


def _carry_out(run: Run) -> None:
    try:
        run.set_status(State.RUNNING)  # before the imports, which take seconds
        if run.cancel_asked:
            run.set_status(State.CANCELLED)
            return
        _train(run)
    except UserError:
        pass  # its status says it
    except Exception:  # noqa: BLE001 - its status says it too; the whole story is in the log
        traceback.print_exc()


def _train(run: Run) -> None:
    from simcse_core.learning.records import Note
    from simcse_core.runs.execute import execute
    from simcse_core.runs.trackers import tracking

    with tracking(run) as emit:
        refused = None
        if files.is_file(run.checkpoint) and (refused := _resumed(run, emit)) is None:
            return
        run.begin_anew()
        if refused is not None:
            # Everybody may read it, so it names no folder.
            why = refused.template.format(**{**refused.values, "file": run.checkpoint.name})
            run.append(Note.of("began_anew", reason=why))
        execute(run, emit)


def _wait_for_arguments() -> list[str] | None:
    """Import what takes long, then read the arguments; None when nobody needs this process."""
    import torch
    import transformers.models.bert.modeling_bert  # noqa: F401

    import simcse_core.runs.execute
    import simcse_core.runs.race  # noqa: F401

    torch.zeros(1)
    line = sys.stdin.buffer.readline()  # bytes, because a path may be in no encoding at all
    return [os.fsdecode(part) for part in line.rstrip(b"\n").split(b"\0")] if line else None


def _resumed(run: Run, emit: "Emit") -> CheckpointError | None:
    """Go on from the checkpoint; where it does not fit, it is set aside, and the answer is why."""
    from simcse_core.runs.execute import execute

    try:
        execute(run, emit, resume=True)
    except CheckpointError as error:
        print(short_line(str(error)), file=sys.stderr)
        with contextlib.suppress(OSError):  # where it cannot be set aside, the next one takes its place
            run.checkpoint.replace(run.checkpoint.with_name("checkpoint-damaged.pt"))
        return error
    return None


@contextlib.contextmanager
def _heart(run: Run) -> Iterator[None]:
    """Beats while the process lives, and ends it when it takes too much memory."""
    stopped = threading.Event()

    def beat() -> None:
        process = psutil.Process()
        most, minutes = _most_memory(), limits().max_run_minutes
        until = time.monotonic() + 60 * minutes + SPARE_SECONDS
        count = 0
        while not stopped.wait(BEAT_SECONDS):
            run.beat(f"{process.pid} {(count := count + 1)}")
            if process.memory_info().rss > most:
                problem = RunError(
                    "It needed more than {megabytes:,} MB of memory (SIMCSE_MAX_RUN_MEMORY_MEGABYTES). Choose a "
                    "smaller batch size, or fewer layers to train.",
                    megabytes=most // 2**20,
                )
                run.set_status(State.FAILED, problem)
                os._exit(1)  # the training does not look up from its work
            if time.monotonic() > until:  # its training would have ended by itself
                problem = RunError(
                    "It took longer than {minutes:,} minutes (SIMCSE_MAX_RUN_MINUTES). Choose fewer epochs, or less "
                    "data.",
                    minutes=minutes,
                )
                run.set_status(State.FAILED, problem)
                os._exit(1)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _most_memory() -> int:
    """Bytes that a run may take."""
    return min(limits().max_run_memory_megabytes * 2**20, int(psutil.virtual_memory().total * MOST_OF_THE_MEMORY))


def _write_to(log: Path) -> None:
    """From now on all that this process prints stands in this file, what libraries print too."""
    with contextlib.suppress(OSError), log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(file.fileno(), stream.fileno())


if __name__ == "__main__":
    main(sys.argv[1:])
