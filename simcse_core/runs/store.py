"""All runs under `SIMCSE_HOME`: making, finding and deleting them, and the data that was brought for them."""

import contextlib
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from simcse_core import durable
from simcse_core.errors import RunError
from simcse_core.home import home, run_folder
from simcse_core.jsonable import jsonable
from simcse_core.learning.records import About, State
from simcse_core.runs import entries, files, index
from simcse_core.runs.config import RunConfig
from simcse_core.runs.entries import QueueEntry
from simcse_core.runs.run import RESERVED_BYTES, Run, owners_lock

__all__ = [
    "Run",
    "all_runs",
    "create",
    "delete",
    "discard",
    "get",
    "keep_data",
    "listed_runs",
    "new_folder",
    "open_run",
    "runs_of",
    "sweep_data",
    "sweep_models",
]


def new_folder() -> Path:
    """A folder for a new run, with an unguessable id; it does not exist yet."""
    return home() / "runs" / f"{datetime.now(UTC):%Y%m%d-%H%M%S%f}-{secrets.token_hex(6)}"


def create(
    config: RunConfig,
    folder: Path | None = None,
    *,
    owner: str = "cli",
    entry: QueueEntry | None = None,
    state: State = State.QUEUED,
) -> Run:
    """A new run. At every moment it is there with all of its files, or not at all.

    Args:
        config: what it does.
        folder: where; None makes a folder with an unguessable id under `SIMCSE_HOME`. Nothing stands in it that has
            the name of a run's file, unless a run failed there before its first record, which is replaced.
        owner: whose it is.
        entry: when its turn comes.
        state: what it begins with; "running" is for a process that carries it out itself, without the queue.

    Raises:
        RunError: the folder already holds a run or other files, or cannot be written.
    """
    folder = (folder or new_folder()).resolve()
    if files.is_file(folder / "config.json") and (Run(folder).status.state != State.FAILED or Run(folder).records()):
        raise RunError("{folder} already holds a run. Choose another folder.", folder=folder)
    check_free(folder)
    run = Run(folder)
    is_replaced = files.is_file(folder / "config.json")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        run.forget_cancel()
        # Random bytes, because some file systems store nothing for zeros.
        (folder / "reserve").write_bytes(secrets.token_bytes(RESERVED_BYTES))
        files.replace(folder / "about.json", jsonable(About(owners=(owner,), created=time.time())))
        if entry is not None:
            entries.write(run, entry)
        else:
            (folder / entries.NAME).unlink(missing_ok=True)
        if not is_replaced:
            run.set_status(state)
        files.replace(folder / "config.json", config.model_dump(mode="json"))  # with it the folder is a run
        if is_replaced:
            run.set_status(state)  # it was over until now
        durable.sync(folder.parent)
    except (OSError, RunError) as error:
        discard(run)
        raise files.explained(error, folder) if isinstance(error, OSError) else error from error
    return run


_OF_A_RUN = frozenset(
    (
        *("about.json", "status.json", "queue.json", "metrics.jsonl", "items.json", "heartbeat", "reserve"),
        *("cancel", "log.txt", "checkpoint.pt", "model"),
    )
)
"""What a run writes in its folder."""


def check_free(folder: Path) -> None:
    """See that a run can be made in a folder without touching anybody's files.

    Raises:
        RunError: something stands in it that the run would write over, or it is where all runs are.
    """
    is_run = files.is_file(folder / "config.json")
    names = [] if is_run or not os.path.isdir(folder) else os.listdir(folder)
    if files.is_file(folder) or folder in (home(), home() / "runs") or not _OF_A_RUN.isdisjoint(names):
        raise RunError("{folder} holds other files. Name a new folder for the run.", folder=folder)


def discard(run: Run) -> None:
    """Take back a run that could not be queued, as far as the disk allows it. Other people's files stay."""
    with contextlib.suppress(OSError):
        for name in ("config.json", "about.json", "status.json", "queue.json", "reserve"):  # the first makes it a run
            (run.folder / name).unlink(missing_ok=True)
        run.folder.rmdir()


def get(run_id: str) -> Run:
    """A run by its id.

    Raises:
        RunError: there is none.
    """
    folder = run_folder(run_id)
    if folder is None or not files.is_file(folder / "config.json"):
        raise RunError("There is no run {given!r}.", given=run_id)
    return Run(folder)


def open_run(folder: Path) -> Run:
    """A run by its folder, to go on with it.

    Raises:
        RunError: there is none, or it is not one that has stopped before its end.
    """
    run = Run(folder.resolve())
    if not files.is_file(run.folder / "config.json"):
        raise RunError("{folder} holds no run. Name the folder of the interrupted one.", folder=folder)
    if run.status.state.is_busy:
        raise RunError("The run in {folder} is not over: it is {state}.", folder=folder, state=run.status.state)
    if run.status.state == State.FINISHED:
        raise RunError("The run in {folder} is finished. Start a new one from its model.", folder=folder)
    return run


def all_runs() -> list[Run]:
    """Every run under `SIMCSE_HOME` that this user can read, the oldest first; of others it is said on stderr."""
    return [one.run for one in index.look(0) if not one.is_outside]


