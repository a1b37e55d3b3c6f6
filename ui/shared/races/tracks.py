"""The points of a run's curves, read from its records once and not at each update.

A page looks every second, a long training has a hundred thousand records, and thirty people may watch: so each record
is looked at once for all sessions, and what is kept of a run does not grow with its length.
"""

import math
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

import streamlit as st

from simcse_core.learning.records import Evaluation, Finished, Note, Record, Step
from simcse_core.runs.race import Outcome

PLACES = 160
"""So many places at most of a curve of all steps; beyond, neighbours are averaged."""
MOST_TRACKS = 300
"""Of runs that somebody watches or watched."""


@dataclass(frozen=True)
class Moment:
    """The dev data at one moment of a training."""

    step: int
    epoch: int
    texts: int
    """Seen so far."""
    seconds: float
    """Trained so far."""
    metrics: Mapping[str, float]
    """By name; NaN where it is undefined."""
    alignment: float
    uniformity: float


@dataclass
class Thinned:
    """A curve of any length in a bounded number of places, each the mean of its neighbours."""

    width: int = 1
    """The number of points in a place."""
    places: list[list[float]] = field(default_factory=list)
    """Each the sum of its points, and their number last."""

    def add(self, *values: float) -> None:
        if not self.places or self.places[-1][-1] >= self.width:
            self.places.append([0.0] * (len(values) + 1))
        last = self.places[-1]
        for column, value in enumerate((*values, 1.0)):
            last[column] += value
        if len(self.places) > PLACES:
            pairs = zip(self.places[::2], [*self.places[1::2], [0.0] * (len(values) + 1)], strict=False)
            self.places = [[a + b for a, b in zip(one, other, strict=True)] for one, other in pairs]
            self.width *= 2

    def means(self, most: int = PLACES) -> list[list[float]]:
        """The values of each place, or of about `most` larger ones."""
        together = max(len(self.places) // most, 1)
        parts = (self.places[start : start + together] for start in range(0, len(self.places), together))
        sums = ([sum(values) for values in zip(*part, strict=True)] for part in parts)
        return [[value / count for value in values] for *values, count in sums]


@dataclass
class Track:
    """One run, as far as its records have been read."""

    moments: list[Moment] = field(default_factory=list)
    steps: Thinned = field(default_factory=Thinned)
    """Of each step: texts seen, seconds, loss, texts per second."""
    last: Step | None = None
    """The last step."""
    texts: int = 0
    finished: Finished | None = None
    notes: list[Note] = field(default_factory=list)
    epochs: dict[int, Step] = field(default_factory=dict)
    """By epoch that is over, its last step."""
    _read: int = 0
    _newest: Record | None = None
    _seconds: float = 0.0

    def goes_on_with(self, records: Sequence[Record]) -> bool:
        """Whether these are the records that were read, and later ones; a run that is resumed replaces some."""
        return self._read <= len(records) and (not self._read or records[self._read - 1] == self._newest)

    def read(self, records: Sequence[Record]) -> None:
        """Go on with the records that are new."""
        for record in records[self._read :]:
            self.add(record)
        self._read = len(records)
        self._newest = records[-1] if records else None

    def add(self, record: Record) -> None:
        match record:
            case Step():
                self._step(record)
            case Evaluation():
                self._seconds = record.seconds or self._seconds  # an older version may have left it out
                self.moments.append(self._moment(record))
            case Note():
                self.notes.append(record)
            case Finished():
                self.finished = record

    def _step(self, step: Step) -> None:
        if self.last is not None and step.epoch > self.last.epoch:
            self.epochs[self.last.epoch] = self.last
        self.texts += step.texts or round(step.texts_per_second * max(step.seconds - self._seconds, 0.0))
        self._seconds = step.seconds
        self.last = step
        if not math.isnan(step.loss):
            self.steps.add(self.texts, step.seconds, step.loss, step.texts_per_second)

    def _moment(self, evaluation: Evaluation) -> Moment:
        return Moment(
            step=evaluation.step,
            epoch=evaluation.epoch,
            texts=self.texts,
            seconds=self._seconds,
            metrics=evaluation.metrics,
            alignment=evaluation.geometry.alignment,
            uniformity=evaluation.geometry.uniformity,
        )


class _Tracks:
    """The tracks of all sessions."""

    def __init__(self) -> None:
        self._tracks: OrderedDict[str, Track] = OrderedDict()
        self._lock = Lock()

    def of(self, outcome: Outcome) -> Track:
        with self._lock:
            track = self._tracks.get(outcome.run)
            if track is None or not track.goes_on_with(outcome.records):
                track = self._tracks[outcome.run] = Track()
            self._tracks.move_to_end(outcome.run)
            while len(self._tracks) > MOST_TRACKS:
                self._tracks.popitem(last=False)
            track.read(outcome.records)
            return track


@st.cache_resource(show_spinner=False)
def _tracks() -> _Tracks:
    return _Tracks()


def track(outcome: Outcome) -> Track:
    """What the curves of a run need. Shared by all sessions: nobody changes it."""
    if outcome.run:
        return _tracks().of(outcome)
    recorded = Track()  # of a race that came with the app: its runs have no ids
    recorded.read(outcome.records)
    return recorded
