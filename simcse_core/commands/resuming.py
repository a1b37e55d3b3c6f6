"""`train --resume`: the flags beside it may only say what the run was started with."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.commands.training_options import loss_options
from simcse_core.errors import OptionError
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.runs.config import RunConfig
    from simcse_core.runs.run import Run


def check_resumed(run: "Run", written: Mapping[str, Any]) -> None:
    """Refuse flags beside --resume that say something else than what the run was started with.

    Raises:
        OptionError: one does, or is written in another way.
        RunError: the run is damaged.
    """
    differing = [
        f"{flag} is {printable(str(asked))}, the run has {'none' if started in (None, '', {}) else started}"
        for flag, asked, started in _asked_and_started(run.config, written)
        # A file or a folder of this machine is recorded with its whole path.
        if asked != started and not (isinstance(asked, str) and str(Path(asked).resolve()) == started)
    ]
    if differing:
        raise OptionError(
            "--resume goes on with the run in {folder} with the settings that it was started with: {differing}. Leave "
            "these flags out, or start a new run without --resume and with another --output.",
            folder=run.folder,
            differing="; ".join(differing),
        )


def _asked_and_started(config: "RunConfig", written: Mapping[str, Any]) -> Iterator[tuple[str, object, object]]:
    """What flags say, each with what a run's configuration says."""
    from simcse_core.data.columns import parse_columns
    from simcse_core.learning.settings import objective

    started = {**dict(config), **dict(config.settings)}
    for name, value in written.items():
        if name == "loss_option" and written.get("loss", config.settings.loss) == config.settings.loss:
            loss = objective(config.settings.loss)
            asked, of_run = (loss.with_options(options) for options in (loss_options(value), started["loss_options"]))
            yield from ((f"--loss-option {option}", asked[option], of_run[option]) for option in loss_options(value))
        elif name == "columns":
            yield "--columns", parse_columns(value), config.columns
        elif name in started:
            yield "--as" if name == "kind" else f"--{name.replace('_', '-')}", value, started[name]
