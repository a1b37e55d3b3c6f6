"""A run's entry in the queue: `queue.json` in its folder.

How far a run is, its status says; the entry says when its turn comes, and what the supervisor has to know of its jobs.
Who holds the queue's lock (`schedule.locked`) writes it; once a run is claimed, only the supervisor does.
"""

from typing import Annotated

from pydantic import Field, TypeAdapter

from simcse_core import durable
from simcse_core.learning.records import Amount, Count, Stored
from simcse_core.runs import files
from simcse_core.runs.run import Run

NAME = "queue.json"


class QueueEntry(Stored):
    """When a run's turn comes, and what became of it at the backend."""

    number: Count = 0
    """The order of submission, whatever the clock says; runs of earlier versions have none and come first."""
    expected: Amount | None = None
    """Seconds of training, as measured beforehand."""
    job: str | None = None
    """The backend's id of the job that was submitted last, until the supervisor has seen it end."""
    deaths: Count = 0
    """How often in a row its process has ended without an error message and without progress."""
    reached: Annotated[int, Field(ge=-1, le=2**53)] = -1
    """The step at the last death."""
    took: Amount | None = None
    """Seconds from its start to its end."""


_ENTRY = TypeAdapter(QueueEntry)


def read(run: Run) -> QueueEntry:
    """The entry of a run; without one, or when it is damaged, an empty one."""
    try:
        return files.read(run.folder / NAME, _ENTRY)
    except (OSError, ValueError):
        return QueueEntry()


def is_there(run: Run) -> bool:
    """Whether a run was ever queued. One that was not belongs to the process that carries it out."""
    return files.is_file(run.folder / NAME)


def write(run: Run, entry: QueueEntry) -> None:
    """Replace the entry of a run. Should a power cut take it, the run keeps its state and loses its place.

    Raises:
        RunError: it cannot be written.
    """
    try:
        durable.write_unsynced(run.folder / NAME, files.text_of(entry.model_dump()).encode())
    except OSError as error:
        raise files.explained(error, run.folder) from error
