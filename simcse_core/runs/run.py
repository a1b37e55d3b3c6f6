"""One run: its folder, and what stands in it. Only this package touches a run's files.

A run is a folder `SIMCSE_HOME/runs/ID` (or the folder given on the command line) with

    config.json    what to do; written once
    about.json     whose it is, and what people call it
    status.json    how far it is, and which job of the backend carries it out; replaced atomically
    queue.json     its entry in the queue
    metrics.jsonl  one record a line, append-only; metrics-before-N.jsonl of attempts that had to begin anew
    items.json     results per dev item, before and after
    map.json       the map of its data, once its owner has seen one (`run_map.py`)
    checkpoint.pt  the whole state of the training, to go on from
    model/         the trained model
    log.txt        what the process printed
    heartbeat      a number that grows while the process is alive
    cancel         exists when somebody asked to cancel
    reserve        room for the last words when the disk is full
"""

import contextlib
import errno
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from simcse_core import durable
from simcse_core.data import bundled
from simcse_core.errors import RunError, UserError
from simcse_core.home import home
from simcse_core.jsonable import jsonable
from simcse_core.learning.measuring import main_metric_among
from simcse_core.learning.records import LONGEST_NAME, About, BeforeAndAfter, Finished, Record, State, Status
from simcse_core.plain import printable
from simcse_core.runs import backends, files, locks, metrics
from simcse_core.runs.config import RunConfig

RESERVED_BYTES = 16_384


_STATUS = TypeAdapter(Status)
_ABOUT = TypeAdapter(About)
_ITEMS = TypeAdapter(BeforeAndAfter)


