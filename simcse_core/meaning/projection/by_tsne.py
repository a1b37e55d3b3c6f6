"""t-SNE."""

from typing import Annotated

import numpy as np
from pydantic import Field

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import InputError
from simcse_core.meaning.projection.registry import AtMost, Points, projections

FEWEST_FOR_TSNE = 15

Perplexity = Annotated[
    float,
    Field(
        ge=2,
        le=200,
        description="About how many neighbours each point tries to keep: few show detail, many the whole.",
    ),
    AtMost(lambda texts: (texts - 1) / 3),
]


@projections.register(
    "tsne",
    title="t-SNE",
    fewest=FEWEST_FOR_TSNE,
    while_waiting="Some seconds for 1,000 texts, minutes for 20,000. It does not say how far it is.",
    merges_same=True,
)
def tsne(embeddings: Embeddings, *, perplexity: Perplexity = 30.0, dimensions: int = 2, seed: int = 0) -> Points:
    """Each point keeps its nearest neighbours; sizes of groups and distances between them mean nothing.

    On unit rows the squared distance that it uses is 2 - 2 cosines, so neighbours are those by cosine.

    Args:
        embeddings: (N, D) unit rows, at least 15.
        perplexity: reduced to a third of N - 1 for small N.
        dimensions: of the map.
        seed: the same seed gives the same map on the same machine.

    Returns:
        (N, dimensions).

    Raises:
        InputError: fewer than 15 embeddings.

    Source: van der Maaten and Hinton 2008; scikit-learn's, by Barnes-Hut.
    """
    from sklearn.manifold import TSNE

    if len(embeddings) < FEWEST_FOR_TSNE:
        raise InputError(
            "t-SNE needs at least {least} texts to mean anything; there are {given}. Use PCA, or add texts.",
            least=FEWEST_FOR_TSNE,
            given=len(embeddings),
        )
    model = TSNE(
        n_components=dimensions,
        perplexity=min(perplexity, (len(embeddings) - 1) / 3),
        init="pca",
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(model.fit_transform(embeddings), dtype=np.float32)
