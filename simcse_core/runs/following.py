"""Following a run from outside its process: its records as they come, and its place while it waits."""

import time
from collections.abc import Callable, Iterator

from simcse_core.errors import RunError
from simcse_core.learning.records import DamagedEnd, Record, State
from simcse_core.runs import files, queue
from simcse_core.runs.run import Run
from simcse_core.runs.schedule import Place, places

LOOK_SECONDS = 0.1
"""Between two looks for new records."""
ASK_SECONDS = 1.0
"""Between two questions to the queue."""


def follow(run: Run, *, skip: int = 0, on_wait: Callable[[Place], None] = lambda _place: None) -> Iterator[Record]:
    """The records of a run, the old ones at once and the new ones as they come, until it is over.

    A run that was killed and goes on from its checkpoint repeats some steps; what was yielded is not yielded again.

    Args:
        run: in any state.
        skip: how many of its first records are left out.
        on_wait: receives its place about every second while it waits.

    Raises:
        RunError: it failed, and why; or it was cancelled.
    """
    yielded, asked_at = skip, -ASK_SECONDS
    while True:
        status = run.status  # before the records: those of a run that is over are then all there
        records = run.records()
        yield from (record for record in records[yielded:] if not isinstance(record, DamagedEnd))
        yielded = max(yielded, len(records))
        if status.state == State.FINISHED:
            return
        if status.state == State.CANCELLED:
            raise RunError("The run {run} was cancelled.", run=run.id)
        if status.state == State.FAILED:
            raise RunError("The training failed: {reason}", reason=status.message)
        if (now := time.monotonic()) - asked_at >= ASK_SECONDS:
            asked_at = now
            queue.ensure_supervisor()
            if not files.is_file(run.folder / "config.json"):
                raise RunError("The run {run} is gone: its folder was removed.", run=run.id)
            if status.state == State.QUEUED and (place := places().get(run.id)) is not None:
                on_wait(place)
        time.sleep(LOOK_SECONDS)
