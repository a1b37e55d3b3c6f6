"""Groups of embeddings by HDBSCAN, in the original space: what a map shows as an island need not be one.

In hundreds of dimensions all distances are much alike, and HDBSCAN over cosines puts most sentences into no group. So
it goes by shared neighbours: two texts are close when they have many of their nearest neighbours in common. And because
HDBSCAN finds groups in noise as well, a group has to be more among itself than chance would have it.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.meaning.groups.shared_neighbours import distance_graph
from simcse_core.meaning.projection.neighbours import Neighbours, neighbours_among, neighbours_of
from simcse_core.meaning.projection.recipe import Note
from simcse_core.meaning.similarity import are_all_equal

FEWEST_ROWS = 4
MOST_ROWS = 20_000
"""Rows that are clustered; of more a sample, and the others go with their nearest."""
LEAST_COHESION = 1 / 3
"""Groups in random vectors of any number have less than this."""


@dataclass(frozen=True, eq=False)
class Groups:
    """Which embeddings are close to each other. Groups count from 0, the largest first."""

    of: NDArray[np.int32]
    """(N,) the group of each row, -1 for those in none."""
    probabilities: NDArray[np.float32]
    """(N,) how surely a row belongs to its group, 0 to 1; 0 for those in none."""
    central: tuple[int, ...]
    """By group, the row that is closest to all of its group."""
    cohesion: tuple[float, ...]
    """By group, how much it is among itself: 1 where all nearest neighbours of its rows belong to it, 0 where no more
    do than by chance."""
    smallest: int
    """Rows that a group was to have at least."""
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

    HDBSCAN of scikit-learn over the share of nearest neighbours that two texts have in common. Of more than 20,000 rows
    a sample is clustered, and each of the others goes with the nearest of the sample.

    Args:
        embeddings: (N, D) unit rows.
        smallest: rows that a group has at least; None suits it to N.
        seed: of the sample.

    Returns:
        No group where there are fewer than 4 rows, all are the same, or none are closer to each other than by chance.

    Raises:
        OptionError: `smallest` is less than 2.

    Source: Campello, Moulavi and Sander 2013; shared neighbours: Jarvis and Patrick 1973.
    """
    if smallest is not None and smallest < 2:
        raise OptionError("A group has at least 2 texts, not {given}.", given=smallest)
    n = len(embeddings)
    size = smallest_of(n) if smallest is None else smallest
    if n < max(FEWEST_ROWS, size) or are_all_equal(embeddings):
        return Groups(np.full(n, -1, dtype=np.int32), np.zeros(n, dtype=np.float32), (), (), size)
    if n > MOST_ROWS:
        return _of_sample(embeddings, size, seed)
    labels, probabilities, cohesion = _clustered(embeddings, size)
    return _numbered(embeddings, labels, probabilities, cohesion, size)


def _of_sample(embeddings: Embeddings, smallest: int, seed: int) -> Groups:
    n = len(embeddings)
    sample = np.sort(np.random.default_rng(seed).choice(n, MOST_ROWS, replace=False))
    rows = np.ascontiguousarray(embeddings[sample])
    labels, probabilities, cohesion = _clustered(rows, max(2, round(smallest * MOST_ROWS / n)))
    nearest = neighbours_of(embeddings, rows, 1).rows[:, 0]  # each row of the sample is its own
    note = Note(
        "Groups were found among {sample:,} of the {given:,} texts; each of the others went with the nearest of these.",
        (("sample", MOST_ROWS), ("given", n)),
    )
    return _numbered(embeddings, labels[nearest], probabilities[nearest], cohesion, smallest, (note,))


def _clustered(
    embeddings: Embeddings, smallest: int
) -> tuple[NDArray[np.int64], NDArray[np.float64], dict[int, float]]:
    """(N,) labels, -1 for none, and probabilities; the cohesion of each label."""
    from sklearn.cluster import HDBSCAN

    neighbours = neighbours_among(embeddings, neighbourhood(len(embeddings)))
    # A point is its own core: density is what the shared neighbours measure already.
    model = HDBSCAN(min_cluster_size=smallest, min_samples=1, metric="precomputed", copy=True)
    labels = model.fit(distance_graph(neighbours)).labels_.astype(np.int64)
    cohesion = {label: _cohesion(neighbours, labels == label) for label in range(labels.max() + 1)}
    loose = [label for label, share in cohesion.items() if share < LEAST_COHESION]
    labels[np.isin(labels, loose)] = -1
    return labels, model.probabilities_, cohesion


def neighbourhood(n: int) -> int:
    """How many nearest neighbours count: enough to share some, fewer than a group has."""
    return min(30, max(5, round(math.sqrt(n))))


def _cohesion(neighbours: Neighbours, members: NDArray[np.bool_]) -> float:
    """The share of the members' neighbours that are members, with chance taken out (as in Cohen's kappa)."""
    size, n = int(members.sum()), len(members)
    if size in (1, n):
        return 1.0
    counting = neighbours.rows[members, : size - 1]  # a small group cannot have all of them
    by_chance = size / n
    return float((members[counting].mean() - by_chance) / (1 - by_chance))


def _numbered(
    embeddings: Embeddings,
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    cohesion: dict[int, float],
    smallest: int,
    notes: tuple[Note, ...] = (),
) -> Groups:
    """Groups numbered by their size; of equal ones that with the lower row first."""
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = [int(names[place]) for place in np.lexsort((first, -sizes)) if names[place] >= 0]
    of = np.full(len(labels), -1, dtype=np.int32)
    for number, name in enumerate(order):
        of[labels == name] = number
    central = tuple(_most_central(embeddings, np.flatnonzero(of == number)) for number in range(len(order)))
    surely = np.where(of < 0, 0.0, probabilities).astype(np.float32)
    return Groups(of, surely, central, tuple(cohesion[name] for name in order), smallest, notes)


def _most_central(embeddings: Embeddings, rows: NDArray[np.int64]) -> int:
    """The row with the highest mean cosine to the others: the nearest to their mean."""
    members = embeddings[rows]
    mean = members.mean(axis=0, dtype=np.float64)
    return int(rows[(members @ mean).round(6).argmax()])
