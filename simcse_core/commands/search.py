"""The command `search`: the texts of a corpus that fit queries best."""

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simcse_core import durable
from simcse_core.commands.loading import load_sides, open_index, warn, warn_line_breaks
from simcse_core.commands.options import COLUMNS_HELP, Parser, add_model, add_reading, decimal, integer
from simcse_core.commands.output import output_file
from simcse_core.commands.printing import print_answer, print_hits, to_stderr
from simcse_core.errors import InputError, OptionError
from simcse_core.plain import printable

if TYPE_CHECKING:
    from simcse_core.uses.search.index import Hit, Index

NAME = "search"
HELP = "Find the texts of a corpus that fit a query by meaning, by words, or by both; or the best match of each text."
WORTH_AN_INDEX = 5_000
"""Texts that are encoded for one search."""


def add_arguments(parser: Parser) -> None:
    """Add the corpus, the queries, and what counts as a hit."""
    parser.add_argument(
        "--corpus",
        required=True,
        metavar="F|DIR",
        help="a folder written by index; or one text a line, a table with the column text, bundled data",
    )
    parser.add_argument("--query", action="append", default=[], metavar="TEXT", help="may be written several times")
    parser.add_argument(
        "--input", metavar="F|-", help="queries: one text a line, or a table with the column text; - is stdin"
    )
    parser.add_argument("--top-k", type=integer, default=10, metavar="K", help="hits for each query (default: 10)")
    parser.add_argument(
        "--method",
        default="dense",
        help="dense (cosine of embeddings), bm25 (words) or hybrid (both, joined by rank) (default: dense)",
    )
    parser.add_argument("--threshold", type=decimal, metavar="X", help="least score")
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="only rows with this value in a column; several values of one column are alternatives",
    )
    parser.add_argument("--output", metavar="F.csv", help="write a row for each hit")
    parser.add_argument("--columns", help=COLUMNS_HELP)
    add_reading(parser)
    add_model(parser)
    parser.tells_written = True  # an index knows its model


def run(options: argparse.Namespace) -> None:
    """Print the hits of each query, and write them where that is asked for."""
    queries = _queries(options)
    where = parse_where(options.where)
    output = None
    if options.output:
        inputs = [("--corpus", options.corpus), ("--input", options.input or "")]
        output = output_file(options.output, inputs)
    index = _index(options)
    hits = index.search(queries, top_k=options.top_k, method=options.method, threshold=options.threshold, where=where)
    for query, found in zip(queries, hits, strict=True):
        if not found:
            to_stderr(f"note: nothing is found for {printable(query)!r}.")
    if output is not None:
        durable.write(output, _csv(queries, hits, index.columns).encode())
    answer = {
        "corpus": options.corpus,
        "n": len(index),
        "method": options.method,
        "model": None if options.method == "bm25" else index.sides().query.name,
        "results": _results(queries, hits),
    }
    print_answer(answer, options.format, print_hits)


def parse_where(filters: Sequence[str]) -> dict[str, list[str]]:
    """What --where says, column by column.

    Raises:
        OptionError: one of them is written in another way.
    """
    where: dict[str, list[str]] = {}
    for text in filters:
        column, sign, value = text.partition("=")
        if not sign or not column.strip():
            raise OptionError("--where {given!r} does not say which column: write COLUMN=VALUE.", given=text)
        where.setdefault(column.strip(), []).append(value.strip())
    return where


def _queries(options: argparse.Namespace) -> list[str]:
    from simcse_core.data.readers import read_texts

    queries = list(options.query)
    if options.input:
        queries += read_texts(options.input, encoding=options.encoding, sheet=options.sheet)
    if not queries:
        raise InputError("No query is given. Write it behind --query, or name a file of queries with --input.")
    return queries


def _index(options: argparse.Namespace) -> "Index":
    """The index in a folder; or one in memory, without embeddings where nobody asks for them."""
    from simcse_core.api.progress import texts_bar
    from simcse_core.data.columns import parse_columns
    from simcse_core.uses.search.corpus import open_corpus
    from simcse_core.uses.search.index import Index

    if os.path.isdir(options.corpus):
        if options.columns:
            raise OptionError("--columns is for tables. The columns of an index have their names: leave it out.")
        return open_index(options, options.corpus)
    columns = parse_columns(options.columns) if options.columns else None
    corpus = open_corpus(options.corpus, columns, encoding=options.encoding, sheet=options.sheet)
    warn_line_breaks(corpus.texts())
    if options.method == "bm25":
        return Index.of_words(corpus)
    sides = load_sides(options)
    with texts_bar("encoding") as show:
        index = Index.of_corpus(
            corpus,
            sides,
            precision=options.precision,
            on_progress=show,
            on_check=lambda check: warn(options.model, check, f" of {options.corpus}"),
        )
    if len(index) >= WORTH_AN_INDEX:
        to_stderr(
            f"note: {len(index):,} texts were encoded for this search. To encode them once: python -m simcse_core "
            f"index --corpus {options.corpus} --output DIR"
        )
    return index


def _results(queries: Sequence[str], hits: "Sequence[Sequence[Hit]]") -> list[dict[str, Any]]:
    return [
        {
            "query": query,
            "rank": rank,
            "row": hit.row,
            "score": round(hit.score, 6),
            "text": hit.text,
            "columns": dict(hit.columns),
        }
        for query, found in zip(queries, hits, strict=True)
        for rank, hit in enumerate(found, 1)
    ]


def _csv(queries: Sequence[str], hits: "Sequence[Sequence[Hit]]", columns: Sequence[str]) -> str:
    from simcse_core.data.writers import to_csv

    rows = (
        (query, rank, hit.row, round(hit.score, 6), hit.text, *(hit.columns[column] for column in columns))
        for query, found in zip(queries, hits, strict=True)
        for rank, hit in enumerate(found, 1)
    )
    return to_csv(["query", "rank", "row", "score", "text", *columns], rows)
