"""Fetching models from the Hugging Face hub: only the files that are needed, whole and unchanged, or nothing.

A download that stopped goes on where it stopped, in another process too. `huggingface_hub` has given that up: it
removes a partial file, and what comes over Xet cannot be continued. So it is asked what there is and where, while the
bytes come in plain ranges and are appended to a file that is named after its content.

Source: pull request 4228 of huggingface_hub.
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from filelock import FileLock, Timeout
from huggingface_hub import constants, get_session, hf_raise_for_status

from simcse_core.encoding import checksums, fetched
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.encoding.catalogue import find
from simcse_core.encoding.layout import read_layout
from simcse_core.encoding.repository import File, Repository, download_headers, look_up, reason_of
from simcse_core.errors import ModelError
from simcse_core.home import models_folder

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all, of the whole model."""

WAITS = (1.0, 2.0, 4.0)
"""Seconds before each further attempt while nothing arrives. What arrives restores the patience."""
SPARE = 100_000_000
"""Bytes that a download leaves free on the disk."""


def fetch(name: str, on_progress: Progress | None = None) -> Path:
    """Bring a model of the hub into the models folder, unless it is there already.

    Two that fetch the same model at once share one download. After Ctrl-C, a lost network or a crash the next call goes
    on with what has arrived.

    Args:
        name: catalogue name, or hub id owner/model.
        on_progress: receives (bytes done, bytes in all), about ten times a second while bytes arrive.

    Returns:
        The model's folder.

    Raises:
        ModelError: the name is none, there is no such model, it is gated, has no safetensors or is no model for SimCSE,
            the hub cannot be reached, there is no room, or what arrived is not what the hub has.
    """
    if name in CATALOGUE and CATALOGUE[name].package:
        return find(name)
    folder, hub_id = fetched.folder_of(name), fetched.hub_id(name)
    if folder is None or hub_id is None:
        raise ModelError(
            "{name!r} is no model of the hub. Choose one of: {choices}; or name another one as owner/model.",
            name=name,
            choices=", ".join(card.name for card in CATALOGUE.values() if card.hub),
        )
    if not _is_intact(folder, name):
        _fetch(look_up(hub_id, name), folder, on_progress or _say_nothing)
    return folder


def _say_nothing(done: int, total: int) -> None:
    pass


def _is_intact(folder: Path, name: str) -> bool:
    if not fetched.holds_model(folder):
        return False
    try:
        fetched.check(folder, name)
    except ModelError:
        return False
    return True


def _fetch(repository: Repository, folder: Path, on_progress: Progress) -> None:
    staging = models_folder() / ".fetching" / folder.name
    try:
        with _alone(repository, staging, on_progress):
            if not _is_intact(folder, repository.name):  # nobody else has fetched it meanwhile
                _download(repository, staging, on_progress)
                _put_in_place(repository, staging, folder)
    except OSError as error:
        raise ModelError(
            "{folder} cannot be written: {reason}.", folder=models_folder(), reason=error.strerror or reason_of(error)
        ) from error
    on_progress(repository.size, repository.size)


@contextmanager
def _alone(repository: Repository, staging: Path, on_progress: Progress) -> Iterator[None]:
    """Wait while somebody else fetches the same model, and tell how far they are."""
    staging.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(staging.with_name(f"{staging.name}.lock"))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            on_progress(sum(_size_here(file, staging) for file in repository.files), repository.size)
    try:
        yield
    finally:
        lock.release()


@dataclass
class _Meter:
    """Tells how much of the whole model is there, at most ten times a second."""

    total: int
    on_progress: Progress
    done: dict[str, int] = field(default_factory=dict)
    """Bytes by file."""
    last: float = 0.0

    def update(self, path: str, done: int) -> None:
        self.done[path] = done
        if time.monotonic() - self.last >= 0.1:
            self.last = time.monotonic()
            self.on_progress(sum(self.done.values()), self.total)


def _download(repository: Repository, staging: Path, on_progress: Progress) -> None:
    """Bring all files into the folder `staging`, where some or parts of them may be already."""
    staging.mkdir(exist_ok=True)
    _remove_others(staging, {path for file in repository.files for path in _places(file, staging)})
    meter = _Meter(repository.size, on_progress, {file.path: _size_here(file, staging) for file in repository.files})
    _refuse_without_room(repository, staging, meter.total - sum(meter.done.values()))
    for file in repository.files:
        if not file.is_weights:
            _download_file(repository, file, staging, meter)
    try:
        read_layout(staging, repository.name)  # refuses what SimCSE cannot be, before the weights come
    except ModelError:
        shutil.rmtree(staging)
        raise
    for file in repository.files:
        if file.is_weights:
            _download_file(repository, file, staging, meter)


