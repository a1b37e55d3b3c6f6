"""A race in the queue: a run for each loss and seed, and what `learning.race` says of those that are finished."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simcse_core.learning import race
from simcse_core.learning.baselines import baselines as baselines_of
from simcse_core.learning.race import Contestant, Line, Verdict, median_rate, settings_of
from simcse_core.meaning.items import Items
from simcse_core.runs import queue
from simcse_core.runs.config import RunConfig, describe, open_split
from simcse_core.runs.store import BeforeAndAfter, Run, State, get, keep_race, runs_of_race


def start(config: RunConfig, losses: Sequence[str], seeds: Sequence[int] | None = None) -> str:
    """Queue a run for each seed and loss; they differ in nothing else, and hold out the same rows.

    Args:
        config: of every run but for loss and seed.
        losses: their names.
        seeds: None is the seed of `config` alone. All losses run with one seed before the next one starts.

    Returns:
        The race's id.

    Raises:
        DataError: the data cannot be read.
        OptionError: there is no such loss.
        RunError: too many runs wait already.
    """
    settings = config.settings
    data_seed = settings.seed if config.data_seed is None else config.data_seed
    described = describe(config.model_copy(update={"data_seed": data_seed}))
    configs = [
        described.model_copy(update={"settings": settings_of(settings, loss, seed)})
        for seed in dict.fromkeys([settings.seed] if seeds is None else seeds)
        for loss in dict.fromkeys(losses)
    ]
    return keep_race(queue.submit(configs))


@dataclass(frozen=True)
class Outcome:
    """What is known of one run of a race, finished or not."""

    loss: str
    seed: int
    run: str
    """The run's id; its model can be loaded by it once the run is finished."""
    state: State
    message: str
    records: list[dict[str, Any]]
    items: BeforeAndAfter | None

    @property
    def finished(self) -> dict[str, Any] | None:
        """The last record of a finished run."""
        return self.records[-1] if self.records and self.records[-1]["event"] == "finished" else None


def outcomes(race_id: str) -> list[Outcome]:
    """The runs of a race as they stand now.

    Raises:
        RunError: there is no such race.
    """
    return [outcome(run) for run in runs_of_race(race_id)]


def outcome(run: Run) -> Outcome:
    """One run as it stands now."""
    status, settings = run.status, run.config.settings
    return Outcome(settings.loss, settings.seed, run.id, status.state, status.message, run.records(), run.items())


def contestants(runs: Sequence[Outcome]) -> list[Contestant]:
    """The finished runs that were measured on held-out data."""
    return [
        Contestant(
            loss=run.loss,
            seed=run.seed,
            before=run.items.before,
            after=run.items.after,
            seconds=run.finished["seconds"],
            texts_per_second=median_rate(
                [record["texts_per_second"] for record in run.records if record["event"] == "step"]
            ),
        )
        for run in runs
        if run.items is not None and run.finished is not None
    ]


def baselines(runs: Sequence[Outcome]) -> dict[str, Items]:
    """What the race has to beat besides the frozen model, on the same data; nothing without held-out data.

    Raises:
        DataError: the data cannot be read any more.
        RunError: the runs have been removed.
    """
    data, dev = open_split(get(runs[0].run).config)
    return {} if dev is None else baselines_of(data, dev)


def results(runs: Sequence[Outcome], baselines: Mapping[str, Items] | None = None) -> list[Line]:
    """The frozen model, the baselines, then every loss that has finished; as `learning.race.table`."""
    return race.table(contestants(runs), baselines)


def verdict(runs: Sequence[Outcome], metric: str | None = None) -> Verdict | None:
    """Who is ahead, and whether that is more than noise; as `learning.race.verdict`."""
    return race.verdict(contestants(runs), metric)