@dataclass(frozen=True)
class Run:
    """A run's folder and what stands in it."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def model(self) -> Path:
        return self.folder / "model"

    @property
    def config(self) -> RunConfig:
        """What to do.

        Raises:
            RunError: the folder is no run's, or damaged.
        """
        try:
            return RunConfig.model_validate_json(files.read_bytes(self.folder / "config.json"))
        except (OSError, ValueError) as error:
            raise RunError(
                "The run {run} cannot be read: its config.json is missing or damaged.", run=self.id
            ) from error

    @property
    def about(self) -> About:
        """Whose it is. A damaged file belongs to nobody, so that only the operator can remove the run."""
        try:
            return files.read(self.folder / "about.json", _ABOUT)
        except (OSError, ValueError):
            return About()

    def is_of(self, user: str | None) -> bool:
        """Whether somebody may change it; None is the operator, who may do everything."""
        return user is None or user in self.about.owners

    def shows_data(self, user: str | None) -> bool:
        """Whether somebody may see texts that it learned from or was measured on: what others brought is theirs."""
        names = {self.config.data, self.config.other_dev or self.config.data}
        return names <= set(bundled.names()) or self.is_of(user)

    @property
    def title(self) -> str:
        """What those call it who do not own it, and the operator."""
        return self.title_for(None)

    def title_for(self, user: str | None) -> str:
        """What somebody calls it; without a name, what it learns with and from. Of a file its owner alone sees the
        name."""
        about = self.about
        if name := about.name_for(user):
            return name
        try:
            loss = self.config.settings.loss
        except RunError:
            return self.id
        data = self.data_for(user)
        return f"{loss} · {data}" if data else loss

    def data_for(self, user: str | None) -> str:
        """The name of the bundled set or of the file that it learns from, without its folder; "" for somebody else's
        upload.

        Raises:
            RunError: its configuration cannot be read.
        """
        data = Path(self.config.data)
        is_upload = data.parent == home() / "data"  # an upload, whose name here says nothing
        return self.about.file_of(user) if is_upload else data.name

    @property
    def status(self) -> Status:
        """How far it is. A run whose job has ended without a final status counts as interrupted."""
        status = self.recorded
        if status.state != State.RUNNING:
            return status
        is_at_work = status.job is not None and backends.backend().status(status.job) == "running"
        return status if is_at_work else _interrupted(RunError("Its process is gone."), status.changed)

    @property
    def recorded(self) -> Status:
        """How far it is as its folder says, whatever became of its job."""
        try:
            return files.read(self.folder / "status.json", _STATUS)
        except (OSError, ValueError):
            return _interrupted(RunError("Its status cannot be read."))

    def set_status(self, state: State, problem: UserError | str = "") -> None:
        """Say how far it is; the calling process belongs to the job that carries it out when it is running.

        Raises:
            RunError: it cannot be written.
        """
        template, values = (problem.template, problem.values) if isinstance(problem, UserError) else (problem, {})
        status = Status(
            state=state,
            message=str(problem),
            template=template,
            values={name: value if isinstance(value, int | float) else str(value) for name, value in values.items()},
            job=backends.backend().this_job() if state == State.RUNNING else None,
            changed=time.time(),
        )
        self._say(lambda: files.replace(self.folder / "status.json", jsonable(status)))

    def append(self, record: Record) -> None:
        """Add a record to the metrics.

        Raises:
            RunError: there is no space left on the disk, or it cannot be written.
        """
        try:
            metrics.append(self.folder / "metrics.jsonl", record)
        except OSError as error:
            raise files.explained(error, self.folder) from error

    def records(self) -> list[Record]:
        """The metrics so far; cheap to ask for again and again. What is no whole record is left out."""
        return metrics.read(self.folder / "metrics.jsonl")

    def finished(self) -> Finished | None:
        """The last record of a finished run."""
        records = self.records()
        return records[-1] if records and isinstance(records[-1], Finished) else None

    def go_on_before(self, step: int) -> None:
        """Forget the records from a step on: the run goes on with it and says the same again."""
        self._say(lambda: metrics.keep_before(self.folder / "metrics.jsonl", step))

    def begin_anew(self) -> None:
        """Start with no records. Those of an attempt before are kept aside: what it measured is not lost."""
        self._say(lambda: metrics.set_aside(self.folder / "metrics.jsonl"))

    def sync_records(self) -> None:
        """See that all records so far outlive a power cut."""
        path = self.folder / "metrics.jsonl"
        if files.is_file(path):
            self._say(lambda: durable.sync(path))

    def write_items(self, items: BeforeAndAfter) -> None:
        files.replace(self.folder / "items.json", jsonable(items))

    def items(self) -> BeforeAndAfter | None:
        """Results per dev item; None before the end, or without dev data."""
        try:
            items = files.read(self.folder / "items.json", _ITEMS)
        except (OSError, ValueError):
            return None
        return None if main_metric_among(items.after.metrics) is None else items

    @property
    def checkpoint(self) -> Path:
        """Where a training that was interrupted goes on from."""
        return self.folder / "checkpoint.pt"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def log_end(self, characters: int) -> str:
        """The last that its process printed; "" where there is nothing to read."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(file.seek(0, os.SEEK_END) - 4 * characters, 0))
                return file.read().decode("utf-8", "replace")[-characters:]
        except OSError:
            return ""

    def ask_to_cancel(self) -> None:
        """Ask a running run to stop at its next step; `queue.cancel` sees to it that it does."""
        self._say((self.folder / "cancel").touch)

    def forget_cancel(self) -> None:
        """Nobody asks the run to stop any more."""
        self._say(lambda: (self.folder / "cancel").unlink(missing_ok=True))

    @property
    def cancel_asked(self) -> bool:
        return os.path.exists(self.folder / "cancel")

    def beat(self, beat: str) -> None:
        """Show that its process is alive. A full disk is no reason to stop."""
        with contextlib.suppress(OSError):
            (self.folder / "heartbeat").write_text(beat, encoding="utf-8")

    @property
    def heartbeat(self) -> str:
        """Changes while its process is alive."""
        try:
            return files.read_bytes(self.folder / "heartbeat").decode(errors="replace")
        except (OSError, ValueError):
            return ""

    def rename(self, name: str, user: str | None) -> None:
        """Give it a name of up to 80 characters, in one line; an empty one is none.

        Who started the same run later names it for themselves.

        Raises:
            RunError: it is somebody else's, or the name is too long.
        """
        self.check_owner(user)
        name = printable(" ".join(name.split()))
        if len(name) > LONGEST_NAME:
            raise RunError(
                "A name has at most {most} characters; this one has {given}.", most=LONGEST_NAME, given=len(name)
            )
        with owners_lock():
            self._change(self.about.named(name, user))

    def remember_file(self, name: str, user: str) -> None:
        """Remember for a user what the file is called that they brought.

        Raises:
            RunError: it cannot be written.
        """
        with owners_lock():
            self._change(self.about.with_file(name, user))

    def join(self, user: str) -> None:
        """Make it also another user's, who wants the same.

        Raises:
            RunError: it has just been deleted, or cannot be written.
        """
        with owners_lock():
            self._change(self.about.joined_by(user))

    def leave(self, user: str) -> bool:
        """Make it no longer a user's, unless it is nobody else's; whether it is now only other people's."""
        with owners_lock():
            return self.leave_locked(user)

    def leave_locked(self, user: str) -> bool:
        """As `leave`, for who has the `owners_lock`."""
        about = self.about
        others = any(owner != user for owner in about.owners)
        if others:
            self._change(about.without(user))
        return others

    def check_owner(self, user: str | None) -> None:
        """Refuse what only an owner may do.

        Raises:
            RunError: it is somebody else's.
        """
        if not self.is_of(user):
            raise RunError(
                "This run is somebody else's. Only its owner can change it, or whoever runs this server, on the "
                "command line: python -m simcse_core runs --help"
            )

    def _change(self, about: About) -> None:
        try:
            files.replace(self.folder / "about.json", jsonable(about))
        except OSError as error:
            raise files.explained(error, self.folder) from error

    def _say(self, write: Callable[[], None]) -> None:
        """Write a few last words; on a full disk what was reserved for them makes room."""
        try:
            try:
                write()
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                (self.folder / "reserve").unlink(missing_ok=True)
                write()
        except OSError as error:
            raise files.explained(error, self.folder) from error


@contextlib.contextmanager
def owners_lock() -> Iterator[None]:
    """Held by who changes owners or deletes a run, so that nobody joins a run that is going.

    Raises:
        RunError: `SIMCSE_HOME` cannot be written.
    """
    with locks.lock(home() / "about.lock"):
        yield


def _interrupted(problem: RunError, changed: float = 0.0) -> Status:
    return Status(state=State.INTERRUPTED, message=str(problem), template=problem.template, changed=changed)
