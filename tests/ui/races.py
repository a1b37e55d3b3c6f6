"""Races on disk that nobody carries out: the tests write their records themselves."""

import numpy as np

from simcse_core.learning.records import BeforeAndAfter, Evaluation, Finished, Geometry, State, Step
from simcse_core.learning.settings import TrainingSettings
from simcse_core.meaning.items import Items
from simcse_core.runs import race
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run

ME = "a" * 32
STEPS, PER_EPOCH, TEXTS = 8, 2, 32
"""Of each run: steps in all and in an epoch, and texts in a step."""


def start(
    losses: tuple[str, ...] = ("bce", "supcon"),
    seeds: tuple[int, ...] = (0,),
    user: str = ME,
    expected: float | None = None,
) -> list[Run]:
    """The runs of a new race, waiting."""
    settings = TrainingSettings(epochs=STEPS // PER_EPOCH, tune="head")
    config = RunConfig(data="intents-en", model="use-multilingual", settings=settings)
    return race.runs(race.start(config, losses, seeds, user=user, expected=expected))


def id_of(runs: list[Run]) -> str:
    return race.races_of(runs[0].id)[0]


def measure(run: Run, step: int, value: float) -> None:
    """A measurement after a step."""
    geometry = Geometry(alignment=1 - value, uniformity=-1 - value, mean_cosine=0.1, effective_rank=9.0)
    run.append(
        Evaluation(
            step=step,
            epoch=-(-step // PER_EPOCH),
            metrics={"n": 80, "mean_average_precision": value, "leave_one_out_accuracy": value},
            geometry=geometry,
            best=True,
            seconds=step * 0.5,
        )
    )


def learn(run: Run, to: int, *, after: int = 0) -> None:
    """Steps up to one, each half a second, with a measurement at the end of each epoch."""
    if after == 0:
        run.set_status(State.RUNNING)
        measure(run, 0, 0.1)
    for step in range(after + 1, to + 1):
        run.append(
            Step(
                step=step,
                steps=STEPS,
                epoch=-(-step // PER_EPOCH),
                loss=1 / step,
                texts_per_second=TEXTS / 0.5,
                seconds=step * 0.5,
            )
        )
        if step % PER_EPOCH == 0:
            measure(run, step, 0.1 + 0.1 * step / PER_EPOCH)


def finish(run: Run, right: float, *, after: int = 0) -> None:
    """The rest of the steps, and the end; of the held-out texts a share is right."""
    learn(run, STEPS, after=after)
    run.write_items(BeforeAndAfter(before=_items(0.3, 9), after=_items(right, int(100 * right))))
    run.append(Finished(seconds=STEPS * 0.5, reason="epochs"))
    run.set_status(State.FINISHED)


def _items(right: float, seed: int) -> Items:
    hits = np.random.default_rng(seed).random(60) < right
    names = ("mean_average_precision", "logistic_accuracy")
    return Items({name: hits.astype(float).tolist() for name in names})
