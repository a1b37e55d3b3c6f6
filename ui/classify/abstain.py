"""The view Abstain: a threshold on the probability, what is answered above it, and whether probabilities are right."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from simcse_core.meaning.intervals import Interval
from ui.classify import charts, texts
from ui.classify.computing import Outcome
from ui.classify.data import KEY
from ui.classify.question import Question
from ui.classify.result import originals
from ui.frame import address, projector
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import N_, _, joined, language
from ui.shared import models
from ui.shared.names import label_name
from ui.shared.tuner import setting
from ui.shared.tuner.axis import of_probabilities
from ui.shared.tuner.setting import Setting
from ui.shared.tuner.view import Series, Tuner, Words
from ui.shared.tuner.view import show as show_tuner

if TYPE_CHECKING:
    from simcse_core.uses.classification import Results

THRESHOLD = f"{KEY}-threshold"
FIGURES = {
    "threshold": N_("Threshold"),
    "coverage": N_("Coverage"),
    "calibration": N_("Calibration"),
}
GOAL = 0.9
"""The accuracy on what is answered that the first threshold is chosen for."""
FEWEST_ANSWERED = 10
"""A first threshold lets at least so many texts through: a share of fewer means little."""


def current(question: Question, results: "Results") -> Setting:
    """The threshold that is set for these results."""
    return setting.current(THRESHOLD, question.key, suggested(results))


def suggested(results: "Results") -> float:
    """The lowest threshold above which 90 % are right; where there is none, the median probability."""
    curve = results.coverage_curve()
    good = (curve.accuracy >= GOAL) & (curve.coverage * len(results.texts) >= FEWEST_ANSWERED)
    threshold = curve.thresholds[good][0] if good.any() else float(np.median(results.confidence))
    return round(float(threshold), 3)


def show(question: Question, outcome: Outcome, places: Stage) -> None:
    """Threshold, coverage or calibration; and in the rail what falls under the threshold."""
    results = outcome.model
    with places.controls:
        key, keep = address.widget(f"{KEY}-figure", list(FIGURES), "threshold", language=language())
        figure = st.segmented_control(
            _("Figure"),
            list(FIGURES),
            format_func=lambda name: _(FIGURES[name]),
            key=key,
            on_change=keep,
            required=True,
            label_visibility="collapsed",
        )
    now = current(question, results)
    with places.figure:
        match figure:
            case "coverage":
                _coverage(question, outcome, now.threshold)
            case "calibration":
                _calibration(results)
            case _:
                _threshold(results, now)
    with places.finding:
        st.markdown(_calibration_finding(results) if figure == "calibration" else finding(outcome, now.threshold))
    with places.rail:
        _held_back(question, results, now.threshold)


def _threshold(results: "Results", now: Setting) -> None:
    words = Words(
        hits=_("{n} right"),
        misses=_("{n} right, held back"),
        false_alarms=_("{n} wrong"),
        rejected=_("{n} wrong, held back"),
        cost_false_alarm=_("Cost of a wrong class"),
        cost_miss=_("Cost of a right one held back"),
    )
    show_tuner(Tuner([Series(results.confidence, results.hits(0.0))], of_probabilities(), words), now, key=THRESHOLD)


def _coverage(question: Question, outcome: Outcome, threshold: float) -> None:
    named = {
        models.title(question.settings.model): (outcome.model, charts.MODEL),
        _("TF-IDF"): (outcome.baseline, charts.BASELINE),
    }
    if outcome.compared is not None and question.compared is not None:
        named[models.title(question.compared.model)] = (outcome.compared, charts.COMPARED)
    lines = {}
    for name, (results, color) in named.items():
        curve = results.coverage_curve()
        lines[name] = (curve.coverage.tolist(), curve.accuracy.tolist(), color)
    at = outcome.model.at(threshold)
    figure = charts.coverage(
        lines,
        (at.coverage.value, at.accuracy.value),
        x_name=_("share of texts that are answered"),
        y_name=_("share of these that is right"),
    )
    alt = _("Accuracy over coverage. At the threshold {threshold:.2f}: {words}").format(
        threshold=threshold, words=finding(outcome, threshold).replace("**", "")
    )
    projector.chart(figure, key="classify-coverage", alt=alt, height="stretch")


def _calibration(results: "Results") -> None:
    bins = results.bins()
    figure = charts.reliability(
        [one.probability for one in bins],
        [one.right for one in bins],
        [one.count for one in bins],
        x_name=_("mean probability of a group of texts"),
        y_name=_("share of the group that is right"),
    )
    said = "; ".join(f"{one.probability:.0%} → {one.right:.0%}" for one in bins)
    alt = _("Texts grouped by probability, and the share of each that is right: {groups}.").format(groups=said)
    projector.chart(figure, key="classify-reliability", alt=alt, height="stretch")


def _calibration_finding(results: "Results") -> str:
    error = results.calibration_error()
    sure, right = float(results.confidence.mean()), float(results.hits(0.0).mean())
    if results.several:
        return _("Calibration error **{error:.1%}**: 0 when each probability equals the share that is right.").format(
            error=error
        )
    return _(
        "Calibration error **{error:.1%}**: the average difference between the probability and the share that is "
        "right. Over all texts the mean probability is {sure:.0%}, and {right:.0%} are right. On the dotted line they "
        "are equal."
    ).format(error=error, sure=sure, right=right)


def finding(outcome: Outcome, threshold: float) -> str:
    """What the threshold does, and what TF-IDF gets right when it answers as many."""
    at = outcome.model.at(threshold)
    if not at.answered:
        return _("No text reaches the threshold: nothing is answered.")
    answered = _(
        "**{coverage:.0%}** of the texts are answered, and **{accuracy:.0%}** of these are right ({range})."
    ).format(coverage=at.coverage.value, accuracy=at.accuracy.value, range=_range(at.accuracy))
    curve = outcome.baseline.coverage_curve()
    place = int(np.abs(curve.coverage - at.coverage.value).argmin())
    beside = _("TF-IDF, answering as many ({coverage:.0%}): {accuracy:.0%}.").format(
        coverage=float(curve.coverage[place]), accuracy=float(curve.accuracy[place])
    )
    if threshold != suggested(outcome.model):
        return joined(answered, beside)
    return joined(answered, beside, _("The threshold was chosen on these texts: on others fewer may be right."))


def _range(value: Interval) -> str:
    return _("95 % range {low:.0%} to {high:.0%}").format(low=value.low, high=value.high)


def _held_back(question: Question, results: "Results", threshold: float) -> None:
    """The texts of which no class is named, the surest first."""
    held = np.flatnonzero(~results.said(threshold).any(axis=1))
    rows = held[np.argsort(-results.confidence[held], kind="stable")].tolist()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            _("90 % right"),
            key="classify-suggest",
            on_click=setting.put,
            args=(THRESHOLD, suggested(results)),
            help=_("The lowest threshold above which 90 % of the answered texts are right here."),
        )
        at = results.at(threshold)
        st.caption(
            _("At {threshold:.2f}: {answered:,} of {n:,} answered.").format(
                threshold=threshold, answered=at.answered, n=len(results.texts)
            )
        )
    st.caption(_("Held back, the surest first:") if rows else _("Nothing is held back."))
    data = question.data
    texts.show(results, rows, data_key=data.measured_key, originals=originals(data), list_key="held")


def name_or_none(label: str | None) -> str:
    """A class, or that none is named."""
    return _("none: not sure enough") if label is None else plain(label_name(label))
