"""One model on one task at a time, by name, for whoever shows results as they come: in a process of its own."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from simcse_core.errors import DataError
from simcse_core.home import suites_folder
from simcse_core.uses.suites.sources import BUNDLED, Found, find
from simcse_core.uses.suites.suite import Measured, measure_task

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable


def where() -> str:
    """The folder of well-known data that the operator names with `SIMCSE_SUITES`; "bundled" where there is none."""
    folder = suites_folder()
    return BUNDLED if folder is None else str(folder)


@lru_cache(maxsize=4)
def found(suite: str, place: str) -> Found:
    """The tasks of a suite; read once in a process. Errors as for `find`."""
    return find([suite], place)


def measure_one(model: str, suite: str, place: str, task: str) -> Measured:
    """One model on one task.

    Args:
        model: as for `load`.
        suite, place: as for `found`.
        task: its name.

    Raises:
        UserError: the model cannot be loaded, or there is no such task.
    """
    source = next((source for source in found(suite, place).sources if source.task.name == task), None)
    if source is None:
        raise DataError("{place} has no data of {task}.", place=Path(place).name, task=task)
    return measure_task(_loaded(model), model, source)


@lru_cache(maxsize=1)
def _loaded(model: str) -> "Trainable":
    """The model of before, if it is the same: its tasks come one after the other."""
    from simcse_core.encoding import catalogue

    return catalogue.load(model)
