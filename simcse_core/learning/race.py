"""A race: the same start, data, order and budget for several losses, and what can honestly be said of the result."""

import math
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import numpy as np

from simcse_core.data.kinds import Dataset, Labelled
from simcse_core.errors import OptionError
from simcse_core.learning.baselines import add_logistic, baselines
from simcse_core.learning.checks import trainable
from simcse_core.learning.measuring import MAIN_METRIC
from simcse_core.learning.records import Ended, Record, Step
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.meaning.intervals import Interval, over_seeds, seeds_difference, seeds_interval, value_of
from simcse_core.meaning.items import Items

if TYPE_CHECKING:
    from simcse_core.learning.frozen_states import Trainable
    from simcse_core.learning.known_texts import KnownTexts
    from simcse_core.learning.measuring import Encodes

FROZEN = "frozen"


@dataclass(frozen=True)
class Contestant:
    """One finished training of a race."""

    loss: str
    seed: int
    before: Items
    """The dev data before training."""
    after: Items
    seconds: float
    texts_per_second: float | None
    diverged: bool = False
    """Whether it went wrong on the way: `after` is then no result of the loss."""


@dataclass(frozen=True)
class Lap:
    """A record of one of the trainings."""

    loss: str
    seed: int
    record: Record


@dataclass(frozen=True)
class Line:
    """One line of the result table."""

    name: str
    """The loss, "frozen" for the model before training, or a baseline."""
    metrics: dict[str, Interval]
    """By metric, the mean over seeds with its interval over the dev items; NaN where all trainings diverged."""
    over_seeds: dict[str, Interval]
    """By metric, the same mean with its interval over seeds; empty below three seeds."""
    gain: dict[str, Interval]
    """Above the frozen model, paired item by item and with the noise of seeds; empty for the frozen model."""
    seeds: int
    """How many trainings, those that diverged among them; 0 where nothing was trained."""
    seconds: float | None
    """Of one training, the mean over seeds."""
    texts_per_second: float | None
    diverged: int = 0
    """How many trainings diverged: metrics and gain are of the others."""


@dataclass(frozen=True)
class Verdict:
    """What a race shows about one metric."""

    metric: str
    ahead: str
    """The loss with the highest value, whether or not that means anything."""
    rival: str
    """The loss that comes closest to it."""
    lead: Interval
    """How far `ahead` is before `rival`, paired item by item; from three seeds on with the noise of seeds."""
    helped: tuple[str, ...]
    """The losses that beat the frozen model by more than the noise."""
    seeds: int
    """How many seeds every loss has finished; the verdict is about these. Below three it says nothing about others."""
    diverged: tuple[str, ...] = ()
    """The losses that are left out, because a training of theirs diverged."""

    @property
    def clear(self) -> bool:
        """Whether the lead is more than noise."""
        return self.lead.low > 0

    @property
    def level(self) -> bool:
        """Whether the two give the same result for every item."""
        return self.lead.low == self.lead.high == 0


@dataclass(frozen=True)
class RaceResult:
    """A race that is over."""

    contestants: list[Contestant]
    """Those that finished, in the order in which they ran."""
    baselines: dict[str, Items]

    def table(self) -> list[Line]:
        return table(self.contestants, self.baselines)

    def verdict(self, metric: str | None = None) -> Verdict | None:
        return verdict(self.contestants, metric)


def race(
    start: Callable[[int], "Trainable"],
    data: Dataset,
    dev: Dataset,
    losses: Sequence[str],
    *,
    seeds: Sequence[int] = (0,),
    settings: TrainingSettings | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Lap | RaceResult]:
    """Train the same start with each loss and seed, one after the other, in this process.

    Args:
        start: gives a fresh model for a seed; the same one for each loss.
        data: what all losses can learn from.
        dev: held-out data of any kind but texts.
        losses: their names.
        seeds: order of the data, dropout and new weights. All losses run with one seed before the next one starts, so
            that a race that is stopped has compared all of them.
        settings: of every training but for loss and seed; `loss_options` are for the loss that the settings name.
        stop: asked before each step; True ends the race, and the training that is under way does not count.

    Yields:
        A `Lap` for each record of each training; at the end the `RaceResult`.

    Raises:
        DataError: a loss cannot learn from this data; before anything is trained.
        OptionError: there is no such loss, or `start` gives one model twice.
    """
    chosen = settings or TrainingSettings()
    for loss in losses:
        trainable(data, loss)
        settings_of(chosen, loss, 0)
    return _race(start, data, dev, list(dict.fromkeys(losses)), list(dict.fromkeys(seeds)), chosen, stop)


