"""An index in a folder: embeddings and rows in shards that stay on the disk, BM25 beside them, and a manifest.

    index.json               what the index is; with it the folder is one
    building.json            the same for what is being built or added, shard by shard
    embeddings-00000.npy     (n, D) float32, unit rows
    rows-00000.arrow         n texts with their other columns
    bm25-00001               of all shards, here of one

A manifest is replaced when the files that it names are complete and synced. So a kill leaves the index that was there
before, or none, and the next attempt goes on behind the last shard.
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

import simcse_core
from simcse_core import durable
from simcse_core.data.files import TEXT
from simcse_core.encoding.streaming import CHARACTERS_AT_ONCE
from simcse_core.encoding.texts import Embeddings, Progress, TextCheck
from simcse_core.errors import DataError, OptionError
from simcse_core.limits import limits
from simcse_core.uses.search.contents import Contents, table_of
from simcse_core.uses.search.corpus import Corpus, Row, too_many
from simcse_core.uses.search.encoders import EncoderSettings, Sides
from simcse_core.uses.search.identity import Identity
from simcse_core.uses.search.lexical import Lexical
from simcse_core.uses.search.nearest import in_blocks

if TYPE_CHECKING:
    from pyarrow import Table

MANIFEST, BUILDING, LOCK = "index.json", "building.json", ".lock"
SHARD = 20_000
"""Texts. A kill costs the encoding of so many at most; a folder of millions of texts opens some hundred files."""


class Shard(BaseModel):
    """Some of the texts, in their order."""

    model_config = ConfigDict(frozen=True)

    texts: int
    sha256: str
    """Of the rows, to recognise the corpus when building goes on."""


class Manifest(BaseModel):
    """What is in an index."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    corpus: str
    columns: tuple[str, ...]
    settings: EncoderSettings
    """What loads the encoder ..."""
    identity: Identity
    """... and what it has to be."""
    shards: tuple[Shard, ...] = ()
    base: int = 0
    """While texts are added: so many shards were there before."""
    version: str = simcse_core.__version__
    """Of this library."""

    @property
    def texts(self) -> int:
        """How many there are."""
        return sum(shard.texts for shard in self.shards)


def read_manifest(folder: Path) -> Manifest:
    """What is in the index in a folder.

    Raises:
        DataError: there is none; it is not complete yet, damaged, or of a later version.
    """
    manifest = _read(folder / MANIFEST)
    if manifest is not None:
        return manifest
    if _read(folder / BUILDING) is not None:
        raise DataError(
            "The index in {folder} is not complete: building it was interrupted. Run the command that started it "
            "again: it goes on from there.",
            folder=folder,
        )
    raise DataError("{folder} is no index: it has no {file}. Build one there first.", folder=folder, file=MANIFEST)


def open_folder(folder: Path) -> tuple[Manifest, Contents]:
    """The index in a folder; what of it is read comes into memory. Errors as for `read_manifest`."""
    import pyarrow

    manifest = read_manifest(folder)
    try:
        parts = [_open_shard(folder, number, shard, manifest) for number, shard in enumerate(manifest.shards)]
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        raise _damaged(folder, error) from error
    rows = pyarrow.concat_tables([rows for rows, _embeddings in parts])
    blocks = tuple(block for _rows, embeddings in parts for block in in_blocks(embeddings))
    return manifest, Contents(rows, blocks, lambda: _open_lexical(folder, manifest))


