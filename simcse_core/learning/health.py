"""Problems of trainings, recognised from the records and described in words."""

import math
from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import Any

from simcse_core.data.kinds import Dataset, kind_of
from simcse_core.learning.losses import LossOfEqualTexts, losses
from simcse_core.learning.pretraining import pretraining
from simcse_core.learning.records import Evaluation, Note, Step
from simcse_core.learning.settings import TrainingSettings

COLLAPSED_COSINE = 0.99
"""Mean cosine of distinct texts from which on they count as one."""
COLLAPSED_RANK = 2.0
RISEN = 2.0
"""A loss so many times as large as at the start has risen; medians, because one hard batch says nothing."""
LEAST_RISE = 0.1
STUCK_STEPS = 20
"""So many steps in a row have to show the same before it is said."""


class Watch:
    """Watches the records of one training and reports each problem once.

    Args:
        margin: of a triplet loss; None for others.
        views: whether the batch holds two views of each text.
        words: whether words are learned, so that nothing keeps the embeddings of texts apart.
    """

    def __init__(self, *, margin: float | None = None, views: bool = False, words: bool = False) -> None:
        self.margin, self.views, self.words = margin, views, words
        self._said: set[str] = set()
        self._in_a_row: dict[str, int] = {}
        self._first: list[float] = []
        self._last: deque[float] = deque(maxlen=STUCK_STEPS)

    @property
    def memory(self) -> dict[str, Any]:
        """What it has seen and said, as lists, numbers and texts; another one, given it, goes on from there."""
        return {
            "said": sorted(self._said),
            "in_a_row": dict(self._in_a_row),
            "first": list(self._first),
            "last": list(self._last),
        }

    @memory.setter
    def memory(self, seen: dict[str, Any]) -> None:
        self._said, self._in_a_row = set(seen["said"]), dict(seen["in_a_row"])
        self._first, self._last = list(seen["first"]), deque(seen["last"], maxlen=STUCK_STEPS)

    def step(self, record: Step) -> Iterator[Note]:
        """Notes on a step."""
        if not (math.isfinite(record.loss) and math.isfinite(record.gradient_norm)):
            yield from self._say("diverged", record.step)
            return
        if self.views and record.observed.get("cosine_of_matches", 0.0) > 1 - 1e-5:
            yield from self._say("identical_views", record.step)
        yield from self._rising(record)
        signs = {
            "no_active_triplets": record.observed.get("active_triplets") == 0.0,
            "stuck_at_margin": self.margin is not None and abs(record.loss - self.margin) < 0.005 * self.margin,
            "no_gradient": record.gradient_norm == 0.0 and record.observed.get("active_triplets") != 0.0,
        }
        for code, seen in signs.items():
            self._in_a_row[code] = self._in_a_row.get(code, 0) + 1 if seen else 0
            if self._in_a_row[code] == STUCK_STEPS:
                yield from self._say(code, record.step, steps=STUCK_STEPS, margin=self.margin or 0.0)

    def _rising(self, record: Step) -> Iterator[Note]:
        if len(self._first) < STUCK_STEPS:
            self._first.append(record.loss)
            return
        self._last.append(record.loss)
        first, now = median(self._first), median(self._last)
        if len(self._last) == STUCK_STEPS and now > RISEN * first and now - first > LEAST_RISE:
            yield from self._say("rising", record.step, first=first, now=now)

    def evaluation(self, record: Evaluation) -> Iterator[Note]:
        """Notes on a measurement."""
        geometry = record.geometry
        if record.step and (geometry.mean_cosine > COLLAPSED_COSINE or geometry.effective_rank < COLLAPSED_RANK):
            code = "not_spread" if self.words else "collapsed"
            yield from self._say(code, record.step, cosine=geometry.mean_cosine, rank=geometry.effective_rank)

    def _say(self, code: str, step: int, **values: float) -> Iterator[Note]:
        if code not in self._said:
            self._said.add(code)
            yield Note.of(code, step, **values)


def watch(data: Dataset, settings: TrainingSettings) -> Watch:
    """The watch over a training with this data, of a kind that the loss can learn from."""
    if settings.loss in pretraining.names():
        return Watch(words=True)
    loss = losses[settings.loss]
    options = loss.with_options(settings.loss_options)
    margin = next((options[option.name] for option in loss.fields if option.has(LossOfEqualTexts)), None)
    return Watch(margin=margin, views=loss.inputs[kind_of(data)] == "views")
