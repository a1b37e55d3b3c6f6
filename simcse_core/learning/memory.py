"""Running out of memory is nothing a user has to read a traceback for."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from simcse_core.errors import OptionError
from simcse_core.learning.settings import TrainingSettings

SIGNS = ("out of memory", "allocate memory", "not enough memory", "alloc_failed")
"""What torch says on a GPU, on Linux, on Windows, and for cuBLAS and cuDNN, in a RuntimeError like any other."""


@contextmanager
def memory_suffices(settings: TrainingSettings) -> Iterator[None]:
    """Says what to do when it does not.

    Raises:
        OptionError: there was not enough memory for what the block did.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_about_memory(error):
            raise
        raise OptionError(
            "There is not enough memory for batches of {batch:,} rows. Choose a smaller batch_size, a small "
            "chunk_size (so few texts at once, with the same result), or shorter texts.",
            batch=settings.batch_size,
        ) from error


def _is_about_memory(error: MemoryError | RuntimeError) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(sign in str(error).lower() for sign in SIGNS)
