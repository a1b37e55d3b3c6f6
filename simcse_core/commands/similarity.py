"""The command `similarity`: cosines between texts."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.commands.loading import encode_texts, load_model
from simcse_core.commands.options import TEXTS_HELP, Parser, add_model, add_reading, whole
from simcse_core.commands.output import output_file
from simcse_core.commands.printing import print_answer, print_closest, print_similarity, print_values
from simcse_core.errors import InputError, OptionError

if TYPE_CHECKING:
    from simcse_core.meaning.similarity import Matrix

NAME = "similarity"
HELP = "Cosine similarity of each text to each other, or to the texts of another file."
MOST_PRINTED = 1_000_000
"""Cosines; of 5,000 texts they would be 242 MB."""
MOST_PAIRS = 100_000


def add_arguments(parser: Parser) -> None:
    """Add the texts and the files that hold texts."""
    parser.add_argument("texts", nargs="*", metavar="TEXT")
    parser.add_argument("--file", help=TEXTS_HELP)
    parser.add_argument("--against", metavar="FILE", help="compare with the texts of this file instead")
    parser.add_argument(
        "--top-k", type=whole(1, MOST_PAIRS), metavar="K", help="print only the K closest pairs of different texts"
    )
    parser.add_argument("--output", help="write the matrix to this .npy or .csv file in the place of printing it")
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> None:
    """Print the similarity matrix, its closest pairs, or where it was written."""
    from simcse_core.limits import check_texts, limits
    from simcse_core.meaning.similarity import cosine_similarity

    output = _output(options)
    texts = _texts(options)
    others = _read(options.against, options) if options.against else None
    for listed in (texts, others or []):
        check_texts(listed, limits().max_similarity_texts, "max_similarity_texts")
    _check_printed(len(texts) * len(texts if others is None else others), options)
    model = load_model(options)
    embeddings = encode_texts(options, model, texts)
    columns = None if others is None else encode_texts(options, model, others, of=f" of {options.against}")
    similarity = cosine_similarity(embeddings) if columns is None else cosine_similarity(embeddings, columns)
    if output is not None:
        _write(output, similarity, texts, others or texts)
        shape = {"texts": len(texts), "others": len(others or texts)}
        print_answer({"model": options.model, **shape, "path": str(output)}, options.format, print_values)
    elif options.top_k:
        pairs = _closest(similarity, texts, others, options.top_k)
        print_answer({"model": options.model, "pairs": pairs}, options.format, print_closest)
    else:
        with_others = {} if others is None else {"others": others}
        answer = {"model": options.model, "texts": texts, **with_others, "similarity": _rounded(similarity)}
        print_answer(answer, options.format, print_similarity)


def _output(options: argparse.Namespace) -> Path | None:
    """The file to write, or None.

    Raises:
        OptionError: it is no file for a matrix, it cannot be written, or something else is to be printed.
    """
    if options.output is None:
        return None
    if options.top_k:
        raise OptionError("--top-k prints pairs, --output writes the whole matrix. Leave one of them out.")
    if Path(options.output).suffix.lower() not in (".npy", ".csv"):
        raise OptionError("{file} ends neither in .npy nor in .csv.", file=options.output)
    inputs = [(flag, file) for flag, file in (("--file", options.file), ("--against", options.against)) if file]
    return output_file(options.output, inputs)


def _check_printed(cells: int, options: argparse.Namespace) -> None:
    if cells > MOST_PRINTED and options.output is None and options.top_k is None:
        raise OptionError(
            "{cells:,} cosines are too many to print. --top-k 100 prints the closest pairs, --output FILE.npy writes "
            "the whole matrix.",
            cells=cells,
        )


def _closest(similarity: "Matrix", texts: list[str], others: list[str] | None, count: int) -> list[dict[str, Any]]:
    """The closest pairs, the closest first."""
    from simcse_core.meaning.similarity import top_pairs

    return [
        {
            "similarity": round(pair.similarity, 6),
            "row": pair.first + 1,
            "other_row": pair.second + 1,
            "text": texts[pair.first],
            "other": (others or texts)[pair.second],
        }
        for pair in top_pairs(similarity, count, within=others is None)
    ]


def _write(file: Path, similarity: "Matrix", texts: list[str], others: list[str]) -> None:
    """The matrix as float32, or as a table with the texts in its first row and column."""
    import io

    import numpy as np

    from simcse_core import durable
    from simcse_core.data.writers import to_csv

    if file.suffix.lower() == ".csv":
        rows = ([text, *cosines] for text, cosines in zip(texts, _rounded(similarity), strict=True))
        content = to_csv(["text", *others], rows).encode()
    else:
        buffer = io.BytesIO()
        np.save(buffer, similarity.astype(np.float32))
        content = buffer.getvalue()
    durable.write(file, content)


def _texts(options: argparse.Namespace) -> list[str]:
    """The texts behind the command, and those of --file.

    Raises:
        InputError: there are none.
        OptionError: a file's format is named and no file.
    """
    from simcse_core.data.cells import is_blank
    from simcse_core.encoding.texts import checked

    texts = [text.strip() for text in checked(options.texts) if not is_blank(text)]
    texts += _read(options.file, options) if options.file else []
    if (options.encoding or options.sheet) and not (options.file or options.against):
        raise OptionError("--encoding and --sheet say how a file is read: name one with --file.")
    if not texts:
        raise InputError("No texts are given. Write them after the command, or name a file with --file.")
    return texts


def _read(file: str, options: argparse.Namespace) -> list[str]:
    from simcse_core.data.readers import read_texts

    return read_texts(file, encoding=options.encoding, sheet=options.sheet)


def _rounded(similarity: "Matrix") -> list[list[float]]:
    rows: list[list[float]] = similarity.astype(float).round(6).tolist()
    return rows
