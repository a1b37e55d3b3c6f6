"""What a process that makes maps is given to do, as files in a folder, and how it does it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from simcse_core.encoding.texts import Embeddings, Progress
from simcse_core.meaning.projection import store
from simcse_core.meaning.projection.frames import project_together
from simcse_core.meaning.projection.projecting import place
from simcse_core.meaning.projection.quality import measure_quality
from simcse_core.meaning.projection.recipe import Recipe
from simcse_core.meaning.projection.registry import Points
from simcse_core.meaning.projection.store import MapResult

Kind = Literal["place", "map", "measure"]
"""In the order of their urgency: for a place somebody waits with a text already typed; measuring a map that is there
comes last."""

ABOUT, RESULT = "task.json", "result.npz"


@dataclass(frozen=True)
class Task:
    """A map to make and measure; or, with points, a map to measure; or, with new embeddings, places to find on it."""

    embeddings: tuple[Embeddings, ...]
    """Each (N, D): several are mapped in one frame."""
    recipe: Recipe
    labels: tuple[str, ...] | None = None
    """(N,), for methods that need them."""
    points: tuple[Points, ...] = ()
    """(N, dimensions) for each of the embeddings, where the maps are there already."""
    new: Embeddings | None = None
    """(M, D) to be placed on the first of them."""

    @property
    def kind(self) -> Kind:
        """What is to be done."""
        return "place" if self.new is not None else "measure" if self.points else "map"

    def write(self, folder: Path) -> None:
        """Into an empty folder.

        Raises:
            OSError: there is no room.
        """
        for number, one in enumerate(self.embeddings):
            np.save(folder / f"embeddings-{number}.npy", one, allow_pickle=False)
        for number, one in enumerate(self.points):
            np.save(folder / f"points-{number}.npy", one, allow_pickle=False)
        if self.new is not None:
            np.save(folder / "new.npy", self.new, allow_pickle=False)
        about = {
            "maps": len(self.embeddings),
            "points": len(self.points),
            "recipe": self.recipe.to_json(),
            "labels": self.labels,
            "has_new": self.new is not None,
        }
        (folder / ABOUT).write_text(json.dumps(about), encoding="ascii")

    @classmethod
    def read(cls, folder: Path) -> "Task":
        """What `write` wrote."""
        about = json.loads((folder / ABOUT).read_text(encoding="ascii"))
        return cls(
            tuple(_array(folder / f"embeddings-{number}.npy") for number in range(about["maps"])),
            Recipe.from_json(about["recipe"]),
            None if about["labels"] is None else tuple(about["labels"]),
            tuple(_array(folder / f"points-{number}.npy") for number in range(about["points"])),
            _array(folder / "new.npy") if about["has_new"] else None,
        )

    def carry_out(self, on_progress: Progress, on_maps: Callable[[Sequence[MapResult]], None]) -> tuple[MapResult, ...]:
        """Do it.

        Args:
            on_progress: receives rounds done and to do.
            on_maps: receives the maps as soon as they are there; measuring them comes after.

        Returns:
            A result for each of the embeddings; for new ones a single one with their points.

        Raises:
            UserError: as `project`, `project_together` and `place` raise.
        """
        if self.new is not None:
            return (MapResult(place(self.embeddings[0], self.recipe, self.points[0], self.new), ()),)
        if self.points:
            maps = [MapResult(points, ()) for points in self.points]
        else:
            made = project_together(self.embeddings, self.recipe, labels=self.labels, on_progress=on_progress)
            maps = [MapResult(one.points, one.notes) for one in made]
            on_maps(maps)
        return tuple(
            MapResult(one.points, one.notes, measure_quality(rows, one.points))
            for one, rows in zip(maps, self.embeddings, strict=True)
        )


def write_result(folder: Path, results: Sequence[MapResult]) -> None:
    """For `read_result`; what was there is replaced at once."""
    path = folder / f"{RESULT}.new"
    path.write_bytes(store.to_bytes(results))
    path.replace(folder / RESULT)


def read_result(folder: Path) -> tuple[MapResult, ...]:
    """What `write_result` wrote last; errors as for `store.from_bytes`."""
    return store.from_bytes((folder / RESULT).read_bytes())


def _array(path: Path) -> Embeddings:
    return np.load(path, allow_pickle=False)
