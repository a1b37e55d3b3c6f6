"""What the Hugging Face hub has of a model: which of its files are needed, how large they are, and their checksums."""

import re
from collections.abc import Collection
from pathlib import PurePosixPath

import httpx2
from huggingface_hub import constants, get_session, hf_raise_for_status
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from huggingface_hub.hf_api import ModelInfo

from simcse_core.encoding.layout import module_paths
from simcse_core.errors import ModelError
from simcse_core.home import models_folder
from simcse_core.hub.files import (
    File,
    Repository,
    api,
    as_file,
    download_headers,
    file_url,
    is_offline,
    reason_of,
)

_SAFE_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]*/)*[A-Za-z0-9_][A-Za-z0-9_.-]*")
_SETTINGS = (".json", ".txt", ".model")
"""Configurations, vocabularies, and tokenizers of sentencepiece."""
_WHOLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")


def look_up(hub_id: str, name: str) -> Repository:
    """Ask the hub. `HF_ENDPOINT` and `HF_HUB_OFFLINE` count as they are now.

    Args:
        hub_id: owner/model.
        name: how messages call it.

    Raises:
        ModelError: there is no such model, it is gated or has no safetensors, or the hub cannot be reached.
    """
    _refuse_offline(name)
    hub = api()
    try:
        info = hub.model_info(hub_id, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT)
        if info.gated:
            hub.auth_check(hub_id)
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
    except (httpx2.HTTPError, ValueError, KeyError, RecursionError) as error:  # a login page of a Wi-Fi, say
        raise _unreachable(name, error) from error
    return Repository(name, hub_id, str(info.sha), _needed_files(info, modules, name))


def is_weights(file: File) -> bool:
    return file.path.endswith(".safetensors")


def _read_modules(info: ModelInfo, name: str) -> list[tuple[str, str]]:
    """Kind and folder of each module. A plain BERT is one, in the root."""
    if not any(sibling.rfilename == "modules.json" for sibling in info.siblings or ()):
        return [("Transformer", "")]
    url = file_url(info.id, "modules.json", str(info.sha))
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
    needed = (path for path in there if path.parent in folders and _is_needed(path, there))
    files = [as_file(siblings[str(path)], name) for path in needed]
    return tuple(sorted(files, key=lambda file: (is_weights(file), file.path)))


def _is_needed(path: PurePosixPath, there: Collection[PurePosixPath]) -> bool:
    if path.suffix != ".safetensors":
        return path.suffix in _SETTINGS
    whole = path.with_name(_WHOLE)
    return path == whole or (_SHARD.fullmatch(path.name) is not None and whole not in there)


def _refuse_offline(name: str) -> None:
    if is_offline():
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
