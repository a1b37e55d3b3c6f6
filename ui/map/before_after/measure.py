"""What changed between two embeddings of the same texts, in figures and in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.projection import movement
from simcse_core.meaning.projection.moved import by_chance, same_label
from simcse_core.meaning.projection.neighbours import neighbours_among
from ui.frame.translation import _, joined
from ui.map.honesty.sample import numbered
from ui.map.source import MapTexts

NEIGHBOURS = 15
HELD_OUT = "dev"


@dataclass(frozen=True, eq=False)
class Change:
    """N texts before and after."""

    moved: NDArray[np.float32]
    """(N,) share of the 15 nearest neighbours that are others afterwards."""
    same_label: tuple[float, float] | None
    """Share of the 15 nearest with the label of their text, before and after; None without labels."""
    held_out: int
    """Texts that the shares of `same_label` are about, where only those count that no training has read; else 0."""


@st.cache_resource(max_entries=12, show_spinner=False)
def change(content: str, _before: Embeddings, _after: Embeddings, _texts: MapTexts) -> Change:
    """Measure both, once for everybody.

    Args:
        content: names the embeddings.
        _before, _after: (N, D1) and (N, D2) unit rows.
        _texts: N of them, with their labels and what is known of a split.
    """
    rows = held_out(_texts.columns.get("split"))
    shares = _shares(_before, _after, _texts.labels, rows)
    count = int(rows.sum()) if shares is not None and not rows.all() else 0
    return Change(movement(_before, _after, NEIGHBOURS), shares, count)


def held_out(split: Sequence[str] | None) -> NDArray[np.bool_]:
    """(N,) the texts whose labels no training has read; all where nothing is known of that.

    Args:
        split: N names of sides, or None.
    """
    if split is None or HELD_OUT not in split:
        return np.ones(0 if split is None else len(split), dtype=bool)
    return np.array([side == HELD_OUT for side in split])


def _shares(
    before: Embeddings, after: Embeddings, labels: Sequence[str] | None, rows: NDArray[np.bool_]
) -> tuple[float, float] | None:
    if labels is None:
        return None
    values, names = numbered(labels)
    if len(names) < 2:
        return None
    counted = np.where(rows, values, -1) if len(rows) else values
    first, second = (_same_label(one, values, counted) for one in (before, after))
    return None if np.isnan(first) else (first, second)


def _same_label(embeddings: Embeddings, values: NDArray[np.int32], counted: NDArray[np.int32]) -> float:
    near = neighbours_among(embeddings, NEIGHBOURS).rows[counted >= 0]
    return same_label(values[near], values[counted >= 0])


def in_words(changed: Change, names: tuple[str, str], *, has_learned: bool) -> str:
    """What moved, and what it did to labels.

    Args:
        changed: measured.
        names: of the encoders.
        has_learned: whether the second one has learned from these texts.
    """
    n = len(changed.moved)
    k, share = min(NEIGHBOURS, n - 1), float(changed.moved.mean())
    said = _(
        "From {before} to {after}, {count:.1f} of a text's {k} nearest neighbours change; by chance it would be "
        "{chance:.1f}."
    ).format(k=k, count=k * share, before=names[0], after=names[1], chance=k * by_chance(n, k))
    if changed.same_label is None:
        return said
    first, second = changed.same_label
    if changed.held_out:
        labels = _(
            "Neighbours of the {n} held-out texts that have their label: {first:.0%} before, {second:.0%} after."
        )
    else:
        labels = _("Neighbours with the same label: {first:.0%} before, {second:.0%} after.")
    said = joined(said, labels.format(n=changed.held_out, first=first, second=second))
    if has_learned and not changed.held_out:
        said = joined(said, _("The training has read these texts; held-out ones would tell more."))
    return said
