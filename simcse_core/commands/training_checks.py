"""What may be wrong with a training's data, model, folder or names, said before anything starts."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.commands.loading import warn
from simcse_core.commands.printing import to_stderr
from simcse_core.commands.queued_training import say
from simcse_core.errors import OptionError

if TYPE_CHECKING:
    from simcse_core.data.held_out import Sides
    from simcse_core.runs.config import RunConfig


def checked(config: "RunConfig", options: argparse.Namespace) -> "RunConfig":
    """The same, pinned down; what may be wrong with data or model is said before anything starts."""
    from simcse_core.api.progress import download_bar
    from simcse_core.data.lint import lint
    from simcse_core.learning.processes import launched
    from simcse_core.runs.preflight import absolute, check_names, preflight

    folder = Path(options.output) if options.output else None
    check_names(absolute(config), folder)
    if folder is not None and launched().is_main:  # which may have made the folder before the others look
        _check_folder(folder)
    ready = preflight(config, download_bar, is_queued=launched().count == 1, final=options.final)
    if launched().is_main:
        _say_what_is_held_out(config, ready.sides)
    if ready.read is not None:
        warn(config.model, ready.read)
    for finding in lint(ready.sides.train, dev=ready.sides.dev, batch_size=config.settings.batch_size):
        if finding.severity != "info":
            to_stderr(f"{finding.severity}: {finding.message}")
    return ready.config


def _check_folder(folder: Path) -> None:
    """Refuse what can be no folder of a run, before a model is loaded for it.

    Raises:
        OptionError: it is a file, or cannot be made.
        RunError: it holds other files.
    """
    from simcse_core.runs import store

    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if os.path.lexists(path))
    if not os.path.isdir(there):
        raise OptionError("--output is {folder}, and {file} is a file. Name a folder.", folder=folder, file=there)
    if not os.access(there, os.W_OK | os.X_OK):
        raise OptionError("{folder} cannot be written: name a folder that you may write to.", folder=folder)
    store.check_free(folder)


def _say_what_is_held_out(config: "RunConfig", sides: "Sides") -> None:
    from simcse_core.data.held_out import folds_in_words, in_words

    if config.folds is not None and config.fold is None:
        say(folds_in_words(sides.data, config.folds))
    else:
        nobody_said = sides.held and config.dev_share is None and config.folds is None
        how = "--dev-share, --dev none or --folds change that." if nobody_said else ""
        say(in_words(sides, fold=config.fold, folds=config.folds), then=how)
