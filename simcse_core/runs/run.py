"""One run: its folder, and what stands in it. Only this package touches a run's files.

A run is a folder `SIMCSE_HOME/runs/ID` (or the folder given on the command line) with

    config.json    what to do; written once
    about.json     whose it is, and what people call it
    status.json    how far it is; replaced atomically
    metrics.jsonl  one record a line, append-only
    items.json     results per dev item, before and after
    checkpoint.pt  the whole state of the training, to go on from
    model/         the trained model
    log.txt        what the process printed
    heartbeat      a number that grows while the process is alive
    cancel         exists when somebody asked to cancel
    reserve        room for the last words when the disk is full
"""

import contextlib
import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from simcse_core.errors import RunError, UserError
from simcse_core.home import home
from simcse_core.jsonable import jsonable
from simcse_core.meaning.items import Items
from simcse_core.printing import printable
from simcse_core.runs import files, metrics
from simcse_core.runs.alive import born, is_alive
from simcse_core.runs.config import RunConfig

State = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
STATES: tuple[State, ...] = ("queued", "running", "finished", "failed", "cancelled", "interrupted")
ENDED: tuple[State, ...] = ("finished", "failed", "cancelled", "interrupted")
RESERVED_BYTES = 16_384
LONGEST_NAME = 80
LATEST = 1e11
"""Seconds since the epoch that a date can still be made of."""


@dataclass(frozen=True)
class Status:
    """How far a run is."""

    state: State
    message: str = ""
    """Why it failed, in words."""
    template: str = ""
    """The message with its values apart, for a screen in another language; empty when there is no such thing."""
    values: dict[str, Any] = field(default_factory=dict)
    pid: int | None = None
    born: float | None = None
    """When the process was created (`alive.born`): a pid alone may belong to another process by now."""
    changed: float = 0.0
    """Seconds since the epoch; only for people, because clocks jump."""


@dataclass(frozen=True)
class About:
    """Whose a run is, and what people call it."""

    owners: tuple[str, ...] = ()
    name: str = ""
    created: float = 0.0
    """Seconds since the epoch."""
    imported: bool = False
    """It came as a bundle."""


