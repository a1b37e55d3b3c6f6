"""The command `evaluate`: a model's metrics on data, or those of several models on well-known data."""

import argparse
from typing import Any

from simcse_core.commands import suites
from simcse_core.commands.loading import load_model, open_data, warn, warn_line_breaks
from simcse_core.commands.options import COLUMNS_HELP, DEFAULT_MODEL, Parser, above_0, add_model, add_reading, one_of
from simcse_core.commands.printing import print_answer, to_stderr
from simcse_core.commands.row_output import rows_file, write_rows
from simcse_core.data.kinds import KINDS

NAME = "evaluate"
HELP = "Measure a model on data of any kind but texts."


def add_arguments(parser: Parser) -> None:
    """Add the data and how they are read."""
    measured = one_of([kind for kind in KINDS if KINDS[kind].metrics])
    parser.add_argument(
        "--data",
        help=f"a table, the name of bundled data, or hub:owner/name; holds {measured}. With --suite: a folder with the "
        "files, hub, bundled (default), or one file",
    )
    suites.add_arguments(parser)
    parser.add_argument("--columns", help=COLUMNS_HELP)
    parser.add_argument("--scale-max", type=above_0, help="best possible score (default: the highest in the data)")
    add_reading(parser)
    add_model(parser, several=True)


def run(options: argparse.Namespace) -> None:
    """Print the metrics of the data's kind; one that is undefined is null. With --suite, print its table."""
    if options.suite:
        suites.run(options)
    else:
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    from simcse_core.api.measuring import evaluation_of
    from simcse_core.data.columns import parse_columns
    from simcse_core.data.kinds import Answers, texts_of
    from simcse_core.jsonable import jsonable
    from simcse_core.learning.measuring import check_scale, measure
    from simcse_core.learning.prompting import prompted
    from simcse_core.uses.search.encoders import BOTH, prompt_for_search

    suites.refuse_without_suite(options)
    options.model = (options.model or [DEFAULT_MODEL])[-1]
    output = rows_file(options.output, options.data) if options.output else None
    columns = parse_columns(options.columns) if options.columns else None
    data = open_data(options.data, columns, encoding=options.encoding, sheet=options.sheet)
    check_scale(data, options.scale_max)
    loaded = load_model(options, prompt=False)
    if isinstance(data, Answers) and options.prompt is None and prompt_for_search(loaded, None) is not None:
        to_stderr(
            f"note: {options.model} has prompts for questions and for answers, and reads none here, as a training "
            f"does. `answer` and --suite use them; so does --prompt {BOTH}."
        )
    model, read, _dev = prompted(loaded, options.prompt, data)
    warn(options.model, model.check(texts_of(read)))
    warn_line_breaks(texts_of(data))
    measured = measure(model, read, precision=options.precision, scale_max=options.scale_max, with_rows=True)
    if (reason := data.why_undefined(measured.metrics, measured.items)) is not None:
        to_stderr(f"note: {reason}")
    result = evaluation_of(measured, data, options.model)
    if output is not None:
        write_rows(output, result)
    ranges = {name: (between.low, between.high) for name, between in result.intervals.items()}
    if options.format == "text":
        print(result)
    else:
        answer: dict[str, Any] = {"model": options.model, "data": options.data, "kind": data.kind}
        print_answer({**answer, **jsonable(result.metrics), "ranges": jsonable(ranges)}, options.format)
