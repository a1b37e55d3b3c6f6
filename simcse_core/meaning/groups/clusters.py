"""Groups of embeddings by HDBSCAN, in the original space: what a map shows as an island need not be one."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.meaning.neighbours import Neighbours, are_all_equal, nearest_neighbours
from simcse_core.meaning.notes import Note

FEWEST_ROWS = 4
MOST_ROWS = 20_000
"""Rows that are clustered; of more a sample, and the others go with their nearest."""
NEIGHBOURS = 30
MOST_IN_NONE = 0.6
"""Where more than this share is in no group, smaller and tighter groups are looked for."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which embeddings are close to each other. Groups count from 0, the largest first."""

    of: NDArray[np.int32]
    """(N,) the group of each row, -1 for those in none."""
    probabilities: NDArray[np.float32]
    """(N,) how surely a row belongs to its group, 0 to 1; 0 for those in none."""
    central: tuple[int, ...]
    """By group, the row that is closest to all of its group."""
    smallest: int
    """Rows that a group has at least."""
    notes: tuple[Note, ...] = ()

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.central)

    @property
    def sizes(self) -> tuple[int, ...]:
        """By group, how many rows it has."""
        return tuple(np.bincount(self.of[self.of >= 0], minlength=self.count).tolist())

    def rows(self, group: int) -> NDArray[np.int64]:
        """The rows of a group; -1 gives those in none."""
        return np.flatnonzero(self.of == group)


def smallest_of(n: int) -> int:
    """The least size of a group that suits N texts: 4 of 100, 5 of 200, 15 of 2,000, 33 of 10,000."""
    return max(4, round(math.sqrt(n) / 3))


def find_groups(embeddings: Embeddings, *, smallest: int | None = None, seed: int = 0) -> Groups:
    """Groups of texts that are close to each other, and texts that belong to none.

    HDBSCAN of scikit-learn over each row's nearest neighbours. Of more than 20,000 rows a sample is clustered, and each
    of the others goes with the nearest of the sample.

    Args:
        embeddings: (N, D) unit rows.
        smallest: rows that a group has at least; None suits it to N.
        seed: of the sample.

    Raises:
        OptionError: `smallest` is less than 2.

    Source: Campello, Moulavi and Sander 2013.
    """
    if smallest is not None and smallest < 2:
        raise OptionError("A group of {given} is none: the smallest has at least 2 texts.", given=smallest)
    size = smallest_of(len(embeddings)) if smallest is None else smallest
    if len(embeddings) < max(FEWEST_ROWS, size) or are_all_equal(embeddings):
        return _in_none(len(embeddings), size)
    if len(embeddings) > MOST_ROWS:
        return _of_sample(embeddings, size, seed)
    labels, probabilities = _hdbscan(nearest_neighbours(embeddings, NEIGHBOURS), size)
    return _numbered(embeddings, labels, probabilities, size)


def _in_none(n: int, smallest: int) -> Groups:
    return Groups(np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=np.float32), (), smallest)


def _of_sample(embeddings: Embeddings, smallest: int, seed: int) -> Groups:
    n = len(embeddings)
    sample = np.sort(np.random.default_rng(seed).choice(n, MOST_ROWS, replace=False))
    rows = embeddings[sample]
    labels, probabilities = _hdbscan(nearest_neighbours(rows, NEIGHBOURS), max(2, round(smallest * MOST_ROWS / n)))
    nearest = nearest_neighbours(rows, 1, of=embeddings).rows[:, 0]  # each row of the sample is its own
    groups = _numbered(embeddings, labels[nearest], probabilities[nearest], smallest)
    note = Note(
        "Groups were found among {sample:,} of the {given:,} texts; each of the others went with the nearest of these.",
        (("sample", MOST_ROWS), ("given", n)),
    )
    return Groups(groups.of, groups.probabilities, groups.central, smallest, (note,))


def _hdbscan(neighbours: Neighbours, smallest: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(N,) labels and probabilities, of the graph of nearest neighbours."""
    from scipy.sparse import coo_matrix, csr_matrix
    from scipy.sparse.csgraph import connected_components
    from sklearn.cluster import HDBSCAN

    n, k = neighbours.rows.shape
    first, second = np.repeat(np.arange(n), k), neighbours.rows.ravel()
    distances = np.sqrt(np.clip(2 - 2 * neighbours.cosines.astype(np.float64), 1e-6, None)).ravel()
    graph = csr_matrix(coo_matrix((distances, (first, second)), shape=(n, n)))
    graph = graph.maximum(graph.T)
    count, part = connected_components(graph, directed=False)
    if count > 1:  # what has no way between it is as far apart as can be
        ends = np.unique(part, return_index=True)[1]
        links = coo_matrix((np.full(count - 1, 2.0), (ends[:-1], ends[1:])), shape=(n, n))
        graph = graph.maximum(csr_matrix(links)).maximum(csr_matrix(links).T)
    found = HDBSCAN(min_cluster_size=smallest, min_samples=min(smallest, 5, k), metric="precomputed", copy=True).fit(
        graph
    )
    return found.labels_, found.probabilities_


def _numbered(
    embeddings: Embeddings, labels: NDArray[np.int64], probabilities: NDArray[np.float64], smallest: int
) -> Groups:
    """Groups numbered by their size; of equal ones that with the lower row first."""
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = [int(names[place]) for place in np.lexsort((first, -sizes)) if names[place] >= 0]
    of = np.full(len(labels), -1, dtype=np.int32)
    for number, name in enumerate(order):
        of[labels == name] = number
    central = tuple(_most_central(embeddings, np.flatnonzero(of == number)) for number in range(len(order)))
    return Groups(of, np.where(of < 0, 0.0, probabilities).astype(np.float32), central, smallest)


def _most_central(embeddings: Embeddings, rows: NDArray[np.int64]) -> int:
    """The row with the highest mean cosine to the others: the nearest to their mean."""
    members = embeddings[rows].astype(np.float64)
    return int(rows[(members @ members.mean(axis=0)).round(6).argmax()])
