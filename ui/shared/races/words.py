"""A race in words: its title, and the messages for screen readers while it goes on."""

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from simcse_core.data import bundled
from simcse_core.encoding.catalogue import CATALOGUE
from simcse_core.encoding.scratch import SIZES
from simcse_core.errors import RunError
from simcse_core.learning.records import Note, Step
from simcse_core.learning.settings import TrainingSettings
from simcse_core.runs.config import RunConfig
from simcse_core.runs.race import Outcome
from simcse_core.runs.store import get
from ui.frame import users
from ui.frame.translation import N_, _
from ui.shared.data_choice import data_title
from ui.shared.names import STATES, duration, metric_title, pooling_name, prompt_name
from ui.shared.races.figures import metric_of
from ui.shared.races.lines import names
from ui.shared.races.tracks import Moment, Track, track

BUG = re.compile(r"[A-Za-z_]+(Error|Exception): ")
"""The template of an error in a status that is no user's mistake."""
_PATH = re.compile(r"(?<![\w:/.])(?:[A-Za-z]:)?[/\\](?:[^/\\\n'\":]+[/\\])+[^/\\\n'\" :,;)]*[^/\\\n'\" :,;).]")
"""Of this machine: from its root to the last name."""
SAID_EPOCHS = 10
"""So many epochs of each run at most are sent to the browser, which knows what it has said."""
SIZE_TITLES = {
    "scratch-tiny": N_("new, tiny: 2 layers of 128"),
    "scratch-mini": N_("new, mini: 4 layers of 256"),
    "scratch-small": N_("new, small: 4 layers of 512"),
}
TUNED = {
    "all": N_("everything"),
    "head": N_("a linear layer"),
}


def describe(config: RunConfig, seeds: Sequence[int] = (), *, data: bool = True) -> str:
    """The data, start and settings of a race in one line.

    Args:
        config: of one of its runs.
        seeds: of all of them; those of `config` alone when empty.
        data: whether to name the data.
    """
    settings = config.settings
    said = [data_name(config.data)] if data else []
    said.append(start_name(config))
    said.append(_("trained: {what}").format(what=tuned(settings.tune)))
    said.append(_budget(settings))
    all_seeds = sorted(set(seeds)) or [settings.seed]
    said.append(
        _("seed {seed}").format(seed=all_seeds[0])
        if len(all_seeds) == 1
        else _("seeds {seeds}").format(seeds=", ".join(map(str, all_seeds)))
    )
    return " · ".join(said)


def _budget(settings: TrainingSettings) -> str:
    if settings.seconds is not None:
        return _("{time} each").format(time=duration(settings.seconds))
    if settings.sentences is not None:
        return _("sentences: {n:,} each").format(n=settings.sentences)
    return _("epochs: {n}").format(n=settings.epochs)


def data_name(name: str) -> str:
    """Data as the screen calls it."""
    return data_title(name) if name in bundled.names() else _("own data")


def start_name(config: RunConfig) -> str:
    """The model that training starts from, with its layer, pooling, prompt and dimensions."""
    parts = [model_title(config.model)]
    if config.layer is not None:
        parts.append(_("layer {layer}").format(layer=config.layer))
    if config.pooling is not None:
        parts.append(pooling_name(config.pooling))
    if config.prompt is not None:
        parts.append(prompt_name(config.prompt))
    if config.dim is not None:
        parts.append(_("{n} dimensions").format(n=config.dim))
    return " · ".join(parts)


def model_title(name: str) -> str:
    """A model of the catalogue, a new one, a run, or a folder, as the screen calls it."""
    if name in CATALOGUE:
        return CATALOGUE[name].title
    if name in SIZES:
        return _(SIZE_TITLES[name])
    try:
        return get(name).title_for(users.current())
    except RunError:
        name = PurePath(name).name if os.path.isabs(name) else name  # where it lies is the server's business
        return name if len(name) <= 24 else f"{name[:8]} … {name[-6:]}"


def failure(outcome: Outcome) -> str:
    """Why a run failed, in the language of this session where it is a user's mistake."""
    if BUG.match(outcome.message):
        return _("{message}. This is a bug; log.txt in the folder of the run {run} has more.").format(
            message=without_folders(outcome.message).rstrip("."), run=outcome.run
        )
    return _sentence(outcome.template, outcome.values) or without_folders(outcome.message)


def in_words(note: Note) -> str:
    """A note of a training, in the language of this session."""
    return without_folders(_(note.template).format(**note.values) if note.template else note.message)


def _sentence(template: str, values: Mapping[str, Any]) -> str:
    if re.search(r"\{[^}]*:[^}]*\d{3,}", template):  # somebody has edited the file: this would fill the memory
        return ""
    try:
        return without_folders(_(template).format(**values)) if template else ""
    except (KeyError, ValueError, IndexError, TypeError, AttributeError, MemoryError):  # so has he here
        return ""


def without_folders(text: str) -> str:
    """A sentence in which files have their bare names: other users need not see paths of the server."""
    return _PATH.sub(lambda path: re.split(r"[/\\]", path[0])[-1], text)


def tuned(tune: str) -> str:
    """The trained part of a model, in words."""
    if tune in TUNED:
        return _(TUNED[tune])
    count = tune.rpartition(":")[2]
    return _("the last layer only") if count == "1" else _("the last {n} layers").format(n=count)


def announcements(race: Sequence[Outcome], epochs: int | None) -> dict[str, str]:
    """One message for each of the latest epochs of each run, and one for each run's end.

    Args:
        race: as it stands now.
        epochs: planned; None when a time is planned instead.
    """
    said: dict[str, str] = {}
    # Every look makes them anew, so what is translated is looked up once.
    epoch = _("Epoch {number}: {name}, {what}") if epochs is None else _("Epoch {number} of {epochs}: {name}, {what}")
    loss = _("loss {loss:.3f}")
    metric = metric_of([track(outcome) for outcome in race])
    metric_name = metric_title(metric) if metric else ""
    for name, outcome in zip(names(race), race, strict=True):
        for number, last, moment in _latest_epochs(track(outcome)):
            value = moment.metrics.get(metric, math.nan) if moment is not None and metric else math.nan
            result = loss.format(loss=last.loss) if math.isnan(value) else f"{metric_name} {value:.2f}"
            said[f"{outcome.run} {number}"] = epoch.format(number=number, epochs=epochs, name=name, what=result)
        if outcome.state.is_over:
            said[f"{outcome.run} {outcome.state}"] = f"{name}: {_(STATES[outcome.state])}"
    return said


def _latest_epochs(one: Track) -> list[tuple[int, Step, Moment | None]]:
    """The latest epochs that are over, each with its last step and its last measurement."""
    if one.last is None:
        return []
    measured = {moment.epoch: moment for moment in one.moments[-2 * SAID_EPOCHS :] if moment.step}
    over = {number: one.epochs[number] for number in list(one.epochs)[-SAID_EPOCHS:]}
    latest = measured.get(one.last.epoch)
    if one.finished or (latest is not None and latest.step == one.last.step):
        over[one.last.epoch] = one.last
    return [(number, over[number], measured.get(number)) for number in sorted(over)]
