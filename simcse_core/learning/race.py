"""A race: the same start, data, order and budget for several losses, and what the result supports."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from simcse_core.learning.baselines import AS_IT_COMES
from simcse_core.learning.measuring import main_metric_among
from simcse_core.learning.settings import TrainingSettings, training_settings
from simcse_core.meaning.intervals import (
    CONFIDENCE,
    FEWEST_SEEDS,
    NOTHING,
    Interval,
    over_seeds,
    seeds_difference,
    seeds_interval,
    value_of,
)
from simcse_core.meaning.items import Items

START = "start"
SAME = 1e-4
"""Two measurements of one model differ by less: the order of additions differs."""


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
    """Whether the training diverged: `after` is then no result of the loss."""


@dataclass(frozen=True)
class Line:
    """One line of the result table."""

    name: str
    """The loss, a baseline, or "start" for the model at the start of the training."""
    metrics: dict[str, Interval]
    """By metric, the mean over seeds with its interval over the dev items; NaN where all trainings diverged."""
    over_seeds: dict[str, Interval]
    """By metric, the same mean with its interval over seeds; empty below three seeds."""
    gain: dict[str, Interval]
    """Above the best baseline of each metric, paired item by item and with the noise of seeds; of losses only. The
    intervals of all losses together hold in 95 % of cases."""
    seeds: int
    """How many trainings, those that diverged among them; 0 where nothing was trained."""
    seconds: float | None
    """Of one training, the mean over seeds."""
    texts_per_second: float | None
    diverged: int = 0
    """How many trainings diverged: metrics and gain are of the others."""

    @property
    def is_loss(self) -> bool:
        return self.seeds > 0


@dataclass(frozen=True)
class Verdict:
    """What a race shows about one metric."""

    metric: str
    ahead: str
    """The loss with the highest value, whether or not that means anything."""
    rival: str | None
    """The loss over which its lead is least sure, one that is level with it first; None where there is no other."""
    lead: Interval
    """By how much `ahead` is better than `rival`, paired item by item; from three seeds on with the noise of seeds."""
    baseline: str
    """The best of the baselines and the start: the name of a baseline, or "start"."""
    gains: dict[str, Interval]
    """Of each loss above that baseline; all of them together hold the truth in 95 % of cases (Bonferroni)."""
    seeds: int
    """How many seeds every loss has finished; the verdict is about these. Below three it says nothing about others."""
    diverged: tuple[str, ...] = ()
    """The losses that are left out: a training of theirs diverged, or ended with the same embedding for all texts, and
    then the metric is undefined."""

    @property
    def clear(self) -> bool:
        """Whether the lead is more than noise: never below three seeds, where the noise of seeds cannot be seen."""
        return self.seeds >= FEWEST_SEEDS and self.lead.low > 0

    @property
    def level(self) -> bool:
        """Whether the two give the same result."""
        return self.lead.value == 0

    @property
    def helped(self) -> tuple[str, ...]:
        """The losses that beat the best baseline by more than the noise."""
        return tuple(loss for loss, gain in self.gains.items() if gain.low > 0)

    @property
    def hurt(self) -> tuple[str, ...]:
        """The losses that are worse than the best baseline by more than the noise."""
        return tuple(loss for loss, gain in self.gains.items() if gain.high < 0)

    @property
    def is_about_seeds(self) -> bool:
        """Whether gains and lead speak of other seeds too."""
        return self.seeds >= FEWEST_SEEDS


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
    values = {**settings.model_dump(), "loss": loss, "loss_options": options, "seed": seed, "keep": keep}
    return training_settings(values)


def table(contestants: Sequence[Contestant], baselines: Mapping[str, Items] | None = None) -> list[Line]:
    """The baselines, then every loss with the mean over the seeds that it has finished.

    The start of the training has a line where it is something else than the model as it comes. No contestants give no
    lines. A training that diverged adds nothing to the numbers of its loss but its time.
    """
    if not contestants:
        return []
    before = _before(contestants, baselines or {})
    metrics = _common_metrics(contestants)
    best = {metric: before[_best(before, metric)] for metric in metrics}
    lines = [_line(name, _different(items.values())) for name, items in before.items()]
    by_loss = {loss: list(by_seed.values()) for loss, by_seed in _by_loss(contestants).items()}
    confidence = _together(sum(not any(entry.diverged for entry in entries) for entries in by_loss.values()))
    return [*lines, *(_line_of_loss(loss, entries, best, confidence) for loss, entries in by_loss.items())]


def verdict(
    contestants: Sequence[Contestant], baselines: Mapping[str, Items] | None = None, metric: str | None = None
) -> Verdict | None:
    """Who is ahead of whom, and of the baselines, by more than noise.

    Only the seeds that every loss has finished count. A loss that diverged with any seed, or whose metric is undefined
    with any, is left out: its other seeds alone would flatter it.

    Args:
        contestants: of one race, in any order.
        baselines: as `baselines.baselines` gives them.
        metric: one of the items' metrics; None is the one that decides (`measuring.main_metric_among`).

    Returns:
        None while no seed has been finished by all losses, or where the metric is undefined for all of them.
    """
    diverged = tuple(dict.fromkeys(entry.loss for entry in contestants if entry.diverged))
    contestants = [entry for entry in contestants if entry.loss not in diverged]
    by_loss = _by_loss(contestants)
    seeds = [seed for seed in _seeds(contestants) if all(seed in by_seed for by_seed in by_loss.values())]
    if not seeds:
        return None
    deciding = metric or main_metric_among(_common_metrics(contestants))
    if deciding is None:
        return None
    after = {loss: [by_seed[seed].after for seed in seeds] for loss, by_seed in by_loss.items()}
    values = {loss: _mean(items, deciding) for loss, items in after.items()}
    undefined = tuple(loss for loss, value in values.items() if math.isnan(value))
    if len(undefined) == len(values):
        return None
    after = {loss: items for loss, items in after.items() if loss not in undefined}
    values = {loss: values[loss] for loss in after}
    ahead = max(values, key=lambda loss: values[loss])
    leads = {loss: seeds_difference(after[ahead], items, deciding) for loss, items in after.items() if loss != ahead}
    rival = min(leads, key=lambda loss: (leads[loss].value != 0, leads[loss].low), default=None)
    before = _before([entry for entry in contestants if entry.seed in seeds], baselines or {})
    best = _best(before, deciding)
    had, confidence = [before[best][seed] for seed in seeds], _together(len(after))
    gains = {loss: seeds_difference(items, had, deciding, confidence=confidence) for loss, items in after.items()}
    lead = NOTHING if rival is None else leads[rival]
    return Verdict(deciding, ahead, rival, lead, best, gains, len(seeds), (*diverged, *undefined))


def _before(contestants: Sequence[Contestant], baselines: Mapping[str, Items]) -> dict[str, dict[int, Items]]:
    """The baselines by name, for each seed. The start is left out where it is the model as it comes."""
    starts = {entry.seed: entry.before for entry in contestants}
    before = {name: dict.fromkeys(starts, items) for name, items in baselines.items()}
    as_it_comes = baselines.get(AS_IT_COMES)
    if as_it_comes is None or not all(_is_same(items, as_it_comes) for items in starts.values()):
        before[START] = starts
    return before


def _common_metrics(contestants: Sequence[Contestant]) -> list[str]:
    """Those that all have: an earlier version measured fewer."""
    return [
        metric
        for metric in contestants[0].after.metrics
        if all(metric in items.metrics for entry in contestants for items in (entry.before, entry.after))
    ]


def _is_same(items: Items, others: Items) -> bool:
    """Whether these are two measurements of one model."""
    return items.metrics == others.metrics and all(
        abs(value_of(items, metric) - value_of(others, metric)) < SAME for metric in items.metrics
    )


def _best(before: Mapping[str, Mapping[int, Items]], metric: str) -> str:
    """The name of what has the highest value; the first where several do, or where nothing has one."""

    def value(name: str) -> float:
        items = list(before[name].values())
        mean = _mean(items, metric) if metric in items[0].metrics else math.nan
        return -math.inf if math.isnan(mean) else mean

    return max(before, key=value)


def _different(items: Iterable[Items]) -> list[Items]:
    """One of what is the same for all seeds."""
    all_items = list(items)
    return all_items[:1] if all(one is all_items[0] for one in all_items) else all_items


def _mean(items: Sequence[Items], metric: str) -> float:
    return fmean(value_of(one, metric) for one in items)


def _together(count: int) -> float:
    """How sure each of so many intervals has to be, so that all of them hold in 95 % of cases (Bonferroni)."""
    return 1 - (1 - CONFIDENCE) / max(count, 1)


def _line_of_loss(
    loss: str, entries: list[Contestant], best: Mapping[str, Mapping[int, Items]], confidence: float
) -> Line:
    """The line of a loss and its trainings, one of each seed, beside the best baseline of each metric."""
    held = [entry for entry in entries if not entry.diverged]
    rates = [entry.texts_per_second for entry in entries if entry.texts_per_second is not None]
    after = [entry.after for entry in held]
    line = _line(loss, after or [entries[0].after])
    if not held:
        line = replace(line, metrics=dict.fromkeys(line.metrics, NOTHING))
    spread = {metric: over_seeds([value_of(items, metric) for items in after]) for metric in line.metrics}
    return replace(
        line,
        over_seeds={metric: interval for metric, interval in spread.items() if interval is not None},
        gain={
            metric: seeds_difference(after, [of_seed[entry.seed] for entry in held], metric, confidence=confidence)
            for metric, of_seed in best.items()
            if len(held) == len(entries)
            and metric in of_seed[held[0].seed].metrics  # the other seeds alone would flatter
        },
        seeds=len(entries),
        seconds=fmean(entry.seconds for entry in entries),
        texts_per_second=fmean(rates) if rates else None,
        diverged=len(entries) - len(held),
    )


def _line(name: str, items: Sequence[Items]) -> Line:
    """Items of each seed; nothing of trainings."""
    metrics = {metric: seeds_interval(items, metric) for metric in items[0].metrics}
    return Line(name, metrics, over_seeds={}, gain={}, seeds=0, seconds=None, texts_per_second=None)


def _by_loss(contestants: Sequence[Contestant]) -> dict[str, dict[int, Contestant]]:
    """Each loss's trainings by seed, losses in order of appearance."""
    by_loss: dict[str, dict[int, Contestant]] = {}
    for entry in contestants:
        by_loss.setdefault(entry.loss, {})[entry.seed] = entry
    return by_loss


def _seeds(contestants: Sequence[Contestant]) -> list[int]:
    return list(dict.fromkeys(entry.seed for entry in contestants))
