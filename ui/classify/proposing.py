"""The next texts to label, and how good the labels are so far. It runs in a process of its own."""

from dataclasses import dataclass

from simcse_core.meaning.intervals import Interval
from simcse_core.uses.classification.labelling import LabellingState, Pool, estimate, propose

AHEAD = 6
"""Texts that are proposed at once: whoever labels fast is never waited for."""


@dataclass(frozen=True)
class Proposed:
    """What follows from the labels so far."""

    labelled: int
    """How many labels those are."""
    rows: tuple[int, ...]
    """The next texts, the first one first."""
    accuracy: Interval
    """Measured on texts drawn by lot; NaN before there are enough of them."""
    measured: int
    """On how many texts."""


def proposed(pool: Pool, state: LabellingState) -> Proposed:
    """The next texts, and the accuracy so far."""
    measured = estimate(pool, state)
    return Proposed(len(state.labels), propose(pool, state, AHEAD).rows, measured.accuracy, measured.measured)
