"""PaCMAP, where its package is installed."""

from importlib.util import find_spec
from typing import Annotated

import numpy as np
from pydantic import Field

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.projection.registry import AtMost, Points, projections

Neighbours = Annotated[
    int,
    Field(ge=2, le=200, description="How many nearest neighbours each point tries to keep."),
    AtMost(lambda texts: texts // 3),
]
Far = Annotated[
    float,
    Field(ge=0.5, le=10.0, description="How many far pairs push apart, for each pair of neighbours."),
]


def pacmap(
    embeddings: Embeddings, *, n_neighbors: Neighbours = 10, far_ratio: Far = 2.0, dimensions: int = 2, seed: int = 0
) -> Points:
    """Keeps neighbours, and by pairs of middle distance more of the whole than UMAP and t-SNE.

    Args:
        embeddings: (N, D) unit rows.
        n_neighbors: of each point.
        far_ratio: far pairs for each pair of neighbours; `FP_ratio` in PaCMAP.
        dimensions: of the map.
        seed: the same seed gives the same map on the same machine.

    Returns:
        (N, dimensions).

    Source: Wang et al. 2021, arXiv 2012.04456.
    """
    from pacmap import PaCMAP

    model = PaCMAP(n_components=dimensions, n_neighbors=n_neighbors, FP_ratio=far_ratio, random_state=seed)
    return np.asarray(model.fit_transform(embeddings, init="pca"), dtype=np.float32)


if find_spec("pacmap") is not None:
    projections.register(
        "pacmap",
        title="PaCMAP",
        fewest=15,
        while_waiting="Seconds for 1,000 texts. It does not say how far it is.",
        merges_same=True,
    )(pacmap)
