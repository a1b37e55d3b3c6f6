"""A race: the same start, data, order and budget for several losses, and what can honestly be said of the result."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simcse_core.meaning.evaluation import Interval, bootstrap_mean
from simcse_core.runs import queue
from simcse_core.runs.config import RunConfig, describe
from simcse_core.runs.store import Items, Run, State, keep_race, runs_of_race


def start(config: RunConfig, losses: Sequence[str]) -> str:
    """Queue a run for each loss; they differ in nothing else.

    Returns:
        The race's id.

    Raises:
        DataError: the data cannot be read.
        RunError: too many runs wait already.
    """
    described = describe(config)
    settings = described.settings

    def with_loss(loss: str) -> RunConfig:
        return described.model_copy(update={"settings": settings.model_copy(update={"loss": loss, "loss_options": {}})})

    return keep_race(queue.submit([with_loss(loss) for loss in losses]))


@dataclass(frozen=True)
class Outcome:
    """What is known of one run of a race, finished or not."""

    loss: str
    run: str
    """The run's id; its model can be loaded by it once the run is finished."""
    state: State
    message: str
    records: list[dict[str, Any]]
    items: Items | None

    @property
    def finished(self) -> dict[str, Any] | None:
        """The last record of a finished run."""
        return self.records[-1] if self.records and self.records[-1]["event"] == "finished" else None


def outcomes(race: str) -> list[Outcome]:
    """The runs of a race as they stand now.

    Raises:
        RunError: there is no such race.
    """
    return [outcome(run) for run in runs_of_race(race)]


def outcome(run: Run) -> Outcome:
    """One run as it stands now."""
    status = run.status
    return Outcome(run.config.settings.loss, run.id, status.state, status.message, run.records(), run.items())


@dataclass(frozen=True)
class Result:
    """One line of the result table."""

    loss: str
    """The loss, or "frozen" for the model before training."""
    metrics: dict[str, Interval]
    """By metric, with its interval over the dev items."""
    gain: dict[str, Interval]
    """After minus before, paired item by item; empty for the frozen model."""
    seconds: float | None
    texts_per_second: float | None


def results(race: Sequence[Outcome]) -> list[Result]:
    """The frozen model, then every finished run."""
    table: list[Result] = []
    for entry in race:
        if entry.items is None or entry.finished is None:
            continue
        before, after = entry.items.before, entry.items.after
        if not table:
            table.append(Result("frozen", {name: _interval(values) for name, values in before.items()}, {}, None, None))
        rates = [record["texts_per_second"] for record in entry.records if record["event"] == "step"]
        table.append(
            Result(
                loss=entry.loss,
                metrics={name: _interval(values) for name, values in after.items()},
                gain={name: _difference(after[name], before[name]) for name in after},
                seconds=entry.finished["seconds"],
                texts_per_second=float(np.median(rates)) if rates else None,
            )
        )
    return table


@dataclass(frozen=True)
class Verdict:
    """What the race shows about one metric."""

    ahead: str
    """The loss with the highest value, whether or not that means anything."""
    rival: str
    """The loss that comes closest to it."""
    lead: Interval
    """How far `ahead` is before `rival`, paired item by item."""
    helped: tuple[str, ...]
    """The losses that beat the frozen model by more than the noise."""

    @property
    def clear(self) -> bool:
        """Whether the lead is more than noise."""
        return self.lead.low > 0

    @property
    def level(self) -> bool:
        """Whether the two give the same result for every item."""
        return self.lead.low == self.lead.high == 0


def verdict(race: Sequence[Outcome], metric: str = "mean_average_precision") -> Verdict | None:
    """Who is ahead, and whether that is more than noise: the paired interval to every other loss has to be above 0.

    None while fewer than two runs are finished.
    """
    finished = {entry.loss: entry.items for entry in race if entry.items is not None and entry.finished is not None}
    if len(finished) < 2:
        return None
    after = {loss: items.after[metric] for loss, items in finished.items()}
    ahead = max(after, key=lambda loss: np.nan_to_num(_interval(after[loss]).mean))
    leads = {loss: _difference(after[ahead], after[loss]) for loss in after if loss != ahead}
    rival = min(leads, key=lambda loss: np.nan_to_num(leads[loss].low))
    helped = tuple(
        loss for loss, items in finished.items() if _difference(items.after[metric], items.before[metric]).low > 0
    )
    return Verdict(ahead, rival, leads[rival], helped)


def _interval(values: Sequence[float | None]) -> Interval:
    return bootstrap_mean([value for value in values if value is not None])


def _difference(after: Sequence[float | None], before: Sequence[float | None]) -> Interval:
    pairs = zip(after, before, strict=True)
    return bootstrap_mean([new - old for new, old in pairs if new is not None and old is not None])
