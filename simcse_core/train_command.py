"""The command `train`: flags to a run's configuration, and the run into the queue, followed to its end."""

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.command_options import (
    COLUMNS_HELP,
    Parser,
    add_command,
    add_model,
    load_model,
    open_data,
    seed,
    warn,
)
from simcse_core.data.kinds import KINDS
from simcse_core.errors import OptionError
from simcse_core.printing import print_record
from simcse_core.waiting_line import WaitingLine

if TYPE_CHECKING:
    from simcse_core.runs.config import RunConfig
    from simcse_core.runs.run import Run

MANY_EPOCHS = 1_000
"""When steps or seconds are the budget."""


def add_to(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command with all its flags."""
    train = add_command(
        commands, "train", _train, "Train a model: pre-training on texts, or a loss on data of any kind."
    )
    train.add_argument("--data", help="a table, a text file, the name of bundled data, or hub:owner/name")
    train.add_argument("--columns", help=COLUMNS_HELP)
    train.add_argument("--as", dest="kind", help="convert to this kind before training: " + ", ".join(KINDS))
    train.add_argument("--dev", help="held-out data (default: a share of the data)")
    train.add_argument(
        "--data-seed", type=seed, help="for what is held out, and for becoming another kind (default: --seed)"
    )
    train.add_argument("--output", help="folder of the run (default: a new one under SIMCSE_HOME)")
    train.add_argument("--resume", action="store_true", help="go on with the interrupted run in --output")
    _add_settings(train)
    add_model(train)
    train.set_defaults(precision="auto")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """A flag for every training setting, made from the settings themselves."""
    from simcse_core.learning.losses import losses
    from simcse_core.learning.pretraining import pretraining
    from simcse_core.learning.settings import TrainingSettings

    for name, field in TrainingSettings.model_fields.items():
        if name not in ("seed", "precision", "loss_options"):
            kind = next((kind for kind in (float, int) if kind.__name__ in str(field.annotation)), str)
            flag, description = "--" + name.replace("_", "-"), (field.description or "").replace("%", "%%")
            description += f" One of: {', '.join([*losses.names(), *pretraining.names()])}." if name == "loss" else ""
            shown = "" if field.default is None else f" (default: {field.default})"
            parser.add_argument(flag, type=kind, default=argparse.SUPPRESS, help=description + shown)
    parser.add_argument(
        "--loss-option", action="append", default=[], metavar="NAME=VALUE", help="a setting of the loss"
    )


def config_of(options: argparse.Namespace) -> "RunConfig":
    """What the flags of `train` say, without a look at data or model.

    Raises:
        OptionError: a setting is out of range, or written in another way.
    """
    from simcse_core.data.columns import parse_columns
    from simcse_core.learning.settings import TrainingSettings, training_settings
    from simcse_core.runs.config import RunConfig

    given = {name: getattr(options, name) for name in TrainingSettings.model_fields if hasattr(options, name)}
    if "epochs" not in given and ("seconds" in given or "steps" in given):
        given["epochs"] = MANY_EPOCHS  # the other budget decides
    return RunConfig(
        data=options.data,
        dev=options.dev,
        columns=parse_columns(options.columns) if options.columns else {},
        kind=options.kind,
        model=options.model,
        layer=options.layer,
        pooling=options.pooling,
        head=options.head,
        device=options.device,
        settings=training_settings({**given, "loss_options": _loss_options(options.loss_option)}),
        data_seed=options.data_seed,
    )


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
    from simcse_core.encoding.scratch import SIZES
    from simcse_core.learning.processes import launched
    from simcse_core.runs import queue
    from simcse_core.runs.config import describe, open_split

    data = open_data(config.data, config.columns)
    if config.model in SIZES:
        layers_to_tune(config.settings.tune, SIZES[config.model].layers)
    else:
        model = load_model(options)
        model.tune(config.settings.tune)
        warn(config.model, model.check(texts_of(data)))
    if launched().count == 1:
        queue.ensure_supervisor(soon=True)  # a worker gets ready meanwhile
    described = describe(absolute(config))  # whoever carries it out may stand in another folder
    learned_from, dev = open_split(described)
    for finding in lint(learned_from, dev=dev, batch_size=config.settings.batch_size):
        if finding.severity != "info":
            print(f"simcse_core: {finding.severity}: {finding.message}", file=sys.stderr)
    return described


def absolute(config: "RunConfig") -> "RunConfig":
    """The same, with whole paths where it names files or folders of this machine."""
    from simcse_core.data import bundled
    from simcse_core.encoding.catalogue import find
    from simcse_core.encoding.scratch import SIZES

    def data(name: str) -> str:
        is_file = name not in bundled.names() and not name.startswith("hub:") and Path(name).is_file()
        return str(Path(name).resolve()) if is_file else name

    is_folder = (
        config.model not in SIZES and config.model != "use-multilingual" and find(config.model) == Path(config.model)
    )
    return config.model_copy(
        update={
            "data": data(config.data),
            "dev": None if config.dev is None else data(config.dev),
            "model": str(Path(config.model).resolve()) if is_folder else config.model,
        }
    )


def _train(options: argparse.Namespace) -> None:
    from simcse_core.learning.processes import launched
    from simcse_core.runs import queue, store

    several = launched().count > 1
    if options.resume:
        if several:
            raise OptionError("--resume goes on in one process: start it without accelerate launch.")
        if not options.output:
            raise OptionError("--resume needs --output: the folder of the interrupted run.")
        run = store.open_run(Path(options.output))
        known = len(run.records())
        queue.resume(run, None)
        _follow(run, options, known)
    elif options.data is None:
        raise OptionError("train needs --data: a table, a text file, or the name of bundled data.")
    elif several:
        _train_together(_checked(config_of(options), options), options)
    else:
        _follow(_queued(_checked(config_of(options), options), options), options)


def _train_together(config: "RunConfig", options: argparse.Namespace) -> None:
    """One run in the processes of `accelerate launch`, of which the queue knows nothing."""
    from simcse_core.learning.processes import launched
    from simcse_core.runs import execute, store

    if launched().is_main:
        run = store.create(config, Path(options.output) if options.output else None)
        execute.execute(run, emit=lambda record: print_record(record, options.format))
    else:
        execute.follow(config)  # the main process keeps the records


def _queued(config: "RunConfig", options: argparse.Namespace) -> "Run":
    from simcse_core.runs import queue

    folder = Path(options.output) if options.output else None
    asked_at = time.time()
    (run,) = queue.submit([config], folder=folder, expected=config.settings.seconds)
    if run.about.created < asked_at:
        print(f"simcse_core: the same training is there already: run {run.id}, {run.status.state}.", file=sys.stderr)
    return run


def _follow(run: "Run", options: argparse.Namespace, known: int = 0) -> None:
    """Print the records of a run until it is over, all but those that are known.

    Raises:
        RunError: it failed.
        KeyboardInterrupt: with a message that says how to go on; the run is cancelled then.
    """
    from simcse_core.runs import queue
    from simcse_core.runs.following import follow

    try:
        with WaitingLine() as line:
            for record in follow(run, known=known, on_wait=line.show):
                line.end()
                print_record(record, options.format)
    except KeyboardInterrupt:
        queue.cancel(run, "cli" if run.is_of("cli") else None)
        again = f"train --resume --output {run.folder}" if options.output else f"runs resume {run.id}"
        raise KeyboardInterrupt(f"cancelled. To go on from here: python -m simcse_core {again}") from None
