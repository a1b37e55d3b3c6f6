"""Where the project keeps what it makes: the folder `SIMCSE_HOME`, by default `.simcse` in the user's home."""

import os
import re
from pathlib import Path

RUN_ID = re.compile(r"[0-9]{8}-[0-9]{12}-[0-9a-f]{12}")


def home() -> Path:
    """The folder for runs, uploaded data and models. It need not exist yet."""
    # Resolved, because a run is known by its folder: a link to it must not be another one.
    return Path(os.environ.get("SIMCSE_HOME") or Path.home() / ".simcse").resolve()


def models_folder() -> Path:
    """The folder of models from the hub: `SIMCSE_MODELS`, by default `models` in `home()`. It need not exist yet.

    It can be filled on one machine and copied to others.
    """
    return Path(os.environ.get("SIMCSE_MODELS") or home() / "models")


def run_folder(run_id: str) -> Path | None:
    """The folder of a run, or None when the text is no run's id. Only the run store writes there."""
    return home() / "runs" / run_id if RUN_ID.fullmatch(run_id) else None
