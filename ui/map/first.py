"""What the page begins with, stored: the map of bundled texts, so that it is there before a model has loaded."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache

import numpy as np

from simcse_core.data import bundled
from simcse_core.meaning.groups import GroupName, Groups
from simcse_core.meaning.projection import Recipe, measure_quality, project
from simcse_core.meaning.projection.store import MapResult, from_bytes, to_bytes
from ui.map import computing
from ui.map.computing import Grouping
from ui.map.source import MapSource, MapTexts, content_of
from ui.shared import defaults, stored
from ui.shared.cache import EncoderSettings
from ui.shared.stored import FOLDER

DATA = "intents"
"""The bundled set that the page begins with, by its name without its language."""
RECIPES = (Recipe.of("umap"), Recipe.of("pca"))


@dataclass(frozen=True, eq=False)
class First:
    """What is stored for a language."""

    content: str
    """Of the embeddings that it is about."""
    maps: Mapping[Recipe, MapResult]
    grouping: Grouping


def data(language: str) -> str:
    """The bundled set that the page begins with; the English one where a language has none."""
    name = f"{DATA}-{bundled.ending(language)}"
    return name if name in bundled.names() else f"{DATA}-en"


def texts_of(language: str) -> MapTexts:
    """The texts that the page begins with."""
    return replace(MapTexts.of_data(bundled.load(data(language))), is_bundled=True)


def stored_map(source: MapSource, recipe: Recipe) -> MapResult | None:
    """The stored map of some texts by a recipe; None where there is none."""
    first = _of(source)
    return None if first is None else first.maps.get(recipe)


def stored_grouping(source: MapSource) -> Grouping | None:
    """The stored groups of some texts; None where there are none."""
    first = _of(source)
    return None if first is None else first.grouping


def _of(source: MapSource) -> First | None:
    if not source.texts.is_bundled or source.settings is None:
        return None
    stem, _sign, ending = source.texts.name.removesuffix(".csv").rpartition("-")
    first = _read(ending) if stem == DATA else None
    return first if first is not None and first.content == source.content else None


@cache
def _read(ending: str) -> First | None:
    maps, groups = FOLDER / f"map_{ending}.npz", FOLDER / f"map_{ending}.json"
    if not maps.exists() or not groups.exists():
        return None
    about = json.loads(groups.read_text(encoding="utf-8"))
    grouping = Grouping(
        Groups(
            of=np.array(about["groups"], dtype=np.int32),
            probabilities=np.array(about["probabilities"], dtype=np.float32),
            central=tuple(about["central"]),
            cohesion=tuple(about["cohesion"]),
            smallest=about["smallest"],
        ),
        tuple(GroupName(tuple(one.pop("keywords")), **one) for one in about["names"]),
        tuple((row, cosine) for row, cosine in about["outliers"]),
    )
    return First(about["content"], dict(zip(RECIPES, from_bytes(maps.read_bytes()), strict=True)), grouping)


def store(language: str) -> None:
    """Compute both files of a language from its stored embeddings."""
    texts, settings = texts_of(language), EncoderSettings(defaults.model(language))
    embeddings = stored.embeddings(texts.texts, settings)
    assert embeddings is not None
    maps = [project(embeddings, recipe) for recipe in RECIPES]
    results = [MapResult(one.points, one.notes, measure_quality(embeddings, one.points)) for one in maps]
    ending = bundled.ending(language)
    (FOLDER / f"map_{ending}.npz").write_bytes(to_bytes(results))
    found = computing.found(texts.texts, embeddings)
    about = {
        "content": content_of(texts, settings),
        "groups": found.groups.of.tolist(),
        "probabilities": np.round(found.groups.probabilities.astype(float), 4).tolist(),
        "central": list(found.groups.central),
        "cohesion": [round(one, 4) for one in found.groups.cohesion],
        "smallest": found.groups.smallest,
        "names": [asdict(name) for name in found.names],
        "outliers": [(row, round(cosine, 4)) for row, cosine in found.outliers],
    }
    (FOLDER / f"map_{ending}.json").write_text(json.dumps(about, ensure_ascii=False) + "\n", encoding="utf-8")
