"""Files of the Hugging Face hub on their way here: whole and unchanged, or nothing.

`huggingface_hub` brings files too, and repeats here what was refused for the moment (`http_stream_backoff`). Code of
our own is here for what it lacks, as of its version 2.4:

- It deletes what it has of a file when a download breaks off for good, and what comes over Xet cannot be continued.
  Here the bytes come in plain ranges and are appended to a file that is named after its content, so that another
  process goes on with them, also after a crash.
- It compares the size of what arrived with the hub's, not its content. Here the checksum is compared.
- It warns of a full disk and goes on. Here that is said before the download.
- It puts files in place one by one. Here a folder appears when all of it has arrived and is synced to the disk.
- Who waits for another process's download learns nothing about it. Here both tell how far it is.

Source: pull request 4228 of huggingface_hub.
"""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import httpx2
from filelock import FileLock, Timeout
from huggingface_hub import constants, hf_raise_for_status
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import http_stream_backoff  # type: ignore[attr-defined] # as build_hf_headers
from huggingface_hub.utils.sha import git_hash

from simcse_core import durable
from simcse_core.errors import HubError, UserError
from simcse_core.hub import checksums, record
from simcse_core.hub.client import File, Repository, download_headers, reason_of

Progress = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all, of everything that is fetched."""

BULK = (".safetensors", ".parquet")
"""Endings of the files that make a repository large: they come last, and the record of the folder names them."""
WAITS = (1.0, 2.0, 4.0)
"""Seconds before each further attempt while nothing arrives. What arrives restores the patience."""
SPARE = 100_000_000
"""Bytes that a download leaves free on the disk."""


@dataclass(frozen=True)
class Place:
    """Where a repository is to be on this machine."""

    root: Path
    """The folder for everything of its kind."""
    folder: Path
    """In `root`. It appears when everything in it has arrived."""
    inside: str = ""
    """The folder in the repository that becomes `folder`; empty for the whole repository."""

    @property
    def staging(self) -> Path:
        """Where the files arrive; the same place always has the same, so that a download goes on."""
        return self.root / ".fetching" / "--".join(self.folder.relative_to(self.root).parts)


def fetch(
    repository: Repository,
    place: Place,
    on_progress: Progress | None = None,
    *,
    accept: Callable[[Path], None] | None = None,
) -> None:
    """Bring a repository's files into their folder, unless they are there. A damaged folder is replaced.

    Two that fetch the same at once share one download: one brings the files, the other waits and tells how far it is.

    Args:
        repository: the files that are needed.
        place: where they go.
        on_progress: receives (bytes done, bytes in all), about ten times a second while bytes arrive.
        accept: receives the folder in which everything but the bulk has arrived, and may raise a UserError: then the
            bulk is not fetched, and nothing is left.

    Raises:
        HubError: they do not arrive, arrive damaged, there is no room, or the folder cannot be written.
    """
    on_progress = on_progress or _ignore

    def tell() -> None:
        on_progress(sum(_size_here(file, place.staging) for file in repository.files), repository.size)

    with alone(place, tell):
        if not record.is_intact(place.folder):  # nobody else has fetched it meanwhile
            download = Download(repository, place.staging, on_progress)
            for file in repository.files:
                if not _is_bulk(file):
                    download.bring(file)
            try:
                if accept is not None:
                    accept(place.staging)
            except UserError:
                shutil.rmtree(place.staging)
                raise
            for file in repository.files:
                if _is_bulk(file):
                    download.bring(file)
            _put_in_place(repository, place)
    on_progress(repository.size, repository.size)


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Whatever cannot be written meanwhile is said.

    Raises:
        HubError: something cannot be written in the folder `root`.
    """
    try:
        yield
    except OSError as error:
        raise HubError(
            "{folder} cannot be written: {reason}.", folder=root, reason=error.strerror or reason_of(error)
        ) from error


