"""Data sets of the Hugging Face hub by id: `hub:owner/name`, or more exactly `hub:owner/name/config:split`.

The hub keeps most data sets as Parquet files too, under a revision of their own, in a folder for each configuration and
split. A split is fetched once, into `data/hub` in `home()`, and read from there without a network.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from huggingface_hub.errors import RevisionNotFoundError

from simcse_core import durable
from simcse_core.data.kinds import Dataset
from simcse_core.data.readers import data_from_table
from simcse_core.data.tables import Row, Table, parquet_table
from simcse_core.errors import DataError
from simcse_core.home import home
from simcse_core.hub import client, files, record
from simcse_core.hub.client import Query, Repository
from simcse_core.hub.files import Place, Progress
from simcse_core.hub.names import DATA_PREFIX, as_folder, is_hub_id
from simcse_core.limits import limits

REVISION = "refs/convert/parquet"
"""Where the hub keeps the Parquet files of a data set."""

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
        return f"{DATA_PREFIX}{self.hub_id}{config}{f':{self.split}' if self.split else ''}"

    @property
    def folder(self) -> Path:
        """Where its parts are, or would be."""
        return _root() / as_folder(self.hub_id)

    def choose(self, parts: Sequence[Part]) -> Part | None:
        """The part that is meant, if it is among these."""
        configs = [part.config for part in parts]
        config = self.config or ("default" if "default" in configs else next(iter(configs), None))
        splits = [part for part in parts if part.config == config]
        only = splits[0] if len(splits) == 1 and self.split is None else None
        return next((part for part in splits if part.split == (self.split or "train")), only)


def parse(name: str) -> Address:
    """Parse a name.

    Args:
        name: `hub:owner/name`, and where needed `/config`, `:split` or both behind it.

    Raises:
        DataError: it is written in another way.
    """
    parts = re.fullmatch(rf"{DATA_PREFIX}([^/:]+/[^/:]+)(?:/({_WORD}))?(?::({_WORD}))?", name)
    if parts is None or not is_hub_id(parts[1]):
        raise DataError(
            "{given!r} names no data set of the hub. Write hub:owner/name, or hub:owner/name/config:split.",
            given=name[:200],
        )
    return Address(parts[1], parts[2], parts[3])


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
    address = parse(name)
    part = address.choose(_listed_parts(address))
    if part is None or not record.is_intact(_folder_of(address, part)):
        part = _fetch(address, on_progress)
    folder, title = _folder_of(address, part), f"{address.hub_id}/{part}"
    fetched = record.read(folder)
    assert fetched is not None  # it is intact
    shards = [parquet_table(folder / file, title) for file in sorted(fetched.files)]
    table = Table(shards[0].columns, _rows(shards), classes=shards[0].classes)
    return data_from_table(table, title, columns)


def _rows(shards: Sequence[Table]) -> Iterator[Row]:
    """The rows of all shards, counted through."""
    for number, (_row, cells) in enumerate(chain.from_iterable(shard.rows for shard in shards), 1):
        yield number, cells


# ---- On this machine


def _root() -> Path:
    return home() / "data" / "hub"


def _folder_of(address: Address, part: Part) -> Path:
    return address.folder / part.config / part.split


def _listed_parts(address: Address) -> list[Part]:
    """What the hub had when it was last asked; nothing if it never was."""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        listed = json.loads((address.folder / "parts.json").read_text(encoding="utf-8"))
        return [Part(config, split) for config, splits in listed.items() for split in splits]
    return []


def _write_parts(address: Address, parts: Sequence[Part]) -> None:
    splits: dict[str, list[str]] = {}
    for part in parts:
        splits.setdefault(part.config, []).append(part.split)
    with files.writing(_root()):
        address.folder.mkdir(parents=True, exist_ok=True)
        durable.write(address.folder / "parts.json", (json.dumps(splits, indent=2) + "\n").encode())


# ---- On the hub


def _fetch(address: Address, on_progress: Progress | None) -> Part:
    """Fetch the split that is asked for."""
    repository = _look_up(address)
    parts = list(dict.fromkeys(_part_of(file.path) for file in repository.files))
    part = address.choose(parts)
    if part is None:
        raise DataError(
            "{name} is none of the splits of {id}: it has {choices}. Write for example hub:{id}/{example}.",
            name=str(address),
            id=address.hub_id,
            choices=", ".join(str(part) for part in parts[:30]) + (" …" if len(parts) > 30 else ""),
            example=str(parts[0]),
        )
    shards = tuple(file for file in repository.files if _part_of(file.path) == part)
    needed = replace(repository, name=f"{address.hub_id}/{part}", files=shards)
    _refuse_too_large(needed)
    _write_parts(address, parts)
    files.fetch(needed, Place(_root(), _folder_of(address, part), f"{part.config}/{part.split}"), on_progress)
    return part


def _look_up(address: Address) -> Repository:
    """All Parquet files of the data set."""
    query = Query(
        name=str(address),
        hub_id=address.hub_id,
        kind="dataset",
        folder=_root(),
        command=f"python -m simcse_core evaluate --data {address}",
        branch=REVISION,
    )
    try:
        repository = client.look_up(query)
    except RevisionNotFoundError as error:
        raise _not_converted(address) from error
    shards = tuple(file for file in repository.files if _SHARD.fullmatch(file.path))
    if not shards:
        raise _not_converted(address)
    return replace(repository, files=shards)


def _not_converted(address: Address) -> DataError:
    return DataError(
        "The hub has no Parquet files of {id}, and only those are read. Look on its page for a file to download, and "
        "give that; or choose other data.",
        id=address.hub_id,
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
