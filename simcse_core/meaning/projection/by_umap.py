"""UMAP, without and with labels."""

import contextlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import InputError, OptionError
from simcse_core.home import home
from simcse_core.meaning.projection.neighbours import neighbours_among, neighbours_of
from simcse_core.meaning.projection.registry import AtMost, Points, projections

FEWEST_FOR_UMAP = 15
NEIGHBOURS_OF_QUALITY = 15
"""Found at once, because the quality of the map asks for them next."""
EXACT_UP_TO = 30_000
"""Texts whose nearest neighbours are found exactly; above that UMAP's own search takes less time."""
_UNLABELLED = -1
"""What UMAP takes for a text whose class is not known."""

Neighbours = Annotated[
    int,
    Field(
        ge=2,
        le=200,
        description="How many nearest neighbours each point tries to keep: few show detail, many the whole.",
    ),
    AtMost(lambda texts: texts - 1),
]
MinDistance = Annotated[
    float,
    Field(ge=0.0, le=0.99, description="How close points may be packed. Distances on the map mean little either way."),
]
LabelWeight = Annotated[
    float,
    Field(ge=0.0, le=0.95, description="How much the labels decide: at 0 they do not count, near 1 nothing else does."),
]

WHILE_WAITING = (
    "Seconds for 2,000 texts, a minute for 20,000. After the start of a server UMAP first compiles itself for half a "
    "minute."
)
PLACES_BY = (
    "UMAP places a new text itself: between its nearest neighbours, then moved as the map was made. The others stay."
)


def place_by_umap(
    embeddings: Embeddings,
    points: Points,
    new: Embeddings,
    *,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    target_weight: float = 0.5,
    seed: int = 0,
    dimensions: int = 2,
) -> Points:
    """UMAP's `transform` onto any map of these embeddings, one that was stored or made elsewhere too.

    Args:
        embeddings: (N, D) unit rows.
        points: (N, dimensions) of them.
        new: (M, D).
        n_neighbors, min_dist, target_weight, seed, dimensions: of the map; the labels do not count for new texts.

    Returns:
        (M, dimensions).
    """
    n = len(embeddings)
    count = min(n_neighbors, n - 1)
    # Transform reads the neighbours of the new embeddings alone, so those of the old ones need not be known again.
    ring = (np.arange(n)[:, None] + np.arange(count)) % n
    stand_in = (ring.astype(np.int32), np.tile(np.linspace(0, 1, count, dtype=np.float32), (n, 1)))
    model = umap_class()(
        n_neighbors=count,
        min_dist=min_dist,
        metric="cosine",
        n_components=dimensions,
        random_state=seed,
        n_jobs=1,
        n_epochs=0,
        init=_spread(points),
        precomputed_knn=(*stand_in, _Search(embeddings)),
    )
    with running():
        model.fit(embeddings)
        model.embedding_, model.n_epochs = points, None
        return np.asarray(model.transform(new), dtype=np.float32)


