"""UMAP of several embeddings of the same texts at once: each point is held near itself on the maps beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.meaning.projection.alignment import Alignment
from simcse_core.meaning.projection.by_umap import fuzzy_graph, progress_bar, running, umap_class
from simcse_core.meaning.projection.registry import Points

WINDOW = 3
"""Maps before and after each one that hold its points."""
HOLD = 0.01
"""How much they are held; UMAP's own."""
ROUNDS = 200
"""Also UMAP's own."""
EXTENT = 10.0
"""Of the first layout, from the middle."""


def aligned_umap(
    embeddings: Sequence[Embeddings],
    options: Mapping[str, Any],
    *,
    classes: NDArray[np.int32] | None = None,
    dimensions: int = 2,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> list[Points]:
    """Maps laid out together by the optimiser of umap-learn's AlignedUMAP.

    AlignedUMAP itself goes through all pairs of texts, compiles for half a minute, and takes no `min_dist`; so graphs
    and start are made here.

    Args:
        embeddings: at least two, each (N, D) unit rows.
        options: `n_neighbors`, `min_dist` and, with classes, `target_weight`.
        classes: (N,) for UMAP with labels.
        dimensions, seed, on_progress: as for `umap`.

    Returns:
        A map (N, dimensions) for each.

    Source: McInnes 2020, AlignedUMAP of umap-learn.
    """
    umap_class()  # which finds a folder for what is compiled
    from umap.layouts import optimize_layout_aligned_euclidean
    from umap.umap_ import find_ab_params, make_epochs_per_sample

    chance = np.random.RandomState(seed)
    with running():
        graphs = [fuzzy_graph(one, options, classes, dimensions, seed, on_progress).tocoo() for one in embeddings]
        starts = _starts(embeddings, graphs, dimensions, chance)
        a, b = find_ab_params(1.0, options["min_dist"])
        maps = _typed(starts)
        made = optimize_layout_aligned_euclidean(
            maps,
            maps,
            _typed([graph.row.astype(np.int32) for graph in graphs]),
            _typed([graph.col.astype(np.int32) for graph in graphs]),
            ROUNDS,
            _typed([make_epochs_per_sample(graph.data, ROUNDS).astype(np.float64) for graph in graphs]),
            _shared_neighbours(graphs),
            _beside(len(graphs), graphs[0].shape[0]),
            chance.randint(np.iinfo(np.int32).min + 1, np.iinfo(np.int32).max - 1, 3).astype(np.int64),
            a=a,
            b=b,
            lambda_=HOLD,
            move_other=True,
            parallel=False,
            tqdm_kwds=progress_bar(on_progress),
        )
    return [np.asarray(points, dtype=np.float32) for points in made]


def _starts(embeddings: Sequence[Embeddings], graphs: Sequence[Any], dimensions: int, chance: Any) -> list[Points]:
    """A spectral layout for each graph, turned onto the one before."""
    from umap.spectral import spectral_layout

    starts: list[Points] = []
    for one, graph in zip(embeddings, graphs, strict=True):
        start = np.asarray(spectral_layout(one, graph, dimensions, chance, metric="cosine"), dtype=np.float32)
        if starts:
            start = Alignment.of(start, starts[-1]).apply(start)
        start *= EXTENT / max(float(np.abs(start).max()), 1e-9)
        starts.append(np.ascontiguousarray(start))
    return starts


def _typed(arrays: Sequence[NDArray[Any]]) -> Any:
    """A list as compiled code takes it."""
    import numba

    typed = numba.typed.List()
    for array in arrays:
        typed.append(np.ascontiguousarray(array))
    return typed


def _beside(maps: int, texts: int) -> NDArray[np.int32]:
    """(maps, 2 * WINDOW + 1, N): which row of the map so many places further is the same text; -1: there is none."""
    rows = np.full((maps, 2 * WINDOW + 1, texts), -1, dtype=np.int32)
    for number, place in _pairs(maps):
        rows[number, place - number + WINDOW] = np.arange(texts)
    return rows


def _shared_neighbours(graphs: Sequence[Any]) -> NDArray[np.float32]:
    """The same shape: the share of neighbours that a text has on both maps, of all that it has on one of them."""
    weights = np.zeros((len(graphs), 2 * WINDOW + 1, graphs[0].shape[0]), dtype=np.float32)
    linked = [graph.tocsr() > 0 for graph in graphs]
    counts = [np.asarray(links.sum(axis=1), dtype=np.float64).reshape(-1) for links in linked]
    for number, place in _pairs(len(graphs)):
        both = np.asarray(linked[number].multiply(linked[place]).sum(axis=1), dtype=np.float64).reshape(-1)
        either = counts[number] + counts[place] - both
        weights[number, place - number + WINDOW] = np.where(either > 0, both / np.maximum(either, 1), 1.0)
    return weights


def _pairs(maps: int) -> list[tuple[int, int]]:
    """Each map with each that holds it."""
    return [(a, b) for a in range(maps) for b in range(maps) if 0 < abs(a - b) <= WINDOW]
