"""Every layer with every pooling, in one pass."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.meaning.evaluation import spearman
from simcse_core.meaning.items import Items
from simcse_core.meaning.similarity import Matrix, cosine_similarity, mean_off_diagonal, without_rounding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simcse_core.encoding.model import SimCSE
    from simcse_core.encoding.texts import Progress

PAIRS_AT_ONCE = 128


@dataclass(frozen=True)
class Grid:
    """One value for each layer and pooling."""

    layers: tuple[int, ...]
    poolings: tuple[str, ...]
    values: NDArray[np.float64]
    """(layers, poolings)."""


@dataclass(frozen=True)
class SpearmanGrid(Grid):
    """The rank correlation on scored pairs, for each layer and pooling."""

    items: dict[tuple[int, str], Items] = field(default_factory=dict)
    """The cosines and scores of the pairs by layer and pooling, for intervals."""

    @property
    def best(self) -> tuple[int, str] | None:
        """Where it is highest; None where there is none, because every cosine or every score is the same."""
        if np.isnan(self.values).all():
            return None
        layer, pooling = np.unravel_index(int(np.nanargmax(self.values)), self.values.shape)
        return self.layers[layer], self.poolings[pooling]


@dataclass(frozen=True)
class SimilarityGrid:
    """The cosines of the same texts in every layer with every pooling."""

    layers: tuple[int, ...]
    poolings: tuple[str, ...]
    similarity: dict[tuple[int, str], Matrix]
    """(N, N) by layer and pooling."""

    @property
    def mean(self) -> Grid:
        """Mean cosine of different texts: near 1, everything looks alike."""
        values = [[mean_off_diagonal(self.similarity[layer, name]) for name in self.poolings] for layer in self.layers]
        return Grid(self.layers, self.poolings, np.array(values))

    @property
    def middle(self) -> Grid:
        """The median cosine of different texts; of unrelated ones as `Background.middle`."""
        pairs = np.triu_indices(len(next(iter(self.similarity.values()))), k=1)
        values = [[np.median(self.similarity[layer, name][pairs]) for name in self.poolings] for layer in self.layers]
        return Grid(self.layers, self.poolings, np.array(values))


def similarity_grid(model: "SimCSE", texts: "Sequence[str]") -> SimilarityGrid:
    """The cosine of every text with every other, in each layer with each pooling that fits the model."""
    names = model.possible_poolings()
    embeddings = model.encode_grid(texts, names)
    cosines = {cell: cosine_similarity(of_cell) for cell, of_cell in embeddings.items()}
    return SimilarityGrid(tuple(range(model.layers + 1)), tuple(names), cosines)


def spearman_grid(
    model: "SimCSE",
    first: "Sequence[str]",
    second: "Sequence[str]",
    scores: ArrayLike,
    *,
    on_progress: "Progress | None" = None,
) -> SpearmanGrid:
    """Spearman of cosines and scores, in each layer with each pooling. Memory does not grow with the number of pairs.

    Args:
        model: a BERT.
        first, second: N texts each; row i of both is a pair.
        scores: (N,) higher is closer.
        on_progress: receives (pairs done, pairs to do).
    """
    names = model.possible_poolings()
    cells = [(layer, name) for layer in range(model.layers + 1) for name in names]
    cosines = {cell: np.empty(len(first)) for cell in cells}
    for start in range(0, len(first), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        count = len(first[part])
        embeddings = model.encode_grid([*first[part], *second[part]], names)
        for cell in cells:
            rows = embeddings[cell].astype(np.float64)
            cosines[cell][part] = np.einsum("nd,nd->n", rows[:count], rows[count:])
        if on_progress is not None:
            on_progress(start + count, len(first))
    gold = np.asarray(scores, dtype=np.float64)
    values = [
        [spearman(without_rounding(cosines[layer, name]), gold) for name in names] for layer in range(model.layers + 1)
    ]
    items = {
        cell: Items(cosines=of_cell.tolist(), gold=gold.tolist(), of_pairs=("spearman",))
        for cell, of_cell in cosines.items()
    }
    return SpearmanGrid(tuple(range(model.layers + 1)), tuple(names), np.array(values), items)
