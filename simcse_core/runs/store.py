"""Runs on disk. Only this module touches a run's files.

A run is a folder `SIMCSE_HOME/runs/ID` (or the folder given on the command line) with

    config.json    what to do; written once
    status.json    how far it is; replaced atomically
    metrics.jsonl  one record a line, append-only
    items.json     results per dev item, before and after
    checkpoint.pt  the whole state of the training, to go on from
    model/         the trained model
    log.txt        what the process printed
    cancel         exists when somebody asked to cancel
"""

import json
import math
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import psutil

from simcse_core.errors import RunError
from simcse_core.home import home, run_folder
from simcse_core.jsonable import jsonable
from simcse_core.meaning.items import Items
from simcse_core.runs.config import RunConfig

State = Literal["queued", "running", "finished", "failed", "cancelled", "interrupted"]
RACE_ID = re.compile(r"[0-9a-f]{16}")
ENDED: tuple[State, ...] = ("finished", "failed", "cancelled", "interrupted")


@dataclass(frozen=True)
class Status:
    """How far a run is."""

    state: State
    message: str = ""
    """Why it failed, in words."""
    pid: int | None = None
    born: float | None = None
    """When the process was created: a pid alone may belong to another process by now."""
    changed: float = 0.0
    """Seconds since the epoch."""


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
    def status(self) -> Status:
        """How far it is. A run whose process is gone without a word counts as interrupted."""
        try:
            status = Status(**json.loads((self.folder / "status.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Status("interrupted", "Its status cannot be read.")
        if status.state == "running" and (status.pid is None or _born(status.pid) != status.born):
            return Status("interrupted", "Its process has ended without a word; see log.txt.", changed=status.changed)
        return status

    def set_status(self, state: State, message: str = "") -> None:
        pid = os.getpid() if state == "running" else None
        status = Status(state, message, pid, None if pid is None else _born(pid), time.time())
        _replace(self.folder / "status.json", asdict(status))

    def append(self, record: Mapping[str, object]) -> None:
        """Add a record to the metrics."""
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(record, allow_nan=False) + "\n")

    def records(self) -> list[dict[str, Any]]:
        """The metrics so far. A last line that is still being written is left out."""
        path = self.folder / "metrics.jsonl"
        lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
        return [json.loads(line) for line in lines]

    def go_on_before(self, step: int) -> None:
        """Forget the records from a step on: the run goes on with it."""
        kept = [record for record in self.records() if record.get("step", math.inf) < step]
        lines = "".join(json.dumps(record, allow_nan=False) + "\n" for record in kept)
        temporary = self.folder / f"metrics.{secrets.token_hex(4)}"
        temporary.write_text(lines, encoding="utf-8")
        temporary.replace(self.folder / "metrics.jsonl")

    def write_items(self, items: BeforeAndAfter) -> None:
        _replace(self.folder / "items.json", jsonable(items))

    def items(self) -> BeforeAndAfter | None:
        """Results per dev item; None before the end, or without dev data."""
        path = self.folder / "items.json"
        if not path.exists():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        return BeforeAndAfter(Items.from_json(found["before"]), Items.from_json(found["after"]))

    @property
    def checkpoint(self) -> Path:
        """Where a training that was interrupted goes on from."""
        return self.folder / "checkpoint.pt"

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def cancel(self) -> None:
        """Ask the run to stop. A queued run is cancelled at once, a running one at its next step."""
        (self.folder / "cancel").touch()
        if self.status.state == "queued":
            self.set_status("cancelled")

    def forget_cancel(self) -> None:
        """Nobody asks the run to stop any more."""
        (self.folder / "cancel").unlink(missing_ok=True)

    @property
    def cancel_asked(self) -> bool:
        return (self.folder / "cancel").exists()


def create(config: RunConfig, folder: Path | None = None) -> Run:
    """A new run in the state "queued".

    Args:
        config: what it does.
        folder: where; None makes a folder with an unguessable id under `SIMCSE_HOME`. A run that failed before its
            first record may be replaced.

    Raises:
        RunError: the folder already holds a run, or cannot be written.
    """
    if folder is None:
        folder = home() / "runs" / f"{datetime.now(UTC):%Y%m%d-%H%M%S%f}-{secrets.token_hex(6)}"
    folder = folder.resolve()
    if (folder / "config.json").exists() and (Run(folder).status.state != "failed" or Run(folder).records()):
        raise RunError("{folder} already holds a run. Choose another folder.", folder=folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        run = Run(folder)
        _replace(folder / "config.json", config.model_dump(mode="json"))
        run.set_status("queued")
    except OSError as error:
        raise RunError("{folder} cannot be written: {reason}.", folder=folder, reason=error.strerror) from error
    return run


def get(run_id: str) -> Run:
    """A run by its id.

    Raises:
        RunError: there is none.
    """
    folder = run_folder(run_id)
    if folder is None or not (folder / "config.json").is_file():
        raise RunError("There is no run {given!r}.", given=run_id)
    return Run(folder)


def open_run(folder: Path) -> Run:
    """A run by its folder, to go on with it.

    Raises:
        RunError: there is none, or it has no checkpoint to go on from.
    """
    run = Run(folder.resolve())
    if not (run.folder / "config.json").is_file():
        raise RunError("{folder} holds no run. Name the folder of the interrupted one.", folder=folder)
    if run.status.state in ("queued", "running"):
        raise RunError("The run in {folder} is not over: it is {state}.", folder=folder, state=run.status.state)
    if run.status.state == "finished":
        raise RunError("The run in {folder} is finished. Start a new one from its model.", folder=folder)
    if not run.checkpoint.is_file():
        raise RunError("The run in {folder} stopped before its first checkpoint. Start it anew.", folder=folder)
    return run


def all_runs() -> Iterator[Run]:
    """Every run under `SIMCSE_HOME`, the oldest first."""
    for folder in sorted((home() / "runs").glob("*")):
        if run_folder(folder.name) == folder and (folder / "config.json").is_file():
            yield Run(folder)


def keep_race(runs: list[Run]) -> str:
    """Remember which runs belong together, in their order.

    Returns:
        An unguessable id for them.
    """
    race = secrets.token_hex(8)
    folder = home() / "races"
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / f"{race}.json", [run.id for run in runs])
    return race


def runs_of_race(race: str) -> list[Run]:
    """The runs of a race, in the order in which they were queued.

    Raises:
        RunError: there is no such race.
    """
    path = home() / "races" / f"{race}.json"
    if not RACE_ID.fullmatch(race) or not path.is_file():
        raise RunError("There is no race {given!r}. It may have been removed.", given=race)
    return [get(run_id) for run_id in json.loads(path.read_text(encoding="utf-8"))]


def keep_data(content: bytes, name: str) -> Path:
    """Keep an uploaded file, so that runs can read it later; the same content is kept once.

    Args:
        content: the file's bytes.
        name: its name; only the ending is used.

    Raises:
        RunError: the folder cannot be written.
    """
    import hashlib

    ending = Path(name).suffix.lower()
    path = home() / "data" / f"{hashlib.sha256(content).hexdigest()[:32]}{ending if ending.isascii() else ''}"
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_suffix(f".{secrets.token_hex(4)}")
            temporary.write_bytes(content)
            temporary.replace(path)
    except OSError as error:
        raise RunError("{folder} cannot be written: {reason}.", folder=path.parent, reason=error.strerror) from error
    return path


def _born(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def _replace(path: Path, value: object) -> None:
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    temporary.replace(path)
