"""Data sets of the Hugging Face hub by id: `hub:owner/name`, or more exactly `hub:owner/name/config:split`.

The hub keeps most data sets as Parquet files too, under a revision of their own, in a folder for each configuration and
split. A split is fetched once, into `data/hub` in `home()`, and read from there without a network.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import httpx2
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

from simcse_core import durable
from simcse_core.data.kinds import Dataset
from simcse_core.data.readers import data_from_table
from simcse_core.data.tables import Row, Table, parquet_table
from simcse_core.encoding.fetched import is_hub_id
from simcse_core.errors import DataError
from simcse_core.home import home
from simcse_core.hub import checksums
from simcse_core.hub.files import Download, Progress, Repository, api, as_file, is_offline, reason_of, reserved
from simcse_core.limits import limits

PREFIX = "hub:"
REVISION = "refs/convert/parquet"
RECORD = "fetched.json"

_WORD = r"\w[\w.+-]*"
_SHARD = re.compile(rf"(?P<config>{_WORD})/(?P<split>{_WORD})/\d+\.parquet")


@dataclass(frozen=True)
class Part:
    """One split of one configuration: what is trained on."""

    config: str
    split: str

    def __str__(self) -> str:
        return f"{self.config}:{self.split}"


@dataclass(frozen=True)
class Address:
    """What a user asks for."""

    hub_id: str
    """owner/name."""
    config: str | None
    """None: "default" where there is one, else the first."""
    split: str | None
    """None: "train", or the only one."""

    def __str__(self) -> str:
        config = f"/{self.config}" if self.config else ""
        return f"{PREFIX}{self.hub_id}{config}{f':{self.split}' if self.split else ''}"

    @property
    def folder(self) -> Path:
        """Where its parts are, or would be."""
        return _root() / self.hub_id.replace("/", "--")

    def choose(self, parts: Sequence[Part]) -> Part | None:
        """The part that is meant, if it is among these."""
        configs = [part.config for part in parts]
        config = self.config or ("default" if "default" in configs else next(iter(configs), None))
        splits = [part for part in parts if part.config == config]
        only = splits[0] if len(splits) == 1 and self.split is None else None
        return next((part for part in splits if part.split == (self.split or "train")), only)


def parse(name: str) -> Address:
    """Take a name apart.

    Args:
        name: `hub:owner/name`, and where needed `/config`, `:split` or both behind it.

    Raises:
        DataError: it is written in another way.
    """
    found = re.fullmatch(rf"{PREFIX}([^/:]+/[^/:]+)(?:/({_WORD}))?(?::({_WORD}))?", name)
    if found is None or not is_hub_id(found[1]):
        raise DataError(
            "{given!r} names no data set of the hub. Write hub:owner/name, or hub:owner/name/config:split.",
            given=name[:200],
        )
    return Address(found[1], found[2], found[3])


def open_hub_data(name: str, columns: Mapping[str, str] | None = None, on_progress: Progress | None = None) -> Dataset:
    """A data set of the hub; it is fetched unless it is there already.

    Numbers of classes become their names in labelled data, where the files say them.

    Args:
        name: as for `parse`.
        columns: as for `read_data`.
        on_progress: receives (bytes done, bytes in all) while something is fetched.

    Raises:
        DataError: there is no such data set, configuration or split, it is too large, it cannot be fetched, or it makes
            no data of a kind we know.
        OptionError: no kind of data has a column that is to be mapped.

    Example:
        >>> open_hub_data("hub:nyu-mll/glue/stsb:validation", {"score": "label"})
    """
    wanted = parse(name)
    part = wanted.choose(_known_parts(wanted))
    if part is None or not _is_intact(_folder_of(wanted, part)):
        part = _fetch(wanted, on_progress or _say_nothing)
    folder, called = _folder_of(wanted, part), f"{wanted.hub_id}/{part}"
    shards = [parquet_table(folder / file, called) for file in sorted(_read_record(folder))]
    table = Table(shards[0].columns, _rows(shards), classes=shards[0].classes)
    return data_from_table(table, called, columns)


def _rows(shards: Sequence[Table]) -> Iterator[Row]:
    """The rows of all shards, counted through."""
    for number, (_row, cells) in enumerate(chain.from_iterable(shard.rows for shard in shards), 1):
        yield number, cells


def _say_nothing(done: int, total: int) -> None:
    pass


# ---- On this machine


def _root() -> Path:
    return home() / "data" / "hub"


def _folder_of(wanted: Address, part: Part) -> Path:
    return wanted.folder / part.config / part.split


def _known_parts(wanted: Address) -> list[Part]:
    """What the hub had when it was last asked; nothing if it never was."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        known = json.loads((wanted.folder / "parts.json").read_text(encoding="utf-8"))
        return [Part(config, split) for config, splits in known.items() for split in splits]
    return []


def _write_parts(wanted: Address, parts: Sequence[Part]) -> None:
    known: dict[str, list[str]] = {}
    for part in parts:
        known.setdefault(part.config, []).append(part.split)
    wanted.folder.mkdir(parents=True, exist_ok=True)
    (wanted.folder / "parts.json").write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


