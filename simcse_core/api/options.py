"""What can be said about a training in a call, and the run's configuration that it makes."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from pydantic import ValidationError

from simcse_core.api.inputs import Data, recorded, recorded_model
from simcse_core.data.opening import open_data
from simcse_core.encoding.given import Trained
from simcse_core.errors import OptionError
from simcse_core.learning.losses import losses
from simcse_core.learning.settings import training_settings, with_budget
from simcse_core.registry import option_error
from simcse_core.runs.config import NOTHING, RunConfig, check_held_out

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable


class Settings(TypedDict, total=False):
    """How a model is trained; what each setting means, and its range, stand in `learning.settings.TrainingSettings`.

    `epochs`, `steps`, `sentences` and `seconds` are budgets: the one that is used up first ends the training.
    """

    epochs: int
    steps: int
    sentences: int
    seconds: float
    batch_size: int
    chunk_size: int
    learning_rate: float
    head_learning_rate: float
    warmup: float
    weight_decay: float
    clip: float
    dropout: float
    matryoshka: str
    tune: str
    eval_steps: int
    patience: int
    keep: str
    precision: str
    seed: int


class Start(TypedDict, total=False):
    """How the model that a training starts from is used; as for `load`."""

    layer: int
    pooling: str
    head: str
    prompt: str
    dim: int
    device: str


class Options(Settings, Start, total=False):
    """Both."""


SETTINGS = tuple(Settings.__annotations__)


def config_of(
    data: Data,
    loss: str | None,
    *,
    model: "str | Path | Trainable | Trained",
    dev: Data | None,
    dev_share: float | None,
    columns: Mapping[str, str] | None,
    kind: str | None,
    loss_options: Mapping[str, Any] | None,
    options: Options,
) -> RunConfig:
    """A run's configuration; arguments as for `train`.

    Raises:
        DataError: the data cannot be used.
        ModelError: the model cannot be used.
        OptionError: an option does not exist, is out of range, or contradicts another one.
    """
    written = {name: value for name, value in options.items() if value is not None}
    _check_names(written)
    name, mapping = recorded(data, columns)
    values = {key: value for key, value in written.items() if key in SETTINGS}
    values = {**values, "loss": loss or _loss_for(name, mapping, kind), "loss_options": dict(loss_options or {})}
    try:
        config = RunConfig(
            data=name,
            dev=None if dev is None else NOTHING if dev == NOTHING else recorded(dev)[0],
            dev_share=dev_share,
            columns=mapping,
            kind=kind,
            model=recorded_model(model),
            settings=training_settings(with_budget(values)),
            **{key: value for key, value in written.items() if key in Start.__annotations__},
        )
    except ValidationError as error:
        raise option_error(error, "train") from None
    check_held_out(config)
    return config


def _check_names(written: Mapping[str, object]) -> None:
    """Refuse an option that there is not, with those that there are."""
    there = (*SETTINGS, *Start.__annotations__)
    if unknown := next((name for name in written if name not in there), None):
        raise OptionError(
            "A training has no option {given!r}. Choose among: {choices}.", given=unknown, choices=", ".join(there)
        )


def _loss_for(name: str, columns: Mapping[str, str], kind: str | None) -> str:
    """`cross_entropy` where it can learn from the data, else the first loss that can: `simcse` from texts alone."""
    of_data = kind or open_data(name, columns or None).kind
    usual = "cross_entropy"
    if of_data in losses[usual].inputs:
        return usual
    return next((entry.name for entry in losses.entries() if of_data in entry.inputs), usual)