def settings_of(
    settings: TrainingSettings, loss: str, seed: int, *, keep: Literal["best", "last"] = "last"
) -> TrainingSettings:
    """The settings of one contestant: they differ in nothing but loss and seed.

    Each is judged after its last step: the best of many moments on the dev data would look better than it is there.
    A training that is compared with nothing may `keep` its best.

    Raises:
        OptionError: there is no such loss.
    """
    options = settings.loss_options if loss == settings.loss else {}
    given = {**settings.model_dump(), "loss": loss, "loss_options": options, "seed": seed, "keep": keep}
    return training_settings(given)


def _race(
    start: Callable[[int], "Trainable"],
    data: Dataset,
    dev: Dataset,
    losses: Sequence[str],
    seeds: Sequence[int],
    settings: TrainingSettings,
    stop: Callable[[], bool],
) -> Iterator[Lap | RaceResult]:
    from simcse_core.learning.known_texts import KnownTexts

    contestants: list[Contestant] = []
    frozen: dict[int, Items] = {}
    model: Trainable | None = None
    for seed, loss in product(seeds, losses):
        previous, model = model, start(seed)
        if model is previous:
            raise OptionError("The start of a race gave the same model twice. Load or copy it anew each time.")
        known = KnownTexts(model, settings.tune)
        if seed not in frozen:
            frozen[seed] = with_logistic(Items(), known, data, dev)
        ended, rate = yield from _train(model, data, dev, settings_of(settings, loss, seed), stop, known)
        if ended.reason == "cancelled":
            break
        assert ended.before is not None
        assert ended.after is not None
        before = ended.before.items.with_values(frozen[seed].values)
        diverged = ended.reason == "diverged"
        after = before if diverged else with_logistic(ended.after.items, known, data, dev)
        contestants.append(Contestant(loss, seed, before, after, ended.seconds, rate, diverged))
    yield RaceResult(contestants, baselines(data, dev))


def _train(
    model: "Trainable",
    data: Dataset,
    dev: Dataset,
    settings: TrainingSettings,
    stop: Callable[[], bool],
    known: "KnownTexts",
) -> Generator[Lap, None, tuple[Ended, float | None]]:
    """One training, with its end and its pace."""
    from simcse_core.learning.training import train

    rates: list[float] = []
    for record in train(model, data, dev, settings, stop=stop, known=known):
        yield Lap(settings.loss, settings.seed, record)
        if isinstance(record, Step):
            rates.append(record.texts_per_second)
        elif isinstance(record, Ended):
            return record, median_rate(rates)
    raise AssertionError("a training ends with its end")


def with_logistic(items: Items, model: "Encodes", data: Dataset, dev: Dataset | None) -> Items:
    """With labels on both sides, how well a logistic regression on the model's vectors does."""
    if isinstance(data, Labelled) and isinstance(dev, Labelled):
        return add_logistic(items, model, data, dev)
    return items


def median_rate(rates: Sequence[float]) -> float | None:
    """The middle of the texts per second of each step: the first steps warm up. None without steps."""
    return float(np.median(rates)) if rates else None


def main_metric_of(items: Items) -> str:
    """The metric that decides which checkpoint is best, as `measuring.MAIN_METRIC` says for the data's kind."""
    return next(name for name in MAIN_METRIC.values() if name in items.metrics)


