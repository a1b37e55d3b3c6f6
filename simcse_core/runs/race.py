"""A race in the queue: a run for each loss and seed, and what `learning.race` says of those that are finished."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter

from simcse_core.data.kinds import Dataset, texts_of
from simcse_core.encoding.catalogue import load
from simcse_core.encoding.scratch import SIZES
from simcse_core.errors import RunError, UserError
from simcse_core.home import home
from simcse_core.jsonable import jsonable
from simcse_core.learning import race
from simcse_core.learning.baselines import baselines as baselines_of
from simcse_core.learning.prompting import prompted
from simcse_core.learning.race import Contestant, Line, Verdict, settings_of
from simcse_core.learning.records import BeforeAndAfter, Finished, Record, State, Step
from simcse_core.learning.settings import MOST_EPOCHS, TrainingSettings, objective
from simcse_core.meaning.items import Items
from simcse_core.runs import files, queue
from simcse_core.runs.config import RunConfig, describe, open_split
from simcse_core.runs.run import Run
from simcse_core.runs.schedule import Place, places
from simcse_core.runs.store import get

if TYPE_CHECKING:
    from simcse_core.encoding.protocol import Trainable

RACE_ID = re.compile(r"[0-9a-f]{16}")
_RUN_IDS = TypeAdapter(list[str])
_BASELINES = TypeAdapter(dict[str, Items])


def start(
    config: RunConfig,
    losses: Sequence[str],
    seeds: Sequence[int] | None = None,
    *,
    user: str = "cli",
    expected: float | None = None,
) -> str:
    """Queue the runs of a race. The same race started again is the same race.

    Args:
        config, losses, seeds: as for `configs`.
        user: whose race it is.
        expected: seconds of training of each run, if that is known.

    Returns:
        The race's id.

    Raises:
        DataError: the data cannot be read.
        OptionError: there is no such loss.
        RunError: too many runs wait already.
    """
    return _keep(queue.submit(configs(config, losses, seeds), user=user, expected=expected))


def configs(config: RunConfig, losses: Sequence[str], seeds: Sequence[int] | None = None) -> list[RunConfig]:
    """A run for each seed and loss; they differ in nothing else, and hold out the same rows.

    Several losses learn from equally many sentences: as many as go through the model when each text of the training
    data does so once an epoch. Epochs would not be equal, because losses take different rows of the data. With a budget
    in seconds, steps or sentences, that budget is the same for all.

    Args:
        config: of every run but for loss and seed; with several losses or seeds each keeps its last weights, because
            the best of many moments on the held-out data looks better than it is there.
        losses: their names.
        seeds: None is the seed of `config` alone. All losses run with one seed before the next one starts.

    Raises:
        DataError: the data cannot be read.
        OptionError: there is no such loss.
    """
    settings = config.settings
    data_seed = settings.seed if config.data_seed is None else config.data_seed
    described = describe(config.model_copy(update={"data_seed": data_seed}))
    keep: Literal["best", "last"] = "last"
    if len(set(losses)) == 1 and len(set(seeds or [0])) == 1:
        keep = settings.keep
    elif len(set(losses)) > 1 and (settings.seconds, settings.steps, settings.sentences) == (None, None, None):
        settings = equal_sentences(settings, open_split(described)[0])
    return [
        described.model_copy(update={"settings": settings_of(settings, loss, seed, keep=keep)})
        for seed in dict.fromkeys([settings.seed] if seeds is None else seeds)
        for loss in dict.fromkeys(losses)
    ]


def equal_sentences(settings: TrainingSettings, data: Dataset) -> TrainingSettings:
    """The settings with as many sentences as the epochs have texts in the place of the epochs.

    Args:
        settings: with epochs as the only budget.
        data: what is learned from.
    """
    sentences = settings.epochs * len(texts_of(data))
    return settings.model_copy(update={"sentences": sentences, "epochs": MOST_EPOCHS})


@dataclass(frozen=True)
class Outcome:
    """What is known of one run of a race, finished or not."""

    loss: str
    seed: int
    run: str
    """The run's id; its model can be loaded by it once the run is finished."""
    state: State
    message: str
    records: list[Record]
    items: BeforeAndAfter | None
    place: Place | None = None
    """Where it waits in the queue."""
    template: str = ""
    """The message with its values apart, for a screen in another language."""
    values: dict[str, Any] = field(default_factory=dict)

    @property
    def finished(self) -> Finished | None:
        """The last record of a finished run."""
        return self.records[-1] if self.records and isinstance(self.records[-1], Finished) else None


def runs(race_id: str) -> list[Run]:
    """The runs of a race, in the order in which they were queued; without those that were removed since.

    Raises:
        RunError: there is no such race, or all its runs were removed.
    """
    of_race = [run for run_id in _ids(race_id) if (run := _find(run_id)) is not None]
    if not of_race:
        raise RunError("There is no race {given!r}. It may have been removed.", given=race_id)
    return of_race


def outcomes(race_id: str) -> list[Outcome]:
    """The runs of a race as they stand now; one whose configuration is damaged, or names no loss, is left out.

    Raises:
        RunError: as for `runs`.
    """
    of_race = runs(race_id)
    waiting = places() if any(run.status.state == State.QUEUED for run in of_race) else {}
    seen = []
    for run in of_race:
        try:
            one = outcome(run, waiting.get(run.id))
            objective(one.loss)
            seen.append(one)
        except UserError:
            continue
    return seen


def outcome(run: Run, place: Place | None = None) -> Outcome:
    """One run as it stands now.

    Raises:
        RunError: its configuration is damaged.
    """
    status, settings = run.status, run.config.settings
    return Outcome(
        settings.loss,
        settings.seed,
        run.id,
        status.state,
        status.message,
        run.records(),
        run.items(),
        place,
        status.template,
        status.values,
    )


