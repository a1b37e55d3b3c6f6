"""What may be wrong with a training's data, model, folder or names, said before anything starts."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.commands.loading import load_model, open_data, warn
from simcse_core.commands.printing import to_stderr
from simcse_core.commands.queued_training import say
from simcse_core.commands.training_options import absolute
from simcse_core.errors import OptionError
from simcse_core.home import is_recordable

if TYPE_CHECKING:
    from simcse_core.data.held_out import Sides
    from simcse_core.runs.config import RunConfig

SOME_TEXTS = 500
"""Of a new model's vocabulary, to see whether it can be trained as it is asked for."""


def checked(config: "RunConfig", options: argparse.Namespace) -> "RunConfig":
    """The same, pinned down; what may be wrong with data or model is said before anything starts."""
    from simcse_core.data.kinds import texts_of
    from simcse_core.data.lint import lint
    from simcse_core.encoding.layers import layers_to_tune
    from simcse_core.encoding.scratch import SIZES, check_enough, new_model
    from simcse_core.learning.processes import launched
    from simcse_core.learning.prompting import prompted
    from simcse_core.learning.training import check
    from simcse_core.runs import queue
    from simcse_core.runs.config import describe, open_sides
    from simcse_core.runs.folds import check_final, check_folds

    _check_names(absolute(config), options.output)
    if options.output and launched().is_main:  # which may have made the folder before the others look
        _check_folder(Path(options.output))
    data = open_data(config.data, config.columns, encoding=config.encoding, sheet=config.sheet)
    if config.model in SIZES:
        layers_to_tune(config.settings.tune, SIZES[config.model].layers)
    else:
        model = load_model(options, prompt=False)
        model.tune(config.settings.tune)
    if launched().count == 1:
        queue.ensure_supervisor(soon=True)  # a worker gets ready meanwhile
    described = describe(absolute(config))  # whoever carries it out may stand in another folder
    is_one = config.folds is None or config.fold is not None
    sides = open_sides(described if is_one else described.model_copy(update={"fold": 1}))
    if config.model in SIZES:
        check_enough(texts_of(sides.train))
        some = texts_of(sides.train)[:SOME_TEXTS]
        model = new_model(config.model, some, device=config.device).configured(
            pooling=config.pooling, layer=config.layer, head=config.head, dim=config.dim
        )
    model, train, dev = prompted(model, config.prompt, sides.train, sides.dev)
    read = None if config.model in SIZES else model.check(texts_of(data))
    check(model, train, dev, config.settings)
    if not is_one:
        check_folds(described, data)
    if options.final:
        check_final(sides)
    if launched().is_main:
        _say_what_is_held_out(config, sides)
    if read is not None:
        warn(config.model, read)
    for finding in lint(sides.train, dev=sides.dev, batch_size=config.settings.batch_size):
        if finding.severity != "info":
            to_stderr(f"{finding.severity}: {finding.message}")
    return described


def _check_names(config: "RunConfig", output: str | None) -> None:
    """Refuse names that the files of a run cannot record, or that a worker cannot be told."""
    for name in (config.data, config.other_dev or "", config.model, str(Path(output).resolve()) if output else ""):
        if not is_recordable(name):
            raise OptionError(
                "{name} is not UTF-8, or holds a line break: a run cannot record it. Give it another name.", name=name
            )


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