def _read_record(folder: Path) -> dict[str, str]:
    """SHA-256 by file.

    Raises:
        OSError, ValueError: there is none, or it is damaged.
    """
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    if not isinstance(record, dict) or not isinstance(files := record.get("files"), dict) or not files:
        raise ValueError(folder)
    return {Path(file).name: str(digest) for file, digest in files.items()}


def _is_intact(folder: Path) -> bool:
    try:
        return all(checksums.sha256(folder / file) == digest for file, digest in _read_record(folder).items())
    except (OSError, ValueError):
        return False


# ---- On the hub


def _fetch(wanted: Address, on_progress: Progress) -> Part:
    """Bring the part that is meant here, unless it is here."""
    repository = _look_up(wanted)
    parts = list(dict.fromkeys(_part_of(file.path) for file in repository.files))
    part = wanted.choose(parts)
    if part is None:
        raise DataError(
            "{name} is none of the splits of {id}: it has {choices}. Write for example hub:{id}/{example}.",
            name=str(wanted),
            id=wanted.hub_id,
            choices=", ".join(str(part) for part in parts[:30]) + (" …" if len(parts) > 30 else ""),
            example=str(parts[0]),
        )
    files = tuple(file for file in repository.files if _part_of(file.path) == part)
    needed = Repository(f"{wanted.hub_id}/{part}", repository.hub_id, repository.revision, files, "dataset")
    _refuse_too_large(needed)
    folder = _folder_of(wanted, part)
    with reserved(needed, _root(), f"{wanted.folder.name}--{part.config}--{part.split}", on_progress) as staging:
        _write_parts(wanted, parts)
        if not _is_intact(folder):  # nobody else has fetched it meanwhile
            download = Download(needed, staging, on_progress)
            for file in files:
                download.bring(file)
            _put_in_place(needed, staging, folder)
    on_progress(needed.size, needed.size)
    return part


def _put_in_place(needed: Repository, staging: Path, folder: Path) -> None:
    """Make the download the split, in one step."""
    arrived = (staging / needed.files[0].path).parent
    files = {Path(file.path).name: checksums.sha256_now(staging / file.path) for file in needed.files}
    record = {"repository": needed.hub_id, "revision": needed.revision, "files": files}
    (arrived / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    if folder.exists():  # a damaged one
        shutil.rmtree(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    durable.sync_tree(arrived)
    durable.move(arrived, folder)
    shutil.rmtree(staging)
    for file, digest in files.items():
        checksums.remember(folder / file, digest)


def _look_up(wanted: Address) -> Repository:
    """All Parquet files of the data set. `HF_ENDPOINT` and `HF_HUB_OFFLINE` count as they are now."""
    if is_offline():
        raise DataError(
            "{name} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it. Unset that; or fetch it where "
            "there is a network, and copy the folder {folder}; or give a file.",
            name=str(wanted),
            folder=_root(),
        )
    with _in_words(wanted):
        hub = api()
        info = hub.dataset_info(
            wanted.hub_id, revision=REVISION, files_metadata=True, timeout=constants.HF_HUB_ETAG_TIMEOUT
        )
        if info.gated:
            hub.auth_check(wanted.hub_id, repo_type="dataset")
        listed = sorted(info.siblings or (), key=lambda sibling: sibling.rfilename)
    files = tuple(as_file(sibling, str(wanted)) for sibling in listed if _SHARD.fullmatch(sibling.rfilename))
    if not files:
        raise _not_converted(wanted)
    return Repository(str(wanted), wanted.hub_id, str(info.sha), files, "dataset")


@contextmanager
def _in_words(wanted: Address) -> Iterator[None]:
    """What the hub answers, as messages."""
    try:
        yield
    except GatedRepoError as error:
        raise DataError(
            "{name} is gated: its owner wants you to agree to something first. Do so on its page on the hub and run: "
            "hf auth login. Or choose other data.",
            name=str(wanted),
        ) from error
    except RevisionNotFoundError as error:
        raise _not_converted(wanted) from error
    except RepositoryNotFoundError as error:
        raise DataError(
            "There is no data set {id} on the hub. Check the spelling; for private data run first: hf auth login",
            id=wanted.hub_id,
        ) from error
    except (httpx2.HTTPError, ValueError, KeyError) as error:  # the last two: a login page of a Wi-Fi, say, answers
        raise DataError(
            "{name} is not on this machine, and the hub cannot be reached ({reason}). Try again later, or name a "
            "mirror with HF_ENDPOINT; or fetch it where there is a network, and copy the folder {folder}; or give a "
            "file.",
            name=str(wanted),
            reason=reason_of(error),
            folder=_root(),
        ) from error


def _not_converted(wanted: Address) -> DataError:
    return DataError(
        "The hub has no Parquet files of {id}, and only those are read. Look on its page for a file to download, and "
        "give that; or choose other data.",
        id=wanted.hub_id,
    )


def _refuse_too_large(needed: Repository) -> None:
    if needed.size > limits().max_file_megabytes * 1_000_000:
        raise DataError(
            "{name} has {given:,.1f} MB: the limit is {most} MB (SIMCSE_MAX_FILE_MEGABYTES). Choose a smaller split, "
            "or give a file with a sample.",
            name=needed.name,
            given=needed.size / 1e6,
            most=limits().max_file_megabytes,
        )


def _part_of(path: str) -> Part:
    config, split, _file = path.split("/")
    return Part(config, split)