def refuse_without_room(name: str, folder: Path, size: int, *, is_data: bool = False) -> None:
    """Refuse to begin what would fill the disk.

    Args:
        name: how messages call what is coming.
        folder: where it is going to be.
        size: bytes that are still to come.
        is_data: whether it is data and no model.

    Raises:
        HubError: there is no room.
    """
    free = shutil.disk_usage(folder).free
    if size + SPARE > free:
        raise HubError(
            "{name} needs {needed:,} MB on the disk, and {folder} has only {free:,} MB left. Make room, or name a "
            "folder on another disk with {setting}.",
            name=name,
            needed=-(-(size + SPARE) // 1_000_000),
            folder=folder,
            free=free // 1_000_000,
            setting="SIMCSE_HOME" if is_data else "SIMCSE_MODELS",
        )


class Download:
    """Brings files of a repository into a folder, where some or parts of them may be already.

    Args:
        repository: what is downloaded. What else is in the folder is removed: it is of another revision.
        folder: where they arrive.
        on_progress: receives (bytes done, bytes in all), at most ten times a second.

    Raises:
        HubError: there is no room.
    """

    def __init__(self, repository: Repository, folder: Path, on_progress: Progress) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        keep = {path for file in repository.files for path in _places(file, folder)}
        for path in folder.rglob("*"):
            if path.is_file() and path not in keep:
                path.unlink()
        self._repository, self._folder, self._on_progress = repository, folder, on_progress
        self._done = {file.path: _size_here(file, folder) for file in repository.files}
        self._told = 0.0
        missing = repository.size - sum(self._done.values())
        refuse_without_room(repository.name, folder, missing, is_data=repository.kind != "model")

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
                _append(self._repository.url(file.path), part, lambda size: self._tell(file, size))
                problem = "the hub sends too little"
            except HfHubHTTPError as error:  # it was asked again already
                raise self._stopped(reason_of(error)) from error
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

    def _check_digest(self, file: File, part: Path) -> None:
        if (digest := _digest(part, file)) != file.digest:
            part.unlink()
            raise HubError(
                "{file} of {name} arrived damaged and was removed: its checksum begins with {found}, on the hub it "
                "begins with {expected}. Fetch it again.",
                file=file.path,
                name=self._repository.name,
                found=digest[:12],
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


def _put_in_place(repository: Repository, place: Place) -> None:
    """Make the download the folder, in one step."""
    arrived = place.staging / place.inside
    fetched = {
        str(PurePosixPath(file.path).relative_to(place.inside)): record.FetchedFile(
            bytes=file.size, sha256=file.sha256 or checksums.sha256_now(place.staging / file.path)
        )
        for file in repository.files
        if _is_bulk(file)
    }
    record.write(arrived, record.Record(repository=repository.hub_id, revision=repository.revision, files=fetched))
    if place.folder.exists():  # a damaged one
        shutil.rmtree(place.folder)
    place.folder.parent.mkdir(parents=True, exist_ok=True)
    durable.sync_tree(arrived)
    durable.move(arrived, place.folder)
    shutil.rmtree(place.staging, ignore_errors=True)  # what was around `inside`
    for path, file in fetched.items():
        checksums.remember(place.folder / path, file.sha256)


def _is_bulk(file: File) -> bool:
    return file.path.endswith(BULK)


def _ignore(done: int, total: int) -> None:
    """Nobody wants to know how far a download is."""


@contextmanager
def alone(place: Place, tell: Callable[[], None]) -> Iterator[None]:
    """One process at a time; a file system without locks gets a lock file that only names its owner.

    Args:
        place: what is being made.
        tell: called twice a second while somebody else makes it.

    Raises:
        HubError: the folder cannot be written.
    """
    staging = place.staging
    with writing(place.root):
        staging.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(staging.with_name(f"{staging.name}.lock"))
        while not lock.is_locked:
            try:
                lock.acquire(timeout=0.5)
            except Timeout:
                tell()
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
    # Breaks are not repeated there: it would begin again at the same byte.
    with http_stream_backoff(
        "GET", url, retry_on_exceptions=(), headers=headers, timeout=timeout, follow_redirects=True
    ) as response:
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
    return git_hash(path.read_bytes())
