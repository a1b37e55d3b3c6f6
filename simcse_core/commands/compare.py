"""The command `compare`: is one model better than another on data, by more than noise?"""

import argparse
from typing import TYPE_CHECKING, Any

from simcse_core.commands.loading import open_data, warn, warn_line_breaks
from simcse_core.commands.options import COLUMNS_HELP, Parser, above_0, add_reading
from simcse_core.commands.printing import print_answer

if TYPE_CHECKING:
    from simcse_core.api.measuring import Comparison, Evaluation
    from simcse_core.data.kinds import Dataset

NAME = "compare"
HELP = "Measure two models on the same data, row by row: is the second better by more than noise?"


def add_arguments(parser: Parser) -> None:
    """Add the models and the data."""
    model = "catalogue name, run id, folder or owner/model of the hub"
    parser.add_argument("first", metavar="FIRST", help=model)
    parser.add_argument("second", metavar="SECOND", help="likewise; the difference is SECOND less FIRST")
    parser.add_argument("--data", required=True, help="as for evaluate; - is standard input")
    parser.add_argument("--columns", help=COLUMNS_HELP)
    parser.add_argument("--scale-max", type=above_0, help="best possible score (default: the highest in the data)")
    parser.add_argument("--prompt", metavar="NAME|TEXT", help="put before each text, for both models")
    parser.add_argument("--precision", default="float32", help="auto, float32, bfloat16, float16 or int8 (x86)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    add_reading(parser)


def run(options: argparse.Namespace) -> None:
    """Print both models' metrics, their differences with ranges, and what these support."""
    from simcse_core.api.measuring import compared
    from simcse_core.data.columns import parse_columns
    from simcse_core.data.kinds import texts_of
    from simcse_core.learning.measuring import check_scale

    columns = parse_columns(options.columns) if options.columns else None
    data = open_data(options.data, columns, encoding=options.encoding, sheet=options.sheet)
    check_scale(data, options.scale_max)
    warn_line_breaks(texts_of(data))
    comparison = compared(*(_evaluated(name, data, options) for name in (options.first, options.second)))
    if options.format == "text":
        print(comparison)
    else:
        print_answer(_answer(comparison), options.format)


def _evaluated(name: str, data: "Dataset", options: argparse.Namespace) -> "Evaluation":
    from simcse_core.api.inputs import loaded
    from simcse_core.api.measuring import evaluated
    from simcse_core.data.kinds import texts_of

    model = loaded(name, device=options.device)
    warn(name, model.check(texts_of(data)))
    return evaluated(model, data, name, options.prompt, options.scale_max, options.precision)


def _answer(comparison: "Comparison") -> dict[str, Any]:
    from simcse_core.jsonable import jsonable

    sides = {"first": comparison.first, "second": comparison.second}
    answer: dict[str, Any] = jsonable(
        {
            "data": comparison.first.data,
            "kind": comparison.first.kind,
            **{side: {"model": of.model, **of.metrics} for side, of in sides.items()},
            "differences": comparison.differences,
            "metric": comparison.metric,
            "better": comparison.better if comparison.metric else None,
            "verdict": comparison.verdict if comparison.metric else None,
        }
    )
    return answer
