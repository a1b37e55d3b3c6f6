"""From embeddings to a map by a recipe, and from new embeddings into one that is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.errors import InputError, ShapeError
from simcse_core.meaning.projection.neighbours import neighbours_of
from simcse_core.meaning.projection.recipe import Note, Projected, Recipe
from simcse_core.meaning.projection.registry import ARGUMENTS, AtMost, Points, Projection, projections

NEIGHBOURS_OF_A_PLACE = 5
"""Between which a new text stands where the method has no way of its own."""
_DECIMALS = 5
"""Embeddings that are equal in so many decimals are the same: rounding differs from batch to batch."""


def project(
    embeddings: Embeddings,
    recipe: Recipe,
    *,
    labels: Sequence[str] | None = None,
    on_progress: Progress | None = None,
) -> Projected:
    """A map of embeddings.

    Args:
        embeddings: (N, D) unit rows.
        recipe: what to make.
        labels: N, for the methods that need them; an empty one is a text whose class is not known.
        on_progress: receives rounds done and to do, from the methods that tell; what it raises ends the work.

    Returns:
        Finite points, with what was done otherwise than asked for.

    Raises:
        InputError: nothing to project, too few different texts, a row that is no number or has no direction, or labels
            are missing.
        OptionError: as for `Recipe.of`.
        ShapeError: labels and embeddings differ in number.

    Example:
        >>> rows = np.eye(3, dtype=np.float32)
        >>> project(rows, Recipe.of("pca")).points.shape
        (3, 2)
    """
    check_embeddings(embeddings)
    plan = Plan.of([embeddings], recipe, labels)
    points = plan.entry.points(plan.first_of(embeddings), plan.arguments(on_progress), plan.options)
    return plan.projected(points, embeddings)


def place(embeddings: Embeddings, recipe: Recipe, points: Points, new: Embeddings) -> Points:
    """Where new embeddings stand on a map that is there; its points stay.

    PCA places exactly, UMAP by its own transform, the others between the nearest neighbours in the original space.
    `projections[recipe.method].places_by` says it in words.

    Args:
        embeddings: (N, D) unit rows of the map's texts.
        recipe: of the map.
        points: (N, dimensions) of the map; from wherever it came, in whatever frame.
        new: (M, D) unit rows.

    Returns:
        (M, dimensions), finite.

    Raises:
        InputError: as for `project`.
        ShapeError: points and embeddings, or new and old embeddings, do not fit together.
    """
    check_embeddings(embeddings)
    check_embeddings(new)
    if points.shape != (len(embeddings), recipe.dimensions) or new.shape[1] != embeddings.shape[1]:
        raise ShapeError(
            "The map does not fit these embeddings: points {points}, embeddings {embeddings}, new ones {new}.",
            points=points.shape,
            embeddings=embeddings.shape,
            new=new.shape,
        )
    plan = Plan.of([embeddings], recipe, None, is_placing=True)
    placed = plan.entry.placed(
        plan.first_of(embeddings), points[plan.first], new, {**plan.arguments(None), **plan.options}
    )
    if placed is None:
        return _between_neighbours(embeddings, points, new)
    lost = ~np.isfinite(placed).all(axis=1)
    placed[lost] = _between_neighbours(embeddings, points, new[lost])
    return placed


def check(embeddings: Sequence[Embeddings], recipe: Recipe, labels: Sequence[str] | None = None) -> None:
    """Refuse at once what `project`, for one, or `project_together`, for several embeddings, would refuse.

    Raises:
        UserError: as they do.
    """
    for one in embeddings:
        check_embeddings(one)
        Plan.of([one], recipe, labels)


def check_embeddings(embeddings: Embeddings) -> None:
    """Refuse what no map can be made of.

    Raises:
        InputError: no rows; or the first row that is no number or has no direction.
        ShapeError: no matrix.
    """
    if embeddings.ndim != 2:
        raise ShapeError("The embeddings must be a matrix (N, D): got shape {shape}.", shape=embeddings.shape)
    if not len(embeddings):
        raise InputError("There is nothing to project: give at least one text.")
    lengths = np.einsum("nd,nd->n", embeddings, embeddings)
    if not np.isfinite(lengths).all():
        raise InputError(
            "Embedding {row} holds values that are no finite numbers. Leave this text out, or encode it again.",
            row=int(np.flatnonzero(~np.isfinite(lengths))[0]) + 1,
        )
    if not lengths.all():
        raise InputError(
            "Embedding {row} is all zeros: it points nowhere, so it is close to nothing. Leave this text out.",
            row=int(np.flatnonzero(lengths == 0)[0]) + 1,
        )


@dataclass(frozen=True)
class Plan:
    """A recipe made ready for given texts: options that few texts lower, and which texts share a point."""

    entry: Projection
    recipe: Recipe
    options: Mapping[str, object]
    labels: tuple[str, ...] | None
    first: NDArray[np.int64]
    """(M,) the first of each group of texts with the same embedding, in their order; all where each is projected."""
    point_of: NDArray[np.int64]
    """(N,) which of the M points a text has."""
    notes: tuple[Note, ...]

    @classmethod
    def of(
        cls,
        embeddings: Sequence[Embeddings],
        recipe: Recipe,
        labels: Sequence[str] | None,
        *,
        is_placing: bool = False,
    ) -> "Plan":
        """For one or several embeddings of the same texts; errors as for `project`."""
        entry, count = projections[recipe.method], len(embeddings[0])
        if labels is not None and len(labels) != count:
            raise ShapeError("There are {labels} labels for {texts} texts.", labels=len(labels), texts=count)
        if entry.needs_labels and labels is None and not is_placing:
            raise InputError("{method} needs texts with labels. Choose data that have them.", method=entry.title)
        first, point_of = same_rows(embeddings) if entry.merges_same else (np.arange(count), np.arange(count))
        if len(first) < entry.fewest:
            raise InputError(
                "{method} needs at least {least} different texts to mean anything; there are {given}. Use PCA, or add "
                "texts.",
                method=entry.title,
                least=entry.fewest,
                given=len(first),
            )
        options, lowered = _lowered(entry, recipe, len(first))
        of_first = None if labels is None else tuple(labels[row] for row in first)
        notes = (*_merged(count, len(first)), *lowered)
        return cls(entry, recipe, options, of_first, first, point_of, notes)

    def arguments(self, on_progress: Progress | None) -> dict[str, object]:
        """What the method may take by name, besides its options."""
        recipe = self.recipe
        values = (recipe.dimensions, recipe.seed, self.labels, on_progress)
        return dict(zip(ARGUMENTS, values, strict=True))

    def first_of(self, embeddings: Embeddings) -> Embeddings:
        """(M, D) of the texts that are projected."""
        return embeddings if len(self.first) == len(embeddings) else embeddings[self.first]

    def projected(self, points: Points, embeddings: Embeddings) -> Projected:
        """The whole map from (M, dimensions) points."""
        finite = np.isfinite(points).all(axis=1)
        notes = self.notes
        if not finite.all():  # UMAP leaves out what is close to nothing else
            known = self.first[finite]
            points = points.copy()
            points[~finite] = _between_neighbours(embeddings[known], points[finite], embeddings[self.first[~finite]])
            notes += (
                Note(
                    "{count} texts are close to no others: they are placed between their nearest.",
                    (("count", int((~finite).sum())),),
                ),
            )
        if not np.ptp(points, axis=0).any() and len(self.point_of) > 1:
            notes += (Note("All texts have the same embedding: the map is one point."),)
        return Projected(points[self.point_of], notes)


def same_rows(embeddings: Sequence[Embeddings]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which texts have the same embedding, up to rounding, in each of several models.

    Args:
        embeddings: each (N, D).

    Returns:
        (M,) the first row of each group in their order, and (N,) the group of each row.
    """
    groups: dict[bytes, int] = {}
    rounded = np.hstack([(one.round(_DECIMALS) + 0.0).astype(np.float32) for one in embeddings])  # + 0: no -0
    group = np.array([groups.setdefault(row.tobytes(), len(groups)) for row in rounded], dtype=np.int64)
    return np.unique(group, return_index=True)[1], group


