"""The rank correlation of each layer and pooling on the bundled pairs, computed when the app was made.

`make assets` computes it again (ui/assets.py); a test holds it against the models.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from simcse_core.data import bundled
from simcse_core.data.kinds import Scored
from simcse_core.encoding.catalogue import CATALOGUE, load
from simcse_core.meaning.evaluation import spearman
from simcse_core.meaning.grid import SpearmanGrid, spearman_grid
from simcse_core.meaning.items import Items
from simcse_core.meaning.similarity import without_rounding
from ui.frame.translation import LANGUAGES
from ui.shared.stored import FOLDER

if TYPE_CHECKING:
    from simcse_core.encoding.model import SimCSE

DATA = "scored"
"""The bundled sets are "scored-en" and "scored-zh"."""


def data(language: str) -> Scored:
    """The bundled scored pairs of a language."""
    pairs = bundled.load(f"{DATA}-{bundled.ending(language)}")
    assert isinstance(pairs, Scored)
    return pairs


def models() -> list[tuple[str, str]]:
    """Model and language of each stored grid: what languages begin with, on all pairs that it reads."""
    cards = [card for card in CATALOGUE.values() if card.default_for and not card.is_frozen]
    return [
        (card.name, language)
        for card in cards
        for language in LANGUAGES
        if card.multilingual or language in card.default_for
    ]


@cache
def grid(model: str, language: str) -> SpearmanGrid | None:
    """What a model, as it comes, gives to the pairs of a language; None where nothing is stored."""
    file = FOLDER / f"grid_{model}_{bundled.ending(language)}.npz"
    if not file.exists():
        return None
    with np.load(file) as stored:
        cosines, poolings = stored["cosines"].astype(np.float64), tuple(stored["poolings"].tolist())
    gold = [float(score) for score in data(language).score]
    values = [[spearman(without_rounding(row), gold) for row in layer] for layer in cosines]
    items = {
        (layer, pooling): Items(cosines=cosines[layer, place].tolist(), gold=gold, of_pairs=("spearman",))
        for layer in range(len(cosines))
        for place, pooling in enumerate(poolings)
    }
    return SpearmanGrid(tuple(range(len(cosines))), poolings, np.array(values), items)


def store(model: str, language: str) -> None:
    """Compute and store the cosines of a grid."""
    pairs = data(language)
    encoder: SimCSE = load(model)  # type: ignore[assignment]  # those of `models` have layers
    computed = spearman_grid(encoder, pairs.sentence1, pairs.sentence2, pairs.score)
    cosines = np.array(
        [[computed.items[layer, name].cosines for name in computed.poolings] for layer in computed.layers],
        dtype=np.float32,
    )
    file = FOLDER / f"grid_{model}_{bundled.ending(language)}.npz"
    np.savez_compressed(file, cosines=cosines, poolings=np.array(computed.poolings))
