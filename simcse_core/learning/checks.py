"""What must be true of data before a training starts. It needs no torch, so that a page can say it at once."""

from simcse_core.data.kinds import Dataset, kind_of, text_columns
from simcse_core.errors import DataError
from simcse_core.learning.losses import losses
from simcse_core.learning.pretraining import pretraining
from simcse_core.limits import check_length, limits


def losses_for(data: Dataset) -> list[str]:
    """The names of the losses that can learn from this kind of data; pre-training can learn from all."""
    return [entry.name for entry in losses.entries() if kind_of(data) in entry.inputs] + pretraining.names()


def trainable(data: Dataset, loss: str) -> Dataset:
    """The data, when the loss can learn from it.

    Raises:
        DataError: the loss takes other kinds of data (says which, and which losses take this one), there are too many
            rows, or nothing is there to tell apart.
        InputError: a text is too long.
        OptionError: there is no such loss.
    """
    if loss not in losses_for(data):
        raise DataError(
            "{loss} learns from {accepted}; {file} holds {kind}. From {kind} can learn: {others}.",
            loss=loss,
            accepted=", ".join(losses[loss].kinds),
            file=data.name,
            kind=kind_of(data),
            others=", ".join(losses_for(data)),
        )
    if len(data) > limits().max_training_rows:
        raise DataError(
            "{file} has {given:,} rows: the limit for training is {most:,} (SIMCSE_MAX_TRAINING_ROWS). Take a sample.",
            file=data.name,
            given=len(data),
            most=limits().max_training_rows,
        )
    for column in text_columns(data):
        for row, text in enumerate(column, 1):
            check_length(text, row, limits().max_text_characters)
    if loss not in pretraining.names():
        data.check_contrast()
        target = data.target()
        ranks = losses[loss].inputs[kind_of(data)] == "scores"
        if ranks and target is not None and len(set(getattr(data, target))) == 1:
            raise DataError(
                "All rows of {file} have the label 1: {loss} has nothing to rank.", file=data.name, loss=loss
            )
    return data
