"""The command `project`: texts to points of a map."""

import argparse
import math
import time
from typing import Any

from simcse_core import durable
from simcse_core.commands.loading import encode_texts, load_model
from simcse_core.commands.options import TEXTS_HELP, Parser, add_model, add_reading, one_of
from simcse_core.commands.output import files_read, output_file
from simcse_core.commands.printing import print_answer, to_stderr
from simcse_core.meaning.projection import projections

NAME = "project"
HELP = "Write a two-dimensional map of the texts."


def add_arguments(parser: Parser) -> None:
    """Add the file to read, the file to write and the method."""
    parser.add_argument("--input", required=True, help=TEXTS_HELP)
    parser.add_argument("--output", required=True, help="the CSV file to write, with the columns x, y, text")
    parser.add_argument("--method", default="pca", help=f"{one_of(projections.names())} (default: pca)")
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> None:
    """Write the points and print how far their neighbours are neighbours among the embeddings too."""
    from simcse_core.data.readers import read_texts
    from simcse_core.data.writers import to_csv
    from simcse_core.jsonable import jsonable
    from simcse_core.limits import check_texts, limits
    from simcse_core.meaning.projection import trustworthiness

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
        reason = "there are too few texts" if len(texts) < 5 else "all texts have the same embedding, up to rounding"
        to_stderr(f"note: trustworthiness is undefined: {reason}.")
    answer: dict[str, Any] = jsonable(
        {
            "model": options.model,
            "input": options.input,
            "n": len(points),
            "trustworthiness": trust,
            "seconds": round(seconds, 3),
        }
    )
    print_answer(answer, options.format)
