"""The view Result: how many texts are right, beside TF-IDF and another model; what is confused; which are wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from simcse_core.data.kinds import Labelled
from simcse_core.data.writers import safe, to_csv
from simcse_core.meaning.intervals import Interval, difference
from simcse_core.meaning.items import Items, as_floats
from simcse_core.uses.classification import class_names
from ui.classify import confusion, corrections, texts
from ui.classify.computing import Outcome
from ui.classify.confusion import Cell
from ui.classify.data import KEY, ClassifyData, written
from ui.classify.question import Question
from ui.frame import address
from ui.frame.errors import plain
from ui.frame.stage import Stage
from ui.frame.translation import N_, _, joined, language
from ui.shared import models
from ui.shared.names import label_name

if TYPE_CHECKING:
    from simcse_core.uses.classification import Results, Suspect

LISTS = {"cell": N_("Cell"), "wrong": N_("Wrong"), "suspects": N_("Suspects")}
MODEL, BASELINE, COMPARED = "model", "tfidf", "other"
SHARE = "share"


@dataclass(frozen=True)
class Look:
    """What the matrix shows."""

    of: str
    shares: bool
    only_confused: bool


def controls(question: Question) -> Look:
    """Whose results, in which numbers; in one row with the views."""
    names = {MODEL: models.title(question.settings.model), BASELINE: "TF-IDF"}
    if question.compared is not None:
        names[COMPARED] = models.title(question.compared.model)
    with st.popover(_("Matrix"), icon=":material/grid_on:"):
        key, keep = address.widget(f"{KEY}-of", list(names), MODEL, language=language())
        of = st.segmented_control(
            _("Results of"),
            list(names),
            format_func=lambda name: plain(names[name]),
            key=key,
            on_change=keep,
            required=True,
        )
        key, keep = address.widget(f"{KEY}-shares", [0, 1], 0)
        shares = st.toggle(_("Per cent of a row"), key=key, on_change=keep)
        key, keep = address.widget(f"{KEY}-all", [0, 1], 0)
        every = st.toggle(
            _("All classes"),
            key=key,
            on_change=keep,
            help=_("Of more than {n} classes only those that are confused most are shown at first.").format(
                n=confusion.MANY
            ),
        )
    return Look(of or MODEL, bool(shares), not every)


def show(question: Question, outcome: Outcome, look: Look, places: Stage) -> None:
    """Matrix, finding, and in the rail the texts behind what was clicked."""
    results = _of(outcome, look.of)
    cell = _cell(question, results, look)
    with places.figure:
        confusion.show(
            results,
            key=_matrix_key(look),
            shares=look.shares,
            only_confused=look.only_confused,
            selected=cell,
        )
    with places.finding:
        st.markdown(finding(question, outcome))
    with places.rail:
        _rail(question, outcome, results, cell)


def _of(outcome: Outcome, of: str) -> "Results":
    if of == BASELINE:
        return outcome.baseline
    return outcome.compared if of == COMPARED and outcome.compared is not None else outcome.model


def _matrix_key(look: Look) -> str:
    return f"{KEY}-matrix-{look.of}"


def _cell(question: Question, results: "Results", look: Look) -> Cell | None:
    """The cell that was clicked last, else the one with the most mistakes."""
    store = f"{KEY}-cell"
    if (cell := confusion.clicked(results, key=_matrix_key(look), only_confused=look.only_confused)) is not None:
        st.session_state[store] = (question.data.measured_key, cell)
        address.put(f"{KEY}-list", "cell")
    of_data, chosen = st.session_state.get(store, ("", None))
    if (
        of_data == question.data.measured_key
        and chosen is not None
        and {chosen.label, chosen.predicted} <= set(results.names)
    ):
        selected: Cell = chosen
        return selected
    return confusion.largest_mistake(results)


def finding(question: Question, outcome: Outcome) -> str:
    """Accuracy with its range, and how far TF-IDF and the other model are from it."""
    report = outcome.model.report()
    sentences = [
        _("**{accuracy}** of {n:,} texts are right (95 % range {low} to {high}).").format(
            n=report.n, **_percents(report.accuracy)
        ),
        _beside(_("TF-IDF"), outcome.model, outcome.baseline),
    ]
    if outcome.compared is not None and question.compared is not None:
        sentences.append(_beside(models.title(question.compared.model), outcome.model, outcome.compared))
    if question.data.test_labels is None:
        sentences.append(_("By cross-validation."))
    return joined(*sentences)


def _percents(interval: Interval) -> dict[str, str]:
    return {"accuracy": f"{interval.value:.1%}", "low": f"{interval.low:.0%}", "high": f"{interval.high:.0%}"}


def _beside(name: str, model: "Results", other: "Results") -> str:
    """One sentence on another classifier on the same texts; a difference inside the noise is called that."""
    gain = difference(_items(model), _items(other), SHARE)
    values = {
        "name": plain(name),
        "accuracy": f"{other.report().accuracy.value:.1%}",
        "points": f"{100 * abs(gain.value):.1f}",
        "low": f"{100 * gain.low:+.1f}",
        "high": f"{100 * gain.high:+.1f}",
    }
    if not gain.low > 0 and not gain.high < 0:  # NaN too
        return _("{name}: {accuracy}; the difference is inside the noise (95 % range {low} to {high} points).").format(
            **values
        )
    if gain.value > 0:
        return _("{name}: {accuracy}, {points} points less (95 % range of the gain {low} to {high}).").format(**values)
    return _("{name}: {accuracy}, {points} points more (95 % range of the gain {low} to {high}).").format(**values)


def _items(results: "Results") -> Items:
    return Items({SHARE: as_floats(results.hits())})


def _rail(question: Question, outcome: Outcome, results: "Results", cell: Cell | None) -> None:
    data = question.data
    _notes(question, outcome)
    suspects = [one for one in outcome.suspects if one.row not in corrections.of(data.measured_key).kept]
    issues = [one for one in suspects if one.is_issue]
    counts = {
        "cell": len(results.cell(cell.label, cell.predicted)) if cell else 0,
        "wrong": len(results.wrong()),
        "suspects": len(issues),
    }
    lists = list(LISTS) if outcome.suspects else ["cell", "wrong"]
    key, keep = address.widget(f"{KEY}-list", lists, "cell", language=language())
    chosen = (
        st.segmented_control(
            _("Texts"),
            lists,
            format_func=lambda name: f"{_(LISTS[name])} {counts[name]}",
            key=key,
            on_change=keep,
            required=True,
            label_visibility="collapsed",
        )
        or "cell"
    )
    texts.corrections_bar(data.measured_key, corrected_csv(data))
    rows, words = _listed(chosen, results, cell, suspects, issues)
    st.caption(words)
    texts.show(
        results if chosen != "suspects" else outcome.model,
        rows,
        data_key=data.measured_key,
        originals=originals(data),
        list_key=f"{chosen}-{cell}" if chosen == "cell" else chosen,
        keep=chosen == "suspects",
    )


def _listed(
    chosen: str, results: "Results", cell: Cell | None, suspects: "Sequence[Suspect]", issues: "Sequence[Suspect]"
) -> tuple[list[int], str]:
    """Rows, and one sentence on what they are."""
    if chosen == "suspects":
        words = _("Labels that the classifier, which has not seen these texts, doubts. Keep or correct them.")
        if not issues:
            words = _("Confident learning finds no wrong label; these are the most doubtful ones.")
        return [one.row for one in issues or suspects[:10]], words
    if chosen == "wrong":
        return results.wrong(), _("Wrong predictions, the surest first. A wrong label is corrected here.")
    if cell is None:
        return [], _("Nothing is wrong. Click a cell to read its texts.")
    if cell.label == cell.predicted:
        words = _("**{label}**, and predicted so; the surest first.").format(label=plain(label_name(cell.label)))
    else:
        words = _("**{label}**, but predicted **{predicted}**; the surest first.").format(
            label=plain(label_name(cell.label)), predicted=plain(label_name(cell.predicted))
        )
    return results.cell(cell.label, cell.predicted), words


def _notes(question: Question, outcome: Outcome) -> None:
    """What one has to know of the data: classes with one text, classes that were not learned, a file without labels."""
    report = outcome.model.report()
    if question.data.several:
        st.caption(
            _("A text may have several labels, separated by {separator}. It is right when all of them are.").format(
                separator=plain(question.data.separator)
            )
        )
    alone = [one.label for one in report.classes if one.support == 1] if question.data.test is None else []
    if alone:
        st.caption(
            ":material/info: "
            + _("One text only, so it is never learned when it is held out: {names}.").format(names=_some(alone))
        )
    if report.unseen:
        st.warning(
            _("The test file has classes that the training data lack, which are never right: {names}.").format(
                names=_some(report.unseen)
            )
        )
    if question.data.test is not None and question.data.test_labels is None:
        st.info(
            _(
                "{file} has no labels: its texts are predicted (under Take away), and the numbers here are by "
                "cross-validation."
            ).format(file=plain(question.data.test.data.name))
        )


def _some(names: Sequence[str], most: int = 6) -> str:
    return plain(", ".join(map(label_name, names[:most]))) + (f" … ({len(names)})" if len(names) > most else "")


def originals(data: ClassifyData) -> list[str]:
    """The labels that the measured data came with."""
    chosen = data.chosen if data.test_labels is None or data.test is None else data.test
    assert isinstance(chosen.data, Labelled)
    return list(class_names(chosen.data.label))


def corrected_csv(data: ClassifyData) -> str:
    """The measured data with all corrections, also those that no classifier has learned from yet."""
    changed = corrections.of(data.measured_key).labels
    labels = [changed.get(row, label) for row, label in enumerate(originals(data))]
    measured = data.texts if data.test_labels is None else data.test_texts
    return to_csv(["text", "label"], zip(measured, labels, strict=True))


def show_classes(outcome: Outcome) -> None:
    """All classes with their numbers, those of TF-IDF beside them."""
    report, baseline = outcome.model.report(), {one.label: one for one in outcome.baseline.report().classes}
    with st.popover(_("Each class"), icon=":material/table:"):
        st.dataframe(
            {
                _("class"): [safe(one.label) for one in report.classes],
                _("texts"): [one.support for one in report.classes],
                _("precision"): [_rounded(one.precision) for one in report.classes],
                _("recall"): [_rounded(one.recall) for one in report.classes],
                "F1": [_rounded(one.f1) for one in report.classes],
                _("F1 of TF-IDF"): [
                    _rounded(baseline[one.label].f1) if one.label in baseline else None for one in report.classes
                ],
            },
            hide_index=True,
        )
        st.caption(
            _("Mean F1 over the classes (macro-F1): {model:.3f}; TF-IDF {baseline:.3f}.").format(
                model=report.macro_f1, baseline=outcome.baseline.report().macro_f1
            )
        )


def _rounded(value: float) -> float | None:
    return round(value, 3) if value == value else None


def predictions_csv(results: "Results") -> str:
    """Each text with its label, what was predicted and how surely."""
    rows = (
        (
            text,
            written(label if isinstance(label, str) else tuple(label)),
            results.classes[place],
            round(float(confidence), 4),
            int(hit),
        )
        for text, label, place, confidence, hit in zip(
            results.texts, results.labels, results.predicted, results.confidence, results.hits(), strict=True
        )
    )
    return to_csv(["text", "label", "predicted", "probability", "right"], rows)
