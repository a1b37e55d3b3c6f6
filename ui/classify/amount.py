"""The view How many examples: accuracy over the number of labelled texts, and where a goal is reached."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from simcse_core.data.writers import to_csv
from simcse_core.meaning.intervals import Interval, over_seeds
from ui.classify import answer, charts
from ui.classify.charts import Line
from ui.classify.question import Question
from ui.frame import projector
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import _, joined
from ui.shared import models
from ui.shared.ranges import in_table

if TYPE_CHECKING:
    from simcse_core.uses.classification import LearningCurve, Point

TFIDF = "tfidf"
GOAL = 90
"""Per cent that are asked for at first."""


def show(question: Question, places: Stage) -> None:
    """The curve, and what it says."""
    curve = answer.curve(question)
    if curve is None:
        return
    points = curve.points[question.method]
    with places.rail:
        goal = _goal()
        _reached(curve, question, goal / 100)
        st.caption(
            _(
                "Each point is {n} draws: a classifier learns from that many texts and is tested on {tested:,} "
                "others. The band is the 95 % range over the draws. The classes keep their proportions."
            ).format(n=len(points[0].values), tested=curve.tested)
        )
        _table(curve, question)
    figure = charts.bands(
        [
            _line(points, models.title(question.settings.model), charts.MODEL),
            _line(curve.points[TFIDF], _("TF-IDF"), charts.BASELINE, "dash"),
        ],
        x_name=_("labelled texts"),
        y_name=_("accuracy"),
        log=points[-1].size > 20 * points[0].size,
    )
    figure.add_hline(y=goal / 100, line={"color": charts.CURRENT, "width": 2, "dash": "dot"})
    with places.figure:
        projector.chart(figure, key="classify-curve", alt=_alt(points), height="stretch")
    with places.finding:
        st.markdown(finding(points))


def _line(points: "tuple[Point, ...]", name: str, color: str, dash: str = "solid") -> Line:
    return Line(name, [point.size for point in points], [point.accuracy for point in points], color, dash)


def _goal() -> int:
    key = "classify-goal"
    st.session_state.setdefault(key, GOAL)
    return st.slider(_("Accuracy that I need"), 50, 100, key=key, format="%d %%")


def _reached(curve: "LearningCurve", question: Question, goal: float) -> None:
    for method, name in ((question.method, models.title(question.settings.model)), (TFIDF, _("TF-IDF"))):
        needed = curve.needed(goal, method)
        if needed is None:
            most = curve.points[method][-1]
            text = _("{name}: not reached with {n:,} labelled texts, which give {accuracy:.0%}.").format(
                name=plain(name), n=most.size, accuracy=most.accuracy.value
            )
        else:
            text = _("{name}: reached with **{n:,}** labelled texts.").format(name=plain(name), n=needed)
        st.markdown(text)


def finding(points: "tuple[Point, ...]") -> str:
    """The first and the last point, and whether the last step brought more than noise."""
    last = points[-1]
    reached = _("With {n:,} labelled texts **{accuracy:.0%}** are right (95 % range {low:.0%} to {high:.0%}).").format(
        n=last.size, accuracy=last.accuracy.value, low=last.accuracy.low, high=last.accuracy.high
    )
    if len(points) < 2:
        return reached
    before = points[-2]
    values = {"before": before.size, "n": last.size}
    gain = over_seeds((np.array(last.values) - np.array(before.values)).tolist())
    if gain is None or gain.low <= 0:
        more = _(
            "From {before:,} to {n:,} texts it changed by {points:+.1f} points, which is inside the noise of the draws."
        )
        change = 100 * (last.accuracy.value - before.accuracy.value)
        return joined(reached, more.format(**values, points=change))
    more = _(
        "From {before:,} to {n:,} texts it rose by {points:.1f} points (95 % range {low:.1f} to {high:.1f}): more "
        "labels still help."
    )
    return joined(
        reached, more.format(**values, points=100 * gain.value, low=100 * gain.low, high=100 * gain.high), _beyond()
    )


def _beyond() -> str:
    return _("Nothing was measured beyond the last point, so the line ends there.")


def _table(curve: "LearningCurve", question: Question) -> None:
    with st.expander(_("These numbers"), icon=":material/table:"):
        points = curve.points[question.method]
        columns = {
            _("labelled texts"): [point.size for point in points],
            _("accuracy"): [_percent(point.accuracy) for point in points],
            _("TF-IDF"): [_percent(point.accuracy) for point in curve.points[TFIDF]],
        }
        st.dataframe(columns, hide_index=True)
        rows = [
            (method, point.size, draw, value)
            for method, of_method in curve.points.items()
            for point in of_method
            for draw, value in enumerate(point.values, 1)
        ]
        st.download_button(
            _("Every draw (CSV)"),
            to_csv(["method", "labelled_texts", "draw", "accuracy"], rows).encode("utf-8-sig"),
            "learning-curve.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )


def _percent(value: Interval) -> str:
    return in_table(value, "{:.1%}")


def _alt(points: "tuple[Point, ...]") -> str:
    said = ", ".join(f"{point.size}: {point.accuracy.value:.0%}" for point in points)
    return _("Accuracy over the number of labelled texts: {points}.").format(points=said)