def table(contestants: Sequence[Contestant], baselines: Mapping[str, Items] | None = None) -> list[Line]:
    """The frozen model, the baselines, then every loss with the mean over the seeds that it has finished.

    No contestants give no lines. A training that diverged adds nothing to the numbers of its loss but its time.
    """
    if not contestants:
        return []
    starts = list({entry.seed: entry.before for entry in contestants}.values())
    lines = [_line(FROZEN, starts)]
    for name, items in (baselines or {}).items():
        lines.append(_line(name, [items], [contestants[0].before]))
    return [*lines, *(_line_of_loss(loss, list(own.values())) for loss, own in _by_loss(contestants).items())]


def verdict(contestants: Sequence[Contestant], metric: str | None = None) -> Verdict | None:
    """Who is ahead, and whether that is more than noise: the paired interval to every other loss has to be above 0.

    Only the seeds that every loss has finished count. A loss that diverged with any seed is left out: its other seeds
    alone would flatter it.

    Args:
        contestants: of one race, in any order.
        metric: one of the items' metrics; None is the one that decides which checkpoint is best.

    Returns:
        None while fewer than two losses have finished a seed in common, or where the metric is undefined.
    """
    diverged = tuple(dict.fromkeys(entry.loss for entry in contestants if entry.diverged))
    contestants = [entry for entry in contestants if entry.loss not in diverged]
    by_loss = _by_loss(contestants)
    seeds = [seed for seed in _seeds(contestants) if all(seed in own for own in by_loss.values())]
    if len(by_loss) < 2 or not seeds:
        return None
    chosen = metric or main_metric_of(contestants[0].after)
    after = {loss: [own[seed].after for seed in seeds] for loss, own in by_loss.items()}
    values = {loss: float(np.mean([value_of(items, chosen) for items in own])) for loss, own in after.items()}
    if any(np.isnan(value) for value in values.values()):
        return None
    ahead = max(values, key=lambda loss: values[loss])
    leads = {loss: seeds_difference(after[ahead], own, chosen) for loss, own in after.items() if loss != ahead}
    rival = min(leads, key=lambda loss: leads[loss].low)
    before = {loss: [own[seed].before for seed in seeds] for loss, own in by_loss.items()}
    helped = tuple(loss for loss, own in after.items() if seeds_difference(own, before[loss], chosen).low > 0)
    return Verdict(chosen, ahead, rival, leads[rival], helped, len(seeds), diverged)


def _line_of_loss(loss: str, own: list[Contestant]) -> Line:
    """The line of a loss and its trainings, one of each seed."""
    held = [entry for entry in own if not entry.diverged]
    rates = [entry.texts_per_second for entry in own if entry.texts_per_second is not None]
    line = _line(loss, [entry.after for entry in held or own], [entry.before for entry in held or own])
    if not held:
        nothing = Interval(math.nan, math.nan, math.nan)
        line = replace(line, metrics=dict.fromkeys(line.metrics, nothing), over_seeds={}, gain={})
    return replace(
        line,
        seeds=len(own),
        seconds=fmean(entry.seconds for entry in own),
        texts_per_second=fmean(rates) if rates else None,
        diverged=len(own) - len(held),
    )


def _line(name: str, items: list[Items], before: list[Items] | None = None) -> Line:
    """Items of each seed, beside the frozen model's for the same seeds; nothing of trainings."""
    metrics = items[0].metrics
    spread = {metric: over_seeds([value_of(one, metric) for one in items]) for metric in metrics}
    known = before[0].metrics if before else []
    return Line(
        name=name,
        metrics={metric: seeds_interval(items, metric) for metric in metrics},
        over_seeds={metric: found for metric, found in spread.items() if found is not None and before},
        gain={metric: seeds_difference(items, before, metric) for metric in metrics if before and metric in known},
        seeds=0,
        seconds=None,
        texts_per_second=None,
    )


def _by_loss(contestants: Sequence[Contestant]) -> dict[str, dict[int, Contestant]]:
    """Each loss's trainings by seed, losses in order of appearance."""
    found: dict[str, dict[int, Contestant]] = {}
    for entry in contestants:
        found.setdefault(entry.loss, {})[entry.seed] = entry
    return found


def _seeds(contestants: Sequence[Contestant]) -> list[int]:
    return list(dict.fromkeys(entry.seed for entry in contestants))
