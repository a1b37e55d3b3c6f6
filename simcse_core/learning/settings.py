"""What can be set about a training: one model from which widgets, flags and validation come."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simcse_core.errors import OptionError
from simcse_core.learning.losses import losses
from simcse_core.learning.losses.matryoshka import parse_dims
from simcse_core.learning.pretraining import pretraining
from simcse_core.limits import limits
from simcse_core.registry import Entry, option_error

MOST_EPOCHS = 1_000
BUDGETS = ("steps", "seconds", "sentences")
"""Settings that say how long a training is in the place of its epochs."""


class TrainingSettings(BaseModel):
    """How a model is trained. Each field carries its range and its explanation."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    loss: Annotated[str, Field(description="Training loss.")] = "cross_entropy"
    loss_options: Annotated[dict[str, Any], Field(description="Hyper-parameters of the loss.")] = {}
    epochs: Annotated[int, Field(ge=1, le=MOST_EPOCHS, description="How often each row is seen.")] = 10
    steps: Annotated[
        int | None, Field(ge=1, le=10_000_000, description="Stop after this many steps, whatever the epochs say.")
    ] = None
    sentences: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000_000,
            description="Stop after learning from about so many sentences, whatever the epochs say; every time a "
            "sentence goes through the model counts.",
        ),
    ] = None
    seconds: Annotated[
        float | None,
        Field(
            gt=0,
            le=86_400,
            description="Train for about so many seconds (the speed is measured first); ends earlier after the epochs.",
        ),
    ] = None
    batch_size: Annotated[
        int, Field(ge=4, le=8_192, description="Rows in a step; they are each other's matches and mismatches.")
    ] = 32
    chunk_size: Annotated[
        int | None,
        Field(
            ge=1,
            le=8_192,
            description="Texts that go through the encoder at once, for batches that do not fit in memory (gradient "
            "caching): the same result in twice the time.",
        ),
    ] = None
    learning_rate: Annotated[float, Field(gt=0, le=1e9, description="Step size for the encoder's weights.")] = 5e-5
    head_learning_rate: Annotated[
        float,
        Field(gt=0, le=1e9, description="Step size for what starts from scratch: a head, a loss's own parameters."),
    ] = 1e-3
    warmup: Annotated[float, Field(ge=0, le=0.9, description="Share of the training in which the step size rises.")] = (
        0.1
    )
    weight_decay: Annotated[float, Field(ge=0, le=1, description="Pulls weights towards 0.")] = 0.01
    clip: Annotated[
        float, Field(gt=0, le=1e6, description="Largest gradient norm; longer ones are scaled down to it.")
    ] = 1.0
    dropout: Annotated[
        float | None,
        Field(ge=0, lt=1, description="Share of the activations dropped in a step; the model's own when left out."),
    ] = None
    matryoshka: Annotated[
        str | None,
        Field(
            description="Lengths of embeddings that the loss trains at once, the longest first, such as 384,192,96,48: "
            "for embeddings that are cut to one of them afterwards.",
        ),
    ] = None
    tune: Annotated[str, Field(description="What may change: 'head', 'top:K' (the last K layers) or 'all'.")] = "all"
    eval_steps: Annotated[
        int | None,
        Field(
            ge=1,
            le=1_000_000,
            description="Measure after so many steps; after each epoch, at most 50 times, when left out.",
        ),
    ] = None
    patience: Annotated[
        int, Field(ge=1, le=1_000, description="Stop after so many measurements without a better dev result.")
    ] = 1_000
    keep: Annotated[
        Literal["best", "last"],
        Field(description="Which weights the model ends with: the best by the dev data, or those of the last step."),
    ] = "best"
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Field(description="Number format of the computation; 'auto' is bfloat16 where the hardware computes it fast."),
    ] = "auto"
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="Order of the data, dropout, new weights.")] = 0


def objective(name: str) -> Entry[Callable[..., Any]]:
    """What a training works towards: a loss on sentence embeddings, or one of pre-training.

    Raises:
        OptionError: there is none of this name.
    """
    return pretraining[name] if name in pretraining.names() else losses[name]


def training_settings(values: Mapping[str, object]) -> TrainingSettings:
    """Checked settings.

    Raises:
        OptionError: a setting does not exist, has the wrong type or is out of range; a loss or its option is unknown.
    """
    try:
        settings = TrainingSettings(**values)
    except ValidationError as error:
        raise option_error(error, "training") from None
    if settings.matryoshka is not None:
        parse_dims(settings.matryoshka)
    options = objective(settings.loss).with_options(settings.loss_options)
    loss_options = {name: options[name] for name in settings.loss_options}
    return settings.model_copy(update={"loss_options": loss_options})


def with_budget(values: Mapping[str, object]) -> dict[str, object]:
    """The settings that somebody wrote; where another budget is among them and no epochs are, it alone decides."""
    is_other = any(values.get(name) is not None for name in BUDGETS)
    return {**({"epochs": MOST_EPOCHS} if is_other else {}), **values}


def check_seconds(seconds: float | None) -> None:
    """Refuse a training that is planned to take longer than any may.

    Raises:
        OptionError: it is.
    """
    most = limits().max_run_minutes
    if seconds is not None and seconds > 60 * most:
        raise OptionError(
            "{given:,.0f} seconds are longer than a run may take here: {most:,} minutes (SIMCSE_MAX_RUN_MINUTES).",
            given=seconds,
            most=most,
        )
