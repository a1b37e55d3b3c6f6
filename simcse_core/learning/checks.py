"""What has to be true of data before a training starts. Known without torch, so that a page can say it at once."""

from simcse_core.data.kinds import Dataset, Labelled, kind_of
from simcse_core.errors import DataError
from simcse_core.limits import check_lengths, limits


def trainable(data: Dataset) -> Labelled:
    """The data, when losses can learn from it.

    Raises:
        DataError: it is not labelled, too much, of one class, or no two texts match.
        InputError: a text is too long.
    """
    if not isinstance(data, Labelled):
        raise DataError(
            "Losses learn from labelled texts (columns text, label); {file} holds {kind}.",
            file=data.name,
            kind=kind_of(data),
        )
    if len(data) > limits().max_training_texts:
        raise DataError(
            "{file} has {given:,} rows: the limit for training is {most:,} (SIMCSE_MAX_TRAINING_TEXTS). Take a sample.",
            file=data.name,
            given=len(data),
            most=limits().max_training_texts,
        )
    check_lengths(data.text)
    if len(data.classes) < 2:
        raise DataError(
            "{file} has one class only ({label!r}): without a second one there is nothing to tell apart.",
            file=data.name,
            label=data.classes[0],
        )
    if len(data.classes) == len(data):
        raise DataError("Every class of {file} has one text only: there are no two texts that match.", file=data.name)
    return data
