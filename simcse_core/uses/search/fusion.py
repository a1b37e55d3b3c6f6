"""Several rankings as one."""

from collections.abc import Sequence

import numpy as np

from simcse_core.uses.search.nearest import Ranking

CONSTANT = 60
"""As in the paper: first places of a single ranking weigh little more than tenth ones."""
DEPTH = 100
"""So many rows of each ranking count, or as many as are asked for if that is more."""


def fused(rankings: Sequence[Ranking], most: int) -> Ranking:
    """Reciprocal rank fusion: the score of a row is the sum of 1 / (60 + its rank), over the rankings that have it.

    Scores of different rankings need no common scale for it. Equal sums are in the order of their rows.

    Args:
        rankings: each with the best row first.
        most: rows at most.

    Source: Cormack, Clarke and Büttcher, SIGIR 2009.

    Example:
        >>> first, second = (Ranking(np.array(rows), np.ones(2)) for rows in ([7, 3], [3, 9]))
        >>> fused([first, second], 2).rows.tolist()
        [3, 7]
    """
    rows = np.concatenate([ranking.rows for ranking in rankings])
    parts = np.concatenate([1.0 / (CONSTANT + 1 + np.arange(len(ranking))) for ranking in rankings])
    unique, places = np.unique(rows, return_inverse=True)
    scores = np.zeros(len(unique))
    np.add.at(scores, places, parts)
    return Ranking.of(unique.astype(np.int64), scores.round(12), most)  # in which order they are added is no merit
