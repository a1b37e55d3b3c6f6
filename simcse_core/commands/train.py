"""The command `train`: flags to a run's configuration, and the run into the queue, followed to its end."""

import argparse
import os
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.commands import folds
from simcse_core.commands.loading import load_model, open_data, warn
from simcse_core.commands.options import (
    COLUMNS_HELP,
    Parser,
    add_model,
    add_option,
    add_reading,
    seed,
    share,
    whole,
)
from simcse_core.commands.printing import print_record, to_stderr
from simcse_core.commands.queued_training import cancelling, follow, queued, resuming, say
from simcse_core.data.kinds import KINDS
from simcse_core.errors import OptionError
from simcse_core.home import is_recordable
from simcse_core.option_fields import option_fields
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.data.held_out import Sides
    from simcse_core.runs.config import RunConfig
    from simcse_core.runs.run import Run

NAME = "train"
HELP = "Train a model: pre-training on texts, or a loss on data of any kind."
MANY_EPOCHS = 1_000
"""When something else is the budget."""
SOME_TEXTS = 500
"""Of a new model's vocabulary, to see whether it can be trained as it is asked for."""


def add_arguments(train: Parser) -> None:
    """Add the data, what is held out, a flag for each setting, and the model."""
    train.add_argument("--data", help="a table, a text file, the name of bundled data, or hub:owner/name")
    train.add_argument("--columns", help=COLUMNS_HELP)
    add_reading(train)
    train.add_argument("--as", dest="kind", help="convert to this kind before training: " + ", ".join(KINDS))
    _add_held_out(train)
    train.add_argument("--output", help="folder of the run (default: a new one under SIMCSE_HOME)")
    train.add_argument("--resume", action="store_true", help="go on with the interrupted run in --output")
    _add_settings(train)
    add_model(train)
    train.set_defaults(precision="auto")
    train.tells_written = True  # for --resume


def _add_held_out(train: argparse.ArgumentParser) -> None:
    """The flags that say what is learned from and what is measured on."""
    from simcse_core.runs.config import MOST_FOLDS

    train.add_argument(
        "--dev", help="held-out data; none: learn from all rows and measure nothing (default: a share is held out)"
    )
    train.add_argument(
        "--dev-share",
        type=share,
        metavar="X",
        help="share of the rows to hold out (default: 0.4 of each class of labelled texts, 0.2 of other rows)",
    )
    train.add_argument(
        "--folds",
        type=whole(2, MOST_FOLDS),
        metavar="K",
        help="cross-validation: train K times, each time with another of K parts held out, and measure on all rows; "
        "the weights of the last step are kept unless --keep says otherwise",
    )
    train.add_argument("--fold", type=whole(1, MOST_FOLDS), metavar="I", help="only this one of the K folds, from 1")
    train.add_argument(
        "--final",
        action="store_true",
        help="afterwards train once more on all rows, unmeasured, with the same settings; --output is its folder. Each "
        "row is seen as often as by the weights that were kept: after --keep best, --patience or a budget other than "
        "--epochs that is a number of steps",
    )
    train.add_argument("--data-seed", type=seed, help="seed of what is held out and of --as (default: --seed)")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """A flag for every training setting, made from the settings themselves."""
    from simcse_core.learning.losses import losses
    from simcse_core.learning.pretraining import pretraining
    from simcse_core.learning.settings import TrainingSettings, objective

    for field in option_fields(TrainingSettings):
        if field.name not in ("seed", "precision", "loss_options"):
            choices = [*losses.names(), *pretraining.names()] if field.name == "loss" else []
            add_option(parser, field, choices)
    entries = [objective(name) for name in (*losses.names(), *pretraining.names())]
    options = "; ".join(
        f"{entry.name}: {', '.join(field.name for field in entry.fields)}" for entry in entries if entry.fields
    )
    parser.add_argument(
        "--loss-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"hyper-parameter of the loss, e.g. temperature=0.1. {options}",
    )


def config_of(options: argparse.Namespace) -> "RunConfig":
    """What the flags of `train` say, without a look at data or model.

    Raises:
        OptionError: a setting is out of range, contradicts another one, or is written in another way.
    """
    from simcse_core.data.columns import parse_columns
    from simcse_core.learning.settings import TrainingSettings, training_settings
    from simcse_core.runs.config import RunConfig, check_held_out
    from simcse_core.runs.reproduce import BUDGETS

    given = {name: getattr(options, name) for name in TrainingSettings.model_fields if hasattr(options, name)}
    if "epochs" not in given and any(name in given for name in BUDGETS):
        given["epochs"] = MANY_EPOCHS  # the other budget decides
    if "keep" not in given and options.folds is not None:
        given["keep"] = "last"  # the best of many moments on held-out rows looks better than it is
    config = RunConfig(
        data=options.data,
        dev=options.dev,
        dev_share=options.dev_share,
        folds=options.folds,
        fold=options.fold,
        columns=parse_columns(options.columns) if options.columns else {},
        encoding=options.encoding,
        sheet=options.sheet,
        kind=options.kind,
        model=options.model,
        layer=options.layer,
        pooling=options.pooling,
        head=options.head,
        device=options.device,
        settings=training_settings({**given, "loss_options": _loss_options(options.loss_option)}),
        data_seed=options.data_seed,
    )
    check_held_out(config)
    return config