def cancel(race_id: str, user: str | None) -> None:
    """Cancel all runs of a race that are not over; those that others wait for too only stop being this user's.

    Raises:
        RunError: there is no such race, or all its runs are somebody else's.
    """
    of_race = runs(race_id)
    mine = [run for run in of_race if run.is_of(user)]
    if not mine:
        of_race[0].check_owner(user)
    for run in reversed(mine):  # else the next one would start meanwhile
        if not run.status.state.is_over:
            queue.cancel(run, user)


def races_of(run_id: str) -> list[str]:
    """Ids of the races in which a run takes part."""
    return [race_id for race_id in all_races() if run_id in _ids(race_id)]


def race_by_run() -> dict[str, str]:
    """The id of a race by the id of each run that takes part in one; of several races one of them."""
    return {run_id: race_id for race_id in sorted(all_races()) for run_id in _ids(race_id)}


def all_races() -> Iterator[str]:
    """Ids of all races, in no order."""
    try:
        names = os.listdir(home() / "races")
    except OSError:  # there are none yet
        return
    for name in names:
        stem, _dot, ending = name.partition(".")
        if ending == "json" and RACE_ID.fullmatch(stem):
            yield stem


def contestants(runs: Sequence[Outcome]) -> list[Contestant]:
    """The finished runs that were measured on held-out data, on as many items as most of them."""
    measured = [(run, run.items, run.finished) for run in runs if run.items is not None and run.finished is not None]
    usual = Counter(items.after.count for _run, items, _finished in measured).most_common(1)
    return [
        Contestant(
            loss=run.loss,
            seed=run.seed,
            before=items.before,
            after=items.after,
            seconds=finished.seconds,
            diverged=finished.is_diverged,
            texts_per_second=_median_rate(run.records),
        )
        for run, items, finished in measured
        if items.after.count == usual[0][0]  # others are damaged
    ]


def _median_rate(records: Sequence[Record]) -> float | None:
    """The middle of the texts per second of each step: the first steps warm up. None without steps that say it."""
    rates = [record.texts_per_second for record in records if isinstance(record, Step) and record.texts_per_second]
    return median(rates) if rates else None


def baselines(race_id: str) -> dict[str, Items]:
    """What the race has to beat, on the same data; nothing before its first run has ended.

    The start of the training is not among it: each run measures that itself.
    """
    try:
        return beside(runs(race_id)[0].config)
    except RunError:
        return {}


def beside(config: RunConfig) -> dict[str, Items]:
    """The baselines of a run's data and model, by name; empty where they have not been measured."""
    path = baselines_file(config)
    try:
        return dict(_read_baselines(path, path.stat().st_mtime_ns))
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=32)
def _read_baselines(path: Path, _written: int) -> dict[str, Items]:
    """Kept until the file is written again: pages look every second, and held-out data may be large."""
    return files.read(path, _BASELINES)


def write_baselines(config: RunConfig, data: Dataset, dev: Dataset | None) -> None:
    """Measure the baselines for all races on this data and from this model, where that is not done yet.

    The model as it comes is one of them: all its layers and its own pooling, whatever the training starts from, and
    texts read with the training's prompt. A new model was nothing before.
    """
    path = baselines_file(config)
    if not beside(config):  # or somebody has damaged the file
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, jsonable({} if dev is None else _measured(config, data, dev)))


def _measured(config: RunConfig, data: Dataset, dev: Dataset) -> dict[str, Items]:
    before = as_it_comes(config)
    if before is None:
        return baselines_of(data, dev)
    model, as_read, _dev = prompted(before, config.prompt, dev)
    return baselines_of(data, dev, model, as_read)


def as_it_comes(config: RunConfig) -> "Trainable | None":
    """The model that one had before a training; None where it starts from a new one."""
    return None if config.model in SIZES else load(config.model, device=config.device)


def results(runs: Sequence[Outcome], baselines: Mapping[str, Items] | None = None) -> list[Line]:
    """What one had before, then every loss that has finished; as `learning.race.table`."""
    return race.table(contestants(runs), baselines)


def verdict(
    runs: Sequence[Outcome], baselines: Mapping[str, Items] | None = None, metric: str | None = None
) -> Verdict | None:
    """Who is ahead of whom, and of the baselines; as `learning.race.verdict`."""
    return race.verdict(contestants(runs), baselines, metric)


def _keep(members: Sequence[Run]) -> str:
    """Remember which runs belong together. The id is as hard to guess as theirs, and the same for the same runs."""
    race_id = hashlib.sha256(" ".join(run.id for run in members).encode()).hexdigest()[:16]
    path = home() / "races" / f"{race_id}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(path, [run.id for run in members])
    except OSError as error:
        raise files.explained(error, path.parent) from error
    return race_id


def _ids(race_id: str) -> list[str]:
    if not RACE_ID.fullmatch(race_id):
        return []
    try:
        return files.read(home() / "races" / f"{race_id}.json", _RUN_IDS)
    except (OSError, ValueError):
        return []


def _find(run_id: str) -> Run | None:
    try:
        return get(run_id)
    except RunError:
        return None


def baselines_file(config: RunConfig) -> Path:
    """Named by all that the baselines depend on."""
    seed = config.settings.seed if config.data_seed is None else config.data_seed
    rows = (config.data_sha256 or config.data, config.kind, config.columns, seed)
    held_out = (config.dev_sha256 or config.dev, config.dev_share, config.folds, config.fold)
    model = (config.model, config.model_files_sha256 or config.model_sha256)
    parts = (*rows, *held_out, *model, *([] if config.prompt is None else [config.prompt]))
    return home() / "baselines" / f"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}.json"
