"""The command line.

One value of JSON on stdout with `--format json`; a user's mistake ends with 2 and one clear line on stderr.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from simcse_core import durable
from simcse_core.commands import runs, train
from simcse_core.commands.download_line import download_line
from simcse_core.commands.options import (
    COLUMNS_HELP,
    Command,
    Parser,
    above_0,
    add_action,
    add_command,
    add_model,
    add_reading,
    check_arguments,
    encode_texts,
    files_read,
    load_model,
    open_data,
    output_file,
    warn,
    warn_line_breaks,
    warn_truncated,
    warn_unreadable,
)
from simcse_core.commands.printing import Answer, print_answer, to_stderr
from simcse_core.commands.progress_line import progress_line
from simcse_core.errors import InputError, OptionError, UserError

if TYPE_CHECKING:
    from simcse_core.data.streams import TextStream
    from simcse_core.meaning.similarity import Matrix


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0, 2 for a user's mistake, 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # Windows redirects in a code page without Chinese
    try:
        given = sys.argv[1:] if arguments is None else arguments
        options = make_parser().parse_args(given)
        check_arguments(given)
        if options.home:
            os.environ["SIMCSE_HOME"] = options.home
        answer: Answer | None = options.command(options)
        if answer is not None:
            print_answer(answer, options.format)
    except UserError as error:
        to_stderr(str(error))
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `| head` has read enough
    except OSError as error:  # a path that cannot be read or written
        to_stderr(f"{error.strerror or error}: {error.filename or 'output'}")
        return 2
    except KeyboardInterrupt as stopped:
        to_stderr(str(stopped) or "interrupted")
        return 130
    return 0


def make_parser() -> Parser:
    """All commands with their flags."""
    parser = Parser(
        prog="python -m simcse_core", description="Sentence vectors with SimCSE: compare, measure, fine-tune, project."
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def add(name: str, command: Command, summary: str) -> Parser:
        return add_command(commands, name, command, summary)

    models = add("models", _models, "List the models that have a name here, or fetch one from the hub.")
    actions = models.add_subparsers(metavar="[fetch NAME]", parser_class=Parser)
    summary = "Fetch a model from the hub, or the rest of it, into the models folder (SIMCSE_MODELS)."
    add_action(actions, "fetch", _fetch, summary).add_argument("name", help="name of the catalogue, or owner/model")

    similarity = add("similarity", _similarity, "The cosine of every text with every other.")
    similarity.add_argument("texts", nargs="*", metavar="TEXT")
    similarity.add_argument("--file", help="one text a line, or a table with the column text")
    similarity.add_argument("--against", metavar="FILE", help="compare with the texts of this file instead")

    encode = add("encode", _encode, "Write one vector per text as a NumPy file; millions of texts fit in any memory.")
    encode.add_argument("--input", required=True, help="one text a line, or a table with the column text")
    encode.add_argument("--output", required=True, help="the .npy file to write")

    summary = "Measure a model on data of any kind but texts: scored, pairs, labelled, triplets, answers."
    evaluate = add("evaluate", _evaluate, summary)
    evaluate.add_argument("--data", required=True, help="a table, the name of bundled data, or hub:owner/name")
    evaluate.add_argument("--columns", help=COLUMNS_HELP)
    evaluate.add_argument("--scale-max", type=above_0, help="best possible score (default: the highest in the data)")

    train.add_to(commands)
    runs.add_to(commands)

    project = add("project", _project, "Write a two-dimensional map of the texts.")
    project.add_argument("--input", required=True, help="one text a line, or a table with the column text")
    project.add_argument("--output", required=True, help="the CSV file to write, with the columns x, y")
    project.add_argument("--method", default="pca", help="pca or umap")

    for command in (similarity, encode, evaluate, project):
        add_reading(command)
        add_model(command)
    return parser


def _models(options: argparse.Namespace) -> Answer:
    from simcse_core.encoding.catalogue import CATALOGUE, is_here

    return [{**asdict(card), "here": is_here(card.name)} for card in CATALOGUE.values()]


def _fetch(options: argparse.Namespace) -> Answer:
    from simcse_core.encoding.hub_models import fetch

    started = time.perf_counter()
    with download_line(options.name) as on_progress:
        folder = fetch(options.name, on_progress)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {
        "name": options.name,
        "path": str(folder),
        "megabytes": round(size / 1_000_000, 1),
        "seconds": round(seconds, 3),
    }


def _similarity(options: argparse.Namespace) -> Answer:
    from simcse_core.data.cells import is_blank
    from simcse_core.data.readers import read_texts
    from simcse_core.encoding.texts import checked
    from simcse_core.limits import check_texts, limits
    from simcse_core.meaning.similarity import cosine_similarity

    texts = [text.strip() for text in checked(options.texts) if not is_blank(text)]
    texts += read_texts(options.file, encoding=options.encoding, sheet=options.sheet) if options.file else []
    if (options.encoding or options.sheet) and not (options.file or options.against):
        raise OptionError("--encoding and --sheet say how a file is read: name one with --file.")
    if not texts:
        raise InputError("No texts are given. Write them behind the command, or name a file with --file.")
    others = read_texts(options.against, encoding=options.encoding, sheet=options.sheet) if options.against else []
    for given in (texts, others):
        check_texts(given, limits().max_similarity_texts, "max_similarity_texts")
    model = load_model(options)
    embeddings = encode_texts(options, model, texts)
    if not options.against:
        return {"texts": texts, "similarity": _rounded(cosine_similarity(embeddings))}
    similarity = cosine_similarity(embeddings, encode_texts(options, model, others, of=f" of {options.against}"))
    return {"texts": texts, "others": others, "similarity": _rounded(similarity)}


def _shown(texts: "TextStream", show: "Callable[[int, int | None], None]") -> "Iterator[str]":
    for text in texts:
        show(texts.taken, texts.expected)
        yield text


def _rounded(similarity: "Matrix") -> list[list[float]]:
    rows: list[list[float]] = similarity.astype(float).round(6).tolist()
    return rows


def _encode(options: argparse.Namespace) -> Answer:
    from simcse_core.data.streams import open_texts
    from simcse_core.encoding.streaming import encode_stream

    output = output_file(options.output, files_read(options), regular=True)
    with (
        open_texts(options.input, encoding=options.encoding, sheet=options.sheet) as texts,
        progress_line("reading") as show,
    ):
        warn_line_breaks(_shown(texts, show))  # a broken row shows now, not after hours of encoding
        count = texts.taken
    model = load_model(options)
    started = time.perf_counter()
    with (
        open_texts(options.input, encoding=options.encoding, sheet=options.sheet) as texts,
        progress_line("encoding") as show,
    ):
        done = encode_stream(
            model, texts, output, precision=options.precision, on_progress=lambda done: show(done, count)
        )
    seconds = time.perf_counter() - started
    warn_unreadable(options.model, done.unreadable, done.first_unreadable)
    warn_truncated(options.model, done.truncated, done.first_truncated)
    return {
        "n": done.n,
        "dim": done.dim,
        "seconds": round(seconds, 3),
        "truncated": done.truncated,
        "unreadable": done.unreadable,
    }


def _evaluate(options: argparse.Namespace) -> Answer:
    from simcse_core.data.columns import parse_columns
    from simcse_core.data.kinds import texts_of
    from simcse_core.jsonable import jsonable
    from simcse_core.learning.measuring import check_scale, measure

    columns = parse_columns(options.columns) if options.columns else None
    data = open_data(options.data, columns, encoding=options.encoding, sheet=options.sheet)
    check_scale(data, options.scale_max)
    model = load_model(options)
    warn(options.model, model.check(texts_of(data)))
    warn_line_breaks(texts_of(data))
    measured = measure(model, data, precision=options.precision, scale_max=options.scale_max)
    if (reason := data.why_undefined(measured.metrics, measured.items)) is not None:
        to_stderr(f"note: {reason}")
    answer: dict[str, Any] = jsonable(measured.metrics)
    return answer


def _project(options: argparse.Namespace) -> Answer:
    from simcse_core.data.readers import read_texts
    from simcse_core.data.writers import to_csv
    from simcse_core.jsonable import jsonable
    from simcse_core.limits import check_texts, limits
    from simcse_core.meaning.projection import projections, trustworthiness

    method = projections[options.method]
    texts = read_texts(options.input, encoding=options.encoding, sheet=options.sheet)
    check_texts(texts, limits().max_map_points, "max_map_points")
    output = output_file(options.output, files_read(options))
    embeddings = encode_texts(options, load_model(options), texts)
    started = time.perf_counter()
    points = method.function(embeddings, seed=options.seed)
    seconds = time.perf_counter() - started
    rows = [(float(x), float(y), text) for (x, y), text in zip(points, texts, strict=True)]
    durable.write(output, to_csv(["x", "y", "text"], rows).encode())  # on a full disk the old file stays as it was
    trust = trustworthiness(embeddings, points, seed=options.seed)
    if math.isnan(trust):
        reason = "there are too few texts" if len(texts) < 5 else "all texts have the same vector, up to rounding"
        to_stderr(f"note: trustworthiness is undefined: {reason}.")
    answer: dict[str, Any] = jsonable({"n": len(points), "trustworthiness": trust, "seconds": round(seconds, 3)})
    return answer


def _version() -> str:
    import simcse_core

    return simcse_core.__version__
