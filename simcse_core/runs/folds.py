"""Cross-validation in the queue: a run for each fold, what they show together, and a training on all rows after it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from simcse_core.data.conversions import convert
from simcse_core.data.held_out import Sentence, Sides
from simcse_core.data.kinds import Dataset
from simcse_core.data.splits import fold
from simcse_core.errors import OptionError, RunError
from simcse_core.jsonable import jsonable
from simcse_core.learning.checks import trainable
from simcse_core.learning.records import BeforeAndAfter, Finished
from simcse_core.learning.settings import BUDGETS
from simcse_core.meaning.intervals import Interval, interval, seeds_interval, value_of
from simcse_core.meaning.items import Items
from simcse_core.runs.config import NOTHING, RunConfig, check_data, open_sides
from simcse_core.runs.run import Run

MOST_CHECKED = 20
"""Of so many folds each is looked at; with more of them one hardly differs from another."""
SENTENCES = {
    "same_plan": "The final model learns from all rows with the same settings and keeps its last weights.",
    "same_steps": "The final model learns from all rows for {steps} steps: it sees each row as often as the weights "
    "that were kept.",
    "not_measured": "The final model was not measured itself. The same training on a part of the rows reached on the "
    "rest:",
    "best_of": "These numbers are a little too good: the weights were chosen by the same held-out rows. With the last "
    "weights they are not.",
    "over_items": "95% range: over all held-out rows; that another training gives another model is not in it.",
    "over_folds": "Folds: the mean, the lowest and the highest fold. No 95% range of a mean over folds is free of bias "
    "(Bengio & Grandvalet 2004).",
    "diverged": "{count} of {folds} trainings diverged: the result is of no use. Choose a smaller learning rate.",
}
"""By code, in English; a screen translates."""


@dataclass(frozen=True)
class FoldMetric:
    """A metric over all folds. NaN where it is undefined."""

    value: float
    low: float
    high: float
    over: Literal["items", "folds"]
    """ "items": all held-out items are one sample, each by the model that did not learn from it, and `low` to `high` is
    the 95 % interval. "folds": `value` is the mean over folds, `low` and `high` are the lowest and the highest fold;
    no interval of such a mean is unbiased (Bengio & Grandvalet 2004)."""
    count: int
    """Of items, or of folds, in which it is defined."""


@dataclass(frozen=True)
class FoldsResult:
    """What the runs of all folds show together, by metric."""

    after: dict[str, FoldMetric]
    """The trained models."""
    before: dict[str, FoldMetric]
    """The model that they started from."""
    beside: dict[str, dict[str, FoldMetric]]
    """By name of a baseline; those that were measured on every fold."""
    diverged: int
    """How many trainings diverged; their results are those of the last weights before that."""


def configs(config: RunConfig) -> list[RunConfig]:
    """The configurations of all folds.

    Args:
        config: described (`config.describe`), with the number of folds.

    Raises:
        OptionError: that number is not said.
    """
    if config.folds is None:
        raise OptionError("The number of folds is not given.")
    return [config.model_copy(update={"fold": number}) for number in range(1, config.folds + 1)]


def check_folds(config: RunConfig, data: Dataset) -> None:
    """See that the loss can learn from what each of a few folds leaves, before the first one is trained.

    Args:
        config: with the number of folds.
        data: its data.

    Raises:
        DataError: from one it cannot.
    """
    folds = config.folds or 0
    seed = config.settings.seed if config.data_seed is None else config.data_seed
    for number in range(1, folds + 1 if folds <= MOST_CHECKED else 1):
        learned_from, _dev = fold(data, folds, number, seed=seed)
        if config.kind is not None:
            learned_from = convert(learned_from, config.kind, seed=seed).data
        trainable(learned_from, config.settings.loss)


def result(runs: Sequence[Run]) -> FoldsResult:
    """What the finished runs of all folds show together.

    Raises:
        RunError: the results of one are missing.
    """
    from simcse_core.runs.race import beside

    items = [_items(run) for run in runs]
    others = [beside(run.config) for run in runs]
    common = [name for name in others[0] if all(name in other for other in others)]
    return FoldsResult(
        after=over_folds([one.after for one in items]),
        before=over_folds([one.before for one in items]),
        beside={name: over_folds([other[name] for other in others]) for name in common},
        diverged=sum(_finished(run).is_diverged for run in runs),
    )


def over_folds(folds: Sequence[Items]) -> dict[str, FoldMetric]:
    """Every metric over all folds.

    What a model does with a text, a triplet or a question on its own (is its class right?) is put together from all
    folds. Where items are ranked or compared among each other (Spearman, average precision, the nearest centre among
    the held-out texts), cosines of different models would be mixed: the metric is taken of each fold.

    Args:
        folds: results of each fold, by the model that did not learn from it.
    """
    names = [name for name in folds[0].metrics if all(name in fold.metrics for fold in folds)]
    return {name: _over_items(folds, name) if _is_pooled(folds[0], name) else _mean(folds, name) for name in names}


def final(config: RunConfig, runs: Sequence[Run]) -> RunConfig:
    """The training on all rows that follows one with rows held out: the same settings, and the last weights are kept.

    It sees each row as often as the kept weights of the measured training have. Only where its epochs alone said how
    long that was, they do so again; after another budget, patience or `keep="best"` it is a number of steps, on average
    over the runs and in proportion to the rows, because there is no held-out data now to say when.

    Args:
        config: of the measured runs.
        runs: those, finished: one for each fold, or with the same rows held out one for each seed.

    Raises:
        DataError: the data has changed since, or is gone.
        OptionError: nothing was held out.
        RunError: the training diverged, or no step of it was better than none.
    """
    check_data(runs[0].config)
    check_data(runs[0].config)
    sides = open_sides(runs[0].config)
    check_final(sides)
    growth = len(sides.data) / len(sides.learned_from)
    if _are_all_folds(runs):
        growth = len(runs) / (len(runs) - 1)  # each row is held out once
    nothing_held = {"dev": NOTHING, "dev_share": None, "folds": None, "fold": None, "dev_sha256": ""}
    settings = config.settings.model_copy(update={"keep": "last", **_budget(config, runs, growth)})
    return config.model_copy(update={**nothing_held, "settings": settings})


def check_final(sides: Sides) -> None:
    """See that a training on all rows differs from the one that is measured.

    Raises:
        OptionError: it does not.
    """
    if not sides.held:
        raise OptionError(
            "A final training adds the held-out rows, but none are held out here: all {rows} rows are learned from "
            "already. Leave --final out.",
            rows=len(sides.data),
        )


def final_in_words(measured: RunConfig, final: RunConfig) -> Sentence:
    """How the final training differs from the measured one.

    Args:
        measured: the configuration of the runs before.
        final: what `final` made of it.
    """
    steps = final.settings.steps
    return Sentence(SENTENCES["same_plan" if steps == measured.settings.steps else "same_steps"], {"steps": steps})


def estimate_in_words(measured: RunConfig) -> list[Sentence]:
    """What the numbers of `estimate` are: a line before them, and what to bear in mind."""
    best_of = [Sentence(SENTENCES["best_of"], {})] if measured.settings.keep == "best" else []
    return [Sentence(SENTENCES["not_measured"], {}), *best_of]


def estimate(runs: Sequence[Run]) -> dict[str, FoldMetric | Interval]:
    """What the measured runs say of the final model's quality, by metric; runs as for `final`."""
    after = [_items(run).after for run in runs]
    if _are_all_folds(runs):
        return dict(over_folds(after))
    return {metric: seeds_interval(after, metric) for metric in after[0].metrics}