def _merged(count: int, different: int) -> tuple[Note, ...]:
    if count == different:
        return ()
    note = Note(
        "{same:,} of {count:,} texts have the same embedding as another one: they share its point.",
        (("same", count - different), ("count", count)),
    )
    return (note,)


def _lowered(entry: Projection, recipe: Recipe, count: int) -> tuple[dict[str, object], tuple[Note, ...]]:
    """The options for so many texts, and what was lowered."""
    options: dict[str, object] = dict(entry.with_options(dict(recipe.options)))
    notes = []
    for option in entry.fields:
        limits = [mark.share_of(count) for mark in option.marks if isinstance(mark, AtMost)]
        most = option.value_type(max(option.low, min(limits))) if limits else None
        given = options[option.name]
        if most is not None and isinstance(given, int | float) and given > most:
            options[option.name] = most
            values = (("option", option.name), ("used", most), ("given", given), ("count", count))
            notes.append(Note("{option} is {used:g} instead of {given:g}: there are {count} different texts.", values))
    return options, tuple(notes)


def _between_neighbours(embeddings: Embeddings, points: Points, new: Embeddings) -> Points:
    """Means of the points of the nearest neighbours, the closer ones weighing more; a text that is there already lands
    on its own point.
    """
    near = neighbours_of(new, embeddings, min(NEIGHBOURS_OF_A_PLACE, len(embeddings)))
    weights = 1 / (np.clip(1 - near.cosines, 0, None) + 1e-6) ** 2  # (M, k)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(np.einsum("mk,mkd->md", weights, points[near.rows]), dtype=np.float32)
