"""The odd ones out: what has nothing near it."""

import numpy as np

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.projection.neighbours import neighbours_among

NEIGHBOURS = 5


def outliers(embeddings: Embeddings, count: int, *, neighbours: int = NEIGHBOURS) -> list[tuple[int, float]]:
    """The rows that are farthest from their nearest neighbours in the original space, the oddest first.

    A map shows this badly: it puts something beside everything.

    Args:
        embeddings: (N, D) unit rows.
        count: rows at most.
        neighbours: how many count; fewer where N is small.

    Returns:
        Pairs of the row and its mean cosine to its nearest neighbours, in [-1, 1]; none for fewer than 2 rows.

    Source: Ramaswamy et al. 2000, with the mean over the neighbours of Angiulli and Pizzuti 2002.
    """
    if len(embeddings) < 2:
        return []
    closeness = neighbours_among(embeddings, neighbours).cosines.mean(axis=1, dtype=np.float64).round(6)
    order = np.argsort(closeness, kind="stable")[:count]
    return [(int(row), float(closeness[row])) for row in order]
