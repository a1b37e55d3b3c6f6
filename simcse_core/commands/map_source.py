"""What the command `project` maps: texts with their embeddings by a model, or embeddings of one's own."""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simcse_core.commands.loading import load_model, warn_line_breaks, warn_truncated, warn_unreadable
from simcse_core.errors import DataError, OptionError

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Encoder
    from simcse_core.encoding.texts import Embeddings


@dataclass(frozen=True, eq=False)
class MapSource:
    """What is mapped."""

    texts: Sequence[str]
    """N."""
    columns: Mapping[str, Sequence[object]] = field(default_factory=dict)
    """What stands beside them."""
    embeddings: "Embeddings | None" = None
    """(N, D), where they were brought."""
    notes: tuple[str, ...] = ()


def map_source(options: argparse.Namespace) -> MapSource:
    """What --input, --embeddings and --columns name.

    Raises:
        OptionError: neither of the first two is written.
        DataError: a file cannot be read, a row is no vector, there are too many, or texts and vectors differ in number.
        InputError: a text is longer than allowed.
    """
    if not options.input and not options.embeddings:
        raise OptionError("Name texts with --input, or embeddings of your own with --embeddings.")
    columns = _columns(options)
    texts = _texts(options, columns) if options.input else None
    if not options.embeddings:
        assert texts is not None
        return texts
    return _vectors(options, texts, {} if texts is not None else columns)


@contextmanager
def mapped_embeddings(options: argparse.Namespace, source: MapSource) -> "Iterator[Embeddings]":
    """The embeddings of a source. A model's are written to the disk as they come and mapped into memory.

    Raises:
        ModelError: the model that the flags of `add_model` say cannot be loaded.
        OptionError: one of these flags is out of range.
    """
    if source.embeddings is not None:
        yield source.embeddings
        return
    model = load_model(options)
    with tempfile.TemporaryDirectory(prefix="simcse-", ignore_cleanup_errors=True) as folder:
        file = Path(folder) / "embeddings.npy"
        _encode(options, model, source.texts, file)
        yield np.load(file, mmap_mode="r")


def _columns(options: argparse.Namespace) -> dict[str, str]:
    from simcse_core.data.columns import parse_columns

    return parse_columns(options.columns) if options.columns else {}


def _texts(options: argparse.Namespace, columns: Mapping[str, str]) -> MapSource:
    from simcse_core.limits import check_lengths, limits
    from simcse_core.uses.search.corpus import open_corpus

    corpus, most = (
        open_corpus(options.input, columns, encoding=options.encoding, sheet=options.sheet),
        limits().max_map_points,
    )
    rows = list(islice(corpus.open_rows(), most + 1))
    if not rows:
        raise DataError("{file} has no rows.", file=corpus.name)
    if len(rows) > most:
        raise DataError(
            "{file} has more than {most:,} texts, which is the limit (SIMCSE_MAX_MAP_POINTS). Take a sample of them.",
            file=corpus.name,
            most=most,
        )
    texts = [text for text, _others in rows]
    check_lengths(texts)
    warn_line_breaks(texts)
    cells = zip(*(others for _text, others in rows), strict=True)
    return MapSource(texts, dict(zip(corpus.columns, cells, strict=True)))


def _vectors(options: argparse.Namespace, texts: MapSource | None, columns: Mapping[str, str]) -> MapSource:
    from simcse_core.data.vectors import read_vectors

    path = Path(options.embeddings)
    vectors = read_vectors(path, path.name, columns=columns)
    if texts is not None:
        vectors = vectors.with_texts(texts.texts, Path(options.input).name)
    numbers = [str(row) for row in range(1, len(vectors.embeddings) + 1)]
    return MapSource(
        numbers if vectors.texts is None else vectors.texts,
        {**vectors.columns, **(texts.columns if texts is not None else {})},
        vectors.embeddings,
        () if vectors.were_unit else ("the vectors were brought to length 1, because closeness is the cosine.",),
    )


def _encode(options: argparse.Namespace, model: "Encoder", texts: Sequence[str], file: Path) -> None:
    from simcse_core.api.progress import texts_bar
    from simcse_core.encoding.streaming import encode_stream

    with texts_bar("encoding") as show:
        summary = encode_stream(
            model, texts, file, precision=options.precision, on_progress=lambda done: show(done, len(texts))
        )
    warn_unreadable(options.model, summary.unreadable, summary.first_unreadable)
    warn_truncated(options.model, summary.truncated, summary.first_truncated)
