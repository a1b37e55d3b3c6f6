"""Trainings in the queue: followed to their end, and cancelled when nobody follows them any more."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simcse_core.errors import RunError

if TYPE_CHECKING:
    from simcse_core.learning.records import Finished, Record
    from simcse_core.runs.run import Run


@contextlib.contextmanager
def cancelling(runs: "Sequence[Run]", again: str) -> Iterator[None]:
    """Cancel the runs that are not over when they are followed no longer: by Ctrl-C, or because one has failed.

    Args:
        runs: in the order of the queue.
        again: what goes on with them.

    Raises:
        KeyboardInterrupt: with a message that says how to go on.
    """
    try:
        yield
    except KeyboardInterrupt:
        _cancel(runs)
        raise KeyboardInterrupt(f"cancelled. To go on from here: {again}") from None
    except RunError:
        _cancel(runs)
        raise


def _cancel(runs: "Sequence[Run]") -> None:
    from simcse_core.runs import queue

    for run in reversed(runs):  # else the next one would start meanwhile
        if not run.status.state.is_over:
            queue.cancel(run, "cli" if run.is_of("cli") else None)


def finish(run: "Run", *, title: str, progress: bool = True) -> "Finished":
    """Follow a run to its end.

    Args:
        run: in any state.
        title: in front of the bar.
        progress: whether a bar is shown.

    Raises:
        RunError: it failed, and why; or it was cancelled, or is damaged.
    """
    from simcse_core.api.progress import in_words, training_bar
    from simcse_core.runs import following

    with training_bar(title, shown=progress) as show:
        done, planned, result = 0, 0, ""

        def waits(place: object) -> None:
            show(done, planned, in_words(place))  # type: ignore[arg-type]

        for record in following.follow(run, on_wait=waits):
            done, planned, result = _after(record, done, planned, result)
            show(done, planned, result)
    if (end := run.finished()) is None:
        raise RunError("The run {run} is finished, but its last record is missing or damaged.", run=run.id)
    return end


def _after(record: "Record", done: int, planned: int, result: str) -> tuple[int, int, str]:
    """How far a training is after a record: steps done, steps planned, the latest result in words."""
    from simcse_core.learning.measuring import main_metric_among
    from simcse_core.learning.records import Evaluation, Step

    match record:
        case Step():
            return record.step, record.steps, result
        case Evaluation() if (metric := main_metric_among(record.metrics)) is not None:
            return done, planned, f"{metric} {record.metrics[metric]:.3f}"
        case _:
            return done, planned, result
