"""Maps that were computed before, on the disk: the same map is computed once, for all users and across restarts."""

import contextlib
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from simcse_core import durable
from simcse_core.encoding.texts import Embeddings
from simcse_core.errors import OptionError
from simcse_core.home import home
from simcse_core.limits import limits
from simcse_core.meaning.projection.quality import Quality
from simcse_core.meaning.projection.recipe import Note, Recipe
from simcse_core.meaning.projection.registry import Points

_FORMAT = 1
_DECIDE = ("umap-learn", "pynndescent", "numba", "scikit-learn", "scipy", "numpy", "pacmap")
"""Packages whose versions decide how a map looks."""
DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile)
"""What reading a file raises that was cut off, changed or is another one."""


@dataclass(frozen=True)
class MapResult:
    """A finished map, with what it keeps of the original space."""

    points: Points
    """(N, dimensions)."""
    notes: tuple[Note, ...]
    quality: Quality | None = None
    """None as long as it is being measured."""


def key_of(embeddings: Sequence[Embeddings], recipe: Recipe, labels: Sequence[str] | None = None) -> str:
    """Of all that maps in one frame depend on: embeddings, labels, recipe and versions of the libraries."""
    digest = hashlib.sha256()
    for one in embeddings:
        digest.update(f"{one.shape} {one.dtype} ".encode())
        digest.update(np.ascontiguousarray(one).reshape(-1).data)
    rest = [_FORMAT, recipe.to_json(), None if labels is None else list(labels), _versions()]
    digest.update(json.dumps(rest).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def read(key: str) -> tuple[MapResult, ...] | None:
    """The maps of a key in one frame; None where they are not there, or are damaged."""
    with contextlib.suppress(OptionError, *DAMAGED):
        path = _path(key)
        content = path.read_bytes()
        try:
            results = from_bytes(content)
        except DAMAGED:
            path.unlink()
            return None
        os.utime(path)  # it counts as used
        return results
    return None


def write(key: str, results: Sequence[MapResult]) -> None:
    """Keep maps for the next time; where that cannot be, they are computed again."""
    with contextlib.suppress(OptionError, OSError):
        path = _path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        durable.write_unsynced(path, to_bytes(results))
        _make_room(path.parent, limits().max_map_cache_megabytes * 2**20)


def to_bytes(results: Sequence[MapResult]) -> bytes:
    """Maps in one frame as a file of numpy's, without pickle."""
    arrays = {f"points_{number}": result.points for number, result in enumerate(results)}
    about = []
    for number, result in enumerate(results):
        quality = result.quality
        if quality is not None:
            arrays[f"kept_{number}"] = quality.kept
        measures = quality and [quality.trustworthiness, quality.continuity, quality.distance_correlation]
        about.append({"notes": [[note.template, note.values] for note in result.notes], "measures": measures})
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]  # the stubs take no keywords from a dict
    return file.getvalue()


def from_bytes(content: bytes) -> tuple[MapResult, ...]:
    """What `to_bytes` made.

    Raises:
        OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile: it is damaged.
    """
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return tuple(
            MapResult(arrays[f"points_{number}"], _notes(about["notes"]), _quality(about["measures"], arrays, number))
            for number, about in enumerate(json.loads(arrays["about"].tobytes()))
        )


def _notes(stored: list[list[object]]) -> tuple[Note, ...]:
    return tuple(Note(str(template), tuple((name, value) for name, value in values)) for template, values in stored)  # type: ignore[attr-defined]


def _quality(measures: list[float] | None, arrays: "np.lib.npyio.NpzFile", number: int) -> Quality | None:
    if measures is None:
        return None
    trust, continuity, correlation = (float(value) for value in measures)
    return Quality(trust, continuity, arrays[f"kept_{number}"], correlation)


def _path(key: str) -> Path:
    return home() / "cache" / "maps" / f"{key}.npz"


def _make_room(folder: Path, most: int) -> None:
    """Remove the maps that were not used for the longest time."""
    files = sorted(((path.stat().st_mtime, path.stat().st_size, path) for path in folder.glob("*.npz")), reverse=True)
    total = 0
    for _used, size, path in files:
        total += size
        if total > most:
            with contextlib.suppress(OSError):
                path.unlink()


def _versions() -> dict[str, str]:
    found = {}
    for name in _DECIDE:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
