"""The index: texts with their embeddings, in memory or in a folder, searched by meaning, by words, or by both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, overload

import numpy as np

from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import InputError, ModelError, OptionError, ShapeError
from simcse_core.limits import check_texts, limits
from simcse_core.uses.search.corpus import Corpus, empty, open_corpus
from simcse_core.uses.search.duplicates import THRESHOLD, Duplicates, duplicates
from simcse_core.uses.search.encoders import EncoderSettings, Sides
from simcse_core.uses.search.fusion import DEPTH, fused
from simcse_core.uses.search.lexical import Lexical
from simcse_core.uses.search.nearest import Mask, Ranking, in_blocks, nearest

if TYPE_CHECKING:
    from pandas import DataFrame
    from pyarrow import Table

    from simcse_core.data.kinds import Dataset

Method = Literal["dense", "bm25", "hybrid"]
METHODS: tuple[Method, ...] = get_args(Method)
TEXT = "text"
Where = Mapping[str, object]
"""Column -> the value that its cell has, or a list of values of which it has one."""


@dataclass(frozen=True)
class Hit:
    """One text that a search has found."""

    row: int
    """Position in the corpus, from 0."""
    text: str
    score: float
    """dense: the cosine, in six decimals. bm25: above 0, without an upper end. hybrid: the sum of 1 / (60 + rank) over
    both, at most 0.033: it says the order and nothing else."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """What stands beside the text in its table."""


class Index:
    """Texts that can be searched by meaning (dense), by words (bm25), or by both (hybrid).

    Example:
        >>> index = Index.build(["A cat sleeps on the sofa.", "Stocks fell sharply.", "The train is late."])
        >>> index.search("a napping kitten", top_k=1)[0].text
        'A cat sleeps on the sofa.'
    """

    def __init__(
        self, rows: "Table", blocks: Sequence[Embeddings], sides: Sides | None = None, name: str = "The index"
    ) -> None:
        self._rows = rows
        self._blocks = tuple(blocks)
        self._sides = sides
        self.name = name
        """What messages call it."""

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        embeddings: Embeddings,
        columns: Mapping[str, Sequence[object]] | None = None,
        model: Trainable | None = None,
        prompt: str | None = None,
    ) -> "Index":
        """An index in memory of texts that are encoded already.

        Args:
            texts: N texts, at least one.
            embeddings: (N, D) unit rows.
            columns: N cells each, to filter by.
            model: that has encoded them; without it queries have to come with their embeddings.
            prompt: of the queries, as for `build`.

        Raises:
            InputError: there are no texts.
            ShapeError: texts, embeddings and columns differ in number.
        """
        cells = {name: [str(cell) for cell in column] for name, column in (columns or {}).items()}
        counts = {"the embeddings": len(embeddings), **{name: len(column) for name, column in cells.items()}}
        for name, count in counts.items():
            if count != len(texts):
                raise ShapeError(
                    "There are {texts} texts, but {given} rows in {name}.", texts=len(texts), given=count, name=name
                )
        if not len(texts):
            raise empty("The corpus")
        sides = None if model is None else Sides.of(model, prompt)
        return cls(_table(texts, cells), in_blocks(embeddings), sides)

    @classmethod
    def build(
        cls,
        corpus: "Corpus | Dataset | DataFrame | Iterable[str] | str | Path",
        model: str | Trainable = "minilm",
        folder: Path | str | None = None,
        *,
        pooling: str | None = None,
        layer: int | None = None,
        head: str | None = None,
        prompt: str | None = None,
        dim: int | None = None,
        columns: Mapping[str, str] | None = None,
        precision: str = "float32",
        device: str = "auto",
        seed: int = 0,
        on_progress: Progress | None = None,
    ) -> "Index":
        """Encode a corpus.

        Args:
            corpus: as for `open_corpus`.
            model: a name, as for `load`, or an encoder.
            folder: where to keep it; None keeps it in memory.
            pooling, layer, head, dim, device, seed: of the model, as for `SimCSE.load`.
            prompt: before queries and texts alike; or "query,document", the names of two of the model's. None is what
                the model uses by itself; or both of these, if it has them.
            columns: of a table, as for `open_corpus`.
            precision: as for `SimCSE.encode`.
            on_progress: receives (texts done, texts in all).

        Raises:
            DataError: the corpus cannot be read.
            InputError: it is empty or too large.
            ModelError: there is no such model.
            OptionError: a setting that the model does not have.
        """
        name = model if isinstance(model, str) else model.name
        settings = EncoderSettings(name, pooling, layer, head, prompt, dim, seed)
        opened = open_corpus(corpus, columns)
        if folder is not None:
            raise NotImplementedError
        sides = settings.load(device=device) if isinstance(model, str) else settings.applied(model)
        texts, others = _in_memory(opened)
        embeddings = sides.document.encode(texts, precision=precision, on_progress=on_progress)
        return cls(_table(texts, others), in_blocks(embeddings), sides)

    def __len__(self) -> int:
        return self._rows.num_rows

    @property
    def dim(self) -> int:
        """D, the length of an embedding."""
        return self._blocks[0].shape[1]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that can be filtered by."""
        return tuple(name for name in self._rows.column_names if name != TEXT)

    def values(self, column: str, most: int = 100) -> list[str]:
        """The values of a column, the most frequent first.

        Raises:
            OptionError: there is no such column.
        """
        from collections import Counter

        self._check_column(column)
        return [value for value, _count in Counter(self._rows[column].to_pylist()).most_common(most)]

    def text(self, row: int) -> str:
        """The text at a position, from 0."""
        return str(self._rows[TEXT][row].as_py())

    @overload
    def search(
        self,
        queries: str,
        *,
        top_k: int = 10,
        method: Method = "dense",
        threshold: float | None = None,
        where: Where | None = None,
        embeddings: Embeddings | None = None,
    ) -> list[Hit]: ...

    @overload
    def search(
        self,
        queries: list[str] | tuple[str, ...],
        *,
        top_k: int = 10,
        method: Method = "dense",
        threshold: float | None = None,
        where: Where | None = None,
        embeddings: Embeddings | None = None,
    ) -> list[list[Hit]]: ...

    def search(
        self,
        queries: str | list[str] | tuple[str, ...],
        *,
        top_k: int = 10,
        method: Method = "dense",
        threshold: float | None = None,
        where: Where | None = None,
        embeddings: Embeddings | None = None,
    ) -> list[Hit] | list[list[Hit]]:
        """The texts that fit a query best, the best first; of equal ones the first in the corpus.

        Args:
            queries: one, or a list of them.
            top_k: hits for each at most. What shares no word with the query is no hit of bm25.
            method: "dense" compares embeddings, exactly; "bm25" words; "hybrid" joins both by their ranks.
            threshold: least score, on the method's own scale (see `Hit`).
            where: columns with the value they have to have, such as {"language": "en"} or {"year": ["2024", "2025"]}.
            embeddings: (Q, D) of the queries, where they are encoded already.

        Returns:
            Hits; a list of them for each query where a list was given.

        Raises:
            InputError: a query is empty or too long, or there are too many.
            OptionError: no such method or column, or `top_k` is out of range.
            ModelError: the index does not know the model, and no embeddings are given.
        """
        asked = [queries] if isinstance(queries, str) else list(queries)
        self._check(asked, top_k, method)
        rankings = self._rankings(asked, top_k, method, threshold, self._mask(where), embeddings)
        hits = [self._hits(ranking) for ranking in rankings]
        return hits[0] if isinstance(queries, str) else hits

    def duplicates(
        self, threshold: float = THRESHOLD, *, most: int | None = None, on_progress: Progress | None = None
    ) -> Duplicates:
        """Texts of the index that are close to each other. Arguments and errors as for `duplicates.duplicates`."""
        texts = self._rows[TEXT].to_pylist()
        return duplicates(texts, np.concatenate(self._blocks), threshold, most=most, on_progress=on_progress)

    def _check(self, queries: Sequence[str], top_k: int, method: str) -> None:
        if method not in METHODS:
            raise OptionError(
                "Unknown method {given!r}. Choose one of: {choices}.", given=method, choices=", ".join(METHODS)
            )
        most = limits().max_results
        if not 1 <= top_k <= most:
            raise OptionError(
                "top_k is {given}: it has to be from 1 to {most:,} (SIMCSE_MAX_RESULTS).", given=top_k, most=most
            )
        check_texts(queries, limits().max_queries, "max_queries")
        for number, query in enumerate(queries, 1):
            if not query.strip():
                raise InputError("Query {number} is empty. Write what to search for.", number=number)

    def _rankings(
        self,
        queries: Sequence[str],
        top_k: int,
        method: Method,
        threshold: float | None,
        mask: Mask | None,
        embeddings: Embeddings | None,
    ) -> list[Ranking]:
        if method == "bm25":
            return [self._lexical.search(query, top_k, threshold=threshold, mask=mask) for query in queries]
        encoded = self._encoded(queries, embeddings)
        if method == "dense":
            return nearest(encoded, self._blocks, top_k, threshold=threshold, mask=mask)
        depth = max(DEPTH, top_k)
        dense = nearest(encoded, self._blocks, depth, mask=mask)
        by_words = [self._lexical.search(query, depth, mask=mask) for query in queries]
        both = [fused(pair, top_k) for pair in zip(dense, by_words, strict=True)]
        return both if threshold is None else [ranking.above(threshold) for ranking in both]

    def _encoded(self, queries: Sequence[str], embeddings: Embeddings | None) -> Embeddings:
        if embeddings is not None:
            given = np.atleast_2d(np.asarray(embeddings, dtype=np.float32))
            if given.shape != (len(queries), self.dim):
                raise ShapeError(
                    "The embeddings of {queries} queries have to be {queries} x {dim}: got shape {shape}.",
                    queries=len(queries),
                    dim=self.dim,
                    shape=given.shape,
                )
            return given
        if self._sides is None:
            raise ModelError("This index does not know its model. Give the queries with their embeddings.")
        return self._sides.query.encode(queries)

    @cached_property
    def _lexical(self) -> Lexical:
        return Lexical.of(text.as_py() for text in self._rows[TEXT])

    def _mask(self, where: Where | None) -> Mask | None:
        if not where:
            return None
        import pyarrow
        from pyarrow import compute

        mask = np.ones(len(self), dtype=bool)
        for column, wanted in where.items():
            self._check_column(column)
            values = [str(value) for value in (wanted if isinstance(wanted, list | tuple) else [wanted])]
            cells = self._rows[column]
            has_one = compute.is_in(cells, value_set=pyarrow.array(values, cells.type))
            mask &= has_one.to_numpy()
        return mask

    def _check_column(self, column: str) -> None:
        if column not in self.columns:
            raise OptionError(
                "{index} has no column {given!r} to filter by. It has: {columns}.",
                index=self.name,
                given=column,
                columns=", ".join(self.columns) or "none but the text",
            )

    def _hits(self, ranking: Ranking) -> list[Hit]:
        rows = self._rows.take(ranking.rows).to_pylist()
        return [
            Hit(int(row), cells.pop(TEXT), float(score), cells)
            for row, score, cells in zip(ranking.rows, ranking.scores, rows, strict=True)
        ]


def _table(texts: Sequence[str], others: Mapping[str, Sequence[str]]) -> "Table":
    import pyarrow

    columns = {TEXT: texts, **others}
    return pyarrow.table({name: pyarrow.array(cells, pyarrow.large_string()) for name, cells in columns.items()})


def _in_memory(corpus: Corpus) -> tuple[list[str], dict[str, list[str]]]:
    rows = list(corpus)
    texts = [text for text, _others in rows]
    return texts, {name: [others[place] for _text, others in rows] for place, name in enumerate(corpus.columns)}
