"""From which similarity on there is an answer: suggested by what people asked, and set with the tuner."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

from simcse_core.data import bundled
from simcse_core.data.faq import Asked
from simcse_core.data.language import language_of
from simcse_core.errors import DataError, OptionError
from simcse_core.meaning.intervals import Interval
from simcse_core.uses.answering import no_answer
from simcse_core.uses.answering.matching import Against, Similarities
from simcse_core.uses.answering.quality import right_first
from simcse_core.uses.thresholds.calibration import METHODS, calibrate
from ui.answers import encoded
from ui.answers.lists import List
from ui.frame import projector
from ui.frame.translation import N_, _, joined
from ui.shared import cache
from ui.shared.tuner import setting, view
from ui.shared.tuner.axis import of_cosines
from ui.shared.tuner.setting import Setting
from ui.shared.tuner.view import Calibrated, Series, Tuner, Words

KEY = "answers-threshold"
CALIBRATIONS = {"platt": N_("probability (Platt)"), "isotonic": N_("probability (isotonic)")}
FEWEST_FOR_CALIBRATION = 20
MOST_PLACES = 500
"""At which a calibration is sent to the browser."""


@dataclass(frozen=True)
class Judged:
    """What people asked, beside the entries of a list, by one encoder."""

    asked: tuple[Asked, ...]
    similarities: Similarities
    """(Q, N)."""
    same_answer: tuple[int, ...]
    """(N,) of the list (`Faq.same_answer`)."""

    @property
    def entries(self) -> list[int | None]:
        return [one.entry for one in self.asked]

    @property
    def best(self) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """(Q,) the similarity of the closest entry."""
        return self.similarities.max(axis=1)

    @property
    def is_right(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """(Q,) whether the closest entry answers."""
        return right_first(self.similarities, self.entries, self.same_answer)

    @property
    def has_none(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """(Q,) whether no entry answers."""
        return np.array([entry is None for entry in self.entries])


@dataclass(frozen=True)
class Suggestion:
    """A threshold, and how well it does on questions that it was not fitted on; None where nothing was fitted."""

    threshold: float
    handled: Interval | None = None
    always: Interval | None = None
    """The same if the closest entry were always given, where that is more; else None."""


def suggest(chosen: List, judged: Judged | None, settings: cache.EncoderSettings, against: Against) -> Suggestion:
    """The cheapest threshold for what people asked; without such questions one that keeps unrelated sentences out."""
    wrong, held_back = setting.costs(KEY)
    if judged is not None and judged.asked:
        try:
            fitted = _fitted(_content(chosen, settings, against), wrong, held_back, judged)
            always = fitted.always if fitted.is_always_better else None
            return Suggestion(fitted.threshold, fitted.handled, always)
        except (DataError, OptionError):  # all are right, or none is: nothing to fit on
            pass
    if not cache.is_loaded(settings.model):
        return Suggestion(0.5)
    sentences = bundled.unrelated(language_of(chosen.faq.questions))
    similarities = encoded.compared(sentences, chosen.faq, settings, against).similarities
    return Suggestion(no_answer.threshold_without_questions(similarities))


@st.cache_resource(max_entries=60, show_spinner=False)
def _fitted(content: str, wrong: float, held_back: float, _judged: Judged) -> no_answer.NoAnswer:
    return no_answer.fit(
        _judged.similarities, _judged.entries, _judged.same_answer, wrong_answer=wrong, no_answer=held_back
    )


def current(chosen: List, suggestion: Suggestion, settings: cache.EncoderSettings, against: Against) -> Setting:
    """The threshold that is set, for this list and this encoder."""
    return setting.current(KEY, _content(chosen, settings, against), suggestion.threshold)


def _content(chosen: List, settings: cache.EncoderSettings, against: Against) -> str:
    return repr((chosen.key, settings, against))


def show(series: Sequence[tuple[str, Judged]], now: Setting, marks: Sequence[view.Mark] = ()) -> None:
    """The tuner over what people asked.

    Args:
        series: one encoder, or two of the same questions, each with its name.
        now: where the line is.
        marks: other thresholds.
    """
    best = np.concatenate([judged.best for _name, judged in series])
    several = len(series) > 1
    tuner = Tuner(
        [_series(name if several else "", judged, calibrated=not several) for name, judged in series],
        of_cosines(min(best.min(), now.threshold), max(best.max(), now.threshold)),
        judged_words(),
        marks,
    )
    view.show(tuner, now, key=KEY)


def judged_words() -> Words:
    """What the four cells are: a "right" one is a question whose closest entry answers it."""
    return Words(
        hits=_("Right answers given: {n}"),
        misses=_("Right answers held back: {n}"),
        false_alarms=_("Wrong answers given: {n}"),
        rejected=_("Wrong answers held back: {n}"),
        cost_false_alarm=_("Cost of a wrong answer"),
        cost_miss=_("of none where an entry answers"),
    )


def _series(name: str, judged: Judged, *, calibrated: bool) -> Series:
    is_right = judged.is_right
    enough = min(is_right.sum(), (~is_right).sum()) >= 2 and len(is_right) >= FEWEST_FOR_CALIBRATION
    of_cosine = _calibrated(judged) if calibrated and enough else ()
    return Series(judged.best, is_right, name, of_cosine, missed_too=~judged.has_none)


def _calibrated(judged: Judged) -> list[Calibrated]:
    """The probability that the closest entry answers, by its similarity."""
    places = np.unique(judged.best)
    if len(places) > MOST_PLACES:
        places = np.quantile(places, np.linspace(0, 1, MOST_PLACES))
    curves = [calibrate(judged.best, judged.is_right.astype(int), method) for method in METHODS]
    return [Calibrated(_(CALIBRATIONS[curve.method]), places, curve.probability(places)) for curve in curves]


def finding(suggestion: Suggestion, judged: Judged, now: Setting) -> str:
    """What the threshold does, in words. Markdown."""
    answered, is_right = judged.best >= now.threshold, judged.is_right
    has_none = judged.has_none
    said = _(
        "**{right}** of {count} questions with an answer get it, **{wrong}** get a wrong one; **{none}** of {without} "
        "without one get none."
    ).format(
        right=int((answered & is_right).sum()),
        count=int((~has_none).sum()),
        wrong=int((answered & ~is_right & ~has_none).sum()),
        none=int((~answered & has_none).sum()),
        without=int(has_none.sum()),
    )
    if suggestion.handled is None or np.isnan(suggestion.handled.value) or projector.is_on():
        return said  # from the last row nobody reads more
    handled = suggestion.handled
    ahead = _(
        "The cheapest threshold, on questions that it was not fitted on: {handled:.0%} right (95 % range {low:.0%} to "
        "{high:.0%})."
    ).format(handled=handled.value, low=handled.low, high=handled.high)
    if suggestion.always is None:
        return joined(said, ahead)
    always = _("Always giving the closest answer: {always:.0%}.").format(always=suggestion.always.value)
    return joined(said, joined(ahead, always))
