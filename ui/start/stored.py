"""What the small figures of the questions show; computed when the app was made, so that they paint before a model has
loaded. `make assets` computes it again; a test holds it against the models.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcse_core.data import bundled
from simcse_core.data.kinds import Scored
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.meaning.similarity import Background
from ui.shared import defaults
from ui.shared.stored import FOLDER

if TYPE_CHECKING:
    import torch

    from simcse_core.encoding.model import SimCSE

FILE = FOLDER / "questions.json"
MODEL = defaults.model("en")
"""Whose numbers they are."""
BINS = 40
"""Of a histogram, over cosines from -1 to 1."""
PADDING = tuple(range(0, 49, 4))
"""How many positions of padding stand behind the text."""
POINTS = 60
"""Of the texts of a map, enough for a small figure."""


@dataclass(frozen=True)
class Questions:
    """The numbers behind the small figures."""

    as_it_comes: list[int]
    """(BINS,) how many unrelated pairs have which cosine by the model as it comes."""
    crowded: list[int]
    """(BINS,) the same pairs in the layer and with the pooling where all their cosines are high."""
    spearman: list[list[float | None]]
    """(layers, poolings) on bundled scored pairs; None where all embeddings are equal."""
    masked: list[float]
    """By `PADDING`, the cosine of a text with itself without padding, when the mean leaves padding out."""
    unmasked: list[float]
    """The same when the mean takes padding in."""
    maps: list[list[list[float]]]
    """(2, POINTS, 2) the same texts on two maps that differ in their seed, in [0, 1]."""
    pair: list[int]
    """The two points whose distance differs most between the maps."""


@cache
def questions() -> Questions:
    """Read once."""
    return Questions(**json.loads(FILE.read_text(encoding="utf-8")))


def crowded_at() -> tuple[int, str]:
    """The layer and the pooling at which even unrelated sentences are close."""
    found = CATALOGUE[MODEL].crowded_at
    assert found is not None
    return found


def compute(model: "SimCSE", first: NDArray[np.float32], second: NDArray[np.float32]) -> Questions:
    """All numbers, from a model and two maps.

    Args:
        model: `MODEL`.
        first: (N, 2) a map of some texts.
        second: (N, 2) a map of the same texts with another seed.
    """
    from simcse_core.meaning.grid import spearman_grid

    scored = bundled.load("scored-en")
    assert isinstance(scored, Scored)
    grid = spearman_grid(model, scored.sentence1, scored.sentence2, scored.score)
    masked, unmasked = padded(model, bundled.samples()["first_look"].sentences["en"][0])
    maps = [_thinned(points) for points in (first, second)]
    layer, pooling = crowded_at()
    return Questions(
        as_it_comes=_histogram(model),
        crowded=_histogram(model.configured(layer=layer, pooling=pooling)),
        spearman=[[None if np.isnan(value) else round(value, 3) for value in row] for row in grid.values.tolist()],
        masked=masked,
        unmasked=unmasked,
        maps=[points.round(3).tolist() for points in maps],
        pair=_most_different_pair(maps),
    )


def padded(model: "SimCSE", text: str) -> tuple[list[float], list[float]]:
    """The cosines of a text with more and more padding behind it with the text alone.

    Returns:
        By `PADDING`: with a mask that leaves it out of the pooling, and without.
    """
    import torch

    (ids,) = model.prepare([text])
    masked, unmasked = [], []
    with torch.no_grad():
        for padding in PADDING:
            tokens = torch.tensor([[*ids, *[model.padding_id] * padding]])
            mask = torch.tensor([[1] * len(ids) + [0] * padding])
            states, first = model.hidden_states(model.bert, input_ids=tokens, attention_mask=mask)
            masked.append(model.pool(states, mask, first))
            unmasked.append(model.pool(states, torch.ones_like(mask), first))

    def cosines(pooled: "Sequence[torch.Tensor]") -> list[float]:
        return [round(float(torch.cosine_similarity(masked[0], one)), 4) for one in pooled]

    return cosines(masked), cosines(unmasked)


def _histogram(model: "SimCSE") -> list[int]:
    cosines = Background.of(model.encode(bundled.unrelated("en"))).cosines
    return np.histogram(cosines, BINS, (-1, 1))[0].tolist()


def _thinned(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """(POINTS, 2) of a map, evenly taken, in [0, 1] with both axes on the same scale."""
    rows = np.linspace(0, len(points) - 1, POINTS).round().astype(int)
    moved = points[rows].astype(np.float64) - points[rows].min(axis=0)
    return np.asarray(moved / moved.max())


def _most_different_pair(maps: Sequence[NDArray[np.float64]]) -> list[int]:
    """Far apart on the one map and near on the other: the points whose distance differs most."""
    first, second = (np.linalg.norm(points[:, None] - points, axis=2) for points in maps)
    row, column = np.unravel_index(int(np.argmax(np.abs(first - second))), first.shape)
    return sorted([int(row), int(column)])
