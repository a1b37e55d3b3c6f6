"""The map of a run's data, which stays with the run: another machine would draw another one from the same seed.

It is `map.json` in the run's folder, and goes into its bundle.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from simcse_core.errors import RunError, UserError
from simcse_core.jsonable import jsonable
from simcse_core.meaning.projection import Quality, Recipe
from simcse_core.meaning.projection.store import MapResult
from simcse_core.runs import files
from simcse_core.runs.run import Run

NAME = "map.json"
_DIGITS = 5
Coordinates = Annotated[list[float], Field(min_length=2, max_length=3)]


class RunMap(BaseModel):
    """A map of N texts, for which they are known by their digest alone."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    recipe: str = Field(max_length=2_000)
    """As `Recipe.to_json` writes it."""
    texts_sha256: str = Field(max_length=64)
    points: list[Coordinates]
    """N."""
    kept: list[float | None]
    """N shares of neighbours that the map keeps; None where that is not known."""
    trustworthiness: float | None
    continuity: float | None
    distance_correlation: float | None

    @model_validator(mode="after")
    def _is_of_one_shape(self) -> Self:
        recipe = _recipe(self.recipe)
        if len(self.kept) != len(self.points) or any(len(point) != recipe.dimensions for point in self.points):
            raise ValueError("its columns differ in length")
        return self

    @classmethod
    def of(cls, recipe: Recipe, texts: Sequence[str], result: MapResult) -> "RunMap":
        """What is kept of a finished map whose quality is measured."""
        quality = result.quality
        assert quality is not None
        return cls(
            recipe=recipe.to_json(),
            texts_sha256=digest_of(texts),
            points=np.round(result.points.astype(float), _DIGITS).tolist(),
            kept=[None if math.isnan(share) else round(share, 4) for share in quality.kept.astype(float).tolist()],
            trustworthiness=_number(quality.trustworthiness),
            continuity=_number(quality.continuity),
            distance_correlation=_number(quality.distance_correlation),
        )

    @property
    def made_by(self) -> Recipe:
        """How it was made."""
        return _recipe(self.recipe)

    def result(self) -> MapResult:
        """The map as a page shows it."""
        kept = np.array([math.nan if share is None else share for share in self.kept], dtype=np.float32)
        measured = [
            math.nan if one is None else one
            for one in (self.trustworthiness, self.continuity, self.distance_correlation)
        ]
        quality = Quality(measured[0], measured[1], kept, measured[2])
        return MapResult(np.array(self.points, dtype=np.float32), (), quality)


_MAP = TypeAdapter(RunMap)


def digest_of(texts: Sequence[str]) -> str:
    """Tells texts in their order from all others."""
    return hashlib.sha256(json.dumps(list(texts)).encode()).hexdigest()


def read(run: Run) -> RunMap | None:
    """The map of a run's data; None where there is none, or it is damaged."""
    try:
        return files.read(run.folder / NAME, _MAP)
    except (OSError, ValueError):
        return None


def write(run: Run, one: RunMap, user: str | None) -> None:
    """Keep a map with its run, in the place of one that was there.

    Raises:
        RunError: the run is somebody else's, or its folder cannot be written.
    """
    run.check_owner(user)
    try:
        files.replace(run.folder / NAME, jsonable(one.model_dump()))
    except OSError as error:
        raise files.explained(error, run.folder) from error


def from_bundle(folder: Path) -> RunMap | None:
    """What the `map.json` of a bundle says; None when it is missing.

    Raises:
        RunError: it is damaged.
    """
    try:
        return _MAP.validate_json((folder / NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (ValueError, RecursionError) as error:
        raise RunError("{file} of the bundle is damaged: {reason}.", file=NAME, reason="it is no map") from error


def _recipe(text: str) -> Recipe:
    try:
        return Recipe.from_json(text)
    except UserError as error:
        raise ValueError(str(error)) from error


def _number(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
