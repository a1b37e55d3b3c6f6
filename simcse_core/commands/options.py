"""The shape of a command, options that mean the same in several, and the values that options take."""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

from simcse_core.encoding.pooling import poolings
from simcse_core.errors import OptionError
from simcse_core.numerals import number, whole_number
from simcse_core.option_fields import OptionField


class Command(Protocol):
    """What a module has to hold to be a command."""

    NAME: str
    """What calls it."""
    HELP: str
    """What it does, in a line."""

    def add_arguments(self, parser: "Parser") -> None:
        """Add its flags, or the actions behind it."""

    def run(self, options: argparse.Namespace) -> None:
        """Carry it out and print the answer."""


Run = Callable[[argparse.Namespace], None]


class Parser(argparse.ArgumentParser):
    """A parser that raises what is wrong as an error of ours."""

    tells_written = False
    """Whether `written` of the answer says which flags were written, also with their defaults: name -> value."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, with `written`."""
        options, rest = super().parse_known_args(args, namespace)
        if self.tells_written:
            # What a namespace has already, argparse does not replace by a default.
            again, _rest = super().parse_known_args(args, argparse.Namespace(**dict.fromkeys(vars(options))))
            options.written = {name: value for name, value in vars(again).items() if value is not None}
        return options, rest

    def error(self, message: str) -> NoReturn:
        raise OptionError("{message} (see: {program} --help)", message=message, program=self.prog)


ANSWER_FORMATS = ("text", "json")
"""Of what a command prints."""
TEXTS_HELP = "one text a line, or a table with the column text; - is standard input"
COLUMNS_HELP = "names of columns in the file, such as text=utterance,label=intent"


def add_reading(parser: argparse.ArgumentParser) -> None:
    """The flags that say how to read a file, where it does not say so itself."""
    parser.add_argument(
        "--encoding", default="", help="encoding of a text file that is not UTF-8, such as cp1252 or big5"
    )
    parser.add_argument("--sheet", default="", help="sheet of an Excel file, by name or number (default: the first)")


def add_command(commands: "argparse._SubParsersAction[Parser]", command: Command) -> None:
    """Add a command, with the flags that all of them have."""
    parser = commands.add_parser(command.NAME, help=command.HELP, description=command.HELP)
    parser.set_defaults(run_command=command.run)
    parser.add_argument("--format", choices=ANSWER_FORMATS, default="text", help="text for people, json for programs")
    parser.add_argument("--home", help="folder for runs (default: SIMCSE_HOME, else .simcse in your home)")
    command.add_arguments(parser)


def add_actions(parser: Parser, metavar: str) -> "argparse._SubParsersAction[Parser]":
    """Room for what stands behind a command."""
    return parser.add_subparsers(metavar=metavar, parser_class=Parser)


def add_action(
    actions: "argparse._SubParsersAction[Parser]", name: str, run: Run, summary: str, *, has_format: bool = True
) -> Parser:
    """What stands behind a command, as in `models fetch`.

    Args:
        actions: of the command.
        name: what calls it.
        run: carries it out.
        summary: what it does, in a line.
        has_format: whether `--format` is that of the answer; else the action has to add a flag of this name.
    """
    parser = actions.add_parser(name, help=summary, description=summary)
    parser.set_defaults(run_command=run)
    # Both are also understood behind the action; left out there, they keep what stands before it.
    if has_format:
        parser.add_argument("--format", choices=ANSWER_FORMATS, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.add_argument("--home", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def one_of(names: Sequence[str]) -> str:
    """What a flag takes, for its help: "pca or umap"."""
    return " or ".join([", ".join(names[:-1]), *names[-1:]] if len(names) > 1 else names)


def integer(text: str) -> int:
    """A whole number, for a flag."""
    if (value := whole_number(text)) is None:
        raise argparse.ArgumentTypeError(f"invalid int value: {text!r}")
    return value


def decimal(text: str) -> float:
    """A finite number, for a flag."""
    if (value := number(text)) is None:
        raise argparse.ArgumentTypeError(f"invalid float value: {text!r}")
    return value


def add_option(parser: argparse.ArgumentParser, field: OptionField, choices: Sequence[str] = ()) -> None:
    """A flag for a setting: absent from the answer unless it is written; its range is checked with the other settings.

    Args:
        parser: that gets the flag.
        field: the setting.
        choices: what it may be, where that is known only now.
    """
    parse: dict[type, Callable[[str], object]] = {float: decimal, int: integer}
    explanation = field.explanation + (f" One of: {', '.join(choices)}." if choices else "")
    shown = "" if field.default is None else f" (default: {field.default})"
    parser.add_argument(
        "--" + field.name.replace("_", "-"),
        type=parse.get(field.value_type, str),
        default=argparse.SUPPRESS,
        help=explanation.replace("%", "%%") + shown,
    )


def above_0(text: str) -> float:
    """A finite number above 0, for a flag."""
    value = number(text)
    if value is None or value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def share(text: str) -> float:
    """A share between 0 and 1, for a flag."""
    if (value := number(text)) is None:
        raise argparse.ArgumentTypeError(f"invalid share value: {text!r}")
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number in a range, for a flag."""

    def parse(text: str) -> int:
        value = whole_number(text)
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return value

    return parse


seed = whole(0, 2**31 - 1)
"""A seed, for a flag."""


DEFAULT_MODEL = "minilm"


def add_model(parser: argparse.ArgumentParser, *, several: bool = False) -> None:
    """The flags that say which model, and how it computes.

    Args:
        parser: that gets them.
        several: whether --model may be written several times; it is a list then, or None.
    """
    names = f"catalogue name, run id, folder or owner/model of the hub (default: {DEFAULT_MODEL})"
    if several:
        parser.add_argument("--model", action="append", help=names)
    else:
        parser.add_argument("--model", default=DEFAULT_MODEL, help=names)
    choices = one_of(poolings.names())
    parser.add_argument("--pooling", help=f"{choices}, or several joined by + (default: the model's own)")
    parser.add_argument(
        "--layer", type=integer, help="hidden states of this layer, 0 to the last; negative from the end"
    )
    parser.add_argument("--head", help="linear layer applied to each token: none, linear or random")
    parser.add_argument(
        "--prompt",
        metavar="NAME|TEXT",
        help="put before each text: the name of one of the model's prompts, or the text itself; '' is none (default: "
        "the model's own; where texts answer others, query,document of a model that has both)",
    )
    parser.add_argument(
        "--dim",
        type=integer,
        metavar="D",
        help="cut embeddings to their first D dimensions and bring them to length 1 again (default: the model's own)",
    )
    parser.add_argument("--precision", default="float32", help="auto, float32, bfloat16, float16 or int8 (x86)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--seed", type=seed, default=0, help="random seed (default: 0)")


def check_arguments(arguments: Sequence[str]) -> None:
    """Refuse an empty value, which a script writes where a variable is empty, and characters that no value may hold.

    Raises:
        OptionError: there is one.
    """
    flag = ""
    for argument in arguments:
        name, sign, value = argument.partition("=")
        is_flag = len(name) > 2 and name.startswith("--")
        if is_flag and sign:
            flag, argument = name, value
        if flag and not argument.strip() and flag != "--prompt":  # no prompt is one that can be wished
            raise OptionError("{flag} is empty. Write a value after it, or leave it out.", flag=flag)
        if "\0" in argument:
            raise OptionError("{given!r} holds a NUL character, which no name and no text may hold.", given=argument)
        flag = name if is_flag and not sign else ""
