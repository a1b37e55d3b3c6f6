"""What the Hugging Face hub has of a model: which of its files are needed, how large they are, and their checksums."""

import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath

import httpx2
from huggingface_hub import HfApi, constants, get_session, hf_hub_url, hf_raise_for_status
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo
from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined] # documented, not marked as exported

from simcse_core.encoding.layout import module_paths
from simcse_core.errors import ModelError
from simcse_core.home import models_folder

_SAFE_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SETTINGS = (".json", ".txt", ".model")
"""Configurations, vocabularies, and tokenizers of sentencepiece."""
_WHOLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")


@dataclass(frozen=True)
class File:
    """A file of the repository that is needed here."""

    path: str
    size: int
    digest: str
    """What the hub knows its content by: SHA-256 of a large file, git's SHA-1 of a small one."""

    @property
    def sha256(self) -> str | None:
        return self.digest if len(self.digest) == 64 else None

    @property
    def is_weights(self) -> bool:
        return self.path.endswith(".safetensors")


@dataclass(frozen=True)
class Repository:
    """A model on the hub at one revision."""

    name: str
    """What the user calls it."""
    hub_id: str
    revision: str
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def url(self, file: File) -> str:
        return _url(self.hub_id, file.path, self.revision)


def look_up(hub_id: str, name: str) -> Repository:
    """Ask the hub. `HF_ENDPOINT` and `HF_HUB_OFFLINE` count as they are now.

    Args:
        hub_id: owner/model.
        name: how messages call it.

    Raises:
        ModelError: there is no such model, it is gated or has no safetensors, or the hub cannot be reached.
    """
    _refuse_offline(name)
    constants.HF_HUB_DISABLE_TELEMETRY = True  # otherwise the library also asks the hub for a list of coding agents
    api = HfApi(endpoint=_endpoint())
    try:
        info = api.model_info(hub_id, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        if info.gated:
            api.auth_check(hub_id)
        modules = _read_modules(info, name)
    except GatedRepoError as error:
        raise ModelError(
            "{name} is gated: its owner wants you to agree to something first. Do so on its page on the hub and run: "
            "hf auth login. Or choose another model.",
            name=name,
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(
            "There is no model {name} on the hub, and no such folder here. Check the spelling; for a private model run "
            "first: hf auth login",
            name=name,
        ) from error
    except (httpx2.HTTPError, ValueError, KeyError) as error:  # the last two: a login page of a Wi-Fi, say, answers
        raise _unreachable(name, error) from error
    return Repository(name, hub_id, str(info.sha), _needed_files(info, modules, name))


def download_headers() -> dict[str, str]:
    """Headers for one of the files: uncompressed, so that sizes and ranges are those of the file."""
    return {**build_hf_headers(), "Accept-Encoding": "identity"}


def reason_of(error: Exception) -> str:
    """The first line of an error's message."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _read_modules(info: ModelInfo, name: str) -> list[tuple[str, str]]:
    """Kind and folder of each module. A plain BERT is one, in the root."""
    if not any(sibling.rfilename == "modules.json" for sibling in info.siblings or ()):
        return [("Transformer", "")]
    url = _url(info.id, "modules.json", str(info.sha))
    timeout = constants.HF_HUB_ETAG_TIMEOUT
    response = get_session().get(url, headers=download_headers(), timeout=timeout, follow_redirects=True)
    hf_raise_for_status(response)
    return module_paths(response.json(), name)


def _needed_files(info: ModelInfo, modules: list[tuple[str, str]], name: str) -> tuple[File, ...]:
    """The settings, then the weights.

    Raises:
        ModelError: there are no safetensors, or the hub does not say how to check what it sends.
    """
    siblings = {sibling.rfilename: sibling for sibling in info.siblings or ()}
    there = {PurePosixPath(path) for path in siblings if _SAFE_PATH.fullmatch(path)}
    transformer = next((PurePosixPath(path) for kind, path in modules if kind == "Transformer"), PurePosixPath())
    if not {transformer / _WHOLE, transformer / _INDEX} & there:
        raise ModelError(
            "{name} has no safetensors. Weights in other formats can run code when they are loaded, so they never are. "
            "Choose another model.",
            name=name,
        )
    folders = {PurePosixPath(), *(PurePosixPath(path) for _, path in modules)}
    files = []
    for path in there:
        if path.parent in folders and _is_needed(path, there):
            sibling = siblings[str(path)]
            digest = sibling.lfs.sha256 if sibling.lfs else sibling.blob_id
            if sibling.size is None or digest is None:
                raise ModelError(
                    "{hub} does not say the size and the checksum of {file} of {name}. Set HF_ENDPOINT to another "
                    "mirror of the hub, or to none.",
                    hub=_endpoint(),
                    file=path,
                    name=name,
                )
            files.append(File(str(path), sibling.size, digest))
    return tuple(sorted(files, key=lambda file: (file.is_weights, file.path)))


def _is_needed(path: PurePosixPath, there: Collection[PurePosixPath]) -> bool:
    if path.suffix != ".safetensors":
        return path.suffix in _SETTINGS
    whole = path.with_name(_WHOLE)
    return path == whole or (_SHARD.fullmatch(path.name) is not None and whole not in there)


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or constants.ENDPOINT).rstrip("/")


def _url(hub_id: str, path: str, revision: str) -> str:
    return hf_hub_url(hub_id, path, revision=revision, endpoint=_endpoint())


def _refuse_offline(name: str) -> None:
    asked = os.environ.get("HF_HUB_OFFLINE", "").upper() in constants.ENV_VARS_TRUE_VALUES
    if asked or constants.is_offline_mode():
        raise ModelError(
            "{name} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it. Unset that; or run on a machine "
            "with a network: python -m simcse_core models fetch {name}, and copy its models folder to {folder}",
            name=name,
            folder=models_folder(),
        )


def _unreachable(name: str, error: Exception) -> ModelError:
    return ModelError(
        "{name} is not on this machine, and the hub cannot be reached ({reason}). Try again later, or name a mirror "
        "with HF_ENDPOINT; or run on a machine with a network: python -m simcse_core models fetch {name}, and copy its "
        "models folder to {folder}",
        name=name,
        reason=reason_of(error),
        folder=models_folder(),
    )
