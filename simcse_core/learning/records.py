"""What a training tells while it runs: a record a step, one for each measurement, notes in words, and the end.

How far a run is and whose it is stand here too, so that everything a run's folder says of it has one form.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from simcse_core.meaning.evaluation import Metrics
from simcse_core.meaning.items import Items
from simcse_core.plain import printable

LONGEST_NAME = 80
"""Characters in the name of a run."""
LATEST = 1e11
"""Seconds since the epoch that a date can still be made of."""


@dataclass(frozen=True)
class Step:
    """One step of the optimiser."""

    step: int
    steps: int
    """Steps planned; with a time budget the plan follows the pace."""
    epoch: int
    loss: float
    learning_rate: float
    gradient_norm: float
    """Before clipping."""
    observed: dict[str, float]
    """What the loss learns (scale, bias), share of active triplets, mean cosine of matches and of mismatches."""
    texts_per_second: float
    texts: int
    """That this step has learned from."""
    seconds: float
    """Since the start: frozen layers, probe and steps; measurements are left out."""
    event: str = "step"


@dataclass(frozen=True)
class Geometry:
    """How embeddings lie on the sphere, whatever the labels say. Undefined numbers are NaN."""

    alignment: float
    """Mean squared distance of what belongs together; lower is better. Undefined for texts alone."""
    uniformity: float
    mean_cosine: float
    """Of all pairs of distinct texts; near 1 they have collapsed."""
    effective_rank: float
    """How many directions are really used, 1 to D."""


@dataclass(frozen=True)
class Measured:
    """A model on a data set."""

    metrics: Metrics
    geometry: Geometry
    items: Items


@dataclass(frozen=True)
class NoMetrics:
    """Of a training without dev data, which has nothing to compare with; `{}` in JSON."""


@dataclass(frozen=True)
class Evaluation:
    """The model at one moment, on the dev data, or without any on some training texts; step 0 is before training."""

    step: int
    epoch: int
    metrics: Metrics | NoMetrics
    geometry: Geometry
    best: bool
    """The best so far: these weights are kept. Nothing is best without dev data."""
    seconds: float
    event: str = "evaluation"


@dataclass(frozen=True)
class Note:
    """Something the user should know, in words; `template` with `values` for a screen in another language."""

    step: int
    code: str
    template: str
    values: dict[str, float | str]
    event: str = "note"

    @property
    def message(self) -> str:
        return self.template.format(**self.values)


@dataclass(frozen=True)
class Ended:
    """The last record. The model now has the weights of the best evaluation, or the last ones: `settings.keep` says
    which, and without dev data there is no best.
    """

    reason: str
    """epochs, steps, sentences, seconds, patience, limit (of `max_run_minutes`), cancelled or diverged."""
    step: int
    kept_step: int
    """After which step the model had the weights that it has now; 0 is the start."""
    seconds: float
    before: Measured | None
    """The dev data before the first step; None without dev data."""
    after: Measured | None
    """The dev data under the weights that were kept."""
    event: str = "ended"

    @property
    def dev_before(self) -> Metrics | None:
        return None if self.before is None else self.before.metrics

    @property
    def dev_after(self) -> Metrics | None:
        return None if self.after is None else self.after.metrics


Record = Step | Evaluation | Note | Ended


class State(StrEnum):
    """How far a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Its process is gone without a word; the supervisor takes it up again."""

    @property
    def is_over(self) -> bool:
        """Whether it stays as it is unless somebody asks for more."""
        return self in (State.FINISHED, State.FAILED, State.CANCELLED)

    @property
    def is_busy(self) -> bool:
        """Whether it waits for a process or has one. An interrupted run is neither busy nor over."""
        return self in (State.QUEUED, State.RUNNING)


class Stored(BaseModel):
    """What a file of a run holds. A name that a later version added is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Status(Stored):
    """How far a run is, and why it has failed."""

    state: State
    message: str = ""
    """Why it failed, in words."""
    template: str = ""
    """The message with its values apart, for a screen in another language; empty when there is no such thing."""
    values: dict[str, Any] = {}
    pid: Annotated[int, Field(ge=1, lt=2**31, strict=True)] | None = None
    born: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """When the process was created (`alive.born`): a pid alone may belong to another process by now."""
    changed: float = 0.0
    """Seconds since the epoch; only for people, because clocks jump."""


class About(Stored):
    """Whose a run is, and what people call it."""

    owners: tuple[str, ...] = ()
    """Who started it; the others started the same later."""
    name: str = ""
    """Of the first owner; others who look at the run see it too."""
    created: float = 0.0
    """Seconds since the epoch; 0 is unknown."""
    imported: bool = False
    """It came as a bundle."""
    names: dict[str, str] = {}
    """What each of the later owners calls it."""

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        return printable(name)[:LONGEST_NAME]

    @field_validator("names")
    @classmethod
    def _lines(cls, names: dict[str, str]) -> dict[str, str]:
        return {user: printable(name)[:LONGEST_NAME] for user, name in names.items()}

    @field_validator("created")
    @classmethod
    def _date(cls, created: float) -> float:
        return created if 0 <= created < LATEST else 0.0

    def name_for(self, user: str | None) -> str:
        """What somebody calls it; "" is no name. None is the operator."""
        return self.names.get(user, "") if user in self.owners[1:] else self.name

    def named(self, name: str, user: str | None) -> "About":
        """The same, with another name for somebody: that of a later owner is seen by nobody else."""
        if user is None or user not in self.owners[1:]:
            return self.model_copy(update={"name": name})
        return self.model_copy(update={"names": {**self.names, user: name}})

    def joined_by(self, user: str) -> "About":
        """The same with another owner."""
        return self.model_copy(update={"owners": tuple(dict.fromkeys((*self.owners, user)))})

    def without(self, user: str) -> "About":
        """The same without one of its owners."""
        owners = tuple(owner for owner in self.owners if owner != user)
        names = {owner: name for owner, name in self.names.items() if owner in owners[1:]}
        is_first = self.owners[:1] != owners[:1]
        name = self.names.get(owners[0], "") if is_first else self.name
        return self.model_copy(update={"owners": owners, "names": names, "name": name})
