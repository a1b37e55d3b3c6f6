"""Running out of memory becomes a message that says what to do, not a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from simcse_core.errors import OptionError
from simcse_core.learning.settings import TrainingSettings

SIGNS = ("out of memory", "allocate memory", "not enough memory", "alloc_failed")
"""What torch says on a GPU, on Linux, on Windows, and for cuBLAS and cuDNN, in a RuntimeError like any other."""


@contextmanager
def memory_suffices(settings: TrainingSettings) -> Iterator[None]:
    """Turn running out of memory inside the block into a message that says what to do.

    Raises:
        OptionError: there was not enough memory.
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
