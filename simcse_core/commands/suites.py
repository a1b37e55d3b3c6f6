"""`evaluate --suite`: models beside each other on well-known data, as a table that people and programs read."""

import argparse
from pathlib import Path

from simcse_core import durable
from simcse_core.commands.loading import load_model
from simcse_core.commands.options import DEFAULT_MODEL, Parser
from simcse_core.commands.output import output_file
from simcse_core.commands.printing import print_answer
from simcse_core.errors import OptionError

SUITES = ("sts", "matching", "classification", "answers", "all")
ENDINGS = (".txt", ".csv", ".json", ".md")
"""Of files that `uses.suites.table` writes."""


def add_arguments(parser: Parser) -> None:
    """Add the suite and where its table goes."""
    parser.add_argument(
        "--suite",
        action="append",
        choices=SUITES,
        help="measure on well-known data instead; may be written several times, as may --model: the first is what the "
        "others are compared with",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="a .csv file for each row of --data, with its cosine, and prediction or rank; with --suite a file for its "
        f"table, by its ending: {', '.join(ENDINGS)}",
    )


def refuse_without_suite(options: argparse.Namespace) -> None:
    """See that what goes with a suite alone was not written without it.

    Raises:
        OptionError: it was, or there is no data.
    """
    if options.data is None:
        raise OptionError("Name the data with --data, or well-known ones with --suite.")
    if len(options.model or ()) > 1:
        raise OptionError(
            "--model is given {count} times. Several models are compared with --suite; --data takes one.",
            count=len(options.model),
        )


def run(options: argparse.Namespace) -> None:
    """Print the table, or write it."""
    from simcse_core.api.progress import download_bar, texts_bar
    from simcse_core.uses.suites import table
    from simcse_core.uses.suites.sources import BUNDLED, find
    from simcse_core.uses.suites.suite import measure_all

    for flag in ("columns", "scale_max", "encoding", "sheet"):
        if getattr(options, flag):
            raise OptionError("--{flag} does not go with --suite.", flag=flag.replace("_", "-"))
    file = _output(options.output) if options.output else None
    where = options.data or BUNDLED
    with download_bar(where) as on_fetch:
        found = find(options.suite, where, on_fetch)
    with texts_bar("encoding") as show:
        result = measure_all(
            options.model or [DEFAULT_MODEL],
            found,
            lambda name: load_model(argparse.Namespace(**{**vars(options), "model": name}), prompt=False),
            prompt=options.prompt,
            precision=options.precision,
            on_progress=show,
        )
    if file is not None:
        durable.write(file, table.WRITERS[file.suffix.lower()](result).encode())
    print_answer(table.as_json(result), options.format, lambda _answer: print(table.as_text(result), end=""))


def _output(name: str) -> Path:
    file = output_file(name)
    if file.suffix.lower() not in ENDINGS:
        raise OptionError(
            "{file} ends in none of {endings}, which say how the table is written.",
            file=file,
            endings=", ".join(ENDINGS),
        )
    return file
