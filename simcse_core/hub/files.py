"""Files of the Hugging Face hub on their way here: whole and unchanged, or nothing.

A download that stopped goes on where it stopped, in another process too. `huggingface_hub` has given that up: it
removes a partial file, and what comes over Xet cannot be continued. So it is asked what there is and where, while the
bytes come in plain ranges and are appended to a file that is named after its content.

Source: pull request 4228 of huggingface_hub.
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx2
from filelock import FileLock, Timeout
from huggingface_hub import HfApi, constants, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined] # documented, not marked as exported

from simcse_core.errors import HubError
from simcse_core.hub import checksums

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all, of everything that is fetched."""

Kind = Literal["model", "dataset"]

WAITS = (1.0, 2.0, 4.0)
"""Seconds before each further attempt while nothing arrives. What arrives restores the patience."""
SPARE = 100_000_000
"""Bytes that a download leaves free on the disk."""


@dataclass(frozen=True)
class File:
    """A file on the hub that is needed here."""

    path: str
    size: int
    digest: str
    """What the hub knows its content by: SHA-256 of a large file, git's SHA-1 of a small one."""

    @property
    def sha256(self) -> str | None:
        return self.digest if len(self.digest) == 64 else None


@dataclass(frozen=True)
class Repository:
    """What is needed of a model or a data set on the hub, at one revision."""

    name: str
    """What the user calls it."""
    hub_id: str
    revision: str
    files: tuple[File, ...]
    kind: Kind = "model"

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def url(self, file: File) -> str:
        return file_url(self.hub_id, file.path, self.revision, self.kind)


def api() -> HfApi:
    """What to ask the hub with. `HF_ENDPOINT` counts as it is now."""
    constants.HF_HUB_DISABLE_TELEMETRY = True  # otherwise the library also asks the hub for a list of coding agents
    return HfApi(endpoint=_endpoint())


def is_offline() -> bool:
    """Whether `HF_HUB_OFFLINE` forbids to ask the hub, as it is now or as it was at the start."""
    asked = os.environ.get("HF_HUB_OFFLINE", "").upper() in constants.ENV_VARS_TRUE_VALUES
    return asked or constants.is_offline_mode()


def file_url(hub_id: str, path: str, revision: str, kind: Kind = "model") -> str:
    return hf_hub_url(hub_id, path, repo_type=kind, revision=revision, endpoint=_endpoint())


def download_headers() -> dict[str, str]:
    """Headers for a file: uncompressed, so that sizes and ranges are those of the file."""
    return {**build_hf_headers(), "Accept-Encoding": "identity"}


