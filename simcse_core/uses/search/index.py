"""The index: texts with their embeddings, in memory or in a folder, searched by meaning, by words, or by both."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, overload

import numpy as np

from simcse_core.data.files import TEXT
from simcse_core.encoding.given import Trained, named_or_loaded
from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.texts import Embeddings, Progress, TextCheck
from simcse_core.errors import InputError, ModelError, OptionError, ShapeError
from simcse_core.limits import check_texts, limits
from simcse_core.uses.search import stored
from simcse_core.uses.search.contents import Contents, Where
from simcse_core.uses.search.corpus import Corpus, as_text, empty, open_corpus
from simcse_core.uses.search.duplicates import THRESHOLD, Duplicates, check_count, duplicates
from simcse_core.uses.search.encoders import EncoderSettings, Sides
from simcse_core.uses.search.fusion import DEPTH, fused
from simcse_core.uses.search.identity import Identity
from simcse_core.uses.search.nearest import Mask, Ranking, check_unit_rows, nearest

if TYPE_CHECKING:
    from pandas import DataFrame

    from simcse_core.data.kinds import Dataset

Method = Literal["dense", "bm25", "hybrid"]
METHODS: tuple[Method, ...] = get_args(Method)


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

    It is made by `build`, `of` or `open`.

    Example:
        >>> index = Index.build(["A cat sleeps on the sofa.", "Stocks fell sharply.", "The train is late."])
        >>> index.search("a napping kitten", top_k=1)[0].text
        'A cat sleeps on the sofa.'
    """

    def __init__(self, contents: "Contents", load_sides: Callable[[], Sides], folder: Path | None = None) -> None:
        self._contents = contents
        self._load_sides = load_sides
        self._folder = folder

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        embeddings: Embeddings | None,
        columns: Mapping[str, Sequence[object]] | None = None,
        model: Trainable | None = None,
        prompt: str | None = None,
    ) -> "Index":
        """An index in memory of texts that are encoded already.

        Args:
            texts: N texts, at least one.
            embeddings: (N, D) unit rows; None for an index that is searched by words alone.
            columns: N cells each, to filter by.
            model: that has encoded them; without it queries have to come with their embeddings.
            prompt: of the queries, as for `build`.

        Raises:
            InputError: there are no texts.
            ShapeError: texts, embeddings and columns differ in number, or embeddings are no unit rows.
        """
        cells = {name: [as_text(cell) for cell in column] for name, column in (columns or {}).items()}
        if embeddings is None:
            embeddings = np.zeros((len(texts), 0), dtype=np.float32)
        counts = {"the embeddings": len(embeddings), **{name: len(column) for name, column in cells.items()}}
        for name, count in counts.items():
            if count != len(texts):
                raise ShapeError(
                    "There are {texts} texts, but {given} rows in {name}.", texts=len(texts), given=count, name=name
                )
        if not len(texts):
            raise empty("The corpus")
        check_unit_rows(embeddings)
        rows = list(zip(texts, zip(*cells.values(), strict=True) if cells else [()] * len(texts), strict=True))
        return cls(Contents.in_memory(rows, tuple(cells), embeddings), lambda: _sides_of(model, prompt))

    @classmethod
    def build(
        cls,
        corpus: "Corpus | Dataset | DataFrame | Iterable[str] | str | Path",
        model: str | Path | Trainable | Trained = "minilm",
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
        on_check: Callable[[TextCheck], None] | None = None,
    ) -> "Index":
        """Encode a corpus.

        Args:
            corpus: a list of texts; a DataFrame, the path of a text file or of a table, or the name of bundled data
                (see `open_corpus`). Of a table the column `text` is searched, and the others can be filtered by.
            model: a name, as for `load`, an encoder, or the result of a training.
            folder: where to keep it, so that it can be opened again; None keeps it in memory. What a kill has broken
                off goes on when it is built again: texts that are encoded are not encoded again.
            pooling, layer, head, dim, device, seed: of the model, as for `SimCSE.load`.
            prompt: before queries and texts alike; or "query,document", the names of two of the model's. None is what
                the model uses by itself; or both of these, if it has them.
            columns: of a table, where the names differ: {"text": "utterance"}.
            precision: as for `SimCSE.encode`.
            on_progress: receives (texts done, texts in all).
            on_check: receives which texts were cut or are unreadable, as positions; several times for a large corpus.

        Raises:
            DataError: the corpus cannot be read, or the folder was begun with another one.
            InputError: it is empty or too large.
            ModelError: there is no such model, or the folder was begun with another one.
            OptionError: a setting that the model does not have, or a folder that holds something else.
        """
        given = named_or_loaded(model)
        settings = EncoderSettings(
            given if isinstance(given, str) else given.name, pooling, layer, head, prompt, dim, seed
        )
        opened = open_corpus(corpus, columns)
        if folder is not None:
            stored.check_folder(Path(folder))
        opened.count_rows()  # what is wrong with a row shows before a model is loaded
        sides = settings.load(device=device) if isinstance(given, str) else settings.applied(given)
        return cls.of_corpus(opened, sides, folder, precision=precision, on_progress=on_progress, on_check=on_check)

    @classmethod
    def of_corpus(
        cls,
        corpus: Corpus,
        sides: Sides,
        folder: Path | str | None = None,
        *,
        precision: str = "float32",
        on_progress: Progress | None = None,
        on_check: Callable[[TextCheck], None] | None = None,
    ) -> "Index":
        """As `build`, of what is open and loaded already."""
        if folder is not None:
            stored.build_folder(
                Path(folder), corpus, sides, precision=precision, on_progress=on_progress, on_check=on_check
            )
            return cls(stored.open_folder(Path(folder))[1], lambda: sides, Path(folder))
        rows = list(corpus)
        texts = [text for text, _others in rows]
        if on_check is not None:
            on_check(sides.document.check(texts))
        embeddings = sides.document.encode(texts, precision=precision, on_progress=_of_all(on_progress, len(texts)))
        return cls(Contents.in_memory(rows, corpus.columns, embeddings), lambda: sides)

    @classmethod
    def of_words(cls, corpus: Corpus) -> "Index":
        """An index in memory that is searched by words alone, without an encoder."""
        rows = list(corpus)
        nothing = np.zeros((len(rows), 0), dtype=np.float32)
        return cls(Contents.in_memory(rows, corpus.columns, nothing), lambda: _sides_of(None, None))

    @classmethod
    def open(
        cls,
        folder: Path | str,
        model: str | Path | Trainable | Trained | None = None,
        *,
        pooling: str | None = None,
        layer: int | None = None,
        head: str | None = None,
        prompt: str | None = None,
        dim: int | None = None,
        device: str = "auto",
        on_fetch: Progress | None = None,
    ) -> "Index":
        """The index in a folder. It stays on the disk: what a search reads comes into memory.

        Args:
            folder: that `build` has written.
            model, pooling, layer, head, prompt, dim: what is searched with; None is what the index was built with. The
                model is loaded when embeddings are first asked for, or now where something is given.
            device: "auto", "cpu", "cuda" or "mps".
            on_fetch: as for `catalogue.load`.

        Raises:
            DataError: there is no index, or it is not complete or damaged.
            ModelError: it was built with another model, prompt or dimensions.
        """
        manifest, contents = stored.open_folder(Path(folder))
        which = None if model is None else named_or_loaded(model)
        chosen = {"pooling": pooling, "layer": layer, "head": head, "prompt": prompt, "dim": dim}
        given: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
        name = which if isinstance(which, str) else manifest.settings.model
        settings = replace(manifest.settings, model=name, **given)

        def load() -> Sides:
            if which is None or isinstance(which, str):
                sides = settings.load(device=device, on_fetch=on_fetch)
            else:
                sides = replace(EncoderSettings(prompt=manifest.settings.prompt), **given).applied(which)
            manifest.identity.check(Identity.of(sides), f"The index in {folder}")
            return sides

        index = cls(contents, cache(load), Path(folder))
        if model is not None or given:
            index.sides()
        return index

    def add(
        self,
        corpus: "Corpus | Dataset | DataFrame | Iterable[str] | str | Path",
        *,
        columns: Mapping[str, str] | None = None,
        precision: str = "float32",
        on_progress: Progress | None = None,
        on_check: Callable[[TextCheck], None] | None = None,
    ) -> None:
        """Put more texts behind those that are there; in the folder too, where there is one.

        Arguments as for `build`. A table needs the columns that the index has; further ones are left out.

        Raises:
            DataError, InputError, ModelError: as for `build`.
        """
        opened = open_corpus(corpus, columns)
        if self._folder is not None:
            stored.build_folder(
                self._folder, opened, self.sides(), append=True,
                precision=precision, on_progress=on_progress, on_check=on_check,
            )  # fmt: skip
            _manifest, self._contents = stored.open_folder(self._folder)
            return
        rows = list(opened.with_columns(self.columns))
        texts = [text for text, _others in rows]
        embeddings = self.sides().document.encode(texts, precision=precision, on_progress=on_progress)
        self._contents = self._contents.with_more(rows, embeddings)

    def __len__(self) -> int:
        return self._contents.rows.num_rows

    @property
    def dim(self) -> int:
        """D, the length of an embedding; 0 where there are words alone."""
        return self._contents.dim

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns that can be filtered by."""
        return self._contents.columns

    def sides(self) -> Sides:
        """The encoder, as it reads queries and as it reads texts.

        Raises:
            ModelError: the index does not know it; or the model is not here, or gives other embeddings.
        """
        return self._load_sides()

    def values(self, column: str, most: int = 100) -> list[str]:
        """The values of a column, the most frequent first; errors as for `search`."""
        return [value for value, _count in Counter(self._contents.cells(column).to_pylist()).most_common(most)]

    def text(self, row: int) -> str:
        """The text at a position, from 0."""
        return self._contents.row(row)[TEXT]

    def duplicates(
        self, threshold: float = THRESHOLD, *, most: int | None = None, on_progress: Progress | None = None
    ) -> Duplicates:
        """Texts of the index that are close to each other. Arguments and errors as for `duplicates.duplicates`."""
        check_count(len(self))
        texts = self._contents.rows[TEXT].to_pylist()
        embeddings = np.concatenate(self._contents.blocks)
        return duplicates(texts, embeddings, threshold, most=most, on_progress=on_progress)

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
        rankings = self._rankings(asked, top_k, method, threshold, self._contents.mask(where), embeddings)
        hits = [self._hits(ranking) for ranking in rankings]
        return hits[0] if isinstance(queries, str) else hits

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
            return [self._contents.lexical.search(query, top_k, threshold=threshold, mask=mask) for query in queries]
        encoded = self._encoded(queries, embeddings)
        if method == "dense":
            return nearest(encoded, self._contents.blocks, top_k, threshold=threshold, mask=mask)
        depth = max(DEPTH, top_k)
        dense = nearest(encoded, self._contents.blocks, depth, mask=mask)
        by_words = [self._contents.lexical.search(query, depth, mask=mask) for query in queries]
        both = [fused(pair, top_k) for pair in zip(dense, by_words, strict=True)]
        return both if threshold is None else [ranking.above(threshold) for ranking in both]

    def _encoded(self, queries: Sequence[str], embeddings: Embeddings | None) -> Embeddings:
        if not self.dim:
            raise ModelError("This index has no embeddings. Search it by words: bm25.")
        if embeddings is not None:
            given = np.atleast_2d(np.asarray(embeddings, dtype=np.float32))
            if given.shape != (len(queries), self.dim):
                raise ShapeError(
                    "The embeddings of {queries} queries have to be {queries} x {dim}: got shape {shape}.",
                    queries=len(queries),
                    dim=self.dim,
                    shape=given.shape,
                )
            check_unit_rows(given)
            return given
        return self.sides().query.encode(queries)

    def _hits(self, ranking: Ranking) -> list[Hit]:
        hits = []
        for row, score in zip(ranking.rows.tolist(), ranking.scores.tolist(), strict=True):
            cells = self._contents.row(row)
            hits.append(Hit(row, cells.pop(TEXT), score, cells))
        return hits


def _sides_of(model: Trainable | None, prompt: str | None) -> Sides:
    if model is None:
        raise ModelError("This index does not know its model. Give it one, or search with the queries' embeddings.")
    return Sides.of(model, prompt)


def _of_all(on_progress: Progress | None, count: int) -> Progress | None:
    """A model tells the share of the distinct texts; this tells how many of all texts that makes."""
    return None if on_progress is None else lambda done, distinct: on_progress(count * done // distinct, count)
