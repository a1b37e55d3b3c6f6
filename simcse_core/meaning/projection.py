"""Two-dimensional projections of embeddings: PCA, UMAP, and their trustworthiness.

To add a projection, write one function here and register it: the page Map shows it and `project --method` takes it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import InputError, OptionError
from simcse_core.home import home
from simcse_core.meaning.similarity import ROUNDING, exact_cosines
from simcse_core.registry import Choices, Entry, options_of, summary_of

Points = NDArray[np.float32]
"""(N, 2)."""

Project = Callable[..., Points]
"""(N, D) embeddings and a seed to points."""


@dataclass(frozen=True)
class Projection(Entry[Project]):
    """One way to make a picture: `function(embeddings, seed=..., **options)`."""

    title: str
    """What it is called above its map."""
    fewest: int
    """Texts that it needs to mean anything."""
    is_instant: bool
    """Whether a page can wait for it; others are computed in another process."""
    while_waiting: str
    """What somebody who waits for it should know; pages translate it."""


class Projections(Choices[Projection]):
    """The projections, in the order in which they registered."""

    def register(
        self, name: str, *, title: str = "", fewest: int = 1, is_instant: bool = False, while_waiting: str = ""
    ) -> Callable[[Project], Project]:
        """Decorator: make the function choosable under `name`. The arguments are those of `Projection`."""

        def add(function: Project) -> Project:
            about = (summary_of(function), options_of(function, name))
            self.add(Projection(name, function, *about, title or name, fewest, is_instant, while_waiting))
            return function

        return add


projections = Projections("projection")

FEWEST_FOR_UMAP = 15
NEIGHBOURS_OF_TRUST = 15
SAMPLE_OF_TRUST = 2_000

Neighbours = Annotated[
    int,
    Field(
        ge=2,
        le=200,
        description="How many nearest neighbours each point tries to keep: few show detail, many the whole.",
    ),
]
MinDistance = Annotated[
    float,
    Field(ge=0.0, le=0.99, description="How close points may be packed. Distances on the map mean little either way."),
]


@projections.register("pca", title="PCA", is_instant=True)
def pca(embeddings: Embeddings, *, seed: int = 0) -> Points:
    """The two directions in which the embeddings differ most.

    Args:
        embeddings: (N, D); at least one.
        seed: not used, PCA has no chance in it.

    Returns:
        (N, 2); each axis is turned so that its largest value is positive. All zeros along an axis where nothing but
        rounding differs.
    """
    if not len(embeddings):
        raise InputError("There is nothing to project: give at least one text.")
    centred = embeddings - embeddings.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(embeddings), 2), dtype=np.float32)
    dimensions = min(2, len(sizes))
    points[:, :dimensions] = left[:, :dimensions] * sizes[:dimensions]
    points[:, np.ptp(points, axis=0) <= 10 * ROUNDING] = 0.0
    largest = points[np.abs(points).argmax(axis=0), [0, 1]]
    return points * np.where(largest < 0, -1.0, 1.0).astype(np.float32)


@projections.register(
    "umap",
    title="UMAP",
    fewest=FEWEST_FOR_UMAP,
    while_waiting="The first one takes about half a minute, because UMAP compiles itself; later ones seconds.",
)
def umap(embeddings: Embeddings, *, n_neighbors: Neighbours = 15, min_dist: MinDistance = 0.1, seed: int = 0) -> Points:
    """Neighbours in the original space stay neighbours; distances between groups mean little.

    The first call in a process takes many seconds, because UMAP compiles itself then.

    Args:
        embeddings: (N, D) unit rows, at least 15.
        n_neighbors: reduced to N - 1 for small N.
        min_dist: smallest distance of points.
        seed: the same seed gives the same map on the same machine.

    Raises:
        InputError: fewer than 15 embeddings.
        OptionError: there is no folder for what UMAP compiles.

    Source: McInnes et al. 2018, arXiv 1802.03426.
    """
    if len(embeddings) < FEWEST_FOR_UMAP:
        raise InputError(
            "UMAP needs at least {least} texts to mean anything; there are {given}. Use PCA, or add texts.",
            least=FEWEST_FOR_UMAP,
            given=len(embeddings),
        )
    model = _umap()(
        n_neighbors=min(n_neighbors, len(embeddings) - 1),
        min_dist=min_dist,
        metric="cosine",
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(model.fit_transform(embeddings), dtype=np.float32)


def _umap() -> Any:
    """The class of UMAP, which keeps what it compiles: beside itself, else in the user's cache, else in our home."""
    try:
        from umap import UMAP
    except RuntimeError:  # neither of the first two can be written
        from numba import config

        folder = str(home() / "cache" / "numba")
        setattr(config, "CACHE_DIR", folder)  # noqa: B010 - a setting that its module does not declare
        try:
            from umap import UMAP
        except RuntimeError:
            raise OptionError(
                "UMAP needs a folder for what it compiles, and {folder} cannot be written. Set NUMBA_CACHE_DIR to one "
                "that can, or use PCA.",
                folder=folder,
            ) from None
    return UMAP


def trustworthiness(embeddings: Embeddings, points: Points, *, seed: int = 0) -> float:
    """Trustworthiness: whether neighbours in the projection are neighbours in the original space.

    Args:
        embeddings: (N, D) unit rows; compared by cosine.
        points: (N, 2).
        seed: for the sample of 2,000 that is taken from more points.

    Returns:
        In [0, 1], 1 when every neighbour is real; over 15 neighbours, or fewer when N is small. Texts that are equally
        near, up to rounding, share the best of their ranks. NaN under 6 points, and where all embeddings or all
        points are the same, so that nobody is nearer than anybody.
    """
    from sklearn.neighbors import NearestNeighbors

    n = len(embeddings)
    if n > SAMPLE_OF_TRUST:
        sample = np.random.default_rng(seed).choice(n, SAMPLE_OF_TRUST, replace=False)
        embeddings, points, n = embeddings[sample], points[sample], SAMPLE_OF_TRUST
    neighbours = min(NEIGHBOURS_OF_TRUST, (n - 1) // 2)
    if neighbours < 2:
        return float("nan")
    cosines = exact_cosines(embeddings, embeddings)
    if np.ptp(cosines[~np.eye(n, dtype=bool)]) == 0 or np.ptp(points, axis=0).max() <= ROUNDING:
        return float("nan")
    np.fill_diagonal(cosines, -np.inf)
    seen = NearestNeighbors(n_neighbors=neighbours).fit(points).kneighbors(return_distance=False)  # (N, k)
    farther, ordered = -np.take_along_axis(cosines, seen, axis=1), np.sort(-cosines, axis=1)
    nearer = np.array([np.searchsorted(row, of_row) for row, of_row in zip(ordered, farther, strict=True)])  # (N, k)
    excess = np.clip(nearer + 1 - neighbours, 0, None).sum()
    return float(1 - 2 * excess / (n * neighbours * (2 * n - 3 * neighbours - 1)))


def nearest(embeddings: Embeddings, index: int, count: int) -> list[tuple[int, float]]:
    """The nearest neighbours of one embedding in the original space, closest first.

    Args:
        embeddings: (N, D) unit rows.
        index: whose neighbours; never among them.
        count: at most this many.

    Returns:
        Pairs of position and cosine.
    """
    cosines = embeddings @ embeddings[index]
    order = [
        int(position)
        for position in np.argsort(-exact_cosines(embeddings, embeddings[index, None])[:, 0], kind="stable")
        if position != index
    ]
    return [(position, float(cosines[position])) for position in order[:count]]
