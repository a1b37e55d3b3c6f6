"""Several embeddings of the same texts on maps in one frame: before and after a training, or two models."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import InputError, ShapeError
from simcse_core.meaning.projection.aligned import aligned_umap
from simcse_core.meaning.projection.alignment import Alignment
from simcse_core.meaning.projection.by_umap import class_numbers
from simcse_core.meaning.projection.neighbours import neighbours_among
from simcse_core.meaning.projection.projecting import Plan, check_embeddings, project
from simcse_core.meaning.projection.quality import true_neighbours
from simcse_core.meaning.projection.recipe import Projected, Recipe
from simcse_core.meaning.projection.registry import Points

LAID_OUT_TOGETHER = ("umap", "supervised_umap")
"""Methods with a way of their own; the others are aligned afterwards."""


def project_together(
    embeddings: Sequence[Embeddings],
    recipe: Recipe,
    *,
    labels: Sequence[str] | None = None,
    on_progress: Progress | None = None,
) -> list[Projected]:
    """Maps of the same texts under several models, so that what does not move among its neighbours stays in its place.

    UMAP lays them out together (AlignedUMAP); for every other method each map is turned, mirrored, scaled and shifted
    onto the first (Procrustes), which changes no neighbourhood.

    Args:
        embeddings: at least one, each (N, D) unit rows; D may differ.
        recipe, labels, on_progress: as for `project`.

    Returns:
        A map for each of them.

    Raises:
        InputError, OptionError: as for `project`.
        ShapeError: they differ in the number of texts.

    Source: McInnes 2020, AlignedUMAP of umap-learn; Gower 1975.
    """
    if not embeddings:
        raise InputError("There is nothing to project: give at least one text.")
    if len({len(one) for one in embeddings}) > 1:
        raise ShapeError(
            "Maps in one frame are of the same texts: got {counts}.", counts=[len(one) for one in embeddings]
        )
    if recipe.method in LAID_OUT_TOGETHER and len(embeddings) > 1:
        return _by_aligned_umap(embeddings, recipe, labels, on_progress)
    maps = [project(one, recipe, labels=labels, on_progress=on_progress) for one in embeddings]
    return [maps[0], *(_onto(one, maps[0].points) for one in maps[1:])]


def _onto(projected: Projected, reference: Points) -> Projected:
    return Projected(Alignment.of(projected.points, reference).apply(projected.points), projected.notes)


def _by_aligned_umap(
    embeddings: Sequence[Embeddings], recipe: Recipe, labels: Sequence[str] | None, on_progress: Progress | None
) -> list[Projected]:
    for one in embeddings:
        check_embeddings(one)
    plan = Plan.of(embeddings, recipe, labels)
    maps = aligned_umap(
        [plan.first_of(one) for one in embeddings],
        plan.options,
        classes=class_numbers(plan.labels) if plan.entry.needs_labels and plan.labels is not None else None,
        dimensions=recipe.dimensions,
        seed=recipe.seed,
        on_progress=on_progress,
    )
    return [plan.projected(points, one) for points, one in zip(maps, embeddings, strict=True)]


def movement(before: Embeddings, after: Embeddings, k: int = 15) -> NDArray[np.float32]:
    """How far texts moved relative to their neighbours, whatever a map shows.

    Args:
        before: (N, D) unit rows.
        after: (N, E) unit rows of the same texts.
        k: neighbours; fewer when N is small.

    Returns:
        (N,) the share of each text's k nearest neighbours that are others afterwards: 0 when all stayed, 1 when none
        did. Their mean is the figure for it. NaN for a single text.

    Raises:
        ShapeError: they differ in the number of texts.
    """
    if len(before) != len(after):
        raise ShapeError("Movement is of the same texts: got {a} before and {b} after.", a=len(before), b=len(after))
    count = min(k, len(before) - 1)
    if count < 1:
        return np.full(len(before), np.nan, dtype=np.float32)
    return 1 - true_neighbours(before, neighbours_among(after, count).rows)
