"""The threshold tuner as a page draws it: scores and their truth go to the browser once, the threshold comes back.

While the threshold is dragged, the browser counts (frontend/counts.js) as `simcse_core.uses.thresholds` does.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ui.frame import projector
from ui.frame.components import component
from ui.frame.translation import _, language
from ui.shared.tuner.axis import Axis
from ui.shared.tuner.setting import Setting, released

_SCRIPT = Path(__file__).parent / "frontend" / "tuner.js"

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """The scores of one model."""

    scores: ArrayLike
    """(N,) cosines, or other scores of which higher ones are accepted."""
    is_right: ArrayLike | None = None
    """(N,) which should be accepted; None where nobody knows."""
    name: str = ""
    calibrated: Sequence["Calibrated"] = ()
    missed_too: ArrayLike | None = None
    """(N,) for which rows that are not right a no costs as much as a miss, as for `curve`; None for none."""


@dataclass(frozen=True)
class Calibrated:
    """A calibration as a curve: what a score is worth as a probability, with straight lines between some scores."""

    name: str
    scores: ArrayLike
    """(M,) ascending."""
    probabilities: ArrayLike


@dataclass(frozen=True)
class Words:
    """What the four cells are called; {n} is the count. Plain text."""

    hits: str
    """Should be accepted, and are."""
    misses: str
    """Should be accepted, and are not."""
    false_alarms: str
    """Should not be accepted, and are."""
    rejected: str
    """Should not be accepted, and are not."""
    cost_false_alarm: str
    cost_miss: str


@dataclass(frozen=True)
class Mark:
    """Another threshold, with a button that goes there."""

    name: str
    """On the button; {threshold} is the number."""
    threshold: float


def of_matches() -> Words:
    """For pairs: a match or none."""
    return Words(
        hits=_("{n} matches found"),
        misses=_("{n} matches missed"),
        false_alarms=_("{n} false alarms"),
        rejected=_("{n} rightly rejected"),
        cost_false_alarm=_("Cost of a false alarm"),
        cost_miss=_("Cost of a missed match"),
    )


@dataclass(frozen=True)
class Tuner:
    """What a tuner shows."""

    series: Sequence[Series]
    """One model, or two: before and after."""
    axis: Axis
    words: Words = field(default_factory=of_matches)
    marks: Sequence[Mark] = ()


def show(tuner: Tuner, setting: Setting, *, key: str, fewest_pixels: int = 230) -> None:
    """Draw the tuner; what is set with it is in the `Setting` of the next run of the page.

    Args:
        tuner: what it shows.
        setting: where the line is, as `setting.current` gives it.
        key: of the component; the one that `setting.current` was asked for.
        fewest_pixels: of the histograms; they take what height there is.
    """
    series = [_packed(one) for one in tuner.series]
    data = {
        "series": series,
        "digest": hashlib.sha256(repr(series).encode()).hexdigest(),
        "axis": {**asdict(tuner.axis), "ticks": tuner.axis.ticks},
        "threshold": setting.threshold,
        "costs": list(setting.costs),
        "revision": f"{setting.revision}-{language()}",
        "marks": [asdict(mark) for mark in tuner.marks],
        "height": fewest_pixels,
        "large": projector.is_on(),
        "words": _words(tuner.words),
    }
    component("simcse_tuner", _SCRIPT)(
        key=key, data=data, height="stretch", on_released_change=lambda: released(key, setting.content)
    )


def _packed(series: Series) -> dict[str, Any]:
    """Scores as base64 of 64-bit floats, ascending: exact, and small even for 200,000 pairs."""
    scores = np.asarray(series.scores, dtype=np.float64)
    packed: dict[str, Any] = {"name": series.name, "right": None, "wrong": None, "all": None}
    if series.is_right is None:
        packed["all"] = _base64(scores)
    else:
        is_right = np.asarray(series.is_right, dtype=bool)
        lost = np.zeros(len(scores)) if series.missed_too is None else np.asarray(series.missed_too)
        packed |= {"right": _base64(scores[is_right]), "wrong": _base64(scores[~is_right])}
        packed["missedToo"] = _base64(scores[lost.astype(bool) & ~is_right])
    packed["calibrated"] = [
        {
            "name": one.name,
            "scores": np.asarray(one.scores).tolist(),
            "probabilities": np.asarray(one.probabilities).tolist(),
        }
        for one in series.calibrated
    ]
    return packed


def _base64(values: Values) -> str:
    return base64.b64encode(np.sort(values).astype("<f8").tobytes()).decode("ascii")


def _words(words: Words) -> dict[str, Any]:
    return {
        "slider": _("Threshold. Arrow keys move it, Page Up and Page Down by more."),
        "curve": _("Precision over recall; every threshold is a point of the line."),
        "cells": {
            "hits": words.hits,
            "misses": words.misses,
            "falseAlarms": words.false_alarms,
            "rejected": words.rejected,
            "acceptedAll": _("{n} at or above the threshold"),
            "rejectedAll": _("{n} below"),
        },
        "costs": [words.cost_false_alarm, words.cost_miss],
        "threshold": _("threshold"),
        "precision": _("precision"),
        "recall": _("recall"),
        "f1": "F1",
        "cost": _("cost"),
        "accepted": _("at or above"),
        "rejected": _("below"),
        "range": _("95 % range {low} to {high}"),
        "cheapest": _("Cheapest: {threshold}"),
        "best_f1": _("Best F1: {threshold}"),
    }