def _download_file(repository: Repository, file: File, staging: Path, meter: _Meter) -> None:
    """Bring one file, or what is missing of it, and check it."""
    whole, part = _places(file, staging)
    if whole.is_file() and _digest(whole, file) == file.digest:
        return
    whole.parent.mkdir(parents=True, exist_ok=True)
    part.touch()
    waits = iter(WAITS)
    while (before := part.stat().st_size) < file.size:
        try:
            _append(repository.url(file), part, lambda size: meter.update(file.path, size))
            problem = "the hub sends too little"
        except httpx2.HTTPError as error:
            problem = reason_of(error)
        now = part.stat().st_size
        waits = iter(WAITS) if now > before else waits
        if now < file.size:
            if (wait := next(waits, None)) is None:
                raise _stopped(repository, meter, problem)
            time.sleep(wait)
    _check_digest(repository, file, part)
    part.replace(whole)


def _append(url: str, part: Path, on_size: Callable[[int], None]) -> None:
    """Append to a file what the hub has beyond its end.

    Raises:
        httpx2.HTTPError: the hub refuses, or the connection breaks. What has arrived is kept.
    """
    size = part.stat().st_size
    headers = download_headers() | ({"Range": f"bytes={size}-"} if size else {})
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", url, headers=headers, timeout=timeout, follow_redirects=True) as response:
        hf_raise_for_status(response)
        goes_on = response.status_code == 206
        size = size if goes_on else 0  # a server that does not know ranges starts over
        with part.open("ab" if goes_on else "wb") as out:
            for chunk in response.iter_bytes():
                size += out.write(chunk)
                on_size(size)


def _check_digest(repository: Repository, file: File, part: Path) -> None:
    if (found := _digest(part, file)) != file.digest:
        part.unlink()
        raise ModelError(
            "{file} of {name} arrived damaged and was removed: its checksum begins with {found}, on the hub it begins "
            "with {expected}. Fetch it again.",
            file=file.path,
            name=repository.name,
            found=found[:12],
            expected=file.digest[:12],
        )


def _put_in_place(repository: Repository, staging: Path, folder: Path) -> None:
    """Make the download the model, in one step."""
    weights = {
        file.path: fetched.Weights(bytes=file.size, sha256=file.sha256 or checksums.sha256_now(staging / file.path))
        for file in repository.files
        if file.is_weights
    }
    fetched.write_record(
        staging, fetched.Record(repository=repository.hub_id, revision=repository.revision, weights=weights)
    )
    if folder.exists():  # a damaged one
        shutil.rmtree(folder)
    staging.rename(folder)
    for path, own in weights.items():
        checksums.remember(folder / path, own.sha256)


def _places(file: File, staging: Path) -> tuple[Path, Path]:
    """Where a file is when it is whole, and where while it arrives: another content arrives at another place."""
    whole = staging / file.path
    return whole, whole.with_name(f"{whole.name}.{file.digest[:12]}.part")


def _size_here(file: File, staging: Path) -> int:
    sizes = [path.stat().st_size for path in _places(file, staging) if path.is_file()]
    return min(max(sizes, default=0), file.size)


def _remove_others(staging: Path, keep: set[Path]) -> None:
    """Remove what is left of another revision."""
    for path in staging.rglob("*"):
        if path.is_file() and path not in keep:
            path.unlink()


def _refuse_without_room(repository: Repository, staging: Path, missing: int) -> None:
    free = shutil.disk_usage(staging).free
    if missing + SPARE > free:
        raise ModelError(
            "{name} needs {needed:,} MB on the disk, and {folder} has only {free:,} MB left. Make room, or name a "
            "folder on another disk with SIMCSE_MODELS.",
            name=repository.name,
            needed=-(-(missing + SPARE) // 1_000_000),
            folder=models_folder(),
            free=free // 1_000_000,
        )


def _stopped(repository: Repository, meter: _Meter, problem: str) -> ModelError:
    return ModelError(
        "The download of {name} stopped after {done:,} of {total:,} MB ({reason}). Fetch it again: it goes on from "
        "there.",
        name=repository.name,
        done=sum(meter.done.values()) // 1_000_000,
        total=meter.total // 1_000_000,
        reason=problem,
    )


def _digest(path: Path, file: File) -> str:
    """The checksum of a file, computed as the hub does for it."""
    if file.sha256:
        return checksums.sha256_now(path)
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()
