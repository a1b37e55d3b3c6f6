"""What must be true of data before a training starts. It needs no torch, so that a page can say it at once."""

from simcse_core.data.kinds import Answers, Dataset, Labelled, Pairs, Scored, Triplets, kind_of, text_columns
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
        _check_contrast(data)
    if loss == "cosent" and isinstance(data, Pairs | Answers) and len(set(data.label)) == 1:
        raise DataError("All rows of {file} have the label 1: cosent has nothing to rank.", file=data.name)
    return data


def _check_contrast(data: Dataset) -> None:
    """Refuse data in which nothing differs."""
    match data:
        case Labelled() if len(data.classes) < 2:
            raise DataError(
                "{file} has one class only ({label!r}): without a second one there is nothing to tell apart.",
                file=data.name,
                label=data.classes[0],
            )
        case Labelled() if len(data.classes) == len(data):
            raise DataError(
                "Every class of {file} has one text only: there are no two texts that match.", file=data.name
            )
        case Pairs() | Answers() if 1 not in data.label:
            raise DataError("{file} has no row with the label 1: there is nothing to bring together.", file=data.name)
        case Scored() if len(set(data.score)) == 1:
            raise DataError(
                "All scores of {file} are {score:g}: there is nothing to tell apart.",
                file=data.name,
                score=data.score[0],
            )
        case Triplets() if set(data.positive) == set(data.negative) and len(set(data.positive)) == 1:
            raise DataError("All positives and negatives of {file} are the same text.", file=data.name)