def _loss_options(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if wrong := next((name for name, equals, _ in pairs if not equals), None):
        raise OptionError("--loss-option {given!r} needs a value: NAME=VALUE.", given=wrong)
    return {name: value for name, _, value in pairs}


def _checked(config: "RunConfig", options: argparse.Namespace) -> "RunConfig":
    """The same, pinned down; what may be wrong with data or model is said before anything starts."""
    from simcse_core.data.kinds import texts_of
    from simcse_core.data.lint import lint
    from simcse_core.encoding.layers import layers_to_tune
    from simcse_core.encoding.scratch import SIZES, check_enough, new_model
    from simcse_core.learning.processes import launched
    from simcse_core.learning.training import check
    from simcse_core.runs import queue
    from simcse_core.runs.config import describe, open_sides
    from simcse_core.runs.folds import check_final, check_folds

    _check_names(absolute(config), options.output)
    if options.output and launched().is_main:  # which may have made the folder before the others look
        _check_folder(Path(options.output))
    data = open_data(config.data, config.columns, encoding=config.encoding, sheet=config.sheet)
    read = None
    if config.model in SIZES:
        layers_to_tune(config.settings.tune, SIZES[config.model].layers)
    else:
        model = load_model(options)
        model.tune(config.settings.tune)
        read = model.check(texts_of(data))
    if launched().count == 1:
        queue.ensure_supervisor(soon=True)  # a worker gets ready meanwhile
    described = describe(absolute(config))  # whoever carries it out may stand in another folder
    is_one = config.folds is None or config.fold is not None
    sides = open_sides(described if is_one else described.model_copy(update={"fold": 1}))
    if config.model in SIZES:
        check_enough(texts_of(sides.train))
        some = texts_of(sides.train)[:SOME_TEXTS]
        model = new_model(config.model, some, device=config.device).configured(
            pooling=config.pooling, layer=config.layer, head=config.head
        )
    check(model, sides.train, sides.dev, config.settings)
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
        raise OptionError("{folder} cannot be written: name a folder of yours.", folder=folder)
    store.check_free(folder)


def _say_what_is_held_out(config: "RunConfig", sides: "Sides") -> None:
    from simcse_core.data.held_out import folds_in_words, in_words

    if config.folds is not None and config.fold is None:
        say(folds_in_words(sides.data, config.folds))
    else:
        nobody_said = sides.held and config.dev_share is None and config.folds is None
        how = "--dev-share, --dev none or --folds change that." if nobody_said else ""
        say(in_words(sides, fold=config.fold, folds=config.folds), then=how)


def absolute(config: "RunConfig") -> "RunConfig":
    """The same, with whole paths where it names files or folders of this machine."""
    from simcse_core.data.opening import source_of
    from simcse_core.encoding.catalogue import find
    from simcse_core.encoding.scratch import SIZES

    def data(name: str) -> str:
        return str(Path(name).resolve()) if source_of(name) == "file" and Path(name).is_file() else name

    is_folder = config.model not in SIZES and find(config.model) == Path(config.model)
    return config.model_copy(
        update={
            "data": data(config.data),
            "dev": config.dev if config.other_dev is None else data(config.other_dev),
            "model": str(Path(config.model).resolve()) if is_folder else config.model,
        }
    )


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
    config = _checked(config_of(options), options)
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
    _check_resumed(run, options)
    known = len(run.records())
    queue.resume(run, None)
    _follow(run, options, known=known)


def _check_resumed(run: "Run", options: argparse.Namespace) -> None:
    """Refuse flags beside --resume that say something else than what the run was started with.

    Raises:
        OptionError: one does, or is written in another way.
        RunError: the run is damaged.
    """
    differing = [
        f"{flag} is {printable(str(asked))}, the run has {'none' if started in (None, '', {}) else started}"
        for flag, asked, started in _asked_and_started(run.config, options.written)
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
            asked, of_run = (loss.with_options(options) for options in (_loss_options(value), started["loss_options"]))
            yield from ((f"--loss-option {option}", asked[option], of_run[option]) for option in _loss_options(value))
        elif name == "columns":
            yield "--columns", parse_columns(value), config.columns
        elif name in started:
            yield "--as" if name == "kind" else f"--{name.replace('_', '-')}", value, started[name]


def _train_together(config: "RunConfig", options: argparse.Namespace) -> None:
    """One run in the processes of `accelerate launch`, of which the queue knows nothing."""
    from simcse_core.learning.processes import launched
    from simcse_core.runs import execute, store

    if launched().is_main:
        run = store.create(config, Path(options.output) if options.output else None)
        execute.execute(run, emit=lambda record: print_record(record, options.format))
    else:
        execute.follow(config)  # the main process keeps the records


def _follow(run: "Run", options: argparse.Namespace, *, known: int = 0, then: str = "") -> None:
    """Print the records of a run until it is over, all but those that are known; `then` is what goes on after it."""
    with cancelling([run], resuming(run) + then):
        follow(run, partial(print_record, form=options.format), known=known)