def listed_runs() -> list[Run]:
    """As `all_runs`, with the runs whose folders somebody named (`train --output`) among them, the oldest first."""
    return sorted((one.run for one in index.look(0)), key=lambda run: run.about.created)


def runs_of(user: str) -> list[Run]:
    """A user's runs, the newest first."""
    return index.runs_of(user, age=0)


def delete(run: Run, user: str | None) -> None:
    """Remove a run and its model. One that is also somebody else's only stops being this user's.

    What was uploaded for it goes with the last run that needs it; when somebody has just brought the same file again,
    they are about to start a run with it, and it stays.

    Raises:
        RunError: it is somebody else's, it is not over, another run that is not over starts from its model, or files
            of it could not be removed.
    """
    trash = run.folder.with_name(f"deleted-{run.id}")  # no longer a run, whatever happens now
    with owners_lock():
        run.check_owner(user)
        if user is not None and run.leave_locked(user):
            return
        _check_not_needed(run)
        uploads, created = _uploads_of(run), run.about.created
        try:
            durable.move(run.folder, trash)
        except OSError as error:
            raise files.explained(error, run.folder) from error
        _remove_uploads(lambda path, changed: path in uploads and (changed <= created or changed < time.time() - 600))
    shutil.rmtree(trash, ignore_errors=True)
    if os.path.lexists(trash):
        raise RunError(
            "The run {run} is in no list any more, but files of it cannot be removed. Delete the folder {folder} by "
            "hand.",
            run=run.id,
            folder=trash,
        )


def sweep_data(older_than_seconds: float = 86_400) -> None:
    """Remove uploads that no run needs: their race was never started, or could not be queued.

    Args:
        older_than_seconds: what came later may still be used.
    """
    latest = time.time() - older_than_seconds
    with owners_lock():
        _remove_uploads(lambda _path, changed: changed < latest)


def models_given() -> Path:
    """The folder of models that programs gave to a training as they held them, a folder for each."""
    return home() / "models-given"


def sweep_models(older_than_seconds: float = 86_400) -> None:
    """Remove the models of programs that no run started from, nor any run before it.

    Args:
        older_than_seconds: what came later, or was given again later, may still be used.
    """
    latest = time.time() - older_than_seconds
    with owners_lock():
        try:
            old = [path for path in models_given().iterdir() if _changed(path) < latest]
        except OSError:  # no program has given any
            return
        needed = {name for one in index.look(0) for name in _started_from(one.run)} if old else set()
        for path in old:
            if str(path) not in needed:
                shutil.rmtree(path, ignore_errors=True)


def _started_from(run: Run) -> set[str]:
    """The names of the models that a run started from, and those that made it."""
    try:
        return {run.config.model, *(stage.started_from for stage in run.config.stages)}
    except RunError:
        return set()


def _remove_uploads(goes: Callable[[Path, float], bool]) -> None:
    """Remove the uploads of which `goes` says so, by path and time of change, unless a run needs them."""
    try:
        uploads = [path for path in _uploads().iterdir() if goes(path, _changed(path))]
    except OSError:  # nobody has brought anything
        return
    needed = {path for one in index.look(0) for path in _uploads_of(one.run)} if uploads else set()
    for path in uploads:
        if path not in needed:
            with contextlib.suppress(OSError):
                path.unlink()


def _uploads() -> Path:
    """The folder of what was uploaded."""
    return home() / "data"


def _uploads_of(run: Run) -> set[Path]:
    """What of a run's data was uploaded."""
    try:
        config = run.config
    except RunError:
        return set()
    named = [Path(name) for name in (config.data, config.other_dev) if name]
    return {path for path in named if path.parent == _uploads()}


def _changed(path: Path) -> float:
    """Seconds since the epoch; what is gone is new."""
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def _check_not_needed(run: Run) -> None:
    if run.folder.resolve().parent != home() / "runs":  # it may hold more than the run
        raise RunError("{folder} was chosen with --output; delete it by hand.", folder=run.folder)
    if run.status.state.is_busy:
        raise RunError("The run {run} is not over. Cancel it first, then delete it.", run=run.id)
    for one in index.look(0):
        if not (one.is_outside or one.recorded.state.is_over) and _starts_from(one.run, run):
            raise RunError("The run {other} starts from this model. Wait for it, or cancel it.", other=one.run.id)


def _starts_from(other: Run, run: Run) -> bool:
    try:
        return other.config.model in (run.id, str(run.model))
    except RunError:
        return False


def keep_data(content: bytes, name: str) -> Path:
    """Keep an uploaded file, so that runs can read it later; the same content is kept once.

    Args:
        content: the file's bytes.
        name: its name; only the ending is used.

    Raises:
        RunError: the folder cannot be written.
    """
    ending = Path(name).suffix.lower()
    path = _uploads() / f"{hashlib.sha256(content).hexdigest()[:32]}{ending if ending.isascii() else ''}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if _is_whole(path, content):
            path.touch()  # it is wanted again: `delete` leaves it
        else:
            durable.write(path, content)
    except OSError as error:
        raise files.explained(error, path.parent) from error
    return path


def _is_whole(path: Path, content: bytes) -> bool:
    """Whether the content stands there: an earlier version could leave a part of it."""
    try:
        return path.stat().st_size == len(content)
    except OSError:
        return False
