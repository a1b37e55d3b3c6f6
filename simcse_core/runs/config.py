"""The configuration of a run, and opening its data."""

import hashlib
import json
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

import simcse_core
from simcse_core.data.conversions import convert
from simcse_core.data.decoding import EncodingError
from simcse_core.data.held_out import Sides
from simcse_core.data.kinds import Dataset, rows
from simcse_core.data.opening import open_data, source_of
from simcse_core.data.splits import fold, split
from simcse_core.encoding.cards import CATALOGUE
from simcse_core.encoding.catalogue import find
from simcse_core.encoding.layout import model_files, weight_files
from simcse_core.encoding.scratch import SIZES
from simcse_core.errors import DataError, ModelError, OptionError
from simcse_core.hub import checksums
from simcse_core.learning.checks import trainable
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs import files

NOTHING = "none"
"""As `dev`: nothing is held out. A file of that name is given as ./none."""
MOST_FOLDS = 100
LONGEST_TEXT = 4_096
"""Characters of a path, the longest thing that a configuration names."""
_LOADED = "loaded:"


class Stage(BaseModel):
    """One of the trainings that made a model."""

    model_config = ConfigDict(frozen=True, str_max_length=LONGEST_TEXT)

    run: str
    """Id of the run."""
    loss: str
    data: str
    started_from: str
    """Name of the model before."""


class RunConfig(BaseModel):
    """The configuration of a run: enough to repeat it."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    data: str
    """A bundled data set's name, or a file."""
    dev: str | None = None
    """As `data`; "none" holds out nothing, so that nothing is measured; None holds out a share of `data`, or a fold."""
    dev_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Of `data` to hold out; None is what is usual for its kind (`splits.split`)."""
    folds: Annotated[int, Field(ge=2, le=MOST_FOLDS)] | None = None
    """Hold out one of so many parts of `data` in the place of a share ..."""
    fold: Annotated[int, Field(ge=1, le=MOST_FOLDS)] | None = None
    """... and which one, counted from 1."""
    columns: dict[str, str] = {}
    """The file's own names of columns, by ours."""
    encoding: str = ""
    """Of the files, where they do not say it themselves."""
    sheet: str = ""
    """Of workbooks: its name, or its number from 1; empty for the first."""
    kind: str | None = None
    """Convert the training data to this kind; None leaves it as it is."""
    model: str = "minilm"
    """As for `catalogue.load`; or one of `scratch.SIZES` for a new one."""
    layer: int | None = None
    pooling: str | None = None
    head: str | None = None
    prompt: str | None = None
    """As for `prompting.prompted`."""
    dim: int | None = None
    device: str = "auto"
    settings: TrainingSettings = TrainingSettings()
    data_seed: int | None = None
    """For what is held out, and for becoming another kind; None is the training's own. A race has one for all."""
    data_sha256: str = ""
    dev_sha256: str = ""
    model_sha256: str = ""
    """Of the weights it starts from; empty for a new model and for a frozen one."""
    model_files_sha256: str = ""
    """`loaded:` and the SHA-256 of all files that it is loaded from together: pooling, Dense layers and tokenizer among
    them; empty likewise. Without `loaded:` it is an earlier version's, of whatever lay beside the model too."""
    stages: tuple[Stage, ...] = ()
    """The trainings that made the model it starts from, the oldest first."""
    versions: dict[str, str] = {}

    @property
    def other_dev(self) -> str | None:
        """Data of its own that is measured on; None where rows of `data` are held out, or nothing is."""
        return None if self.dev == NOTHING else self.dev

    @property
    def root(self) -> str:
        """Name of the model that the first of all trainings started from."""
        return self.stages[0].started_from if self.stages else self.model


def check_held_out(config: RunConfig) -> None:
    """See that the settings of what is held out do not contradict each other.

    Raises:
        OptionError: they do.
    """
    flags = {"--dev": config.dev, "--dev-share": config.dev_share, "--folds": config.folds}
    said = [f"{flag} {value}" for flag, value in flags.items() if value is not None]
    if len(said) > 1:
        raise OptionError(
            "{first} and {second} both say what is held out. Leave one of them out.", first=said[0], second=said[1]
        )
    if config.fold is not None and config.folds is None:
        raise OptionError("--fold {fold} needs --folds: in how many parts the data is held out.", fold=config.fold)
    if config.fold is not None and config.folds is not None and config.fold > config.folds:
        raise OptionError(
            "There is no fold {given} of {folds}: they are counted from 1.", given=config.fold, folds=config.folds
        )


def describe(config: RunConfig) -> RunConfig:
    """The configuration with hashes of data and weights, the trainings that made the model, and versions.

    Raises:
        DataError: the data cannot be read.
        ModelError: there is no such model on this machine.
        OptionError: what is to be held out is contradictory.
    """
    check_held_out(config)
    packages = ("torch", "transformers", "accelerate", "numpy")
    weights, files, stages = _past(config.model)
    return config.model_copy(
        update={
            "data_sha256": data_hash(_open_data(config)),
            "dev_sha256": data_hash(_open_dev(config, config.other_dev)) if config.other_dev else "",
            "model_sha256": weights,
            "model_files_sha256": files,
            "stages": stages,
            "versions": {"simcse_core": simcse_core.__version__, **{name: version(name) for name in packages}},
        }
    )


