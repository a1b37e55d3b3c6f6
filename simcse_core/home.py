"""Where the project keeps what it makes: the folder `SIMCSE_HOME`, by default `.simcse` in the user's home."""

import os
import re
from pathlib import Path

from simcse_core.errors import OptionError

RUN_ID = re.compile(r"[0-9]{8}-[0-9]{12}-[0-9a-f]{12}")


def home() -> Path:
    """The folder for runs, uploaded data and models. It need not exist yet.

    Raises:
        OptionError: it cannot be told, is no folder, or its name is not UTF-8.
    """
    # Resolved, because a run is known by its folder: a link to it must not be another one.
    return _folder("SIMCSE_HOME", os.environ.get("SIMCSE_HOME") or "~/.simcse")


def models_folder() -> Path:
    """The folder of models from the hub: `SIMCSE_MODELS`, by default `models` in `home()`. It need not exist yet.

    It can be filled on one machine and copied to others.

    Raises:
        OptionError: as for `home`.
    """
    name = os.environ.get("SIMCSE_MODELS")
    return _folder("SIMCSE_MODELS", name) if name else home() / "models"


def suites_folder() -> Path | None:
    """The folder of well-known data that `SIMCSE_SUITES` names, for the page Runs; None where it names none.

    Raises:
        OptionError: as for `home`.
    """
    name = os.environ.get("SIMCSE_SUITES")
    return _folder("SIMCSE_SUITES", name) if name else None


def run_folder(run_id: str) -> Path | None:
    """The folder of a run, or None when the text is no run's id. Only the run store writes there."""
    return home() / "runs" / run_id if RUN_ID.fullmatch(run_id) else None


def _folder(variable: str, name: str) -> Path:
    try:
        if name.split(os.sep)[0] == "~" and not os.environ.get("HOME", "~").strip():
            raise RuntimeError("HOME is empty")  # it would be the root of the disk
        folder = Path(name).expanduser().resolve()
    except (RuntimeError, OSError, ValueError):  # nobody's home; links in a circle; a name that no system takes
        raise OptionError(
            "{given} leads to no folder: this user has no home, or links lead in a circle. Set {variable} to a folder "
            "that you may write to.",
            given=name,
            variable=variable,
        ) from None
    if not is_recordable(str(folder)):
        raise OptionError(
            "The name of the folder {given} is not UTF-8, or holds a line break: no run could be found by it. Set "
            "{variable} to another one.",
            given=name,
            variable=variable,
        )
    there = next((path for path in (folder, *folder.parents) if os.path.lexists(path)), folder)
    if os.path.lexists(there) and not os.path.isdir(there):
        raise OptionError(
            "{given} is no folder: {file} is a file. Set {variable} to a folder that you may write to.",
            given=name,
            file=there,
            variable=variable,
        )
    return folder


def is_recordable(name: str) -> bool:
    """Whether the files of a run and its queue can hold a name, and a worker can be told it on a line."""
    return "\n" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)
