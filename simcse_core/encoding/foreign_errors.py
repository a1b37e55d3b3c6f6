"""What other libraries raise about a model's files, in words."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from simcse_core.errors import ModelError, UserError

LONGEST_REASON = 200


@contextmanager
def model_errors(name: str, part: str) -> Iterator[None]:
    """Whatever is raised while another library works with a model's files is said as damage of the model.

    Files of any content reach transformers, tokenizers and torch, which raise whatever comes: this is their boundary.

    Args:
        name: how messages call the model.
        part: of the model, in a word.

    Raises:
        ModelError: something was raised, a panic of Rust code too.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        raise _in_words(error, name, part) from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # tokenizers' own, which derives from BaseException
            raise
        raise _in_words(error, name, part) from error


@contextmanager
def without_panic_messages() -> Iterator[None]:
    """Rust prints a panic and its stack itself, besides raising it. Here it does not.

    This takes stderr away from the whole process, so nothing is done where another thread could write to it or start a
    process that would inherit it.
    """
    if threading.active_count() > 1:
        yield
        return
    try:
        stderr = os.dup(2)
    except OSError:  # it is closed
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def _in_words(error: BaseException, name: str, part: str) -> ModelError:
    return ModelError("{name} cannot be read ({part}): {reason}", name=name, part=part, reason=_reason(error))


def _reason(error: BaseException) -> str:
    first, _, others = str(error).strip().partition("\n")
    said = " ".join((f"{first} {others}" if first.rstrip().endswith(":") else first).split())[:LONGEST_REASON]
    if isinstance(error, OSError | ValueError | RuntimeError) and said:
        return said
    return f"{type(error).__name__} {said}".strip()
