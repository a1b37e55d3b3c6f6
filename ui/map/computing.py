"""What takes more than a moment beside the map itself. It runs in a process of its own, which needs no screen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.language import language_of
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import UserError
from simcse_core.meaning.groups import GroupName, Groups, find_groups, name_groups, outliers
from ui.shared.work_note import Note, Progress

if TYPE_CHECKING:
    from simcse_core.uses.search.duplicates import Duplicates

OUTLIERS = 50
"""The most that are listed."""
LOOKED_AT = 300
"""Texts that tell the language."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """The groups of N texts, and the texts that are in none and far from all."""

    groups: Groups
    names: tuple[GroupName, ...]
    outliers: tuple[tuple[int, float], ...]
    """Rows, the most remote first, and the mean cosine with their nearest neighbours."""


@dataclass(frozen=True, eq=False)
class Suspects:
    """What a classifier that has not seen a text says of its label."""

    rows: NDArray[np.int64]
    """The most suspect first."""
    suggested: tuple[str, ...]
    """In the order of `rows`."""
    is_issue: NDArray[np.bool_]
    """In the order of `rows`."""


def grouping(texts: tuple[str, ...], embeddings: Embeddings, note: Note) -> Grouping | UserError:
    """As `found`, in a process of its own.

    Args:
        texts: N texts.
        embeddings: (N, D) unit rows.
        note: where to write how far it is.
    """
    try:
        return found(texts, embeddings, note.reporter())
    except UserError as error:
        return error


def found(texts: tuple[str, ...], embeddings: Embeddings, report: Progress = lambda _done, _total: None) -> Grouping:
    """Groups, their names in the language of the texts, and outliers.

    Args:
        texts: N texts.
        embeddings: (N, D) unit rows.
        report: takes steps done and all steps.
    """
    report(0, 3)
    groups = find_groups(embeddings)
    report(1, 3)
    names = name_groups(texts, groups, language_of(texts[:LOOKED_AT]))
    report(2, 3)
    return Grouping(groups, names, tuple(outliers(embeddings, min(OUTLIERS, len(texts) // 4))))


def near_duplicates(
    texts: tuple[str, ...], embeddings: Embeddings, threshold: float, note: Note
) -> "Duplicates | UserError":
    """Pairs of texts whose cosine reaches a threshold, and groups of them."""
    from simcse_core.uses.search.duplicates import duplicates

    try:
        return duplicates(texts, embeddings, threshold, most=2_000, on_progress=note.reporter())
    except UserError as error:
        return error


def suspects(
    texts: tuple[str, ...], labels: tuple[str, ...], embeddings: Embeddings, note: Note
) -> Suspects | UserError:
    """The labels that a classifier doubts, by cross-validation.

    Args:
        texts: N texts that have a label.
        labels: N.
        embeddings: (N, D) unit rows.
        note: where to write how far it is.
    """
    from simcse_core.uses.classification import Examples, cross_validate, suspect_labels

    try:
        validation = cross_validate(Examples.of(texts, labels, embeddings), on_progress=note.reporter())
        doubted = suspect_labels(validation)
    except UserError as error:
        return error
    return Suspects(
        np.array([one.row for one in doubted]),
        tuple(one.suggested for one in doubted),
        np.array([one.is_issue for one in doubted], dtype=bool),
    )
