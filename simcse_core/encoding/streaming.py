"""Millions of texts to a file of embeddings, shard by shard, in memory that does not grow with their number."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.lib import format as npy

from simcse_core import durable
from simcse_core.encoding.texts import Progress, TextCheck, each
from simcse_core.errors import OptionError

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Encoder

SHARD = 10_000
"""Enough texts to sort by length and to find some repeated, few enough to hold with their tokens and embeddings."""

CHARACTERS_AT_ONCE = 4_000_000
"""Long texts make a shard full earlier: a tokenizer needs some forty bytes for each character."""


@dataclass(frozen=True)
class StreamSummary:
    """What became of the texts. Positions count from 0."""

    n: int
    dim: int
    truncated: int
    """So many texts are longer than the model's limit: only their beginning counts."""
    unreadable: int
    """Of so many texts the model does not know more than a tenth of the tokens."""
    first_truncated: int | None
    first_unreadable: int | None


def encode_stream(
    model: "Encoder",
    texts: Iterable[str],
    path: Path | str,
    *,
    precision: str = "float32",
    shard: int = SHARD,
    on_progress: Callable[[int], None] | None = None,
) -> StreamSummary:
    """Encode texts as they come and write the embeddings to a NumPy file, the same that `np.save` writes.

    The file appears when it is complete. After an error or Ctrl-C there is none, and an older one stays as it was.

    Args:
        model: any encoder.
        texts: N texts, also from a generator or an open file; they are taken shard by shard. Identical texts in a
            shard are encoded once.
        path: of the file: (N, D) float32, unit rows, in the order of the texts.
        precision: as for `SimCSE.encode`.
        shard: most texts at once.
        on_progress: receives the number of texts done.

    Raises:
        InputError: `texts` is a single text, a dictionary, a table ..., or an element is no text.
        OptionError: unknown precision, a shard of less than 1, or a path that is no file.
    """
    if shard < 1:
        raise OptionError("A shard of {given} texts is too small: it has to be at least 1.", given=shard)
    summary = StreamSummary(0, model.dim, 0, 0, None, None)
    with _appearing(Path(path)) as file:
        _write_header(file, summary)
        for part in _shards(texts, shard):
            check = model.check(part)
            on_part = None if on_progress is None else _of_all(on_progress, summary.n, len(part))
            embeddings = model.encode(part, precision=precision, on_progress=on_part)
            file.write(np.ascontiguousarray(embeddings, dtype="<f4").data)
            summary = _added(summary, len(part), check)
        _write_header(file, summary)  # as long as before: NumPy leaves room for more rows
    return summary


def _shards(texts: Iterable[str], most: int) -> Iterator[list[str]]:
    part: list[str] = []
    characters = 0
    for text in each(texts):
        part.append(text)
        characters += len(text)
        if len(part) == most or characters >= CHARACTERS_AT_ONCE:
            yield part
            part, characters = [], 0
    if part:
        yield part


def _added(summary: StreamSummary, count: int, check: TextCheck) -> StreamSummary:
    def first(earlier: int | None, positions: tuple[int, ...]) -> int | None:
        return earlier if earlier is not None or not positions else summary.n + positions[0]

    return StreamSummary(
        n=summary.n + count,
        dim=summary.dim,
        truncated=summary.truncated + len(check.truncated),
        unreadable=summary.unreadable + len(check.unreadable),
        first_truncated=first(summary.first_truncated, check.truncated),
        first_unreadable=first(summary.first_unreadable, check.unreadable),
    )


def _of_all(on_progress: Callable[[int], None], before: int, count: int) -> Progress:
    """A model tells the share of a shard's distinct texts; this tells how many of all texts that makes."""
    return lambda done, total: on_progress(before + count * done // total)


def _write_header(file: BinaryIO, summary: StreamSummary) -> None:
    file.seek(0)
    npy.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": (summary.n, summary.dim)})


@contextmanager
def _appearing(path: Path) -> Iterator[BinaryIO]:
    """A new file that takes the place of `path` when all went well, and goes away when not."""
    if os.path.exists(path) and not os.path.isfile(path):  # its header is written last, which no pipe allows
        raise OptionError("{file} cannot be written: name a file in a folder that you may write to.", file=path)
    with durable.replacing(path) as file:
        yield file
