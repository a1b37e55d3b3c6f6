"""What goes wrong in trainings, recognised from the records and said in words."""

import math
from collections import deque
from collections.abc import Iterator
from statistics import median
from typing import Any

from simcse_core.learning.records import Evaluation, Note, Step

COLLAPSED_COSINE = 0.99
"""Mean cosine of distinct texts from which on they count as one."""
COLLAPSED_RANK = 2.0
RISEN = 2.0
"""A loss so many times as large as at the start has risen; medians, because one hard batch says nothing."""
LEAST_RISE = 0.1
STUCK_STEPS = 20
"""So many steps in a row have to show the same before it is said."""

NOTES = {
    "diverged": "Diverged: the loss is no number any more, the steps were too large. Choose a smaller learning rate.",
    "rising": "The loss rises: {now:.3g} on average, after {first:.3g} at the start. Choose a smaller learning rate.",
    "collapsed": "Collapse: all texts have nearly the same vector (mean cosine {cosine:.3f}, effective rank "
    "{rank:.1f}). A smaller learning rate, another loss or larger batches help.",
    "not_spread": "All texts have nearly the same vector (mean cosine {cosine:.3f}, effective rank {rank:.1f}). Hidden "
    "words teach what words mean; a fine-tuning afterwards spreads the sentences.",
    "identical_views": "The two views of each text are identical: without dropout there is nothing to align, the texts "
    "are only spread. Set dropout to 0.1, and train layers, which have it.",
    "no_active_triplets": "No triplet of the last {steps} steps violates the margin: nothing is learned any more. "
    "Choose a larger margin or another mining.",
    "stuck_at_margin": "The loss stays at its margin of {margin:g}: matches and mismatches are equally close, the sign "
    "of a collapse.",
    "no_gradient": "The gradient has been 0 for {steps} steps: nothing is learned.",
    "batch_is_all": "The batch of {batch} is larger than the data of {rows} rows: each step takes all rows.",
    "no_checkpoint": "The training goes on, but cannot be resumed from here: {reason}",
    "began_anew": "The training could not go on from its checkpoint and began anew: {reason} What it had measured is "
    "kept in its folder.",
    "time_limit": "Ended before step {steps:,}: a run may take {minutes:,} minutes here (SIMCSE_MAX_RUN_MINUTES).",
    "converted": "{how}",
    "start_was_best": "No moment of the training was better on the held-out data than the start, so the model is the "
    "start.",
    "best_of_many": "The result is the best of {n} measurements on the same held-out data: on other data expect a "
    "little less.",
}
"""By code, in English; a screen translates."""


def note(code: str, step: int = 0, **values: float | str) -> Note:
    """A note in the words of its code."""
    return Note(step, code, NOTES[code], values)


class Watch:
    """Looks at the records of one training and speaks once about each trouble.

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
        lies = record.geometry
        if record.step and (lies.mean_cosine > COLLAPSED_COSINE or lies.effective_rank < COLLAPSED_RANK):
            code = "not_spread" if self.words else "collapsed"
            yield from self._say(code, record.step, cosine=lies.mean_cosine, rank=lies.effective_rank)

    def _say(self, code: str, step: int, **values: float) -> Iterator[Note]:
        if code not in self._said:
            self._said.add(code)
            yield note(code, step, **values)