def build_folder(
    folder: Path,
    corpus: Corpus,
    sides: Sides,
    *,
    append: bool = False,
    precision: str = "float32",
    on_progress: Progress | None = None,
    on_check: Callable[[TextCheck], None] | None = None,
) -> Manifest:
    """Encode a corpus into a folder, or go on with it where a kill has broken it off.

    Args:
        folder: a new or empty one; with `append`, one that holds an index.
        corpus: what is searched.
        sides: the encoder.
        append: whether the texts are added to the index in the folder.
        precision: as for `SimCSE.encode`.
        on_progress: receives (texts done, texts in all) of this corpus.
        on_check: receives which texts were cut or are unreadable, shard by shard, as positions in the corpus.

    Raises:
        DataError: the corpus cannot be read, or is another one than before the kill.
        ModelError: the encoder is another one than that of the index.
        OptionError: the folder holds something else, or another process builds there.
    """
    check_folder(folder, append=append)
    with _locked(folder):
        before = check_folder(folder, append=append)  # nobody else changes it from here on
        identity = Identity.of(sides)
        start = before or Manifest(
            corpus=corpus.name, columns=corpus.columns, settings=sides.settings, identity=identity
        )
        start.identity.check(identity, _named(folder))
        building = _begun(folder, start)
        corpus = corpus.with_columns(building.columns)
        total = corpus.count_rows()
        if start.texts + total > limits().max_index_texts:
            raise too_many(corpus.name, limits().max_index_texts)
        encoder = _ShardEncoder(folder, sides, precision, total, on_progress, on_check)
        done = 0
        for number, part in enumerate(_parts(corpus), building.base):
            shard = Shard(texts=len(part), sha256=_sha256(part))
            if number >= len(building.shards):
                encoder.write(part, building, done)
                building = building.model_copy(update={"shards": (*building.shards, shard)})
                _write(folder / BUILDING, building)
            elif building.shards[number] != shard:
                raise _changed(folder, corpus.name)
            done += len(part)
            encoder.tell(done)
        if building.texts != start.texts + total:
            raise _changed(folder, corpus.name)
        return _finish(folder, building)


