"""What a run does, and the data it does it with."""

import hashlib
import json
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

import simcse_core
from simcse_core.data import bundled
from simcse_core.data.conversions import convert
from simcse_core.data.kinds import Dataset, Texts, rows
from simcse_core.data.splits import split
from simcse_core.encoding import checksums
from simcse_core.encoding.catalogue import find
from simcse_core.encoding.scratch import SIZES
from simcse_core.errors import DataError
from simcse_core.learning.checks import trainable
from simcse_core.learning.settings import TrainingSettings


class Stage(BaseModel):
    """One training in the life of a model."""

    model_config = ConfigDict(frozen=True)

    run: str
    """Id of the run."""
    loss: str
    data: str
    started_from: str
    """Name of the model before."""


class RunConfig(BaseModel):
    """What a run does: enough to do it again."""

    model_config = ConfigDict(frozen=True)

    data: str
    """A bundled data set's name, or a file."""
    dev: str | None = None
    """As `data`; None holds out a share of `data`."""
    columns: dict[str, str] = {}
    """The file's own names of columns, by ours."""
    kind: str | None = None
    """Convert the training data to this kind; None leaves it as it is."""
    model: str = "minilm"
    """As for `catalogue.load`; or one of `scratch.SIZES` for a new one."""
    layer: int | None = None
    pooling: str | None = None
    head: str | None = None
    device: str = "auto"
    settings: TrainingSettings = TrainingSettings()
    data_seed: int | None = None
    """For what is held out, and for becoming another kind; None is the training's own. A race has one for all."""
    data_sha256: str = ""
    dev_sha256: str = ""
    model_sha256: str = ""
    """Of the weights it starts from; empty for a new model and for a frozen one."""
    stages: tuple[Stage, ...] = ()
    """The trainings that made the model it starts from, the oldest first."""
    versions: dict[str, str] = {}


def describe(config: RunConfig) -> RunConfig:
    """The configuration with what pins it down: hashes of data and weights, the model's past, and versions.

    Raises:
        DataError: the data cannot be read.
        ModelError: there is no such model on this machine.
    """
    packages = ("torch", "transformers", "accelerate", "numpy")
    weights, stages = _past(config.model)
    return config.model_copy(
        update={
            "data_sha256": data_hash(bundled.open_data(config.data, config.columns or None)),
            "dev_sha256": data_hash(_open_dev(config.dev, config.columns)) if config.dev else "",
            "model_sha256": weights,
            "stages": stages,
            "versions": {"simcse_core": simcse_core.__version__, **{name: version(name) for name in packages}},
        }
    )


def check_data(config: RunConfig) -> None:
    """See that the data is still what it was when the run was described.

    Raises:
        DataError: it has changed, or cannot be read.
    """
    if config.data_sha256 and data_hash(bundled.open_data(config.data, config.columns or None)) != config.data_sha256:
        raise _changed(config.data)
    if config.dev and config.dev_sha256 and data_hash(_open_dev(config.dev, config.columns)) != config.dev_sha256:
        raise _changed(config.dev)


def _changed(file: str) -> DataError:
    return DataError("{file} has changed since the run was queued. Start a new run.", file=file)


def data_hash(data: Dataset) -> str:
    """SHA-256 of the rows, whatever file format they came in."""
    return hashlib.sha256(json.dumps([data.columns, *rows(data)]).encode()).hexdigest()


def open_split(config: RunConfig) -> tuple[Dataset, Dataset | None]:
    """Training and dev data of a run; without dev data of its own a share of the training data is held out.

    Rows are held out before the training data becomes another kind. Of texts nothing can be held out: None.

    Raises:
        DataError: the data cannot be read, cannot become the kind that is asked for, or nothing can be held out.
    """
    data = bundled.open_data(config.data, config.columns or None)
    dev = _open_dev(config.dev, config.columns) if config.dev is not None else None
    seed = config.settings.seed if config.data_seed is None else config.data_seed
    if dev is None and not isinstance(data, Texts):
        if config.kind is None:
            trainable(data, config.settings.loss)  # says what is wrong before the split does
        data, dev = split(data, seed=seed)
    if config.kind is not None:
        data = convert(data, config.kind, seed=seed).data
    return trainable(data, config.settings.loss), dev


def _open_dev(name: str, columns: dict[str, str]) -> Dataset:
    """Held-out data; its columns may have the names of the training data or our own."""
    if columns and name not in bundled.names():
        try:
            return bundled.open_data(name, columns)
        except DataError:
            pass
    return bundled.open_data(name)


def _past(model: str) -> tuple[str, tuple[Stage, ...]]:
    """Hash of a model's weights, and the trainings that made it."""
    if model in SIZES or model == "use-multilingual":
        return "", ()
    folder = find(model)
    weights = folder / "model.safetensors"
    digest = checksums.sha256(weights) if weights.is_file() else ""
    try:
        past: dict[str, Any] = json.loads((folder.parent / "config.json").read_text(encoding="utf-8"))
        made_by = RunConfig.model_validate(past)
    except (OSError, ValueError, ValidationError):
        return digest, ()  # no run made it
    own = Stage(run=folder.parent.name, loss=made_by.settings.loss, data=made_by.data, started_from=made_by.model)
    return digest, (*made_by.stages, own)
