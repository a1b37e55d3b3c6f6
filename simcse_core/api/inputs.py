"""Data and models as people give them: by name or path, or as what their program holds already."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from simcse_core import durable
from simcse_core.api.progress import download_bar
from simcse_core.data.in_memory import NAME, data_from_memory, is_named, records_of
from simcse_core.data.kinds import Dataset
from simcse_core.data.opening import open_data
from simcse_core.encoding.given import Trained, named_or_loaded, no_model
from simcse_core.errors import UserError
from simcse_core.home import home
from simcse_core.runs import files, store

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable


class Frame(Protocol):
    """A table as pandas has it."""

    @property
    def columns(self) -> Any:
        """Their names."""
        ...

    def itertuples(self, index: bool = ..., name: Any = ...) -> Any:
        """Its rows."""
        ...


Data = str | Path | Dataset | Frame | Mapping[str, Sequence[Any]] | Sequence[str] | Sequence[Mapping[str, Any]]
"""A file or the name of bundled data (or `hub:owner/name`), a DataFrame, columns, records, texts, or a data set."""


def opened(data: Data, columns: Mapping[str, str] | None = None) -> Dataset:
    """A data set, whatever it is given as.

    Raises:
        DataError: it cannot be used.
        OptionError: no kind of data has a column that is to be mapped.
    """
    if not is_named(data):
        return data_from_memory(data, columns)
    with download_bar(str(data)) as on_fetch:
        return open_data(str(data), columns or None, on_fetch)


def recorded(data: Data, columns: Mapping[str, str] | None = None) -> tuple[str, dict[str, str]]:
    """The name by which a run finds the data again, and the mapping of columns that is left to do.

    What a program holds is kept under `SIMCSE_HOME` as an upload is, for as long as a run needs it.
    """
    if is_named(data):
        return str(data), dict(columns or {})
    of_program = data_from_memory(data, columns)
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records_of(of_program))
    return str(store.keep_data(lines.encode(), f"{NAME}.jsonl")), {}


@contextlib.contextmanager
def called(name: str) -> Iterator[None]:
    """Errors call the data of a program `NAME`, not by the file in which it is kept.

    Args:
        name: as `recorded` gives it.
    """
    try:
        yield
    except UserError as error:
        if Path(name).parent != home() / "data" or error.values.get("file") != Path(name).name:
            raise
        raise type(error)(error.template, **{**error.values, "file": NAME}) from None


def loaded(model: "str | Path | Trainable | Trained", *, device: str = "auto") -> "Trainable":
    """A model, whatever it is given as.

    Raises:
        ModelError: there is no such model, or it is something else.
    """
    from simcse_core.encoding.catalogue import load

    if isinstance(model, str | Path):
        with download_bar(str(model)) as on_fetch:
            return load(model, device=device, on_fetch=on_fetch)
    return cast("Trainable", named_or_loaded(model))


def recorded_model(model: "str | Path | Trainable | Trained") -> str:
    """The name by which a run finds a model again; one that a program has loaded is saved under `SIMCSE_HOME`.

    Raises:
        ModelError: it is no model, or cannot be saved.
    """
    if isinstance(model, str | Path):
        return str(model)
    if hasattr(model, "id"):
        return str(model.id)
    if hasattr(model, "save"):
        return str(_saved(cast("Trainable", model)))
    raise no_model(model)


def name_of(model: "str | Path | Trainable | Trained") -> str:
    """How results call it."""
    return (
        str(model)
        if isinstance(model, str | Path)
        else str(getattr(model, "id", None) or getattr(model, "name", model))
    )


def _saved(model: "Trainable") -> Path:
    """The folder of a model that a program holds; the same weights and settings are saved once, for as long as a run
    needs them (`store.sweep_models`)."""
    place = store.models_given()
    try:
        place.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=place))
        try:
            model.save(folder)
            named = place / _digest(folder)
            if named.is_dir():
                os.utime(named)  # it is wanted again: `sweep_models` leaves it
            else:
                durable.sync_tree(folder)
                durable.move(folder, named)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise files.explained(error, place) from error
    return named


def _digest(folder: Path) -> str:
    """Of the names and contents of all files in a folder."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    return digest.hexdigest()[:32]
