"""The sentence below the map: what it shows, and how far that can be trusted."""

import numpy as np

from simcse_core.meaning.projection import Quality, projections
from ui.frame.errors import plain
from ui.frame.translation import _, joined
from ui.map.grouping import Named
from ui.map.projected import Layouts, notes_in_words
from ui.map.recipes import PCA, Choice
from ui.map.source import MapSource

UNSURE_BELOW = 1 / 3
"""A point of which less than this share of the true neighbours is near it on the map is drawn as unsure."""


def in_words(source: MapSource, layouts: Layouts, choice: Choice, named: Named | None) -> str:
    """What is drawn, how many of the true neighbours it keeps, and what was done otherwise than asked for."""
    drawn = PCA if choice.is_pca_shown or layouts.method is None else choice.recipe.method
    method, n = plain(projections[drawn].title), f"{len(source):,}"
    said = _("{method} of {n} texts.").format(method=method, n=n)
    if named is not None and named.grouping.groups.count:
        said = _("{method} of {n} texts, with {groups} groups in the original space.").format(
            method=method, n=n, groups=named.grouping.groups.count
        )
    result = layouts.result
    if result is None:
        return said
    quality = None if result.quality is None else _quality(result.quality)
    return joined(said, quality or "", plain(notes_in_words(result.notes)))


def _quality(quality: Quality) -> str:
    kept = np.asarray(quality.kept, dtype=np.float64)
    kept = kept[~np.isnan(kept)]
    if not len(kept) or not np.isfinite(quality.trustworthiness):
        return _("All texts are equally close to each other, so nothing can be said about neighbours.")
    return _(
        "It keeps {kept:.0%} of each text's 15 nearest; the hollow points ({unsure:.0%}) keep less than a third. "
        "Trustworthiness {trust:.2f}."
    ).format(kept=float(kept.mean()), unsure=float((kept < UNSURE_BELOW).mean()), trust=quality.trustworthiness)


def figures(quality: Quality) -> str:
    """All measures of a map, for whoever opens the settings."""
    return _(
        "Trustworthiness {trust:.3f}: neighbours on the map are true ones. Continuity {continuity:.3f}: true "
        "neighbours are neighbours on the map. Rank correlation of all distances {distances:.2f}: 1 would be a ruler."
    ).format(trust=quality.trustworthiness, continuity=quality.continuity, distances=quality.distance_correlation)


def alt(source: MapSource, choice: Choice, layouts: Layouts, color: str) -> str:
    """The picture in words, for screen readers."""
    drawn = PCA if choice.is_pca_shown or layouts.method is None else choice.recipe.method
    return _("{name} map of {n} texts, coloured by {color}. The table below has the same texts.").format(
        name=projections[drawn].title, n=len(source), color=color
    )
