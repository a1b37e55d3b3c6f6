"""The command `train`: flags to a run's configuration, and the run into the queue, followed to its end."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.commands import folds
from simcse_core.commands.options import COLUMNS_HELP, Parser, add_model, add_reading
from simcse_core.commands.printing import print_record
from simcse_core.commands.queued_training import cancelling, follow, queued, resuming
from simcse_core.commands.resuming import check_resumed
from simcse_core.commands.training_checks import checked
from simcse_core.commands.training_options import add_held_out, add_settings, config_of, keep_piped
from simcse_core.data.kinds import KINDS
from simcse_core.errors import OptionError

if TYPE_CHECKING:
    from simcse_core.runs.config import RunConfig
    from simcse_core.runs.run import Run

NAME = "train"
HELP = "Train a model: pre-training on texts, or a loss on data of any kind."


def add_arguments(parser: Parser) -> None:
    """Add the data, what is held out, a flag for each setting, and the model."""
    parser.add_argument("--data", help="a table, a text file, - for standard input, bundled data, or hub:owner/name")
    parser.add_argument("--columns", help=COLUMNS_HELP)
    add_reading(parser)
    parser.add_argument("--as", dest="kind", help="convert to this kind before training: " + ", ".join(KINDS))
    add_held_out(parser)
    parser.add_argument("--output", help="folder of the run (default: a new one under SIMCSE_HOME)")
    parser.add_argument("--resume", action="store_true", help="continue the interrupted run in --output")
    add_settings(parser)
    add_model(parser)
    parser.set_defaults(precision="auto")
    parser.tells_written = True  # for --resume


def run(options: argparse.Namespace) -> None:
    """Queue the training and print its records until it is over."""
    from simcse_core.learning.processes import launched

    several = launched().count > 1
    folds.check(options, several=several)
    if options.resume:
        _resume(options, several=several)
        return
    if options.data is None:
        raise OptionError("train needs --data: a table, a text file, or the name of bundled data.")
    keep_piped(options)
    config = checked(config_of(options), options)
    if several:
        _train_together(config, options)
    elif config.folds is not None and config.fold is None:
        runs = folds.train_folds(config, options)
        if options.final:
            folds.train_final(config, runs, options)
    elif options.final:
        (run,) = queued([config], options, output=False)
        _follow(run, options, then=", then the same command")
        folds.train_final(config, [run], options)
    else:
        (run,) = queued([config], options)
        _follow(run, options)


def _resume(options: argparse.Namespace, *, several: bool) -> None:
    from simcse_core.runs import queue, store

    if several:
        raise OptionError("--resume goes on in one process: start it without accelerate launch.")
    if not options.output:
        raise OptionError("--resume needs --output: the folder of the interrupted run.")
    run = store.open_run(Path(options.output))
    check_resumed(run, options.written)
    count = len(run.records())
    queue.resume(run, None)
    _follow(run, options, skip=count)


def _train_together(config: "RunConfig", options: argparse.Namespace) -> None:
    """One run in the processes of `accelerate launch`, of which the queue knows nothing."""
    from simcse_core.learning.processes import launched
    from simcse_core.learning.records import State
    from simcse_core.runs import execute, store

    if launched().is_main:
        run = store.create(config, Path(options.output) if options.output else None, state=State.RUNNING)
        execute.execute(run, emit=lambda record: print_record(record, options.format, data=config.data))
    else:
        execute.follow(config)  # the main process keeps the records


def _follow(run: "Run", options: argparse.Namespace, *, skip: int = 0, then: str = "") -> None:
    """Print the records of a run until it is over, all but the first `skip`; `then` is what goes on after it."""
    with cancelling([run], resuming(run) + then):
        follow(run, partial(print_record, form=options.format, data=run.config.data), skip=skip)
