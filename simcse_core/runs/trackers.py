"""TensorBoard and other trackers of experiments, as accelerate knows them."""

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from simcse_core.errors import OptionError
from simcse_core.learning.records import Evaluation, Record, Step
from simcse_core.plain import short_line
from simcse_core.runs.run import Run

if TYPE_CHECKING:
    from accelerate.tracking import GeneralTracker

Emit = Callable[[Record], None]


def wanted() -> list[str]:
    """Names of the trackers in use: `SIMCSE_TRACKERS`, such as "tensorboard,mlflow".

    Without it TensorBoard, if it is installed: it writes to the run's folder. Others may talk to a network, so they
    have to be named.
    """
    setting = os.environ.get("SIMCSE_TRACKERS")
    if setting is None:
        return ["tensorboard"] if find_spec("tensorboard") else []
    return [name.strip() for name in setting.split(",") if name.strip()]


@contextmanager
def tracking(run: Run) -> Iterator[Emit]:
    """Gives a function that hands each record to the trackers. One that fails never fails the run; the log says so."""
    trackers: list[GeneralTracker] = []
    for name in wanted():
        with _failures_logged(f"tracker {name}"):
            trackers.append(_start(name, run))

    def emit(record: Record) -> None:
        if isinstance(record, Step | Evaluation) and (numbers := _numbers(record)):
            for tracker in trackers:
                with _failures_logged(f"tracker {tracker.name}"):
                    tracker.log(numbers, step=record.step)

    yield emit
    for tracker in trackers:
        with _failures_logged(f"tracker {tracker.name}"):
            tracker.finish()


def _start(name: str, run: Run) -> "GeneralTracker":
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS

    if name not in LOGGER_TYPE_TO_CLASS:
        raise OptionError(
            "SIMCSE_TRACKERS names {given!r}. Choose from: {choices}.",
            given=name,
            choices=", ".join(sorted(LOGGER_TYPE_TO_CLASS)),
        )
    kind = LOGGER_TYPE_TO_CLASS[name]
    tracker = kind(run.id, run.folder / "trackers") if kind.requires_logging_directory else kind(run.id)
    tracker.start()
    settings = run.config.settings.model_dump()
    tracker.store_init_configuration(
        {name: value if isinstance(value, int | float | str) else str(value) for name, value in settings.items()}
    )
    return tracker


def _numbers(record: Step | Evaluation) -> dict[str, float]:
    """What a step or an evaluation says in numbers, by names such as "dev/spearman"; what is undefined is left out."""
    if isinstance(record, Step):
        group, numbers = (
            "train",
            {
                "loss": record.loss,
                "learning_rate": record.learning_rate,
                "gradient_norm": record.gradient_norm,
                "texts_per_second": record.texts_per_second,
                **record.observed,
            },
        )
    else:
        group, numbers = "dev", {**record.metrics, **dict(record.geometry)}
    return {f"{group}/{name}": value for name, value in numbers.items() if not math.isnan(value)}


@contextmanager
def _failures_logged(source: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # noqa: BLE001 - trackers are other people's code
        print(short_line(f"{source}: {type(error).__name__}: {error}"), file=sys.stderr)
