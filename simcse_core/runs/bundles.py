"""Bundles: a finished run as one file that can be passed on, and taken in elsewhere.

A bundle is a zip with the run's `config.json`, `metrics.jsonl`, `items.json`, `map.json` and `model/`, a `bundle.json`
for programs and a `README.md` for people. The data is not in it. A model that stores only what its training has changed
is carried as it is where everybody can get its base, and else as a whole one.
"""

import math
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from simcse_core import durable
from simcse_core.encoding.bases import read_base
from simcse_core.encoding.catalogue import load
from simcse_core.errors import RunError
from simcse_core.home import RUN_ID, home
from simcse_core.jsonable import jsonable
from simcse_core.learning.records import LONGEST_NAME, About, State
from simcse_core.plain import printable
from simcse_core.runs import archive, bundle_contents, files, metrics, run_map, store
from simcse_core.runs.bundle_contents import FORMAT, Description
from simcse_core.runs.bundle_readme import readme
from simcse_core.runs.reproduce import as_carried_out, command
from simcse_core.runs.run import Run

_OF_A_MODEL = (
    r"(?:config|modules|simcse|sentence_bert_config|config_sentence_transformers|tokenizer|tokenizer_config|"
    r"special_tokens_map|added_tokens|vocab|base)\.json|(?:vocab|merges)\.txt|(?:model|head|changed|simcse_classifier)\.safetensors|"
    r"[0-9]_[A-Za-z]{1,40}/(?:config\.json|model\.safetensors)"
)
ALLOWED = re.compile(rf"(?:bundle|config|items|map)\.json|metrics\.jsonl|README\.md|model/(?:{_OF_A_MODEL})")
"""Every file that a bundle may hold: what `write_bundle` writes, and nothing that is ever run or unpickled."""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Of every file in a bundle, so that the same run gives the same bytes."""


def write_bundle(run: Run, target: Path | BinaryIO, user: str | None = None, *, complete: bool = False) -> None:
    """Write a finished run as a bundle; the same run gives the same bytes.

    Args:
        run: in the state "finished".
        target: a file, which is only replaced when the bundle is complete, or one that is open for writing.
        user: whose name for the run it carries; None is the operator.
        complete: carry the whole model, so that sentence-transformers loads it out of the bundle.

    Raises:
        ModelError: the whole model is carried, and cannot be loaded.
        RunError: the run is not finished or damaged, its model cannot be read, or the file cannot be written, or
            stands in the run's own folder.
    """
    if isinstance(target, Path) and Path(os.path.realpath(target)).is_relative_to(os.path.realpath(run.folder)):
        raise RunError(
            "{file} is in the folder of the run {run}: a bundle there would be taken for a part of it. Write it to "
            "another folder.",
            file=target,
            run=run.id,
        )
    if run.status.state != State.FINISHED:
        raise RunError("Only a finished run can be exported; {run} is {state}.", run=run.id, state=run.status.state)
    with _packed_model(run, complete=complete) as model:
        texts = texts_of_bundle(run, user, model)
        if not isinstance(target, Path):
            _write(run, model, texts, target)
            return
        try:
            with durable.replacing(target) as file:
                _write(run, model, texts, file)
        except OSError as error:
            raise files.explained(error, target) from error


def read_bundle(source: Path | BinaryIO, *, owner: str) -> Run:
    """Take a bundle in as a new finished run.

    Nothing in it is trusted: what may be in it, how large it is and what it says are checked, and the model has to give
    embeddings. Else nothing is left behind.

    Args:
        source: the file, or one that is open for reading.
        owner: whose run it becomes.

    Raises:
        RunError: it is no bundle, or not a safe one; or it cannot be written.
    """
    if isinstance(source, Path) and not source.is_file():
        raise RunError("There is no file {file}.", file=source)
    folder = store.new_folder()
    with _incoming(folder) as incoming:
        with archive.opened(source, ALLOWED) as (packed, entries):
            archive.unpack(packed, entries, incoming)
        about = bundle_contents.description(incoming)
        config = bundle_contents.config(incoming)
        records, end = bundle_contents.records(incoming)
        items, of_data = bundle_contents.items(incoming), run_map.from_bundle(incoming)
        bundle_contents.check_model(incoming / "model")
        here = {"run": folder.name, "model": str(folder.resolve() / "model"), "base_model": config.model}
        run = Run(incoming)
        # What was checked takes the place of what was sent.
        files.replace(incoming / "config.json", config.model_dump(mode="json"))
        files.replace_text(incoming / "metrics.jsonl", metrics.lines([*records, end.model_copy(update=here)]))
        if items is not None:
            run.write_items(items)
        if of_data is not None:
            files.replace(incoming / run_map.NAME, of_data.model_dump())
        name = printable(" ".join(about.name.split()))
        files.replace(
            incoming / "about.json", jsonable(About(owners=(owner,), name=name, created=time.time(), imported=True))
        )
        run.set_status(State.FINISHED)
        durable.sync_tree(incoming)
        durable.move(incoming, folder)  # with its name it becomes a run
    return Run(folder)


def sweep(older_than_seconds: float = 86_400) -> None:
    """Remove what is left of imports and deletions whose process was killed.

    Args:
        older_than_seconds: what changed later may still be at work.
    """
    latest = time.time() - older_than_seconds
    for folder in _folders(home() / "runs"):
        kind, _, run = folder.name.partition("-")
        if kind in ("incoming", "deleted") and RUN_ID.fullmatch(run) and _changed(folder) < latest:
            shutil.rmtree(folder, ignore_errors=True)  # never through a link


def _folders(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # there are none yet
        return []


def _changed(path: Path) -> float:
    """Seconds since the epoch; a folder that was renamed, but not written to, changed as well."""
    try:
        status = path.lstat()
    except OSError:  # somebody else has removed it
        return math.inf
    return max(status.st_mtime, status.st_ctime)


@contextmanager
def _incoming(folder: Path) -> Iterator[Path]:
    """A folder beside the runs that is no run; gone in the end, unless it was renamed."""
    incoming = folder.with_name(f"incoming-{folder.name}")
    try:
        incoming.mkdir(parents=True)
        yield incoming
    except OSError as error:
        raise files.explained(error, folder.parent) from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def needs_base(run: Run) -> str | None:
    """The base that whoever takes in the bundle of a run has to have; None where the bundle carries the whole model.

    Raises:
        ModelError: the model is damaged.
    """
    base = read_base(run.model, run.id)
    return base.base if base is not None and bundle_contents.is_anywhere(base.base) else None


@contextmanager
def _packed_model(run: Run, *, complete: bool) -> Iterator[Path]:
    """The folder of the model that goes into a bundle."""
    if read_base(run.model, run.id) is None or (needs_base(run) is not None and not complete):
        yield run.model
        return
    with TemporaryDirectory() as scratch:
        model = Path(scratch) / "model"
        load(str(run.model), device="cpu").save(model)
        yield model


def texts_of_bundle(run: Run, user: str | None = None, model: Path | None = None) -> dict[str, str]:
    """The small files of a bundle, which mention no path of this machine.

    Args:
        run: that it carries.
        user: as for `write_bundle`.
        model: the folder that becomes `model/`; None is the run's own.
    """
    records, end = run.records(), run.finished()
    if end is None:
        raise RunError("The run {run} cannot be exported: its metrics.jsonl is damaged.", run=run.id)
    config = bundle_contents.without_paths(run.config)
    finished = end.model_copy(update={"model": "model", "base_model": config.model})
    description = Description(
        format=FORMAT,
        name=run.title_for(user)[:LONGEST_NAME],
        run=run.id,
        command=command(as_carried_out(config, records)),
        data_sha256=config.data_sha256,
        dev_sha256=config.dev_sha256,
        model_sha256=config.model_sha256,
        versions=config.versions,
    )
    items, of_data = run.items(), run_map.read(run)
    return {
        "README.md": readme(model or run.model, config, description, finished),
        "bundle.json": files.text_of(description.model_dump()),
        "config.json": files.text_of(config.model_dump(mode="json")),
        "metrics.jsonl": metrics.lines([*records[:-1], finished]),
        **({} if items is None else {"items.json": files.text_of(jsonable(items))}),
        **({} if of_data is None else {run_map.NAME: files.text_of(of_data.model_dump())}),
    }


def _model_files(run: Run, model: Path) -> dict[str, Path]:
    """The files of a model by their names in a bundle.

    Raises:
        RunError: there are none, or one of them or a folder cannot be read.
    """
    if not os.path.lexists(model):
        raise RunError("The run {run} cannot be exported: its model is gone.", run=run.id)
    paths = [model, *model.rglob("*")]  # passes over what is in a folder that cannot be read
    for path in paths:
        if not os.access(path, os.R_OK | (os.X_OK if os.path.isdir(path) else 0)):
            raise RunError("The run {run} cannot be exported: {file} cannot be read.", run=run.id, file=path)
    named = {f"model/{path.relative_to(model).as_posix()}": path for path in paths if path.is_file()}
    if not named:
        raise RunError("The run {run} cannot be exported: its model is gone.", run=run.id)
    return named


def _write(run: Run, folder: Path, texts: dict[str, str], file: BinaryIO) -> None:
    model = _model_files(run, folder)
    with ZipFile(file, "w") as zipped:
        for name, text in texts.items():
            zipped.writestr(_entry(name, ZIP_DEFLATED), text)
        for name, path in sorted(model.items()):
            if not ALLOWED.fullmatch(name):
                raise RunError("The run {run} cannot be exported: {file} is no file of a model.", run=run.id, file=name)
            # Weights hardly get smaller; packing them would only take time.
            entry = _entry(name, ZIP_STORED if path.suffix == ".safetensors" else ZIP_DEFLATED)
            entry.file_size = path.stat().st_size
            with path.open("rb") as source, zipped.open(entry, "w") as sink:
                shutil.copyfileobj(source, sink, 2**20)


def _entry(name: str, packed: int) -> ZipInfo:
    entry = ZipInfo(name, _LONG_AGO)
    entry.compress_type = packed
    entry.create_system = 3  # Unix, so that the rights below count, whatever system this is
    entry.external_attr = 0o100644 << 16
    return entry
