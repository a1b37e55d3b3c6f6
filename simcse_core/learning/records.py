"""The contents of a run's files, each with one model: its records, its state, its owners, results item by item.

A training yields the records, a run's files hold them as JSON, and whoever reads such a file, out of a bundle too,
validates it against these models and uses attributes from then on. Numbers that are undefined are NaN in memory and
null in JSON. A name that a later version has added is passed over; what an earlier one did not write has a default.
"""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from simcse_core.learning.notes import NOTES
from simcse_core.meaning.items import Items, Number
from simcse_core.plain import printable

LONGEST_NAME = 80
"""Characters in the name of a run."""
LATEST = 1e11
"""The largest number of seconds since the epoch of which a date can be made."""
Count = Annotated[int, Field(ge=0, le=2**53)]
Amount = Annotated[float, Field(ge=0, le=1e15)]
"""Seconds, and texts per second."""
Numbers = dict[str, Number]
"""By name, such as a metric's."""


class Stored(BaseModel):
    """What a file of a run holds. Nothing is turned into another type."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class Step(Stored):
    """One step of the optimiser."""

    step: Annotated[Count, Field(ge=1)]
    steps: Annotated[Count, Field(ge=1)]
    """Steps planned; with a time budget the plan follows the pace."""
    epoch: Count
    loss: Number = math.nan
    learning_rate: Number = math.nan
    gradient_norm: Number = math.nan
    """Before clipping."""
    observed: Numbers = {}
    """What the loss learns (scale, bias), share of active triplets, mean cosine of matches and of mismatches."""
    texts_per_second: Amount = 0.0
    texts: Count = 0
    """That this step has learned from; 0 is unknown."""
    seconds: Amount
    """Since the start: frozen layers, probe and steps; measurements are left out."""
    event: Literal["step"] = "step"


class Geometry(Stored):
    """The geometry of embeddings on the unit sphere; it does not depend on labels."""

    alignment: Number = math.nan
    """Mean squared distance of what belongs together; lower is better. Undefined for texts alone."""
    uniformity: Number = math.nan
    mean_cosine: Number = math.nan
    """Of all pairs of distinct texts; near 1 they have collapsed."""
    effective_rank: Number = math.nan
    """How many directions are really used, 1 to D."""


class Evaluation(Stored):
    """The model at one moment, on the dev data, or without any on some training texts; step 0 is before training."""

    step: Count = 0
    epoch: Count
    metrics: Numbers
    """Empty without dev data."""
    geometry: Geometry = Geometry()
    best: bool = False
    """The best so far: these weights are kept. Nothing is best without dev data."""
    seconds: Amount = 0.0
    event: Literal["evaluation"] = "evaluation"


class Note(Stored):
    """Something that the user should know, as text; `template` with `values` for translation.

    A template that is not ours, or that says something else than the message, is dropped: then the message is all.
    """

    step: Count = 0
    code: str = ""
    template: str = ""
    values: dict[str, Number | str] = {}
    event: Literal["note"] = "note"
    message: str = ""

    @classmethod
    def of(cls, code: str, step: int = 0, **values: float | str) -> Self:
        """A note in the words of its code, one of `NOTES`."""
        template = NOTES[code]
        return cls(step=step, code=code, template=template, values=values, message=template.format(**values))

    @model_validator(mode="before")
    @classmethod
    def _in_our_words(cls, stored: Any) -> Any:
        if not isinstance(stored, Mapping) or _is_ours(stored):
            return stored
        return {**stored, "template": "", "values": {}}


def _is_ours(note: Mapping[str, Any]) -> bool:
    """Whether a template is one of ours, so that it may be filled in and translated."""
    code, values = note.get("code"), note.get("values")
    if not isinstance(code, str) or not isinstance(values, Mapping) or NOTES.get(code) != note.get("template"):
        return False
    try:
        return bool(NOTES[code].format(**values) == note.get("message"))
    except (KeyError, TypeError, ValueError):
        return False


class Gain(Stored):
    """How much a metric has gained over the best baseline, with its 95 % range."""

    metric: str
    over: str
    """The best: the name of a baseline, or "start"."""
    value: Number = math.nan
    low: Number = math.nan
    high: Number = math.nan


class Finished(Stored):
    """The last record of a finished run: what came out, and where the model is. None is what was not measured."""

    event: Literal["finished"] = "finished"
    run: str = ""
    """Its id."""
    model: str = ""
    """The folder of the trained model."""
    base_model: str = ""
    reason: str = ""
    """Why it ended there; as `ended.Ended.reason`."""
    steps: Count = 0
    kept_step: Count | None = None
    """After which step the model had the weights that it has now; 0 is the start."""
    seconds: Amount = 0.0
    dev_as_it_comes: Numbers | None = None
    """The dev data under the base model as it comes."""
    dev_before: Numbers | None = None
    dev_after: Numbers | None = None
    dev_by_dim: dict[int, Numbers] | None = None
    """The same with embeddings cut to so many dimensions, where the training was for several lengths."""
    gain: Gain | None = None

    @property
    def is_diverged(self) -> bool:
        """Whether the training went wrong: what was measured after it is no result of the loss."""
        return self.reason == DIVERGED


DIVERGED = "diverged"
"""The reason for the end of a training whose loss became NaN or infinite."""


class DamagedEnd(Stored):
    """In the place of an end record that was edited and is no longer valid."""

    event: Literal["damaged"] = "damaged"


Record = Step | Evaluation | Note | Finished | DamagedEnd
RECORD: TypeAdapter[Record] = TypeAdapter(Annotated[Record, Field(discriminator="event")])


class BeforeAndAfter(Stored):
    """Results per dev item before and after training."""

    before: Items
    after: Items

    @model_validator(mode="after")
    def _of_the_same_items(self) -> Self:
        if self.before.count != self.after.count:
            raise ValueError("results of different numbers of items")
        return self


class State(StrEnum):
    """How far a run is."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Its process ended without an error message; the supervisor starts it again."""

    @property
    def is_over(self) -> bool:
        """Whether it ended, so that its state changes only when a user resumes it."""
        return self in (State.FINISHED, State.FAILED, State.CANCELLED)

    @property
    def is_busy(self) -> bool:
        """Whether it waits for a process or has one. An interrupted run is neither busy nor over."""
        return self in (State.QUEUED, State.RUNNING)

    @property
    def is_stopped(self) -> bool:
        """Whether it ended before it finished, so that a user can resume it."""
        return self in (State.FAILED, State.CANCELLED)


