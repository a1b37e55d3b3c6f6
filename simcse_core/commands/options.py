"""What several commands share: a parser whose errors are ours, the model's flags, loading, warnings, output files."""

import argparse
import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from simcse_core.commands.download_line import download_line
from simcse_core.commands.printing import Answer, to_stderr
from simcse_core.data.kinds import Dataset
from simcse_core.errors import OptionError
from simcse_core.numerals import number, whole_number

if TYPE_CHECKING:
    from simcse_core.encoding.catalogue import Encoder
    from simcse_core.encoding.texts import TextCheck
    from simcse_core.meaning.similarity import Matrix

Command = Callable[[argparse.Namespace], Answer | None]
"""Carries out a command; None when it has printed by itself."""


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


COLUMNS_HELP = "names of columns in the file, such as text=utterance,label=intent"


def add_reading(parser: argparse.ArgumentParser) -> None:
    """The flags that say how to read a file, where it does not say so itself."""
    parser.add_argument("--encoding", default="", help="of a text file that is not in UTF-8, such as cp1252 or big5")
    parser.add_argument("--sheet", default="", help="of an Excel file, by name or number (default: the first)")


def add_command(commands: "argparse._SubParsersAction[Parser]", name: str, command: Command, summary: str) -> Parser:
    """A command with the flags that all of them have."""
    added = commands.add_parser(name, help=summary, description=summary)
    added.set_defaults(command=command)
    added.add_argument("--format", choices=("text", "json"), default="text", help="for people or for programs")
    added.add_argument("--home", help="folder for runs (default: SIMCSE_HOME, else .simcse in your home)")
    return added


