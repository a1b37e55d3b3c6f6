"""What a run does, and the data it does it with."""

import hashlib
import json
from importlib.metadata import version

from pydantic import BaseModel, ConfigDict

import simcse_core
from simcse_core.data import bundled
from simcse_core.data.kinds import Dataset, rows
from simcse_core.data.splits import split_labelled
from simcse_core.learning.checks import trainable
from simcse_core.learning.settings import TrainingSettings


class RunConfig(BaseModel):
    """What a run does: enough to do it again."""

    model_config = ConfigDict(frozen=True)

    data: str
    """A bundled data set's name, or a file."""
    dev: str | None = None
    """As `data`; None holds out a share of `data`."""
    model: str = "minilm"
    layer: int | None = None
    pooling: str | None = None
    head: str | None = None
    device: str = "auto"
    settings: TrainingSettings = TrainingSettings()
    data_sha256: str = ""
    versions: dict[str, str] = {}


def describe(config: RunConfig) -> RunConfig:
    """The configuration with what pins it down: the data's hash and the versions of what computes."""
    packages = ("torch", "transformers", "numpy")
    versions = {"simcse_core": simcse_core.__version__, **{name: version(name) for name in packages}}
    return config.model_copy(update={"data_sha256": data_hash(bundled.open_data(config.data)), "versions": versions})


def data_hash(data: Dataset) -> str:
    """SHA-256 of the rows, whatever file format they came in."""
    return hashlib.sha256(json.dumps([data.columns, *rows(data)]).encode()).hexdigest()


def open_split(config: RunConfig) -> tuple[Dataset, Dataset]:
    """Training and dev data of a run; without dev data of its own a share of the training data is held out.

    Raises:
        DataError: the data cannot be read, or nothing can be held out.
    """
    data = bundled.open_data(config.data)
    if config.dev is not None:
        return data, bundled.open_data(config.dev)
    return split_labelled(trainable(data), seed=config.settings.seed)
