"""The command `similarity`: cosines between texts."""

import argparse
from typing import TYPE_CHECKING, Any

from simcse_core.commands.loading import encode_texts, load_model
from simcse_core.commands.options import Parser, add_model, add_reading
from simcse_core.commands.printing import print_answer, print_similarity
from simcse_core.errors import InputError, OptionError

if TYPE_CHECKING:
    from simcse_core.meaning.similarity import Matrix

NAME = "similarity"
HELP = "Cosine similarity of each text to each other, or to the texts of another file."


def add_arguments(parser: Parser) -> None:
    """Add the texts and the files that hold texts."""
    parser.add_argument("texts", nargs="*", metavar="TEXT")
    parser.add_argument("--file", help="one text a line, or a table with the column text")
    parser.add_argument("--against", metavar="FILE", help="compare with the texts of this file instead")
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> None:
    """Print the similarity matrix."""
    from simcse_core.limits import check_texts, limits
    from simcse_core.meaning.similarity import cosine_similarity

    texts = _texts(options)
    others = _read(options.against, options) if options.against else None
    for listed in (texts, others or []):
        check_texts(listed, limits().max_similarity_texts, "max_similarity_texts")
    model = load_model(options)
    embeddings = encode_texts(options, model, texts)
    answer: dict[str, Any] = {"texts": texts}
    if others is None:
        answer["similarity"] = _rounded(cosine_similarity(embeddings))
    else:
        answer["others"] = others
        columns = encode_texts(options, model, others, of=f" of {options.against}")
        answer["similarity"] = _rounded(cosine_similarity(embeddings, columns))
    print_answer(answer, options.format, print_similarity)


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
