"""Runs at a glance, and what tells several of them apart: for lists and comparisons, damaged runs included."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simcse_core.errors import UserError
from simcse_core.learning.measuring import main_metric_among
from simcse_core.learning.records import DamagedEnd, Evaluation, Finished, State, Step
from simcse_core.learning.settings import objective
from simcse_core.runs.config import RunConfig
from simcse_core.runs.run import Run

_TIMED = (Step, Evaluation, Finished)


@dataclass(frozen=True)
class Summary:
    """One run, as a line of a list. What cannot be known is None or empty."""

    id: str
    title: str
    state: State
    message: str
    """Why it failed, in words."""
    created: float
    """Seconds since the epoch."""
    imported: bool
    loss: str = ""
    seed: int | None = None
    data: str = ""
    file: str = ""
    """Of the data, without its folder; empty for somebody else's upload."""
    model: str = ""
    """It started from."""
    layer: int | None = None
    metric: str | None = None
    """The main metric of the held-out data."""
    before: float | None = None
    """The best that one had before training: the model as it comes, or the start where that is better."""
    after: float | None = None
    """The metric after training; of a run that is not over the latest measurement."""
    seconds: float | None = None
    """Of training, so far."""
    damaged: bool = False
    """What it did cannot be read."""

    @property
    def gain(self) -> float | None:
        """The gain over the best baseline."""
        return None if self.before is None or self.after is None else self.after - self.before


def summarise(run: Run, user: str | None = None) -> Summary:
    """A run at a glance; a damaged one too, whatever stands in its files.

    Args:
        run: in any state.
        user: who looks: a run has a name for each of its owners.
    """
    try:
        return _summarise(run, user)
    except UserError:  # its configuration is damaged, or of another version
        return _damaged(run, user)


def _summarise(run: Run, user: str | None) -> Summary:
    config = run.config
    objective(config.settings.loss)  # one that this version does not have cannot be shown
    records = run.records()
    if records and isinstance(records[-1], DamagedEnd):
        return _damaged(run, user)
    end = run.finished() or Finished()
    measured = [record.metrics for record in records if isinstance(record, Evaluation)] or [{}]
    before, after = end.dev_before or measured[0], end.dev_after or measured[-1]
    metric = main_metric_among(before)
    had = [numbers.get(metric, math.nan) for numbers in (before, end.dev_as_it_comes or {}) if metric]
    if metric is not None and end.gain is not None and end.gain.metric == metric:  # over the best of all baselines
        had.append(after.get(metric, math.nan) - end.gain.value)
    return Summary(
        **_common(run, user),
        loss=config.settings.loss,
        seed=config.settings.seed,
        data=config.data,
        file=run.data_for(user),
        model=config.model,
        layer=config.layer,
        metric=metric,
        before=max((value for value in had if not math.isnan(value)), default=None),
        after=None if metric is None else _defined(after.get(metric)),
        seconds=next((record.seconds for record in reversed(records) if isinstance(record, _TIMED)), None),
    )


def _common(run: Run, user: str | None) -> dict[str, Any]:
    status, about = run.status, run.about
    return {
        "id": run.id,
        "title": run.title_for(user),
        "state": status.state,
        "message": status.message,
        "created": about.created,
        "imported": about.imported,
    }


def _damaged(run: Run, user: str | None) -> Summary:
    return Summary(**_common(run, user), damaged=True)


def _defined(value: float | None) -> float | None:
    """What can be subtracted and drawn."""
    return None if value is None or math.isnan(value) else value


def settings_of(config: RunConfig) -> dict[str, str]:
    """Every setting by name, as text; what only identifies (versions, the past) is left out."""
    flat = {
        "data": config.data,
        "data SHA-256": config.data_sha256[:12],
        "dev": config.dev,
        "dev share": config.dev_share,
        "folds": config.folds,
        "fold": config.fold,
        "kind": config.kind,
        "model": config.model,
        "model SHA-256": config.model_sha256[:12],
        "layer": config.layer,
        "pooling": config.pooling,
        "head": config.head,
        "prompt": config.prompt,
        "dim": config.dim,
        "device": config.device,
        "data seed": config.data_seed,
        **{name: value for name, value in config.settings.model_dump().items() if name != "loss_options"},
        **config.settings.loss_options,
        **{f"version of {name}": number for name, number in config.versions.items()},
    }
    return {name: "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in flat.items()}  # fmt: skip


def differences(configs: Sequence[RunConfig]) -> dict[str, list[str]]:
    """The settings in which runs differ, each with its value in every run; "" where it is not set."""
    flat = [settings_of(config) for config in configs]
    names = dict.fromkeys(name for settings in flat for name in settings)
    by_setting = {name: [settings.get(name, "") for settings in flat] for name in names}
    return {name: values for name, values in by_setting.items() if len(set(values)) > 1}