def record(runs: Sequence[Run], result: FoldsResult) -> dict[str, Any]:
    """The result as the last record of a cross-validation."""
    return {
        "event": "folds",
        "folds": len(runs),
        "runs": [run.id for run in runs],
        "dev_before": jsonable(result.before),
        "dev_after": jsonable(result.after),
        "beside": jsonable(result.beside),
        "diverged": result.diverged,
    }


def _are_all_folds(runs: Sequence[Run]) -> bool:
    """Whether each of them holds out another fold, and together they hold out all rows."""
    config = runs[0].config
    return config.folds is not None and len(runs) == config.folds


def _is_pooled(items: Items, metric: str) -> bool:
    """Whether the items of all folds are one sample: a model's result for one says nothing about the others."""
    return metric in items.values and metric not in items.pseudo_values


def _over_items(folds: Sequence[Items], metric: str) -> FoldMetric:
    values = [value for fold in folds for value in fold.values[metric]]
    over_all = interval(Items({metric: values}), metric)
    defined = sum(not math.isnan(value) for value in values)
    return FoldMetric(over_all.value, over_all.low, over_all.high, "items", defined)


def _mean(folds: Sequence[Items], metric: str) -> FoldMetric:
    values = [value for fold in folds if not math.isnan(value := value_of(fold, metric))]
    if not values:
        return FoldMetric(math.nan, math.nan, math.nan, "folds", 0)
    return FoldMetric(fmean(values), min(values), max(values), "folds", len(values))


def _budget(config: RunConfig, runs: Sequence[Run], growth: float) -> dict[str, object]:
    """The settings that say how long the final training is, where they differ from those of the measured one.

    Args:
        config: of the measured runs.
        runs: those.
        growth: all rows, per row that they learned from.
    """
    ends = [_finished(run) for run in runs]
    if any(end.is_diverged for end in ends):
        raise RunError("The training diverged, and would again on all rows. Choose a smaller learning rate.")
    keeps_best = config.settings.keep == "best"
    if not keeps_best and all(end.reason == "epochs" for end in ends):
        return {}
    steps = [end.kept_step if keeps_best and end.kept_step is not None else end.steps for end in ends]
    if not any(steps):
        raise RunError(
            "No step of the training was better than none on the held-out rows, so there is nothing to repeat on all "
            "of them. Use {model} as it is, or train with --keep last.",
            model=config.model,
        )
    return {**dict.fromkeys(BUDGETS), "steps": max(round(fmean(steps) * growth), 1)}


def _finished(run: Run) -> Finished:
    end = run.finished()
    if end is None:
        raise RunError("The run {run} is not finished.", run=run.id)
    return end


def _items(run: Run) -> BeforeAndAfter:
    items = run.items()
    if items is None:
        raise RunError("The results of the run {run} are missing.", run=run.id)
    return items