@projections.register(
    "umap",
    title="UMAP",
    fewest=FEWEST_FOR_UMAP,
    while_waiting=WHILE_WAITING,
    merges_same=True,
    placing=place_by_umap,
    places_by=PLACES_BY,
)
def umap(
    embeddings: Embeddings,
    *,
    n_neighbors: Neighbours = 15,
    min_dist: MinDistance = 0.1,
    dimensions: int = 2,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Points:
    """Neighbours in the original space stay neighbours; distances between groups mean little.

    The first call in a process takes many seconds, because UMAP compiles itself then.

    Args:
        embeddings: (N, D) unit rows, at least 15.
        n_neighbors: reduced to N - 1 for small N. Up to 30,000 texts they are found exactly.
        min_dist: smallest distance of points.
        dimensions: of the map.
        seed: the same seed gives the same map on the same machine.
        on_progress: receives rounds done and to do, in their last part; what it raises ends the work.

    Returns:
        (N, dimensions).

    Raises:
        InputError: fewer than 15 embeddings.
        OptionError: there is no folder for what UMAP compiles.

    Source: McInnes et al. 2018, arXiv 1802.03426.
    """
    options = {"n_neighbors": n_neighbors, "min_dist": min_dist}
    return _fitted(embeddings, None, options, dimensions, seed, on_progress)


@projections.register(
    "supervised_umap",
    title="UMAP with labels",
    fewest=FEWEST_FOR_UMAP,
    while_waiting=WHILE_WAITING,
    needs_labels=True,
    merges_same=True,
    placing=place_by_umap,
    places_by=PLACES_BY,
)
def supervised_umap(
    embeddings: Embeddings,
    *,
    labels: Sequence[str] | None = None,
    n_neighbors: Neighbours = 15,
    min_dist: MinDistance = 0.1,
    target_weight: LabelWeight = 0.5,
    dimensions: int = 2,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Points:
    """UMAP that also pulls texts with one label together: it shows the labels, not whether the model knows them.

    Args:
        embeddings: (N, D) unit rows, at least 15.
        labels: N; an empty one is a text whose class is not known.
        target_weight: how much the labels count.
        n_neighbors, min_dist, dimensions, seed, on_progress: as for `umap`.

    Returns:
        (N, dimensions).

    Raises:
        InputError: no labels, or as for `umap`.
    """
    if labels is None:
        raise InputError("UMAP with labels needs texts with labels. Choose data that have them, or plain UMAP.")
    options = {"n_neighbors": n_neighbors, "min_dist": min_dist, "target_weight": target_weight}
    return _fitted(embeddings, class_numbers(labels), options, dimensions, seed, on_progress)


def class_numbers(labels: Sequence[str]) -> NDArray[np.int32]:
    """(N,) numbers of the classes in the order of their names; -1 for an empty label."""
    names = {name: number for number, name in enumerate(sorted({label for label in labels if label}))}
    return np.array([names.get(label, _UNLABELLED) for label in labels], dtype=np.int32)


def _fitted(
    embeddings: Embeddings,
    classes: NDArray[np.int32] | None,
    options: Mapping[str, Any],
    dimensions: int,
    seed: int,
    on_progress: Progress | None,
) -> Points:
    model = _model(embeddings, options, dimensions, seed, on_progress)
    with running():
        return np.asarray(model.fit_transform(embeddings, classes), dtype=np.float32)


def fuzzy_graph(
    embeddings: Embeddings,
    options: Mapping[str, Any],
    classes: NDArray[np.int32] | None = None,
    dimensions: int = 2,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Any:
    """The graph that UMAP lays out: a sparse (N, N) matrix of how strongly texts belong together, in [0, 1].

    Args:
        embeddings: (N, D) unit rows, at least 15.
        options: `n_neighbors`, `min_dist` and `target_weight`.
        classes: (N,), which UMAP with labels heeds.
        dimensions, seed, on_progress: as for `umap`; progress is not told, but what it raises ends the work.
    """
    model = _model(embeddings, options, dimensions, seed, on_progress, transform_mode="graph")
    with running():
        return model.fit(embeddings, classes).graph_


def _model(
    embeddings: Embeddings,
    options: Mapping[str, Any],
    dimensions: int,
    seed: int,
    on_progress: Progress | None,
    **others: object,
) -> Any:
    if len(embeddings) < FEWEST_FOR_UMAP:
        raise InputError(
            "UMAP needs at least {least} texts to mean anything; there are {given}. Use PCA, or add texts.",
            least=FEWEST_FOR_UMAP,
            given=len(embeddings),
        )
    count = min(options["n_neighbors"], len(embeddings) - 1)
    with without_warnings():
        return umap_class()(
            **{**options, "n_neighbors": count},
            metric="cosine",
            n_components=dimensions,
            random_state=seed,
            n_jobs=1,
            tqdm_kwds=progress_bar(on_progress),
            **_exact_neighbours(embeddings, count, on_progress),
            **others,
        )


def _exact_neighbours(embeddings: Embeddings, count: int, on_progress: Progress | None) -> dict[str, Any]:
    """The nearest neighbours as UMAP takes them, itself among them.

    Its own way up to 4,096 texts calls a function for each pair of texts, which takes most of its time.
    """
    if len(embeddings) > EXACT_UP_TO:
        return {}
    look_up = None if on_progress is None else lambda: on_progress(0, 1)
    others = neighbours_among(embeddings, max(count - 1, NEIGHBOURS_OF_QUALITY), on_block=look_up).closest(count - 1)
    n = len(embeddings)
    rows = np.hstack([np.arange(n, dtype=np.int32)[:, None], others.rows])  # (N, count)
    distances = np.hstack([np.zeros((n, 1), np.float32), np.clip(1 - others.cosines, 0, None)])
    return {"precomputed_knn": (rows, distances, None)}


def progress_bar(on_progress: Progress | None) -> dict[str, Any] | None:
    """How UMAP has tqdm draw its bar: into our hands."""
    if on_progress is None:
        return None
    return {
        "file": _Bar(on_progress),
        "disable": False,
        "bar_format": "{n} {total} ",
        "mininterval": 0.1,
        "miniters": 1,
    }


class _Bar:
    """A file of which only numbers are read: rounds done and to do."""

    def __init__(self, on_progress: Progress) -> None:
        self._on_progress = on_progress

    def write(self, text: str) -> int:
        numbers = [int(part) for part in text.split() if part.isdecimal()]
        if len(numbers) == 2:
            self._on_progress(numbers[0], numbers[1])
        return len(text)

    def flush(self) -> None:
        """As a file has it."""


class _Search:
    """Nearest neighbours as UMAP's `transform` asks for them."""

    _angular_trees = True

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings

    def query(self, new: Embeddings, count: int, epsilon: float = 0.0) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """(M, count) rows and cosine distances, the closest first."""
        found = neighbours_of(new, self._embeddings, count)
        return found.rows, np.clip(1 - found.cosines, 0, None)


def _spread(points: Points) -> Points:
    """Points as a start that UMAP can scale: it divides by the extent of each axis."""
    ramp = np.linspace(0, 1, len(points), dtype=np.float32)[:, None]
    return points if np.ptp(points, axis=0).min() > 0 else points + ramp


@contextlib.contextmanager
def running() -> Iterator[None]:
    """While UMAP works, without what it warns of.

    A report of progress that raises, as when somebody cancels, leaves tqdm with a lock of the whole process: it takes
    the lock to write and gives it back only when writing returns. Other threads would wait for it for ever.
    """
    with without_warnings():
        try:
            yield
        except BaseException:
            from tqdm import tqdm

            with contextlib.suppress(AssertionError, RuntimeError):  # it is free, or another thread's
                tqdm.get_lock().release()
            raise


def without_warnings() -> "warnings.catch_warnings[None]":
    """Without what UMAP warns of although it is meant: its own search is not used, tensorflow is not installed."""
    return warnings.catch_warnings(action="ignore")


def umap_class() -> Any:
    """The class of UMAP, which keeps what it compiles: beside itself, else in the user's cache, else in our home.

    Raises:
        OptionError: it can be kept nowhere.
    """
    with without_warnings(), contextlib.suppress(RuntimeError):  # neither of the first two can be written
        from umap import UMAP

        return UMAP
    from numba import config

    folder = str(home() / "cache" / "numba")
    setattr(config, "CACHE_DIR", folder)  # noqa: B010 - a setting that its module does not declare
    with without_warnings(), contextlib.suppress(RuntimeError):
        from umap import UMAP

        return UMAP
    raise OptionError(
        "UMAP needs a folder for what it compiles, and {folder} cannot be written. Set NUMBA_CACHE_DIR to one "
        "that can, or use PCA.",
        folder=folder,
    )
