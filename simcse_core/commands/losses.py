"""The command `losses`: what can be trained with, what it learns from, and its options."""

import argparse
import math
from typing import TYPE_CHECKING, Any

from simcse_core.commands.options import Parser
from simcse_core.commands.printing import print_answer

if TYPE_CHECKING:
    from simcse_core.option_fields import OptionField

NAME = "losses"
HELP = "List the losses: what each learns from, what it rewards, and its options for --loss-option."


def add_arguments(parser: Parser) -> None:
    """Add the name of one."""
    parser.add_argument("name", nargs="?", metavar="LOSS", help="only this one")


def run(options: argparse.Namespace) -> None:
    """Print the losses, or the one that is named."""
    from simcse_core.data.kinds import KINDS
    from simcse_core.learning.losses import losses
    from simcse_core.learning.pretraining import pretraining
    from simcse_core.learning.settings import objective

    names = [*losses.names(), *pretraining.names()] if options.name is None else [options.name]
    answer = [
        {
            "name": entry.name,
            "rewards": entry.summary,
            "learns_from": list(getattr(entry, "kinds", KINDS)),
            "options": [_option(field) for field in entry.fields],
        }
        for entry in map(objective, names)
    ]
    print_answer(answer, options.format, _print)


def _option(field: "OptionField") -> dict[str, Any]:
    numbers = field.value_type in (int, float)
    return {
        "name": field.name,
        "default": field.default,
        "range": _range(field) if numbers else None,
        "choices": list(field.choices),
        "explanation": field.explanation,
    }


def _range(field: "OptionField") -> str:
    """As people read it: "above 0, at most 10"."""
    low = "" if math.isinf(field.low) else f"{'above' if field.excludes_low else 'at least'} {field.low:g}"
    high = "" if math.isinf(field.high) else f"{'below' if field.excludes_high else 'at most'} {field.high:g}"
    return ", ".join(part for part in (low, high) if part)


def _print(answer: list[dict[str, Any]]) -> None:
    for loss in answer:
        print(f"{loss['name']}: {loss['rewards']}")
        print(f"    learns from {', '.join(loss['learns_from'])}")
        for option in loss["options"]:
            allowed = option["range"] or ", ".join(map(str, option["choices"]))
            default = "" if option["default"] is None else f", default {option['default']}"
            print(f"    --loss-option {option['name']}=…  {option['explanation']} ({allowed}{default})")
