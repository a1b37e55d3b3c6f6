"""The command `encode`: a file of texts to a file of embeddings."""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from simcse_core.commands.loading import load_model, warn_line_breaks, warn_truncated, warn_unreadable
from simcse_core.commands.options import TEXTS_HELP, Parser, add_model, add_reading
from simcse_core.commands.output import files_read, output_file
from simcse_core.commands.printing import print_answer

if TYPE_CHECKING:
    from simcse_core.data.streams import TextStream

NAME = "encode"
HELP = "Write one embedding per text to a NumPy file; millions of texts need no more memory than a few."


def add_arguments(parser: Parser) -> None:
    """Add the file to read and the file to write."""
    parser.add_argument("--input", required=True, help=TEXTS_HELP)
    parser.add_argument("--output", required=True, help="the .npy file to write")
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> None:
    """Read all texts once to find broken rows and count, then encode them."""
    from simcse_core.api.progress import texts_bar
    from simcse_core.encoding.streaming import encode_stream

    output = output_file(options.output, files_read(options), regular=True)
    with _texts(options) as texts, texts_bar("reading") as show:
        warn_line_breaks(_shown(texts, show))  # a broken row shows now, not after hours of encoding
        count = texts.taken
    model = load_model(options)
    started = time.perf_counter()
    with _texts(options) as texts, texts_bar("encoding") as show:
        summary = encode_stream(
            model, texts, output, precision=options.precision, on_progress=lambda done: show(done, count)
        )
    seconds = time.perf_counter() - started
    warn_unreadable(options.model, summary.unreadable, summary.first_unreadable)
    warn_truncated(options.model, summary.truncated, summary.first_truncated)
    answer = {
        "model": options.model,
        "input": options.input,
        "n": summary.n,
        "dim": summary.dim,
        "seconds": round(seconds, 3),
        "truncated": summary.truncated,
        "unreadable": summary.unreadable,
    }
    print_answer(answer, options.format)


def _texts(options: argparse.Namespace) -> "AbstractContextManager[TextStream]":
    from simcse_core.data.streams import open_texts

    return open_texts(options.input, encoding=options.encoding, sheet=options.sheet)


def _shown(texts: "TextStream", show: Callable[[int, int | None], None]) -> Iterator[str]:
    for text in texts:
        show(texts.taken, texts.expected)
        yield text
