"""What the Hugging Face hub has of a repository, at one revision, and what it answers, in words a user can act on.

`huggingface_hub` asks the questions, signs in and repeats what was refused for the moment. Code of our own is here for
what it lacks: `HF_ENDPOINT` and `HF_HUB_OFFLINE` count as they are at the time of a call (it reads them once, when it
is imported), its errors say what to do, and a small file can be read without being written to its cache.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2
from huggingface_hub import HfApi, constants, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined] # documented, not marked as exported

from simcse_core.errors import HubError

Kind = Literal["model", "dataset"]

_SAFE_PATH = re.compile(r"(?:\w[\w.+-]*/)*\w[\w.+-]*")
"""Leads further into a folder, never out of it."""


@dataclass(frozen=True)
class File:
    """A file on the hub."""

    path: str
    """In the repository, with slashes."""
    size: int
    """In bytes."""
    digest: str
    """What the hub knows its content by: SHA-256 of a large file, git's SHA-1 of a small one, in hexadecimal."""

    @property
    def sha256(self) -> str | None:
        """None for a small file."""
        return self.digest if len(self.digest) == 64 else None


@dataclass(frozen=True)
class Query:
    """What somebody asks the hub for, and what messages need to say about it."""

    name: str
    """What the user calls it."""
    hub_id: str
    """owner/name."""
    kind: Kind
    folder: Path
    """Where everything of this kind is kept on this machine."""
    command: str
    """Fetches it on another machine."""
    branch: str | None = None
    """None is the main one."""


@dataclass(frozen=True)
class Repository:
    """A model or a data set on the hub at one revision, or the part of it that is needed."""

    name: str
    """What the user calls it."""
    hub_id: str
    revision: str
    """The commit: what is asked for by it never changes."""
    files: tuple[File, ...]
    kind: Kind = "model"

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def url(self, path: str) -> str:
        """Where the hub has a file."""
        return hf_hub_url(self.hub_id, path, repo_type=self.kind, revision=self.revision, endpoint=_endpoint())


def look_up(query: Query) -> Repository:
    """Ask the hub what it has. Files whose paths lead out of a folder are left out.

    Raises:
        HubError: there is no such repository, it is gated, the hub does not say how to check what it sends, or it
            cannot be reached.
        RevisionNotFoundError: the repository has no such branch.
    """
    _refuse_offline(query)
    with _errors_in_words(query):
        hub = _api()
        ask = hub.model_info if query.kind == "model" else hub.dataset_info
        info = ask(query.hub_id, revision=query.branch, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        if info.gated:
            hub.auth_check(query.hub_id, repo_type=query.kind)
    listed = sorted(info.siblings or (), key=lambda sibling: sibling.rfilename)
    files = (_as_file(sibling, query.name) for sibling in listed if _SAFE_PATH.fullmatch(sibling.rfilename))
    return Repository(query.name, query.hub_id, str(info.sha), tuple(files), query.kind)


def read_json(query: Query, repository: Repository, path: str) -> Any:
    """The content of a small file, which is written nowhere.

    Raises:
        HubError: as for `look_up`.
    """
    with _errors_in_words(query):
        response = get_session().get(
            repository.url(path),
            headers=download_headers(),
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
            follow_redirects=True,
        )
        hf_raise_for_status(response)
        return response.json()


def download_headers() -> dict[str, str]:
    """Headers for a file: uncompressed, so that sizes and ranges are those of the file."""
    return {**build_hf_headers(), "Accept-Encoding": "identity"}


def reason_of(error: Exception) -> str:
    """The first line of an error's message."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _api() -> HfApi:
    constants.HF_HUB_DISABLE_TELEMETRY = True  # otherwise the library also asks the hub for a list of coding agents
    return HfApi(endpoint=_endpoint())


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def _refuse_offline(query: Query) -> None:
    """Refuse to ask where `HF_HUB_OFFLINE` forbids it, as it is now or as it was at the start."""
    is_set = os.environ.get("HF_HUB_OFFLINE", "").upper() in constants.ENV_VARS_TRUE_VALUES
    if is_set or constants.is_offline_mode():
        raise HubError(
            "{name} is not on this machine, and HF_HUB_OFFLINE forbids fetching it. Unset that; or run on a machine "
            "with a network: {command}, and copy what it fetched to {folder}",
            name=query.name,
            command=query.command,
            folder=query.folder,
        )


@contextmanager
def _errors_in_words(query: Query) -> Iterator[None]:
    try:
        yield
    except GatedRepoError as error:
        raise HubError(
            "{name} is gated: its owner wants you to agree to something first. Do so on its page on the hub and run: "
            "hf auth login. Or choose another one.",
            name=query.name,
        ) from error
    except RevisionNotFoundError:
        raise
    except RepositoryNotFoundError as error:
        raise _missing(query) from error
    except (httpx2.HTTPError, ValueError, KeyError, RecursionError) as error:  # a login page of a Wi-Fi, say
        raise HubError(
            "{name} is not on this machine, and the hub cannot be reached ({reason}). Try again later, or name a "
            "mirror with HF_ENDPOINT; or run on a machine with a network: {command}, and copy what it fetched to "
            "{folder}",
            name=query.name,
            reason=reason_of(error),
            command=query.command,
            folder=query.folder,
        ) from error


def _missing(query: Query) -> HubError:
    if query.kind == "model":
        return HubError(
            "There is no model {name} on the hub, and no such folder here. Check the spelling; for a private model run "
            "first: hf auth login",
            name=query.name,
        )
    return HubError(
        "There is no data set {id} on the hub. Check the spelling; for private data run first: hf auth login",
        id=query.hub_id,
    )


def _as_file(sibling: RepoSibling, name: str) -> File:
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
