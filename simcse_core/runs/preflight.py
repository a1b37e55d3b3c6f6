"""What may be wrong with a training's data, model or names, found before anything starts or waits in the queue."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from simcse_core.data.held_out import Sides
from simcse_core.data.kinds import texts_of
from simcse_core.data.opening import open_data, source_of
from simcse_core.encoding import catalogue
from simcse_core.encoding.layers import layers_to_tune
from simcse_core.encoding.protocol import Trainable
from simcse_core.encoding.scratch import SIZES, check_enough, new_model
from simcse_core.encoding.texts import TextCheck
from simcse_core.errors import OptionError
from simcse_core.home import is_recordable
from simcse_core.learning.prompting import prompted
from simcse_core.learning.training import check
from simcse_core.runs import queue
from simcse_core.runs.config import RunConfig, describe, open_sides
from simcse_core.runs.folds import check_final, check_folds

SOME_TEXTS = 500
"""Of a new model's vocabulary, to see whether it can be trained as it is asked for."""

Fetching = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Shows a download of this name; gives what to call with (bytes done, bytes in all)."""


@dataclass(frozen=True)
class Ready:
    """A training that can start."""

    config: RunConfig
    """Described, with whole paths."""
    sides: Sides
    """What it learns from and is measured on."""
    read: TextCheck | None
    """Which texts the model cannot do justice to; None where it takes its vocabulary from them."""


def preflight(config: RunConfig, fetching: Fetching, *, is_queued: bool = True, final: bool = False) -> Ready:
    """Open data and model, and see that the training can start.

    Args:
        config: of the training; with folds and no fold, of all of them.
        fetching: how downloads are shown.
        is_queued: whether it goes into the queue; a worker then gets ready meanwhile.
        final: whether a training on all rows follows.

    Raises:
        UserError: what is wrong.
    """
    check_names(absolute(config))
    with fetching(config.data) as on_fetch:
        data = open_data(config.data, config.columns or None, on_fetch, encoding=config.encoding, sheet=config.sheet)
    model = None if config.model in SIZES else _loaded(config, fetching)
    if is_queued:
        queue.ensure_supervisor(soon=True)
    described = describe(absolute(config))  # whoever carries it out may stand in another folder
    is_one = config.folds is None or config.fold is not None
    sides = open_sides(described if is_one else described.model_copy(update={"fold": 1}))
    read_by, train, dev = prompted(model or _new(config, sides), config.prompt, sides.train, sides.dev)
    read = None if model is None else read_by.check(texts_of(data))
    check(read_by, train, dev, config.settings)
    if not is_one:
        check_folds(described, data)
    if final:
        check_final(sides)
    return Ready(described, sides, read)


def check_names(config: RunConfig, folder: Path | None = None) -> None:
    """Refuse names that the files of a run cannot record, or that a worker cannot be told.

    Args:
        config: with whole paths (`absolute`).
        folder: of the run, where somebody names it.

    Raises:
        OptionError: there is one.
    """
    for name in (config.data, config.other_dev or "", config.model, "" if folder is None else str(folder.resolve())):
        if not is_recordable(name):
            raise OptionError(
                "{name} is not UTF-8, or holds a line break: a run cannot record it. Give it another name.", name=name
            )


def absolute(config: RunConfig) -> RunConfig:
    """The same, with whole paths where it names files or folders of this machine."""

    def data(name: str) -> str:
        return str(Path(name).resolve()) if source_of(name) == "file" and Path(name).is_file() else name

    is_folder = config.model not in SIZES and catalogue.find(config.model) == Path(config.model)
    return config.model_copy(
        update={
            "data": data(config.data),
            "dev": config.dev if config.other_dev is None else data(config.other_dev),
            "model": str(Path(config.model).resolve()) if is_folder else config.model,
        }
    )


def _loaded(config: RunConfig, fetching: Fetching) -> Trainable:
    """The model it starts from, which can train what it is to train."""
    with fetching(config.model) as on_fetch:
        model = catalogue.load(
            config.model,
            pooling=config.pooling,
            layer=config.layer,
            head=config.head,
            dim=config.dim,
            device=config.device,
            seed=config.settings.seed,
            on_fetch=on_fetch,
        )
    model.tune(config.settings.tune)
    return model


def _new(config: RunConfig, sides: Sides) -> Trainable:
    """A new model with a part of its vocabulary."""
    layers_to_tune(config.settings.tune, SIZES[config.model].layers)
    check_enough(texts_of(sides.train))
    some = texts_of(sides.train)[:SOME_TEXTS]
    return new_model(config.model, some, device=config.device).configured(
        pooling=config.pooling, layer=config.layer, head=config.head, dim=config.dim
    )
