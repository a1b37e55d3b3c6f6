"""The command line.

One value of JSON on stdout with `--format json`; a user's mistake ends with 2 and one clear line on stderr.
"""

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from simcse_core.data.kinds import KINDS, Dataset
from simcse_core.download_line import download_line
from simcse_core.errors import InputError, OptionError, UserError
from simcse_core.printing import Answer, print_answer, print_record
from simcse_core.progress_line import progress_line

if TYPE_CHECKING:
    from simcse_core.encoding.catalogue import Encoder
    from simcse_core.encoding.texts import TextCheck
    from simcse_core.meaning.similarity import Matrix
    from simcse_core.runs.config import RunConfig

MANY_EPOCHS = 1_000
"""When steps or seconds are the budget."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit status: 0, 2 for a user's mistake, 130 when interrupted.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")  # Windows redirects in a code page without Chinese
    try:
        options = _parser().parse_args(arguments)
        if options.home:
            os.environ["SIMCSE_HOME"] = options.home
        answer: Answer | None = options.command(options)
        if answer is not None:
            print_answer(answer, options.format)
    except UserError as error:
        print("simcse_core:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # `| head` has read enough
    except OSError as error:  # a path that cannot be read or written
        print(f"simcse_core: {error.strerror}: {error.filename or 'output'}"[:300], file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        print("simcse_core:", str(stopped) or "interrupted", file=sys.stderr)
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise OptionError("{message} (see: {program} --help)", message=message, program=self.prog)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m simcse_core", description="Sentence vectors with SimCSE: compare, measure, fine-tune, project."
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def add(name: str, command: Callable[[argparse.Namespace], Answer | None], summary: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=summary, description=summary)
        added.set_defaults(command=command)
        added.add_argument("--format", choices=("text", "json"), default="text", help="for people or for programs")
        added.add_argument("--home", help="folder for runs (default: SIMCSE_HOME, else .simcse in your home)")
        return added

    _add_fetch(add("models", _models, "List the models that have a name here, or fetch one from the hub."))

    similarity = add("similarity", _similarity, "The cosine of every text with every other.")
    similarity.add_argument("texts", nargs="*", metavar="TEXT")
    similarity.add_argument("--file", help="one text a line, or a table with the column text")
    similarity.add_argument("--against", metavar="FILE", help="compare with the texts of this file instead")

    encode = add("encode", _encode, "Write one vector per text as a NumPy file; millions of texts fit in any memory.")
    encode.add_argument("--input", required=True, help="one text a line, or a table with the column text")
    encode.add_argument("--output", required=True, help="the .npy file to write")

    evaluate = add("evaluate", _evaluate, "Measure a model on scored pairs, matching pairs or labelled texts.")
    evaluate.add_argument("--data", required=True, help="a table, the name of bundled data, or hub:owner/name")
    evaluate.add_argument("--scale-max", type=_above_0, help="best possible score (default: the highest in the data)")

    train = add("train", _train, "Train a model: pre-training on texts, or a loss on data of any kind.")
    train.add_argument("--data", help="a table, a text file, the name of bundled data, or hub:owner/name")
    for command in (evaluate, train):
        command.add_argument("--columns", help="names of columns in the file, such as text=utterance,label=intent")
    train.add_argument("--as", dest="kind", help="convert to this kind before training: " + ", ".join(KINDS))
    train.add_argument("--dev", help="held-out data (default: a share of the data)")
    train.add_argument("--output", help="folder of the run (default: a new one under SIMCSE_HOME)")
    train.add_argument("--resume", action="store_true", help="go on with the interrupted run in --output")
    _add_settings(train)

    project = add("project", _project, "Write a two-dimensional map of the texts.")
    project.add_argument("--input", required=True, help="one text a line, or a table with the column text")
    project.add_argument("--output", required=True, help="the CSV file to write, with the columns x, y")
    project.add_argument("--method", default="pca", help="pca or umap")

    for command in (similarity, encode, evaluate, train, project):
        _add_model(command)
    train.set_defaults(precision="auto")
    return parser


def _add_fetch(models: argparse.ArgumentParser) -> None:
    actions = models.add_subparsers(metavar="[fetch NAME]", parser_class=_Parser)
    summary = "Fetch a model from the hub, or the rest of it, into the models folder (SIMCSE_MODELS)."
    fetch = actions.add_parser("fetch", help=summary, description=summary)
    fetch.set_defaults(command=_fetch)
    fetch.add_argument("name", help="name of the catalogue, or owner/model")
    # Both are also understood behind the name; not given there, they leave what stands before it.
    fetch.add_argument("--format", choices=("text", "json"), default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    fetch.add_argument("--home", default=argparse.SUPPRESS, help=argparse.SUPPRESS)


def _above_0(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**31 - 1}")
    return int(text)


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", default="minilm", help="catalogue name, run id, folder or owner/model of the hub (default: minilm)"
    )
    parser.add_argument("--pooling", help="mean, max, cls or first_last_mean (default: the model's own)")
    parser.add_argument("--layer", type=int, help="hidden states of this layer, 0 to the last; negative from the end")
    parser.add_argument("--head", help="none, linear or random: a linear layer on each token")
    parser.add_argument("--precision", default="float32", help="auto, float32, bfloat16 or float16")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--seed", type=_seed, default=0, help="for everything random")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """A flag for every training setting, made from the settings themselves."""
    from simcse_core.learning.losses import losses
    from simcse_core.learning.pretraining import pretraining
    from simcse_core.learning.settings import TrainingSettings

    for name, field in TrainingSettings.model_fields.items():
        if name not in ("seed", "precision", "loss_options"):
            kind = next((kind for kind in (float, int) if kind.__name__ in str(field.annotation)), str)
            flag, description = "--" + name.replace("_", "-"), (field.description or "").replace("%", "%%")
            description += f" One of: {', '.join([*losses.names(), *pretraining.names()])}." if name == "loss" else ""
            shown = "" if field.default is None else f" (default: {field.default})"
            parser.add_argument(flag, type=kind, default=argparse.SUPPRESS, help=description + shown)
    parser.add_argument(
        "--loss-option", action="append", default=[], metavar="NAME=VALUE", help="a setting of the loss"
    )


def _models(options: argparse.Namespace) -> Answer:
    from simcse_core.encoding.catalogue import CATALOGUE, is_here

    return [{**asdict(card), "here": is_here(card.name)} for card in CATALOGUE.values()]


def _fetch(options: argparse.Namespace) -> Answer:
    from simcse_core.encoding.hub import fetch

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
    from simcse_core.data.readers import read_texts, split_lines
    from simcse_core.encoding.texts import checked
    from simcse_core.limits import check_texts, limits
    from simcse_core.meaning.similarity import cosine_similarity

    texts = [line for text in checked(options.texts) for line in split_lines(text)]
    texts += read_texts(options.file) if options.file else []
    if not texts:
        raise InputError("No texts are given. Write them behind the command, or name a file with --file.")
    others = read_texts(options.against) if options.against else []
    for given in (texts, others):
        check_texts(given, limits().max_similarity_texts, "max_similarity_texts")
    model = _load(options)
    vectors = _vectors(options, model, texts)
    if not options.against:
        return {"texts": texts, "similarity": _rounded(cosine_similarity(vectors))}
    similarity = cosine_similarity(vectors, _vectors(options, model, others, of=f" of {options.against}"))
    return {"texts": texts, "others": others, "similarity": _rounded(similarity)}


def _rounded(similarity: "Matrix") -> list[list[float]]:
    rows: list[list[float]] = similarity.astype(float).round(6).tolist()
    return rows


def _encode(options: argparse.Namespace) -> Answer:
    from simcse_core.data.streams import open_texts
    from simcse_core.encoding.streaming import encode_stream

    output = _output(options.output)
    with open_texts(options.input) as texts, progress_line("reading") as show:
        for _text in texts:  # a broken row shows now, not after hours of encoding
            show(texts.taken, texts.expected)
        count = texts.taken
    model = _load(options)
    started = time.perf_counter()
    with open_texts(options.input) as texts, progress_line("encoding") as show:
        done = encode_stream(
            model, texts, output, precision=options.precision, on_progress=lambda done: show(done, count)
        )
    seconds = time.perf_counter() - started
    _warn_unreadable(options.model, done.unreadable, done.first_unreadable)
    _warn_truncated(options.model, done.truncated, done.first_truncated)
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
    from simcse_core.learning.measuring import evaluate

    data = _open_data(options.data, parse_columns(options.columns) if options.columns else None)
    model = _load(options)
    _warn(options.model, model.check(texts_of(data)))
    answer: dict[str, Any] = jsonable(evaluate(model, data, precision=options.precision, scale_max=options.scale_max))
    return answer


def _train(options: argparse.Namespace) -> Answer | None:
    from simcse_core.learning.processes import launched
    from simcse_core.runs import store
    from simcse_core.runs.execute import execute, follow

    if options.resume:
        if launched().count > 1:
            raise OptionError("--resume goes on in one process: start it without accelerate launch.")
        run = store.open_run(Path(options.output or ""))
    elif options.data is None:
        raise OptionError("train needs --data: a table, a text file, or the name of bundled data.")
    else:
        described = _run_config(options)
        if not launched().is_main:
            follow(described)  # the main process keeps the records
            return None
        run = store.create(described, Path(options.output) if options.output else None)
    execute(run, emit=lambda record: print_record(record, options.format), resume=options.resume)
    return None


def _run_config(options: argparse.Namespace) -> "RunConfig":
    from simcse_core.data.columns import parse_columns
    from simcse_core.data.kinds import texts_of
    from simcse_core.data.lint import lint
    from simcse_core.encoding.scratch import SIZES
    from simcse_core.learning.settings import TrainingSettings, training_settings
    from simcse_core.runs.config import RunConfig, describe, open_split

    given = {name: getattr(options, name) for name in TrainingSettings.model_fields if hasattr(options, name)}
    if "epochs" not in given and ("seconds" in given or "steps" in given):
        given["epochs"] = MANY_EPOCHS  # the other budget decides
    settings = training_settings({**given, "loss_options": _loss_options(options.loss_option)})
    columns = parse_columns(options.columns) if options.columns else {}
    data = _open_data(options.data, columns)
    if options.model not in SIZES:
        _warn(options.model, _load(options).check(texts_of(data)))
    config = describe(
        RunConfig(
            data=options.data,
            dev=options.dev,
            columns=columns,
            kind=options.kind,
            model=options.model,
            layer=options.layer,
            pooling=options.pooling,
            head=options.head,
            device=options.device,
            settings=settings,
        )
    )
    learned_from, dev = open_split(config)
    for finding in lint(learned_from, dev=dev, batch_size=settings.batch_size):
        if finding.severity != "info":
            print(f"simcse_core: {finding.severity}: {finding.message}", file=sys.stderr)
    return config


def _project(options: argparse.Namespace) -> Answer:
    from simcse_core.data.readers import read_texts
    from simcse_core.data.writers import to_csv
    from simcse_core.jsonable import jsonable
    from simcse_core.limits import check_texts, limits
    from simcse_core.meaning.projection import projections, trustworthiness

    method = projections[options.method]
    texts = read_texts(options.input)
    check_texts(texts, limits().max_map_points, "max_map_points")
    output = _output(options.output)
    vectors = _vectors(options, _load(options), texts)
    started = time.perf_counter()
    points = method.function(vectors, seed=options.seed)
    seconds = time.perf_counter() - started
    output.write_text(
        to_csv(["x", "y", "text"], [(float(x), float(y), text) for (x, y), text in zip(points, texts, strict=True)]),
        encoding="utf-8",
    )
    trust = trustworthiness(vectors, points, seed=options.seed)
    answer: dict[str, Any] = jsonable({"n": len(points), "trustworthiness": trust, "seconds": round(seconds, 3)})
    return answer


def _open_data(name: str, columns: Mapping[str, str] | None = None) -> Dataset:
    from simcse_core.data.bundled import open_data

    with download_line(name) as on_fetch:
        return open_data(name, columns or None, on_fetch)


def _load(options: argparse.Namespace) -> "Encoder":
    from simcse_core.encoding.catalogue import load

    with download_line(options.model) as on_fetch:
        return load(
            options.model,
            pooling=options.pooling,
            layer=options.layer,
            head=options.head,
            device=options.device,
            seed=options.seed,
            on_fetch=on_fetch,
        )


def _vectors(options: argparse.Namespace, model: "Encoder", texts: list[str], of: str = "") -> "Matrix":
    return model.encode(texts, precision=options.precision, on_check=lambda check: _warn(options.model, check, of))


def _warn(model: str, check: "TextCheck", of: str = "") -> None:
    _warn_unreadable(model, len(check.unreadable), next(iter(check.unreadable), None), of)
    _warn_truncated(model, len(check.truncated), next(iter(check.truncated), None), of)


def _warn_unreadable(model: str, count: int, first: int | None, of: str = "") -> None:
    from simcse_core.encoding.catalogue import can_read_instead

    if first is not None:
        other = can_read_instead(model)
        print(
            f"simcse_core: warning: {model} cannot read {count} of the texts (the first is text {first + 1}{of}): "
            f"their vectors mean little.{f' Try --model {other}.' if other else ''}",
            file=sys.stderr,
        )


def _warn_truncated(model: str, count: int, first: int | None, of: str = "") -> None:
    if first is not None:
        print(
            f"simcse_core: warning: {count} of the texts are too long for {model} and were cut "
            f"(the first is text {first + 1}{of}).",
            file=sys.stderr,
        )


def _output(name: str) -> Path:
    path = Path(name)
    if not path.parent.is_dir():
        raise OptionError("There is no folder {folder} to write {file} in.", folder=path.parent, file=path.name)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise OptionError("{file} cannot be written: name a file in a folder of yours.", file=path)
    return path


def _loss_options(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    if wrong := next((name for name, equals, _ in pairs if not equals), None):
        raise OptionError("--loss-option {given!r} needs a value: NAME=VALUE.", given=wrong)
    return {name: value for name, _, value in pairs}


def _version() -> str:
    import simcse_core

    return simcse_core.__version__