class Status(Stored):
    """How far a run is, and why it has failed."""

    state: State
    message: str = ""
    """Why it failed, in words."""
    template: str = ""
    """The message as a template with its values, for translation; empty where there is none."""
    values: dict[str, Any] = {}
    job: str | None = None
    """The backend's id of the job that carries it out, while it is running."""
    changed: float = 0.0
    """Seconds since the epoch; only for people, because clocks jump."""

    @model_validator(mode="before")
    @classmethod
    def _with_job(cls, values: Any) -> Any:
        """Earlier versions wrote the id and the birth of a process of this machine."""
        if isinstance(values, dict) and isinstance(values.get("pid"), int):
            return {"job": f"{values['pid']}:{values.get('born')}", **values}
        return values


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
    files: dict[str, str] = {}
    """By owner, the name of the file that they brought; nobody else sees it."""

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        return printable(name)[:LONGEST_NAME]

    @field_validator("names", "files")
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

    def file_of(self, user: str | None) -> str:
        """The name of the file that somebody brought to it; "" where there is none."""
        return self.files.get(user or "", "")

    def with_file(self, name: str, user: str) -> "About":
        """The same with the name of a user's file."""
        return self.model_copy(update={"files": {**self.files, user: printable(name)[:LONGEST_NAME]}})

    def joined_by(self, user: str) -> "About":
        """The same with another owner."""
        return self.model_copy(update={"owners": tuple(dict.fromkeys((*self.owners, user)))})

    def without(self, user: str) -> "About":
        """The same without one of its owners."""
        owners = tuple(owner for owner in self.owners if owner != user)
        names = {owner: name for owner, name in self.names.items() if owner in owners[1:]}
        brought = {owner: file for owner, file in self.files.items() if owner in owners}
        is_first = self.owners[:1] != owners[:1]
        name = self.names.get(owners[0], "") if is_first else self.name
        return self.model_copy(update={"owners": owners, "names": names, "name": name, "files": brought})
