"""Small maps of the bundled texts that were computed when the app was made: `make assets` writes them.

A file for each bundled set holds the maps of the settings and seeds that the page offers first, by the model that the
language of the texts begins with. It counts as long as texts, model and recipe are those of the page.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simcse_core.data import bundled
from simcse_core.encoding.texts import Embeddings
from simcse_core.meaning.projection import Recipe
from ui.frame.translation import LANGUAGES
from ui.map.honesty import grids
from ui.map.honesty.sample import sample_rows
from ui.map.source import MapTexts
from ui.shared import defaults
from ui.shared.cache import EncoderSettings
from ui.shared.stored import FOLDER

STEMS = ("answers", "intents", "sentiment", "spam", "texts")
"""The sets that have stored maps, by their names without their language. Pairs and triplets are for comparing two."""
STEPS = 65_535
"""Coordinates are whole numbers up to this over the width of the map."""


@dataclass(frozen=True)
class StoredMap:
    """One small map."""

    points: NDArray[np.float32]
    """(n, 2)."""
    trustworthiness: float


@dataclass(frozen=True)
class StoredMaps:
    """The small maps of one bundled set."""

    digest: str
    """Of model and texts."""
    versions: dict[str, str]
    """Of what computed them."""
    maps: dict[Recipe, StoredMap]


def maps(texts: MapTexts, settings: EncoderSettings | None, drawn: Sequence[str]) -> dict[Recipe, StoredMap]:
    """The maps that come with the app; none where texts or encoder are others.

    Args:
        texts: of the page.
        settings: of the encoder.
        drawn: the sample of them that is mapped.
    """
    if not texts.is_bundled or settings is None or settings != EncoderSettings(settings.model):
        return {}
    there = load(Path(texts.name).stem)
    return there.maps if there is not None and there.digest == digest(drawn, settings.model) else {}


@cache
def load(data: str) -> StoredMaps | None:
    """What is stored of a bundled set; None where nothing is."""
    if not file_of(data).is_file():
        return None
    with np.load(file_of(data)) as stored:
        about = json.loads(str(stored["about"]))
        points = stored["points"].astype(np.float32) / STEPS
        small = [StoredMap(*one) for one in zip(points, stored["trustworthiness"].tolist(), strict=True)]
    made = [Recipe.from_json(text) for text in about["recipes"]]
    return StoredMaps(about["digest"], about["versions"], dict(zip(made, small, strict=True)))


def store(data: str, embeddings: Embeddings, texts: Sequence[str], model: str) -> None:
    """Compute the maps of a bundled set and write them.

    Args:
        data: name of the set.
        embeddings: (N, D) unit rows of its texts.
        texts: N of them.
        model: that made the embeddings.
    """
    from simcse_core.meaning.projection import measure_quality, project

    rows = sample_rows(len(texts))
    made, points, trust = grids.stored_recipes(), [], []
    for recipe in made:
        whole = quantised(project(embeddings[rows], recipe).points)
        points.append(whole)
        trust.append(measure_quality(embeddings[rows], whole.astype(np.float32) / np.float32(STEPS)).trustworthiness)
    about = {
        "digest": digest([texts[row] for row in rows], model),
        "versions": {package: version(package) for package in PACKAGES},
        "recipes": [recipe.to_json() for recipe in made],
    }
    np.savez_compressed(
        file_of(data),
        about=np.array(json.dumps(about)),
        points=np.stack(points),
        trustworthiness=np.array(trust, dtype=np.float32),
    )


PACKAGES = ("umap-learn",)
"""What the maps depend on beside the texts and the model."""


def quantised(points: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Points in whole numbers from 0 to `STEPS`, both axes with the same scale."""
    moved = points.astype(np.float64) - points.min(axis=0)
    return np.rint(moved / max(float(moved.max()), 1e-12) * STEPS).astype(np.uint16)


def names() -> list[str]:
    """The bundled sets that have stored maps."""
    return [name for name in bundled.names() if name.rpartition("-")[0] in STEMS]


def of_bundled(data: str) -> tuple[MapTexts, EncoderSettings]:
    """The texts of a bundled set as the page has them, and the encoder that is stored with them."""
    texts = MapTexts.of_data(bundled.load(data))
    language = next(code for code in LANGUAGES if bundled.ending(code) == data.rpartition("-")[2])
    return texts, EncoderSettings(defaults.model(language))


def digest(texts: Sequence[str], model: str) -> str:
    """Tells these texts by this model from all others."""
    return hashlib.sha256(repr((model, list(texts))).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def file_of(data: str) -> Path:
    """Where the maps of a bundled set are."""
    return FOLDER / f"maps_{data}.npz"
