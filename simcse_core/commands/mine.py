"""The command `mine`: hard negatives for data that says what matches, or duplicates within a list of texts."""

import argparse
from pathlib import Path
from typing import Any

from simcse_core import durable
from simcse_core.commands.loading import load_sides, open_data, warn, warn_line_breaks
from simcse_core.commands.options import COLUMNS_HELP, Parser, add_model, add_reading, decimal, integer
from simcse_core.commands.output import output_file
from simcse_core.commands.printing import print_answer, to_stderr
from simcse_core.errors import OptionError

NAME = "mine"
HELP = "Find hard negatives for pairs or answers, as triplets to train on; or duplicates within a list of texts."
NEGATIVES = ("method", "first_rank", "last_rank", "margin", "per_pair")
DUPLICATES = ("threshold", "most", "clusters")


def add_arguments(parser: Parser) -> None:
    """Add the data, what is looked for, and how."""
    from simcse_core.uses.search.duplicates import THRESHOLD
    from simcse_core.uses.search.hard_negatives import KINDS_MINED, NegativeOptions

    usual = NegativeOptions()
    parser.add_argument(
        "--data",
        required=True,
        help=f"holds {', '.join(KINDS_MINED)}; with --duplicates, texts. A file, bundled data, or hub:owner/name",
    )
    parser.add_argument("--output", required=True, metavar="F.csv", help="the table to write")
    parser.add_argument("--method", help="candidates: dense (closest) or bm25 (most words shared) (default: dense)")
    parser.add_argument(
        "--first-rank",
        type=integer,
        metavar="K",
        help=f"leave out candidates before this rank (default: {usual.first_rank})",
    )
    parser.add_argument(
        "--last-rank", type=integer, metavar="K", help=f"and those behind this one (default: {usual.last_rank})"
    )
    parser.add_argument(
        "--margin",
        type=decimal,
        metavar="X",
        help="a negative's cosine is at most (1 - X) of the positive's: what is closer is likely a match that nobody "
        f"has labelled (default: {usual.margin})",
    )
    parser.add_argument(
        "--per-pair", type=integer, metavar="N", help=f"triplets for each pair, at most (default: {usual.per_pair})"
    )
    parser.add_argument("--duplicates", action="store_true", help="find texts that are close to each other instead")
    parser.add_argument(
        "--threshold", type=decimal, metavar="X", help=f"least cosine of duplicates (default: {THRESHOLD})"
    )
    parser.add_argument("--most", type=integer, metavar="N", help="pairs of duplicates, at most, the closest first")
    parser.add_argument("--clusters", metavar="F.csv", help="write the groups of duplicates, a row for each text")
    parser.add_argument("--columns", help=COLUMNS_HELP)
    add_reading(parser)
    add_model(parser)


def run(options: argparse.Namespace) -> None:
    """Write the table and print how much is in it."""
    others = NEGATIVES if options.duplicates else DUPLICATES
    for name in others:
        if getattr(options, name) is not None:
            flag = "--" + name.replace("_", "-")
            if options.duplicates:
                raise OptionError("{flag} is for hard negatives: leave it or --duplicates out.", flag=flag)
            raise OptionError("{flag} is for duplicates: add --duplicates, or leave it out.", flag=flag)
    if options.duplicates:
        _duplicates(options)
    else:
        _negatives(options)


def _negatives(options: argparse.Namespace) -> None:
    from simcse_core.api.progress import texts_bar
    from simcse_core.data.columns import parse_columns
    from simcse_core.data.kinds import texts_of
    from simcse_core.data.writers import to_csv
    from simcse_core.uses.search.hard_negatives import COLUMNS, NegativeOptions, mine, table_rows

    given = {name: getattr(options, name) for name in NEGATIVES if getattr(options, name) is not None}
    how = NegativeOptions(**given)
    columns = parse_columns(options.columns) if options.columns else None
    data = open_data(options.data, columns, encoding=options.encoding, sheet=options.sheet)
    output = output_file(options.output, [("--data", options.data)])
    sides = load_sides(options)
    warn(options.model, sides.document.check(texts_of(data)))
    warn_line_breaks(texts_of(data))
    with texts_bar("encoding") as show:
        mined = mine(data, sides, how, precision=options.precision, on_progress=show)
    durable.write(output, to_csv(COLUMNS, table_rows(mined)).encode())
    if not mined.triplets:
        to_stderr("note: no triplet is left. A smaller --margin or a higher --last-rank finds more.")
    answer: dict[str, Any] = {
        "rows": len(mined.triplets),
        "left_out": mined.left_out.total,
        **vars(mined.left_out),
        "data": data.name,
        "model": options.model,
        "output": str(output),
    }
    print_answer(answer, options.format)


def _duplicates(options: argparse.Namespace) -> None:
    from simcse_core.api.progress import texts_bar
    from simcse_core.data.columns import parse_columns
    from simcse_core.data.writers import to_csv
    from simcse_core.uses.search.corpus import open_corpus
    from simcse_core.uses.search.duplicates import THRESHOLD, check_count, duplicates

    columns = parse_columns(options.columns) if options.columns else None
    corpus = open_corpus(options.data, columns, encoding=options.encoding, sheet=options.sheet)
    texts = list(corpus.texts())
    check_count(len(texts))
    inputs = [("--data", options.data)]
    output = output_file(options.output, inputs)
    clusters = output_file(options.clusters, [*inputs, ("--output", options.output)]) if options.clusters else None
    encoder = load_sides(options).document
    warn(options.model, encoder.check(texts))
    warn_line_breaks(texts)
    with texts_bar("encoding") as show:
        embeddings = encoder.encode(texts, precision=options.precision, on_progress=show)
    threshold = THRESHOLD if options.threshold is None else options.threshold
    with texts_bar("comparing") as show:
        close = duplicates(texts, embeddings, threshold, most=options.most, on_progress=show)
    pairs = ((texts[pair.first], texts[pair.second], pair.similarity, pair.first, pair.second) for pair in close.pairs)
    durable.write(output, to_csv(["sentence1", "sentence2", "score", "row1", "row2"], pairs).encode())
    if clusters is not None:
        rows = ((number, row, texts[row]) for number, group in enumerate(close.clusters, 1) for row in group)
        durable.write(Path(clusters), to_csv(["cluster", "row", "text"], rows).encode())
    if not close.is_complete:
        to_stderr(
            f"note: these are the {len(close.pairs):,} closest pairs; there are more. Raise --threshold or --most."
        )
    answer: dict[str, Any] = {
        "rows": len(close.pairs),
        "is_complete": close.is_complete,
        "clusters": len(close.clusters),
        "texts_in_clusters": sum(map(len, close.clusters)),
        "texts": len(texts),
        "threshold": threshold,
        "data": options.data,
        "model": options.model,
        "output": str(output),
    }
    print_answer(answer, options.format)
