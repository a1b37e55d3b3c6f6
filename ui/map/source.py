"""What is on the map: texts with what stands beside them, and with their embeddings."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import InputError
from simcse_core.limits import check_texts, limits
from simcse_core.uses.search.corpus import Corpus
from ui.shared.cache import EncoderSettings

LABEL = "label"
FEWEST = 4
"""Texts that a map needs: three points lie in a plane whatever they say."""


@dataclass(frozen=True, eq=False)
class MapTexts:
    """N texts, before anybody has encoded them."""

    name: str
    """Of the bundled set, the file or the like; the screen may have a title for it."""
    key: str
    """Tells these texts and columns from all others, for caches."""
    texts: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """N cells each, beside the texts."""
    vectors: Embeddings | None = None
    """(N, D) unit rows that came with the texts, so that no model is asked."""
    made_by: EncoderSettings | None = None
    """Encoder of `vectors`, where it is known: it can place other texts among them."""
    is_bundled: bool = False
    run: str = ""
    """Id of the run whose data these are."""
    source_key: str = ""
    """Key of the texts that these are a part of; "" where nothing is left out."""
    source_rows: NDArray[np.int64] | None = None
    """(N,) where each of these stands among them."""

    @classmethod
    def of(
        cls,
        name: str,
        texts: tuple[str, ...],
        columns: Mapping[str, tuple[str, ...]] | None = None,
        vectors: Embeddings | None = None,
    ) -> "MapTexts":
        """Checked texts.

        Raises:
            InputError: there are too few of them or too many, or one is too long.
        """
        if len(texts) < FEWEST:
            raise InputError(
                "A map needs at least {least} texts; there are {given}. Add texts, or compare these on the page "
                "Similarity.",
                least=FEWEST,
                given=len(texts),
            )
        check_texts(texts, limits().max_map_points, "max_map_points")
        beside = dict(columns or {})
        return cls(name, _key(name, texts, beside, vectors), texts, beside, vectors)

    @classmethod
    def of_corpus(cls, corpus: Corpus) -> "MapTexts":
        """The rows of a list or a table. Errors as for `of`.

        Raises:
            DataError: a row cannot be used.
        """
        rows = list(corpus)
        texts = tuple(text for text, _others in rows)
        columns = {
            column: tuple(others[place] for _text, others in rows) for place, column in enumerate(corpus.columns)
        }
        return cls.of(corpus.name, texts, columns)

    @classmethod
    def of_data(cls, data: Dataset) -> "MapTexts":
        """The texts of a data set, with their labels where it has them. Errors as for `of`.

        Of pairs, triplets and answers these are the distinct texts of all columns.
        """
        if (classes := data.text_classes) is not None:
            return cls.of(data.name, tuple(texts_of(data)), {LABEL: tuple(map(str, classes))})
        return cls.of(data.name, tuple(dict.fromkeys(texts_of(data))))

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def labels(self) -> tuple[str, ...] | None:
        """The label that came with each text, "" where there is none; None without a column of labels."""
        return self.columns.get(LABEL)

    @property
    def root(self) -> str:
        """Key of the source, whatever was left out of it."""
        return self.source_key or self.key

    def without(self, rows: Collection[int]) -> "MapTexts":
        """The texts but for some rows of the source. Errors as for `of`."""
        left = np.setdiff1d(np.arange(len(self)), np.fromiter(rows, dtype=np.int64))
        texts = tuple(self.texts[row] for row in left)
        columns = {name: tuple(cells[row] for row in left) for name, cells in self.columns.items()}
        part = MapTexts.of(self.name, texts, columns, None if self.vectors is None else self.vectors[left])
        return replace(part, made_by=self.made_by, source_key=self.key, source_rows=left)


@dataclass(frozen=True, eq=False)
class MapSource:
    """N texts with their embeddings: what every view of the page shows."""

    texts: MapTexts
    embeddings: Embeddings
    """(N, D) unit rows."""
    settings: EncoderSettings | None
    """The encoder; None for vectors that somebody brought, so that no other text can be encoded like them."""
    content: str
    """Tells these embeddings from all others, for caches and jobs."""
    language: str
    """Of the interface, for names of groups."""

    def __len__(self) -> int:
        return len(self.texts)


def content_of(texts: MapTexts, settings: EncoderSettings | None) -> str:
    """A key for the embeddings of these texts by an encoder."""
    return hashlib.sha256(repr((texts.key, settings)).encode("utf-8", "surrogatepass")).hexdigest()


def _key(name: str, texts: tuple[str, ...], columns: Mapping[str, tuple[str, ...]], vectors: Embeddings | None) -> str:
    digest = hashlib.sha256(repr((name, texts, columns)).encode("utf-8", "surrogatepass"))
    if vectors is not None:
        digest.update(np.ascontiguousarray(vectors).tobytes())
    return digest.hexdigest()[:24]
