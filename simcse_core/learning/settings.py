"""What can be set about a fine-tune: one model from which widgets, flags and validation come."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simcse_core.registry import option_error


class TrainingSettings(BaseModel):
    """How a model is fine-tuned. Each field carries its range and its explanation."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    loss: Annotated[str, Field(description="What the model is rewarded for.")] = "cross_entropy"
    loss_options: Annotated[dict[str, Any], Field(description="Hyper-parameters of the loss.")] = {}
    epochs: Annotated[int, Field(ge=1, le=1_000, description="How often each text is seen.")] = 10
    seconds: Annotated[
        float | None, Field(gt=0, le=86_400, description="Stop after this many seconds, whatever the epochs say.")
    ] = None
    batch_size: Annotated[
        int, Field(ge=4, le=1_024, description="Texts in a step; they are each other's matches and mismatches.")
    ] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1e9, description="Step size for the encoder's weights.")] = 5e-5
    head_learning_rate: Annotated[
        float,
        Field(gt=0, le=1e9, description="Step size for what starts from scratch: a head, a loss's own parameters."),
    ] = 1e-3
    warmup: Annotated[float, Field(ge=0, le=0.9, description="Share of the training in which the step size rises.")] = (
        0.1
    )
    weight_decay: Annotated[float, Field(ge=0, le=1, description="Pulls weights towards 0.")] = 0.01
    clip: Annotated[float, Field(gt=0, le=1e6, description="Longest gradient that is taken as it is.")] = 1.0
    tune: Annotated[str, Field(description="What may change: 'head', 'top:K' (the last K layers) or 'all'.")] = "all"
    patience: Annotated[
        int, Field(ge=1, le=1_000, description="Stop after this many epochs without a better dev result.")
    ] = 1_000
    seed: Annotated[int, Field(ge=0, le=2**31 - 1, description="Order of the data, dropout, new weights.")] = 0


def training_settings(given: Mapping[str, object]) -> TrainingSettings:
    """Checked settings.

    Raises:
        OptionError: a setting does not exist, has the wrong type or is out of range; a loss or its option is unknown.
    """
    from simcse_core.learning.losses import losses

    try:
        settings = TrainingSettings(**given)
    except ValidationError as error:
        raise option_error(error, "training") from None
    options = losses[settings.loss].with_options(settings.loss_options)
    chosen = {name: options[name] for name in settings.loss_options}
    return settings.model_copy(update={"loss_options": chosen})