def reason_of(error: Exception) -> str:
    """The first line of an error's message."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def as_file(sibling: RepoSibling, name: str) -> File:
    """A file as the hub lists it.

    Raises:
        HubError: the hub does not say how to check what it sends.
    """
    digest = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
    if sibling.size is None or digest is None:
        raise HubError(
            "{hub} does not say the size and the checksum of {file} of {name}. Set HF_ENDPOINT to another "
            "mirror of the hub, or to none.",
            hub=_endpoint(),
            file=sibling.rfilename,
            name=name,
        )
    return File(sibling.rfilename, sibling.size, digest)


@contextmanager
def reserved(repository: Repository, root: Path, key: str, on_progress: Progress) -> Iterator[Path]:
    """A folder to download into, for one process at a time; what is left there from earlier is still there.

    Who has to wait meanwhile tells how far the other one is.

    Args:
        repository: what is downloaded.
        root: folder where it is to be in the end.
        key: which download this is: the same key gives the same folder.
        on_progress: receives (bytes done, bytes in all).

    Raises:
        HubError: something cannot be written.
    """
    folder = root / ".fetching" / key
    try:
        with _alone(repository, folder, on_progress):
            yield folder
    except OSError as error:
        raise HubError(
            "{folder} cannot be written: {reason}.", folder=root, reason=error.strerror or reason_of(error)
        ) from error


class Download:
    """Brings files of a repository into a folder, where some or parts of them may be already.

    Args:
        repository: what is downloaded. What else is in the folder is removed: it is of another revision.
        folder: as `reserved` gives it.
        on_progress: receives (bytes done, bytes in all), at most ten times a second.

    Raises:
        HubError: there is no room.
    """

    def __init__(self, repository: Repository, folder: Path, on_progress: Progress) -> None:
        folder.mkdir(exist_ok=True)
        keep = {path for file in repository.files for path in _places(file, folder)}
        for path in folder.rglob("*"):
            if path.is_file() and path not in keep:
                path.unlink()
        self._repository, self._folder, self._on_progress = repository, folder, on_progress
        self._done = {file.path: _size_here(file, folder) for file in repository.files}
        self._told = 0.0
        self._refuse_without_room()

    def bring(self, file: File) -> None:
        """Bring one file, or what is missing of it, and check it.

        Raises:
            HubError: it does not arrive, or it arrives damaged.
        """
        whole, part = _places(file, self._folder)
        if whole.is_file() and _digest(whole, file) == file.digest:
            return
        whole.parent.mkdir(parents=True, exist_ok=True)
        part.touch()
        waits = iter(WAITS)
        while (before := part.stat().st_size) < file.size:
            try:
                _append(self._repository.url(file), part, lambda size: self._tell(file, size))
                problem = "the hub sends too little"
            except httpx2.HTTPError as error:
                problem = reason_of(error)
            now = part.stat().st_size
            waits = iter(WAITS) if now > before else waits
            if now < file.size:
                if (wait := next(waits, None)) is None:
                    raise self._stopped(problem)
                time.sleep(wait)
        self._check_digest(file, part)
        part.replace(whole)

    def _tell(self, file: File, done: int) -> None:
        self._done[file.path] = done
        if time.monotonic() - self._told >= 0.1:
            self._told = time.monotonic()
            self._on_progress(sum(self._done.values()), self._repository.size)

    def _refuse_without_room(self) -> None:
        missing = self._repository.size - sum(self._done.values())
        free = shutil.disk_usage(self._folder).free
        if missing + SPARE > free:
            raise HubError(
                "{name} needs {needed:,} MB on the disk, and {folder} has only {free:,} MB left. Make room, or name a "
                "folder on another disk with {setting}.",
                name=self._repository.name,
                needed=-(-(missing + SPARE) // 1_000_000),
                folder=self._folder,
                free=free // 1_000_000,
                setting="SIMCSE_MODELS" if self._repository.kind == "model" else "SIMCSE_HOME",
            )

    def _check_digest(self, file: File, part: Path) -> None:
        if (found := _digest(part, file)) != file.digest:
            part.unlink()
            raise HubError(
                "{file} of {name} arrived damaged and was removed: its checksum begins with {found}, on the hub it "
                "begins with {expected}. Fetch it again.",
                file=file.path,
                name=self._repository.name,
                found=found[:12],
                expected=file.digest[:12],
            )

    def _stopped(self, problem: str) -> HubError:
        return HubError(
            "The download of {name} stopped after {done:,} of {total:,} MB ({reason}). Fetch it again: it goes on from "
            "there.",
            name=self._repository.name,
            done=sum(self._done.values()) // 1_000_000,
            total=self._repository.size // 1_000_000,
            reason=problem,
        )


@contextmanager
def _alone(repository: Repository, folder: Path, on_progress: Progress) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder.with_name(f"{folder.name}.lock"))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=0.5)
        except Timeout:
            on_progress(sum(_size_here(file, folder) for file in repository.files), repository.size)
    try:
        yield
    finally:
        lock.release()


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


def _places(file: File, folder: Path) -> tuple[Path, Path]:
    """Where a file is when it is whole, and where while it arrives: another content arrives at another place."""
    whole = folder / file.path
    return whole, whole.with_name(f"{whole.name}.{file.digest[:12]}.part")


def _size_here(file: File, folder: Path) -> int:
    sizes = [path.stat().st_size for path in _places(file, folder) if path.is_file()]
    return min(max(sizes, default=0), file.size)


def _digest(path: Path, file: File) -> str:
    """The checksum of a file, computed as the hub does for it."""
    if file.sha256:
        return checksums.sha256_now(path)
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content), usedforsecurity=False).hexdigest()


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")
