"""Results that were computed when the app was made, so that a page has something to show before a model has loaded.

`make assets` computes them again (ui/assets.py); a test holds them against the models.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from simcse_core.meaning.items import Items
from simcse_core.runs.config import RunConfig
from simcse_core.runs.race import Outcome
from ui.shared.cache import EncoderSettings

FOLDER = Path(__file__).parent / "stored"


@dataclass(frozen=True)
class StoredHeatmap:
    """A sample set with the cosines a model gives it, and the middle of those it gives to unrelated sentences."""

    model: str
    sample: str
    texts: list[str]
    similarity: list[list[float]]
    unrelated: float

    @property
    def matrix(self) -> NDArray[np.float32]:
        return np.asarray(self.similarity, dtype=np.float32)


@dataclass(frozen=True)
class StoredRace:
    """A race that was run when the app was made."""

    cores: int
    system: str
    """Of the machine on which it was run."""
    config: RunConfig
    outcomes: list[Outcome]
    baselines: dict[str, Items]
    """What one had before, but for the start, which the runs measured."""
    texts: list[str]
    before: list[list[float]]
    """(N, N) cosines of `texts` at the start."""
    after: dict[str, list[list[float]]]
    """By loss, the cosines after training."""
    unrelated_before: float | None = None
    """The middle of the cosines of unrelated sentences at the start, where it was measured."""
    unrelated_after: dict[str, float] = field(default_factory=dict)
    """By loss, the same after training."""


@dataclass(frozen=True)
class StoredSearch:
    """A query over bundled texts, and what a model finds."""

    model: str
    data: str
    query: str
    rows: list[int]
    """The closest texts, the best first."""
    scores: list[float]
    middle: float
    """The median cosine of all texts."""
    reached: list[int]
    """How many texts have a cosine of at least -1.00, -0.99 … 1.00."""


_RACE = TypeAdapter(StoredRace)


@cache
def first_look(model: str) -> StoredHeatmap:
    """The heatmap of the start page by a model that a language begins with."""
    return StoredHeatmap(**json.loads((FOLDER / "first_look.json").read_text(encoding="utf-8"))[model])


@cache
def first_search(model: str) -> StoredSearch | None:
    """What the page Search shows first with a model that a language begins with; None for others."""
    stored = json.loads((FOLDER / "first_search.json").read_text(encoding="utf-8"))
    return StoredSearch(**stored[model]) if model in stored else None


@cache
def race(language: str) -> StoredRace:
    """The race that the training page shows before anybody has started one; the English one where there is no other."""
    file = FOLDER / f"race_{language}.json"
    return _RACE.validate_json((file if file.exists() else FOLDER / "race_en.json").read_bytes())


def embeddings(texts: Sequence[str], settings: EncoderSettings) -> NDArray[np.float32] | None:
    """(N, D) unit rows that were stored, of the texts of bundled lists of questions and answers and of the first map by
    the model that their language begins with; None when one of the texts is not among them.
    """
    if replace(settings, prompt=None) != EncoderSettings(settings.model):
        return None
    rows = _embeddings(settings.model)
    wanted = [rows.get(digest(text, settings.prompt)) for text in texts]
    found = [row for row in wanted if row is not None]
    return np.stack(found) if found and len(found) == len(texts) else None


@cache
def _embeddings(model: str) -> dict[str, NDArray[np.float32]]:
    file = embeddings_file(model)
    if not file.exists():
        return {}
    with np.load(file) as stored:
        rows = stored["rows"].astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return dict(zip(stored["digests"].tolist(), rows, strict=True))


def embeddings_file(model: str) -> Path:
    """Where the embeddings of a model are stored: digests of the texts, and a row of half precision for each."""
    return FOLDER / f"embeddings_{model}.npz"


def digest(text: str, prompt: str | None) -> str:
    """A short name for a text as a model reads it with a prompt."""
    return hashlib.sha256(f"{prompt or ''}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