@dataclass(frozen=True)
class _ShardEncoder:
    """Encodes parts of a corpus of `total` texts, each into the files of the next shard."""

    folder: Path
    sides: Sides
    precision: str
    total: int
    on_progress: Progress | None
    on_check: Callable[[TextCheck], None] | None

    def write(self, part: Sequence[Row], building: Manifest, done: int) -> None:
        """Encode a part that stands behind `done` texts of the corpus."""
        texts = [text for text, _others in part]

        def progress(encoded: int, distinct: int) -> None:
            self.tell(done + len(texts) * encoded // distinct)

        if self.on_check is not None:
            check = self.sides.document.check(texts)
            self.on_check(TextCheck(*(tuple(done + place for place in places) for places in vars(check).values())))
        embeddings = self.sides.document.encode(texts, precision=self.precision, on_progress=progress)
        _write_shard(self.folder, len(building.shards), embeddings, table_of(part, building.columns))

    def tell(self, done: int) -> None:
        """Say how many texts are done."""
        if self.on_progress is not None:
            self.on_progress(done, self.total)


def check_folder(folder: Path, *, append: bool = False) -> Manifest | None:
    """See that an index may be built in a folder, or added to.

    Returns:
        The index that is added to; None for a new one.

    Raises:
        DataError: there is none to add to.
        OptionError: there is one, or something else, where a new one is to be.
    """
    if append:
        return read_manifest(folder)
    if folder.exists() and not folder.is_dir():
        raise OptionError("{folder} is a file. An index needs a folder.", folder=folder)
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if names and not names & {MANIFEST, BUILDING, LOCK}:
        raise OptionError("{folder} holds other files. Name a new or an empty folder.", folder=folder)
    if (manifest := _read(folder / MANIFEST)) is not None:
        raise OptionError(
            "{folder} holds an index already, of {texts:,} texts. Add to it (--append), or name another folder.",
            folder=folder,
            texts=manifest.texts,
        )
    return None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """A folder in which nobody else builds.

    Raises:
        OptionError: somebody does.
    """
    from filelock import Timeout

    from simcse_core.runs.locks import lock

    try:
        with lock(folder / LOCK, seconds=0):
            yield
    except Timeout as error:
        raise OptionError("Another process is building the index in {folder}. Wait for it.", folder=folder) from error


def _begun(folder: Path, start: Manifest) -> Manifest:
    """What is to become of an index, as far as it is; an attempt that was broken off goes on.

    Raises:
        ModelError: it was begun with another encoder.
        OptionError: it was begun with other columns, or added to another index.
    """
    building = _read(folder / BUILDING)
    if building is None:
        building = start.model_copy(update={"base": len(start.shards)})
        _write(folder / BUILDING, building)
    building.identity.check(start.identity, _named(folder))
    if (building.base, building.columns) != (len(start.shards), start.columns):
        raise _changed(folder, start.corpus)
    return building


def _parts(corpus: Corpus) -> Iterator[list[Row]]:
    part: list[Row] = []
    characters = 0
    for row in corpus:
        part.append(row)
        characters += len(row[0])
        if len(part) == SHARD or characters >= CHARACTERS_AT_ONCE:
            yield part
            part, characters = [], 0
    if part:
        yield part


def _sha256(part: Sequence[Row]) -> str:
    digest = hashlib.sha256()
    for text, others in part:
        digest.update(json.dumps([text, *others]).encode())
    return digest.hexdigest()


def _shard_files(folder: Path, number: int) -> tuple[Path, Path]:
    return folder / f"embeddings-{number:05}.npy", folder / f"rows-{number:05}.arrow"


def _write_shard(folder: Path, number: int, embeddings: Embeddings, rows: "Table") -> None:
    import pyarrow

    of_embeddings, of_rows = _shard_files(folder, number)
    with durable.replacing(of_embeddings) as file:
        np.save(file, np.ascontiguousarray(embeddings, dtype="<f4"), allow_pickle=False)
    with durable.replacing(of_rows) as file, pyarrow.ipc.new_file(file, rows.schema) as writer:
        writer.write_table(rows)


def _open_shard(folder: Path, number: int, shard: Shard, manifest: Manifest) -> "tuple[Table, Embeddings]":
    import pyarrow

    of_embeddings, of_rows = _shard_files(folder, number)
    embeddings = np.asarray(np.load(of_embeddings, mmap_mode="r", allow_pickle=False))
    rows = pyarrow.ipc.open_file(pyarrow.memory_map(str(of_rows))).read_all()
    if embeddings.shape != (shard.texts, manifest.identity.dim) or embeddings.dtype != np.float32:
        raise ValueError(f"{of_embeddings.name} has {embeddings.shape} {embeddings.dtype}")
    if rows.num_rows != shard.texts or tuple(rows.column_names) != (TEXT, *manifest.columns):
        raise ValueError(f"{of_rows.name} has {rows.num_rows} rows of {', '.join(rows.column_names)}")
    return rows, embeddings


def _finish(folder: Path, building: Manifest) -> Manifest:
    """Count the words of all shards, and let the index be seen."""
    lexical = Lexical.of(_stored_texts(folder, building))
    place = _lexical_folder(folder, building)
    temporary = place.with_name(f".{place.name}.new")
    for leftover in (temporary, place):
        shutil.rmtree(leftover, ignore_errors=True)
    lexical.save(temporary)
    durable.sync_tree(temporary)
    durable.move(temporary, place)
    finished = building.model_copy(update={"base": 0})
    _write(folder / MANIFEST, finished)
    (folder / BUILDING).unlink()
    for older in folder.glob("bm25-*"):
        if older != place:
            shutil.rmtree(older, ignore_errors=True)
    return finished


def _stored_texts(folder: Path, manifest: Manifest) -> Iterator[str]:
    for number, shard in enumerate(manifest.shards):
        rows, _embeddings = _open_shard(folder, number, shard, manifest)
        yield from rows[TEXT].to_pylist()


def _lexical_folder(folder: Path, manifest: Manifest) -> Path:
    return folder / f"bm25-{len(manifest.shards):05}"


def _open_lexical(folder: Path, manifest: Manifest) -> Lexical:
    place = _lexical_folder(folder, manifest)
    try:
        return Lexical.open(place)
    except (OSError, ValueError, KeyError) as error:
        raise _damaged(folder, error) from error


def _read(path: Path) -> Manifest | None:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        if json.loads(content)["format"] != 1:
            raise DataError("The index in {folder} is of a later version of this program.", folder=path.parent)
        return Manifest.model_validate_json(content)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path.parent, f"{path.name} cannot be read") from error


def _write(path: Path, manifest: Manifest) -> None:
    durable.write(path, (manifest.model_dump_json(indent=2) + "\n").encode())


def _named(folder: Path) -> str:
    return f"The index in {folder}"


def _damaged(folder: Path, reason: object) -> DataError:
    return DataError(
        "The index in {folder} is damaged: {reason}. Build it again.", folder=folder, reason=str(reason).strip()[:200]
    )


def _changed(folder: Path, corpus: str) -> DataError:
    return DataError(
        "An index was begun in {folder} and not completed, with other texts or columns than those of {corpus}. Go on "
        "with those, or remove {file} there to begin anew.",
        folder=folder,
        corpus=corpus,
        file=BUILDING,
    )
