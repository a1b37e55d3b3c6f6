"""The process that makes maps: `python -m simcse_core.meaning.projection.worker`.

It imports UMAP and lets it compile itself, then reads commands, a JSON object a line, from its standard input, and
writes what happens to its standard output. On Linux each job is carried out in a child of it, which has everything
compiled from its first moment: to cancel a job, or one that takes too much memory, costs nothing but this child, and
several can be at work. Elsewhere it carries them out itself, one after the other, and whoever cancels ends the whole
process.

It ends when its standard input is closed, and so with the app.
"""

import contextlib
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil

from simcse_core.errors import UserError
from simcse_core.limits import limits
from simcse_core.meaning.projection.store import MapResult
from simcse_core.meaning.projection.task import Task, write_result

ALONE = "--alone"
"""Without children, as where there is no fork."""
LOOK_SECONDS = 0.1
"""Between two looks at the children."""
TOO_MUCH_MEMORY, UNEXPECTED = "memory", "unexpected"
"""Why a job failed, beside the names of errors of users."""

Emit = Callable[..., None]
"""Writes one event: `emit(event, job=..., ...)`."""


def main(arguments: Sequence[str]) -> None:
    """Get ready, and serve until the input is closed."""
    emit = _emit_to_output()
    _give_way()
    warm_up()
    emit("ready")
    if ALONE in arguments or not can_fork():
        _serve_alone(emit)
    else:
        _Children(emit).serve()


def can_fork() -> bool:
    """Whether children can be had from a process that has compiled code and linear algebra in it."""
    return sys.platform == "linux"


def warm_up() -> None:
    """Import what maps need and let it compile itself, by tiny maps of each kind."""
    import warnings

    import numpy as np

    from simcse_core.meaning.projection import Recipe, measure_quality, place, project, project_together

    warnings.simplefilter("ignore")
    rows = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    recipe = Recipe.of("umap")
    points = project(rows, recipe).points
    place(rows, recipe, points, rows[:2] + rows[2:4])
    project(rows, Recipe.of("supervised_umap"), labels=["a", "b"] * 20)
    project_together([rows, rows[:, ::-1].copy()], recipe)
    measure_quality(rows, points)


class _Children:
    """Jobs in children of this process."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._jobs: dict[int, str] = {}
        """By process id."""

    def serve(self) -> None:
        app = os.getppid()
        for line in _lines(lambda: LOOK_SECONDS if self._jobs else None):
            if line is not None:
                self._obey(json.loads(line))
            self._look_after()
            if os.getppid() != app:
                break
        for pid in self._jobs:
            _kill(pid)

    def _obey(self, command: dict[str, str]) -> None:
        if command["do"] == "make":
            self._start(command["job"], Path(command["folder"]))
        for pid in [pid for pid, job in self._jobs.items() if command["do"] == "cancel" and job == command["job"]]:
            _kill(pid)
            del self._jobs[pid]
            self._emit("cancelled", job=command["job"])

    def _start(self, job: str, folder: Path) -> None:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self._jobs[pid] = job
            return
        try:
            _die_with(parent)
            _give_way()
            with open(os.devnull) as nothing:
                os.dup2(nothing.fileno(), 0)
            _carry_out(job, folder, self._emit)
        finally:
            os._exit(0)  # whatever it has said, its end is told by `_look_after`

    def _look_after(self) -> None:
        most = limits().max_map_memory_megabytes * 2**20
        for pid, job in list(self._jobs.items()):
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._jobs[pid]
                self._emit("ended", job=job)
            elif _memory(pid) > most:
                _kill(pid)
                del self._jobs[pid]
                self._emit("failed", job=job, kind=TOO_MUCH_MEMORY)


def _serve_alone(emit: Emit) -> None:
    """One job after the other in this process, which ends when one takes too much memory."""
    current = ""

    def watch() -> None:
        most = limits().max_map_memory_megabytes * 2**20
        while True:
            time.sleep(LOOK_SECONDS)
            if _memory(os.getpid()) > most:
                emit("failed", job=current, kind=TOO_MUCH_MEMORY)
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    _give_way()
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "make":
            current = command["job"]
            _carry_out(current, Path(command["folder"]), emit)


def _carry_out(job: str, folder: Path, emit: Emit) -> None:
    """One job; whatever happens is said."""

    def on_progress(done: int, total: int) -> None:
        emit("progress", job=job, done=done, total=total)

    def on_maps(maps: Sequence[MapResult]) -> None:
        write_result(folder, maps)
        emit("mapped", job=job)

    try:
        emit("started", job=job)
        write_result(folder, Task.read(folder).carry_out(on_progress, on_maps))
        emit("finished", job=job)
    except UserError as error:
        emit("failed", job=job, kind=type(error).__name__, template=error.template, values=error.values)
    except MemoryError:
        emit("failed", job=job, kind=TOO_MUCH_MEMORY)
    except Exception:  # noqa: BLE001 - the user is told that it failed; the whole story is in the app's log
        traceback.print_exc()
        emit("failed", job=job, kind=UNEXPECTED)


def _lines(timeout: Callable[[], float | None]) -> Iterator[str | None]:
    """Lines of the standard input until it is closed; None whenever none has come for so many seconds."""
    rest = b""
    while True:
        if not select.select([0], [], [], timeout())[0]:
            yield None
            continue
        part = os.read(0, 65_536)
        if not part:
            return
        *lines, rest = (rest + part).split(b"\n")
        yield from (line.decode("ascii") for line in lines)


def _emit_to_output() -> Emit:
    """Events go to what was the standard output; whatever else is printed from now on goes to the error output."""
    output = os.dup(1)
    os.dup2(2, 1)

    def emit(event: str, **values: Any) -> None:
        line = json.dumps({"event": event, **values}, default=str) + "\n"
        try:
            os.write(output, line.encode("ascii"))  # one call, so that lines of several children do not mix
        except BrokenPipeError:  # the app has ended, and nobody waits for a map any more
            os._exit(0)

    return emit


def _give_way() -> None:
    """A lower priority than that of whoever waits for a page; once more for maps than for getting ready."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(5)


def _memory(pid: int) -> int:
    """Bytes that a process takes; 0 when it is gone."""
    with contextlib.suppress(psutil.Error):
        return int(psutil.Process(pid).memory_info().rss)
    return 0


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def _die_with(parent: int) -> None:
    """A killed parent takes its children with it, also one that was killed before this child could say so."""
    import ctypes

    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