def check_data(config: RunConfig) -> None:
    """See that the data is still what it was when the run was described.

    Raises:
        DataError: it has changed, or cannot be read.
    """
    if config.data_sha256 and data_hash(_open_data(config)) != config.data_sha256:
        raise _changed(config.data)
    other = config.other_dev
    if other and config.dev_sha256 and data_hash(_open_dev(config, other)) != config.dev_sha256:
        raise _changed(other)


def check_model(config: RunConfig) -> None:
    """See that the model it starts from is still what it was when the run was described.

    Raises:
        ModelError: it has changed, or is gone.
    """
    if not config.model_files_sha256:
        return
    weights, files_now, _stages = _past(config.model)
    is_same = (
        files_now == config.model_files_sha256
        if config.model_files_sha256.startswith(_LOADED)
        else weights == config.model_sha256
    )
    if not is_same:
        raise ModelError("{name} has changed since the run was queued. Start a new run.", name=config.model)


def _changed(file: str) -> DataError:
    return DataError("{file} has changed since the run was queued. Start a new run.", file=file)


def data_hash(data: Dataset) -> str:
    """SHA-256 of the rows, whatever file format they came in."""
    return hashlib.sha256(json.dumps([data.columns, *rows(data)]).encode()).hexdigest()


def open_split(config: RunConfig) -> tuple[Dataset, Dataset | None]:
    """Training and dev data of a run; as `open_sides`."""
    sides = open_sides(config)
    return sides.train, sides.dev


def open_sides(config: RunConfig) -> Sides:
    """What a run learns from and what it is measured on.

    Rows are held out before the training data becomes another kind. Of texts nothing can be held out.

    Raises:
        DataError: the data cannot be read, cannot become the kind that is asked for, or nothing can be held out.
        OptionError: what is to be held out is contradictory.
    """
    check_held_out(config)
    data = _open_data(config)
    seed = config.settings.seed if config.data_seed is None else config.data_seed
    if config.kind is None:
        trainable(data, config.settings.loss)  # says what is wrong before the split does
    learned_from, dev = _held_out(config, data, seed)
    converted = None if config.kind is None else convert(learned_from, config.kind, seed=seed)
    sides = Sides(data, learned_from, dev, converted)
    trainable(sides.train, config.settings.loss)
    return sides


def _held_out(config: RunConfig, data: Dataset, seed: int) -> tuple[Dataset, Dataset | None]:
    """Rows to learn from, and data to measure on."""
    if config.other_dev is not None:
        return data, _open_dev(config, config.other_dev)
    if config.folds is not None:
        if config.fold is None:
            raise OptionError("Which of the {folds} folds is held out is not given.", folds=config.folds)
        return fold(data, config.folds, config.fold, seed=seed)
    if config.dev == NOTHING or (not data.metrics and config.dev_share is None):
        return data, None
    return split(data, dev_share=config.dev_share, seed=seed)


def _open_data(config: RunConfig) -> Dataset:
    return open_data(config.data, config.columns or None, encoding=config.encoding, sheet=config.sheet)


def _open_dev(config: RunConfig, name: str) -> Dataset:
    """Held-out data; its columns may have the names of the training data or our own.

    The encoding that is said for the training data counts only where this file is in doubt too: as a code page of
    single bytes, any UTF-8 can be read, wrongly.
    """

    sheet = config.sheet if name.lower().endswith(".xlsx") else ""

    def opened(encoding: str) -> Dataset:
        if config.columns and source_of(name) != "bundled":
            with suppress(DataError):
                return open_data(name, config.columns, encoding=encoding, sheet=sheet)
        return open_data(name, encoding=encoding, sheet=sheet)

    try:
        return opened("")
    except EncodingError:
        if not config.encoding:
            raise
        return opened(config.encoding)


def _past(model: str) -> tuple[str, str, tuple[Stage, ...]]:
    """Hashes of a model's weights and of all its files, and the trainings that made it."""
    if model in SIZES or (model in CATALOGUE and CATALOGUE[model].is_frozen):
        return "", "", ()
    folder = find(model)
    weights = weight_files(folder)
    digest = checksums.sha256(weights[0]) if len(weights) == 1 else ""
    try:
        made_by = RunConfig.model_validate_json(files.read_bytes(folder.parent / "config.json"))
    except (OSError, ValueError):
        return digest, _files_sha256(folder), ()  # no run made it
    last_stage = Stage(
        run=folder.parent.name, loss=made_by.settings.loss, data=made_by.data, started_from=made_by.model
    )
    return digest, _files_sha256(folder), (*made_by.stages, last_stage)


def _files_sha256(folder: Path) -> str:
    """Of the names and contents of all files from which a model is loaded."""
    parts = [
        f"{path.relative_to(folder).as_posix()} {checksums.sha256(path)}"
        for path in model_files(folder, folder.name)
        if path.is_file()
    ]
    return _LOADED + hashlib.sha256("\n".join(parts).encode()).hexdigest()
