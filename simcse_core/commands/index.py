"""The command `index`: a corpus to a folder that is searched again and again."""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.commands.loading import Checks, load_sides, open_index, warn_line_breaks
from simcse_core.commands.options import COLUMNS_HELP, Parser, add_model, add_reading
from simcse_core.commands.printing import print_answer

if TYPE_CHECKING:
    from simcse_core.encoding.texts import Progress
    from simcse_core.uses.search.corpus import Corpus
    from simcse_core.uses.search.index import Index

NAME = "index"
HELP = "Encode a corpus into a folder that search opens at once; goes on where it was interrupted."


def add_arguments(parser: Parser) -> None:
    """Add the corpus and the folder."""
    parser.add_argument(
        "--corpus",
        required=True,
        help="one text a line, a table with the column text (others can be filtered by), or bundled data",
    )
    parser.add_argument("--output", required=True, metavar="DIR", help="the folder to write")
    parser.add_argument("--append", action="store_true", help="put the texts behind those of the index in DIR")
    parser.add_argument("--columns", help=COLUMNS_HELP)
    add_reading(parser)
    add_model(parser)
    parser.tells_written = True  # an index that texts are added to knows its model


def run(options: argparse.Namespace) -> None:
    """Read the corpus once to find broken rows, then encode what is not encoded yet."""
    from simcse_core.api.progress import texts_bar
    from simcse_core.data.columns import parse_columns
    from simcse_core.uses.search.corpus import open_corpus
    from simcse_core.uses.search.stored import check_folder

    check_folder(Path(options.output), append=options.append)
    columns = parse_columns(options.columns) if options.columns else None
    corpus = open_corpus(options.corpus, columns, encoding=options.encoding, sheet=options.sheet)
    with texts_bar("reading") as show:
        warn_line_breaks(_shown(corpus, show))
    checks = Checks()
    started = time.perf_counter()
    try:
        with texts_bar("encoding") as show:
            index = _written(options, corpus, show, checks)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"The index in {options.output} is not complete yet. Run the same command again: it goes on from here."
        ) from None
    model = index.sides().document.name
    checks.warn(model)
    answer = {
        "n": len(index),
        "dim": index.dim,
        "seconds": round(time.perf_counter() - started, 3),
        **checks.counts(),
        "model": model,
        "corpus": options.corpus,
        "index": options.output,
    }
    print_answer(answer, options.format)


def _written(options: argparse.Namespace, corpus: "Corpus", show: "Progress", checks: Checks) -> "Index":
    from simcse_core.uses.search.index import Index

    if options.append:
        index = open_index(options, options.output)
        index.add(corpus, precision=options.precision, on_progress=show, on_check=checks.add)
        return index
    return Index.of_corpus(
        corpus,
        load_sides(options),
        options.output,
        precision=options.precision,
        on_progress=show,
        on_check=checks.add,
    )


def _shown(corpus: "Corpus", show: Callable[[int, int | None], None]) -> Iterator[str]:
    for done, text in enumerate(corpus.texts(), 1):
        yield text
        show(done, None)
