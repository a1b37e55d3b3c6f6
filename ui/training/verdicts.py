"""What a race has shown, computed: the part of the result that takes time. Runs in a worker, without Streamlit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simcse_core.learning.race import Contestant, Line, Verdict, table, verdict
from simcse_core.meaning.items import Items


@dataclass(frozen=True)
class Result:
    """What a race has shown so far."""

    lines: list[Line]
    """The baselines, and every loss that has finished."""
    verdict: Verdict | None
    """None while there is a loss of which no seed has finished."""


def compute(contestants: Sequence[Contestant], beside: Mapping[str, Items]) -> Result:
    """The intervals of a race and its verdict.

    Args:
        contestants: those that have finished.
        beside: the baselines.
    """
    return Result(table(contestants, beside), verdict(contestants, beside))
