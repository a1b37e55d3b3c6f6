"""The flags of `train`, and the run's configuration that they say."""

import argparse
from typing import TYPE_CHECKING

from simcse_core.commands.options import add_option, seed, share, whole
from simcse_core.errors import OptionError
from simcse_core.option_fields import option_fields

if TYPE_CHECKING:
    from simcse_core.learning.settings import TrainingSettings
    from simcse_core.runs.config import RunConfig


def add_held_out(parser: argparse.ArgumentParser) -> None:
    """The flags that say what is learned from and what is measured on."""
    from simcse_core.runs.config import MOST_FOLDS

    parser.add_argument(
        "--dev",
        help="data to measure on; none: train on all rows and measure nothing (default: a share of --data is held out)",
    )
    parser.add_argument(
        "--dev-share",
        type=share,
        metavar="X",
        help="share of the rows to hold out (default: 0.4 of each class of labelled texts, 0.2 of other rows)",
    )
    parser.add_argument(
        "--folds",
        type=whole(2, MOST_FOLDS),
        metavar="K",
        help="cross-validation: train K times, each time holding out another of K parts, so that each row is measured "
        "once; keeps the weights of the last step unless --keep is written",
    )
    parser.add_argument(
        "--fold", type=whole(1, MOST_FOLDS), metavar="I", help="train only this one of the K folds, counted from 1"
    )
    parser.add_argument(
        "--final",
        action="store_true",
        help="then train once more on all rows, without measuring, with the same settings, into --output. It "
        "sees each row as often as the weights that were kept; after --keep best, --patience or a budget other than "
        "--epochs that is a number of steps",
    )
    parser.add_argument("--data-seed", type=seed, help="seed of the dev split and of --as (default: --seed)")


def add_settings(parser: argparse.ArgumentParser) -> None:
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
        help=f"option of the loss, e.g. temperature=0.1; what each means, and its range, says the command losses; "
        f"options: {options}",
    )


def config_of(options: argparse.Namespace) -> "RunConfig":
    """What the flags of `train` say, without a look at data or model.

    Raises:
        OptionError: a setting is out of range, contradicts another one, or is written in another way.
    """
    from simcse_core.data.columns import parse_columns
    from simcse_core.encoding.texts import checked
    from simcse_core.learning.settings import TrainingSettings, with_budget
    from simcse_core.runs.config import RunConfig, check_held_out

    values = with_budget(
        {name: getattr(options, name) for name in TrainingSettings.model_fields if hasattr(options, name)}
    )
    if "keep" not in values and options.folds is not None:
        values["keep"] = "last"  # the best of many moments on held-out rows looks better than it is
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
        prompt=None if options.prompt is None else checked([options.prompt])[0],
        dim=options.dim,
        device=options.device,
        settings=_settings({**values, "loss_options": loss_options(options.loss_option)}),
        data_seed=options.data_seed,
    )
    check_held_out(config)
    return config


def keep_piped(options: argparse.Namespace) -> None:
    """Keep what standard input or a pipe holds under `SIMCSE_HOME`, where a run finds it again."""
    from simcse_core.data.columns import parse_columns
    from simcse_core.data.piped import is_piped, local
    from simcse_core.runs import store

    for flag in ("data", "dev"):
        if (name := getattr(options, flag)) is not None and is_piped(name):
            source = local(name, parse_columns(options.columns).values() if options.columns else ())
            setattr(options, flag, str(store.keep_data(source.path.read_bytes(), source.name)))


def _settings(values: dict[str, object]) -> "TrainingSettings":
    """Checked settings; an error names the flag."""
    from simcse_core.learning.settings import TrainingSettings, training_settings

    try:
        return training_settings(values)
    except OptionError as error:
        name = error.values.get("option")
        if name not in TrainingSettings.model_fields:
            raise
        raise OptionError(error.template, **{**error.values, "option": f"--{str(name).replace('_', '-')}"}) from None


def loss_options(flags: list[str]) -> dict[str, str]:
    """What --loss-option says, by the name of the option.

    Raises:
        OptionError: a value is missing.
    """
    pairs = [text.partition("=") for text in flags]
    if wrong := next((name for name, equals, _ in pairs if not equals), None):
        raise OptionError("--loss-option {given!r} needs a value: NAME=VALUE.", given=wrong)
    return {name: value for name, _, value in pairs}
