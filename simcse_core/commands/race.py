"""The command `race`: several losses from the same start, over several seeds, and what the result supports."""

import argparse
from typing import TYPE_CHECKING, Any

from simcse_core.commands.options import COLUMNS_HELP, Parser, add_model, add_reading, seed, share
from simcse_core.commands.printing import print_answer
from simcse_core.commands.training_options import add_settings, config_of
from simcse_core.data.kinds import KINDS
from simcse_core.errors import OptionError
from simcse_core.numerals import whole_number

if TYPE_CHECKING:
    from simcse_core.api.racing import RaceResult

NAME = "race"
HELP = "Train with several losses from the same start, and say which did better by more than noise."


def add_arguments(parser: Parser) -> None:
    """Add the data, the losses, the seeds, and the flags of `train`."""
    parser.add_argument("--data", required=True, help="as for train; - is standard input")
    parser.add_argument("--losses", required=True, metavar="A,B", help="their names, with commas; see: losses")
    parser.add_argument(
        "--seeds",
        default="3",
        metavar="N|A,B",
        help="so many seeds, or which ones; below three no winner is named (default: 3)",
    )
    parser.add_argument("--columns", help=COLUMNS_HELP)
    parser.add_argument("--as", dest="kind", help="convert to this kind before training: " + ", ".join(KINDS))
    parser.add_argument("--dev", help="data to measure on (default: a share of --data is held out)")
    parser.add_argument("--dev-share", type=share, metavar="X", help="share of the rows to hold out")
    parser.add_argument("--data-seed", type=seed, help="seed of the dev split and of --as (default: --seed)")
    add_reading(parser)
    add_settings(parser)
    add_model(parser)
    parser.set_defaults(precision="auto", folds=None, fold=None)


def run(options: argparse.Namespace) -> None:
    """Queue the trainings, follow them, and print the table and the verdict."""
    from simcse_core.api.progress import download_bar
    from simcse_core.api.racing import carried_out, check_racing
    from simcse_core.commands.loading import warn
    from simcse_core.commands.training_options import keep_piped
    from simcse_core.runs.preflight import absolute, preflight

    losses, seeds = _losses(options), _seeds(options.seeds)
    keep_piped(options)
    configs = [config_of(argparse.Namespace(**{**vars(options), "loss": loss})) for loss in losses]
    for number, config in enumerate(configs):
        ready = preflight(config, download_bar)
        check_racing(ready)
        if number == 0 and ready.read is not None:
            warn(config.model, ready.read)
    result = carried_out(absolute(configs[0]), losses, seeds)
    if options.format == "text":
        print(result)
    else:
        print_answer(_answer(result), options.format)


def _losses(options: argparse.Namespace) -> list[str]:
    if hasattr(options, "loss"):
        raise OptionError("A race has several losses: write --losses A,B in the place of --loss.")
    if options.loss_option:
        raise OptionError("--loss-option belongs to one loss: a race takes each as it comes. Leave it out.")
    losses = [name.strip() for name in options.losses.split(",")]
    if not all(losses):
        raise OptionError("--losses {given!r} names nothing between two commas.", given=options.losses)
    return list(dict.fromkeys(losses))


def _seeds(text: str) -> list[int]:
    from simcse_core.api.racing import seeds_of

    numbers = [whole_number(part.strip()) for part in text.split(",")]
    if any(number is None for number in numbers):
        raise OptionError("--seeds is {given!r}: write a number such as 3, or seeds such as 0,1,2.", given=text)
    there = [number for number in numbers if number is not None]
    return seeds_of(there[0] if len(there) == 1 and "," not in text else there)


def _answer(result: "RaceResult") -> dict[str, Any]:
    from simcse_core.jsonable import jsonable

    outcome = result.outcome
    config = result.runs[0].run.config
    answer: dict[str, Any] = jsonable(
        {
            "race": result.id,
            "data": config.data,
            "model": config.model,
            "metric": result.metric,
            "lines": result.table().to_dict("records"),
            "ahead": None if outcome is None else outcome.ahead,
            "winner": outcome.ahead if outcome is not None and outcome.clear else None,
            "baseline": None if outcome is None else outcome.baseline,
            "helped": [] if outcome is None else list(outcome.helped),
            "verdict": result.verdict,
            "runs": [training.id for training in result.runs],
        }
    )
    return answer