def add_action(actions: "argparse._SubParsersAction[Parser]", name: str, command: Command, summary: str) -> Parser:
    """What stands behind a command, as in `models fetch`."""
    added = actions.add_parser(name, help=summary, description=summary)
    added.set_defaults(command=command)
    # Both are also understood behind the action; not given there, they leave what stands before it.
    added.add_argument("--format", choices=("text", "json"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    added.add_argument("--home", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return added


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


def add_model(parser: argparse.ArgumentParser) -> None:
    """The flags that say which model, and how it computes."""
    parser.add_argument(
        "--model", default="minilm", help="catalogue name, run id, folder or owner/model of the hub (default: minilm)"
    )
    parser.add_argument("--pooling", help="mean, max, cls or first_last_mean (default: the model's own)")
    parser.add_argument(
        "--layer", type=integer, help="hidden states of this layer, 0 to the last; negative from the end"
    )
    parser.add_argument("--head", help="none, linear or random: a linear layer on each token")
    parser.add_argument("--precision", default="float32", help="auto, float32, bfloat16 or float16")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--seed", type=seed, default=0, help="random seed (default: 0)")


def check_arguments(arguments: Sequence[str]) -> None:
    """Refuse a flag with nothing behind it, which a script writes where a variable is empty, and what nothing may hold.

    Raises:
        OptionError: there is one.
    """
    flag = ""
    for argument in arguments:
        name, sign, value = argument.partition("=")
        is_flag = len(name) > 2 and name.startswith("--")
        if is_flag and sign:
            flag, argument = name, value
        if flag and not argument.strip():
            raise OptionError("{flag} is empty. Write a value behind it, or leave it out.", flag=flag)
        if "\0" in argument:
            raise OptionError("{given!r} holds a NUL character, which no name and no text may hold.", given=argument)
        flag = name if is_flag and not sign else ""


def open_data(name: str, columns: Mapping[str, str] | None = None, *, encoding: str = "", sheet: str = "") -> Dataset:
    """Data by name, showing a download; errors as for `bundled.open_data`."""
    from simcse_core.data import bundled

    with download_line(name) as on_fetch:
        return bundled.open_data(name, columns or None, on_fetch, encoding=encoding, sheet=sheet)


def load_model(options: argparse.Namespace) -> "Encoder":
    """The model that the flags of `add_model` say, showing a download; errors as for `catalogue.load`."""
    from simcse_core.encoding import catalogue

    with download_line(options.model) as on_fetch:
        return catalogue.load(
            options.model,
            pooling=options.pooling,
            layer=options.layer,
            head=options.head,
            device=options.device,
            seed=options.seed,
            on_fetch=on_fetch,
        )


def encode_texts(options: argparse.Namespace, model: "Encoder", texts: list[str], of: str = "") -> "Matrix":
    """(N, D) for N texts; says on stderr what the model cannot do justice to. `of` names a second list of texts."""
    warn_line_breaks(texts, of)
    return model.encode(texts, precision=options.precision, on_check=lambda check: warn(options.model, check, of))


def warn(model: str, check: "TextCheck", of: str = "") -> None:
    """Say on stderr which texts a model cannot do justice to."""
    warn_unreadable(model, len(check.unreadable), next(iter(check.unreadable), None), of)
    warn_truncated(model, len(check.truncated), next(iter(check.truncated), None), of)


def warn_unreadable(model: str, count: int, first: int | None, of: str = "") -> None:
    """Say how many texts a model cannot read; `first` is the position of the first, None for none."""
    from simcse_core.encoding.catalogue import can_read_instead

    if first is not None:
        other = can_read_instead(model)
        to_stderr(
            f"warning: {model} cannot read {count} of the texts (the first is text {first + 1}{of}): "
            f"their vectors mean little.{f' Try --model {other}.' if other else ''}"
        )


def warn_truncated(model: str, count: int, first: int | None, of: str = "") -> None:
    """Say how many texts were cut; `first` is the position of the first, None for none."""
    if first is not None:
        to_stderr(
            f"warning: {count} of the texts are too long for {model} and were cut (the first is text {first + 1}{of})."
        )


def warn_line_breaks(texts: Iterable[str], of: str = "") -> None:
    """Say how many texts have several lines: a quotation mark that is a text's own joins the lines of a CSV file."""
    from simcse_core.data.cells import has_several_lines

    places = [number for number, text in enumerate(texts, 1) if has_several_lines(text)]
    if places:
        to_stderr(
            f"warning: {len(places)} of the texts have several lines (the first is text {places[0]}{of}). If that is "
            "not meant, a quotation mark in the file opens a text and closes it lines later: write it twice."
        )


def files_read(options: argparse.Namespace) -> list[tuple[str, str]]:
    """The files that --input and --model name, each with its flag: a model in a folder is several.

    Raises:
        ModelError: the model is damaged.
    """
    from simcse_core.encoding.layout import model_files

    of_model = model_files(Path(options.model), options.model) if os.path.isdir(options.model) else []
    return [("--input", options.input), *(("--model", str(file)) for file in of_model)]


def output_file(name: str, inputs: Iterable[tuple[str, str]] = (), *, regular: bool = False) -> Path:
    """A file that can be written. The new one is made beside the old one, so their folder has to take files.

    Args:
        name: of the file; it need not exist.
        inputs: files that are read, each behind the flag that names it; none of them may be written.
        regular: whether a device or a pipe will not do.

    Raises:
        OptionError: it cannot be written, or is read.
    """
    path = Path(name)
    for flag, read in inputs:
        with contextlib.suppress(OSError):  # one of them does not exist
            if os.path.samefile(path, read):
                raise OptionError(
                    "--output is the file that {flag} names: {file} would be lost. Name another file.",
                    flag=flag,
                    file=path,
                )
    folder = Path(os.path.realpath(path)).parent  # a link stays one: the file that it leads to is replaced
    if not path.parent.is_dir() or not folder.is_dir():
        raise OptionError("There is no folder {folder} to write {file} in.", folder=path.parent, file=path.name)
    is_special = path.exists() and not path.is_file()
    if path.is_dir() or (is_special and regular) or (path.exists() and not os.access(path, os.W_OK)):
        raise OptionError("{file} cannot be written: name a file in a folder of yours.", file=path)
    if not is_special and not os.access(folder, os.W_OK | os.X_OK):
        raise OptionError(
            "{file} cannot be written: its folder {folder} takes no new files. Name a file in a folder of yours.",
            file=path,
            folder=folder,
        )
    return path