@dataclass(frozen=True)
class BeforeAndAfter:
    """Results per dev item before and after training."""

    before: Items
    after: Items


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
            return RunConfig.model_validate_json((self.folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(
                "The run {run} cannot be read: its config.json is missing or damaged.", run=self.id
            ) from error

    @property
    def about(self) -> About:
        """Whose it is. A damaged file belongs to nobody, so that only the operator can remove the run."""
        try:
            found = json.loads((self.folder / "about.json").read_text(encoding="utf-8"))
            name, created = printable(str(found["name"]))[:LONGEST_NAME], float(found["created"])
            created = created if 0 <= created < LATEST else 0.0
            return About(tuple(map(str, found["owners"])), name, created, bool(found.get("imported")))
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            return About()

    def is_of(self, user: str | None) -> bool:
        """Whether somebody may change it; None is the operator, who may do everything."""
        return user is None or user in self.about.owners

    @property
    def title(self) -> str:
        """Its name; without one, what it learns with and from."""
        if name := self.about.name:
            return name
        try:
            config = self.config
        except RunError:
            return self.id
        data = Path(config.data)
        kept = data.parent == home() / "data"  # an upload, whose name here says nothing
        return config.settings.loss if kept else f"{config.settings.loss} · {data.name}"

    @property
    def status(self) -> Status:
        """How far it is. A run whose process is gone without a word counts as interrupted."""
        try:
            status = Status(**json.loads((self.folder / "status.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError, RecursionError):
            return _interrupted(RunError("Its status cannot be read."))
        if status.state not in STATES or not _is_process(status.pid, status.born):
            return _interrupted(RunError("Its status cannot be read."))
        if status.state == "running" and not is_alive(status.pid, status.born):
            return replace(_interrupted(RunError("Its process is gone.")), changed=status.changed)
        return status

    def set_status(self, state: State, problem: UserError | str = "") -> None:
        """Say how far it is; the calling process is the one at work when it is running.

        Raises:
            RunError: it cannot be written.
        """
        pid = os.getpid() if state == "running" else None
        template, values = (problem.template, problem.values) if isinstance(problem, UserError) else (problem, {})
        status = Status(
            state,
            str(problem),
            template,
            {name: value if isinstance(value, int | float) else str(value) for name, value in values.items()},
            pid,
            None if pid is None else born(pid),
            time.time(),
        )
        self._say(lambda: files.replace(self.folder / "status.json", jsonable(status)))

    def append(self, record: Mapping[str, object]) -> None:
        """Add a record to the metrics.

        Raises:
            RunError: there is no space left on the disk, or it cannot be written.
        """
        try:
            metrics.append(self.folder / "metrics.jsonl", record)
        except OSError as error:
            raise files.explained(error, self.folder) from error

    def records(self) -> list[dict[str, Any]]:
        """The metrics so far; cheap to ask for again and again. What is no whole record is left out."""
        return metrics.read(self.folder / "metrics.jsonl")

    def go_on_before(self, step: int) -> None:
        """Forget the records from a step on: the run goes on with it. Step 0 forgets them all."""
        metrics.keep_before(self.folder / "metrics.jsonl", step)

    def write_items(self, items: BeforeAndAfter) -> None:
        files.replace(self.folder / "items.json", jsonable(items))

    def items(self) -> BeforeAndAfter | None:
        """Results per dev item; None before the end, or without dev data."""
        try:
            found = json.loads((self.folder / "items.json").read_text(encoding="utf-8"))
            return BeforeAndAfter(Items.from_json(found["before"]), Items.from_json(found["after"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    @property
    def checkpoint(self) -> Path:
        """Where a training that was interrupted goes on from."""
        return self.folder / "checkpoint.pt"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def ask_to_cancel(self) -> None:
        """Ask a running run to stop at its next step; `queue.cancel` sees to it that it does."""
        self._say((self.folder / "cancel").touch)

    def forget_cancel(self) -> None:
        """Nobody asks the run to stop any more."""
        self._say(lambda: (self.folder / "cancel").unlink(missing_ok=True))

    @property
    def cancel_asked(self) -> bool:
        return (self.folder / "cancel").exists()

    def beat(self, beat: str) -> None:
        """Show that its process is alive. A full disk is no reason to stop."""
        with contextlib.suppress(OSError):
            (self.folder / "heartbeat").write_text(beat, encoding="utf-8")

    @property
    def heartbeat(self) -> str:
        """Changes while its process is alive."""
        try:
            return (self.folder / "heartbeat").read_text(encoding="utf-8")
        except OSError:
            return ""

    def rename(self, name: str, user: str | None) -> None:
        """Give it a name of up to 80 characters, in one line; an empty one is none.

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
            self._change(replace(self.about, name=name))

    def join(self, user: str) -> None:
        """Make it also another user's, who wants the same.

        Raises:
            RunError: it has just been deleted, or cannot be written.
        """
        with owners_lock():
            about = self.about
            self._change(replace(about, owners=tuple(dict.fromkeys((*about.owners, user)))))

    def leave(self, user: str) -> bool:
        """Make it no longer a user's, unless it is nobody else's; whether it is now only other people's."""
        with owners_lock():
            return self.leave_locked(user)

    def leave_locked(self, user: str) -> bool:
        """As `leave`, for who has the `owners_lock`."""
        about = self.about
        others = tuple(own for own in about.owners if own != user)
        if others:
            self._change(replace(about, owners=others))
        return bool(others)

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
    try:
        home().mkdir(parents=True, exist_ok=True)
        lock = FileLock(home() / "about.lock")
        lock.acquire()
    except OSError as error:
        raise files.explained(error, home()) from error
    try:
        yield
    finally:
        lock.release()


def _is_process(pid: object, birth: object) -> bool:
    return isinstance(pid, int | None) and isinstance(birth, int | float | None)


def _interrupted(problem: RunError) -> Status:
    return Status("interrupted", str(problem), problem.template)
