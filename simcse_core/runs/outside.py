"""Where runs are whose folders somebody named (`train --output`): all that is not in the folders themselves."""

from pathlib import Path

from pydantic import TypeAdapter

from simcse_core.home import home
from simcse_core.runs import files

_FOLDERS = TypeAdapter(list[str])


def folders() -> list[Path]:
    """The folders that are or were runs outside of `SIMCSE_HOME`."""
    try:
        return [Path(folder) for folder in files.read(home() / "outside.json", _FOLDERS)]
    except (OSError, ValueError):
        return []


def remember(folder: Path) -> None:
    """Remember a folder, before it becomes a run that waits. The caller holds the queue's lock.

    Raises:
        RunError: it cannot be written.
    """
    if folder.parent == home() / "runs" or folder in (listed := folders()):
        return
    there = [path for path in listed if files.is_file(path / "config.json")]
    try:
        files.replace(home() / "outside.json", [str(path) for path in (*there, folder)])
    except OSError as error:
        raise files.explained(error, home()) from error
