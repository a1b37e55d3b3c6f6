"""`race`: several losses from the same start, over several seeds, and what the result supports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from simcse_core.api.chart import Chart, Row
from simcse_core.api.display import html_table, paragraph, text_table
from simcse_core.api.inputs import Data, called
from simcse_core.api.options import Options, config_of
from simcse_core.api.progress import download_bar
from simcse_core.api.queued import cancelling, finish
from simcse_core.api.training import TrainingResult
from simcse_core.encoding.given import Trained
from simcse_core.errors import OptionError
from simcse_core.learning.measuring import main_metric_among
from simcse_core.learning.race import Line, Verdict
from simcse_core.learning.verdict_words import LINES, in_english, metric_title, with_range
from simcse_core.meaning.intervals import NOTHING, Interval
from simcse_core.runs import race as races
from simcse_core.runs.config import NOTHING as NO_DEV
from simcse_core.runs.config import RunConfig
from simcse_core.runs.preflight import Ready, absolute, preflight

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable

SEEDS = (0, 1, 2)
"""Below three a race names no winner."""
MOST_RUNS = 200
VALUE = "{:.3f}"


@dataclass(frozen=True)
class RaceResult:
    """A finished race. It prints its table and its verdict; a notebook shows the chart too."""

    id: str
    """Of the race; the page Training shows it."""
    runs: Sequence[TrainingResult]
    """All trainings, seed by seed."""
    lines: Sequence[Line]
    """The baselines, then each loss."""
    outcome: Verdict | None
    """Who is ahead of whom, as numbers; None where nothing could be measured."""

    @property
    def metric(self) -> str | None:
        """The metric that decides."""
        return self.outcome.metric if self.outcome else main_metric_among(self.lines[0].metrics if self.lines else ())

    @property
    def verdict(self) -> str:
        """What the race shows, in words: never a winner below three seeds or inside the noise."""
        if self.outcome is None:
            return "Nothing can be said: no loss has a result that is defined."
        return in_english(self.outcome)

    def training(self, loss: str, seed: int | None = None) -> TrainingResult:
        """One of the trainings; of the first seed when none is named.

        Raises:
            OptionError: there is none of this loss and seed.
        """
        for run in self.runs:
            settings = run.run.config.settings
            if settings.loss == loss and seed in (None, settings.seed):
                return run
        raise OptionError(
            "The race has no training of {loss!r} with seed {seed}. Its losses are: {choices}.",
            loss=loss,
            seed="…" if seed is None else seed,
            choices=", ".join(dict.fromkeys(run.run.config.settings.loss for run in self.runs)),
        )

    def table(self) -> Any:
        """A DataFrame with a row for each baseline and loss: value, range, gain over the best baseline, seconds."""
        import pandas as pd

        return pd.DataFrame([_record(line, self.metric) for line in self.lines])

    def plot(self) -> Chart:
        """The metric that decides, with its ranges over the held-out items."""
        rows = [
            Row(LINES.get(line.name, line.name), line.metrics.get(self.metric or "", NOTHING), not line.is_loss)
            for line in self.lines
        ]
        return Chart(f"{metric_title(self.metric or '')}, 95 % ranges over the held-out items", rows)

    def __repr__(self) -> str:
        return f"{text_table(*self._table())}\n{self.verdict}"

    def _repr_html_(self) -> str:
        return self.plot().svg() + html_table(*self._table()) + paragraph(self.verdict)

    def _table(self) -> tuple[list[str], list[list[str]]]:
        header = ["", self.metric or "", "gain over the best baseline", "seeds", "seconds"]
        return header, [
            [
                LINES.get(line.name, line.name),
                with_range(line.metrics.get(self.metric or "", NOTHING), VALUE),
                with_range(line.gain[self.metric]) if self.metric in line.gain else "",
                str(line.seeds) if line.is_loss else "",
                "" if line.seconds is None else f"{line.seconds:.1f}",
            ]
            for line in self.lines
        ]


def race(
    data: Data,
    losses: Sequence[str],
    seeds: int | Sequence[int] = SEEDS,
    *,
    model: "str | Path | Trainable | Trained" = "minilm",
    dev: Data | None = None,
    dev_share: float | None = None,
    columns: Mapping[str, str] | None = None,
    kind: str | None = None,
    progress: bool = True,
    **options: Unpack[Options],
) -> RaceResult:
    """Train with several losses from the same start, and say which did better by more than noise.

    Every loss learns from equally many sentences (or for equally many `seconds`), is measured on the same held-out
    rows after its last step, and stands beside the model as it comes and TF-IDF. Each training is a run.

    Args:
        data: as for `train`.
        losses: two or more names; one is compared with the baselines alone.
        seeds: so many, or which ones. Below three no winner is named.
        model, dev, dev_share, columns, kind, progress, options: as for `train`, the same for all.

    Raises:
        As for `train`.

    Example:
        >>> result = race("pairs.csv", ["cross_entropy", "cosent"], seeds=3, seconds=30)
        >>> print(result.verdict)
    """
    named, numbers = _losses(losses), seeds_of(seeds)
    if "seed" in options:
        raise OptionError("A race has seeds, not one seed: seeds=[{given}].", given=options["seed"])
    if isinstance(dev, str) and dev == NO_DEV:
        raise OptionError("A race has to measure something: name other data as dev, or leave it out.")
    configs = [
        config_of(
            data,
            loss,
            model=model,
            dev=dev,
            dev_share=dev_share,
            columns=columns,
            kind=kind,
            loss_options=None,
            options=options,
        )
        for loss in named
    ]
    for config in configs:
        with called(config.data):
            check_racing(preflight(config, download_bar))
    return carried_out(absolute(configs[0]), named, numbers, progress=progress)


def check_racing(ready: Ready) -> None:
    """See that something is measured.

    Raises:
        OptionError: nothing is.
    """
    if ready.sides.dev is None:
        raise OptionError("The data has nothing to measure losses by: give data with labels or scores as dev.")


def carried_out(config: RunConfig, losses: Sequence[str], seeds: Sequence[int], *, progress: bool = True) -> RaceResult:
    """Queue the runs of a race, and follow them to their end.

    Args:
        config: of every run but for loss and seed; with whole paths, and one that can start (`preflight`).
        losses, seeds: of the runs.
        progress: whether a bar is shown.

    Raises:
        RunError: one failed, or too many wait already.
    """
    race_id = races.start(config, losses, seeds, expected=config.settings.seconds)
    runs = races.runs(race_id)
    with cancelling(runs, "the same call; trainings that are finished are not repeated"):
        results = [
            TrainingResult(run, finish(run, title=f"{place}/{len(runs)} {run.config.settings.loss}", progress=progress))
            for place, run in enumerate(runs, 1)
        ]
    outcomes, baselines = races.outcomes(race_id), races.baselines(race_id)
    return RaceResult(race_id, results, races.results(outcomes, baselines), races.verdict(outcomes, baselines))


def _losses(losses: Sequence[str]) -> list[str]:
    if isinstance(losses, str):
        losses = [losses]
    if not losses:
        raise OptionError("A race needs at least one loss: losses=['cross_entropy', 'cosent'].")
    return list(dict.fromkeys(losses))


def seeds_of(seeds: int | Sequence[int]) -> list[int]:
    """The seeds of a race: so many, or which ones.

    Raises:
        OptionError: there are none, too many, or they are no whole numbers.
    """
    numbers = list(range(seeds)) if isinstance(seeds, int) else list(dict.fromkeys(seeds))
    if not 0 < len(numbers) <= MOST_RUNS or not all(type(seed) is int for seed in numbers):
        raise OptionError(
            "{given} as seeds is not possible: give a number from 1 to {most}, or a list of whole numbers.",
            given=seeds,
            most=MOST_RUNS,
        )
    return numbers


def _record(line: Line, metric: str | None) -> dict[str, Any]:
    value, gain = line.metrics.get(metric or "", NOTHING), line.gain.get(metric or "")
    return {
        "name": line.name,
        "is_loss": line.is_loss,
        "metric": metric,
        **_interval(value, ""),
        **_interval(gain or NOTHING, "gain"),
        "seeds": line.seeds,
        "diverged": line.diverged,
        "seconds": line.seconds,
    }


def _interval(of: Interval, prefix: str) -> dict[str, float]:
    if not prefix:
        return {"value": of.value, "low": of.low, "high": of.high}
    return {prefix: of.value, f"{prefix}_low": of.low, f"{prefix}_high": of.high}
