"""How far texts are from each other by the nearest neighbours that they share, as a sparse graph."""

from typing import TYPE_CHECKING, Any

import numpy as np

from simcse_core.meaning.projection.neighbours import Neighbours

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_NEAREST = 1e-6
"""In the place of a distance of 0, which a sparse graph takes for no edge."""
_APART = 2.0
"""Between parts of the graph that no edge joins; all other distances are at most 1."""


def distance_graph(neighbours: Neighbours) -> "csr_matrix":
    """(N, N) Jaccard distances of the neighbourhoods, for every text and each of its neighbours.

    A text counts to its own neighbourhood. The graph is symmetric and in one piece.

    Args:
        neighbours: (N, k) of N texts among themselves.

    Source: Jarvis and Patrick 1973.
    """
    from scipy.sparse import coo_matrix, csr_matrix, eye_array

    n, k = neighbours.rows.shape
    first, second = np.repeat(np.arange(n), k), neighbours.rows.ravel()
    hoods = csr_matrix((np.ones(n * k), (first, second)), shape=(n, n)) + csr_matrix(eye_array(n))
    common = np.asarray((hoods @ hoods.T)[first, second]).ravel()  # of the k + 1 of each
    distances = np.maximum(1 - common / (2 * (k + 1) - common), _NEAREST)
    graph = csr_matrix(coo_matrix((distances, (first, second)), shape=(n, n)))
    return _in_one_piece(graph.maximum(graph.T))


def _in_one_piece(graph: Any) -> Any:
    from scipy.sparse import coo_matrix, csr_matrix
    from scipy.sparse.csgraph import connected_components

    count, part = connected_components(graph, directed=False)
    if count == 1:
        return graph
    ends = np.unique(part, return_index=True)[1]
    links = csr_matrix(coo_matrix((np.full(count - 1, _APART), (ends[:-1], ends[1:])), shape=graph.shape))
    return graph.maximum(links).maximum(links.T)
